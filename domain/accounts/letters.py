"""Mails that are to be sent: one row each, written with its cause and removed when it is done.

Whether and to whom a code goes is decided by the job, not by the request: so a request for a known address and one for
an unknown address are the same work (semantics: Identity and privacy, "sign-in, reset and search never tell").
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar, Literal
from uuid import UUID

import msgspec

from domain.accounts.codes import Purpose, code_of, open_code
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, fetch_value, transaction
from domain.kit.ids import new_id
from domain.kit.outbox import Job, enqueue

Kind = Literal[
    "verify", "reset", "change", "deletion",
    "new_sign_in", "password_changed", "email_changing", "email_changed", "account_taken_over",
    "deletion_begun", "deletion_taken_back", "subscription_moved",
]  # fmt: skip

# What carries a code, and what the code is for.
_CODES: dict[str, Purpose] = {"verify": "verify", "reset": "reset", "change": "change", "deletion": "deletion"}
_CODE_WORTH_SENDING = timedelta(hours=1)
_NOTICE_WORTH_SENDING = timedelta(days=3)


class SendMail(Job, frozen=True):
    name: ClassVar[str] = "accounts.mail"
    mail_id: UUID


class Letter(msgspec.Struct, frozen=True):
    """A mail ready to be put into words. `code` is None for one that carries none."""

    id: UUID
    kind: str
    to: str
    locale: str
    details: dict[str, str]
    code: str | None


async def post(kind: Kind, to: str, user_id: UUID | None, **details: str) -> UUID:
    """Ask for a mail in the present transaction. `details` are values for its words, nothing that a person typed.

    Without `user_id` the job looks for the account of the address `to`, and sends nothing if there is none.
    """
    mail_id = new_id()
    await execute(
        """INSERT INTO mails (id, user_id, kind, to_address, locale, details, created_at)
           SELECT $1, $2, $3, $4, coalesce((SELECT locale FROM users WHERE id = $2), 'en'), $5, $6""",
        mail_id, user_id, kind, to, msgspec.json.encode(details).decode(), clock.now(),
    )  # fmt: skip
    worth = _CODE_WORTH_SENDING if kind in _CODES else _NOTICE_WORTH_SENDING
    await enqueue(SendMail(mail_id=mail_id), not_after=clock.now() + worth)
    return mail_id


async def prepare(mail_id: UUID) -> Letter | None:
    """The letter, its code opened if it carries one. None: it is not to be sent (any more)."""
    async with transaction():
        row = await fetch_row("SELECT * FROM mails WHERE id = $1", mail_id)
        if row is None or await _unwanted(row["to_address"]):
            return None
        code, locale = None, row["locale"]
        if row["kind"] in _CODES:
            owner = await _owner(row)
            if owner is None or not await open_code(mail_id, owner, _CODES[row["kind"]], row["to_address"]):
                return None
            code, locale = code_of(mail_id), await fetch_value("SELECT locale FROM users WHERE id = $1", owner)
        return Letter(
            row["id"], row["kind"], row["to_address"], locale,
            msgspec.json.decode(row["details"], type=dict[str, str]), code,
        )  # fmt: skip


async def _owner(row: Any) -> UUID | None:
    """Whose code it is: of a person who may have it now, else None."""
    owner: UUID | None
    if row["kind"] == "change":
        # Nobody learns whether an address is taken: its owner simply gets no code.
        owner = await fetch_value(
            """SELECT id FROM users WHERE id = $1 AND state = 'active'
                 AND NOT EXISTS (SELECT 1 FROM users AS others WHERE others.email = $2)""",
            row["user_id"], row["to_address"],
        )  # fmt: skip
    elif row["kind"] == "verify":
        owner = await fetch_value(
            "SELECT id FROM users WHERE id = $1 AND email = $2 AND email_verified_at IS NULL AND state = 'active'",
            row["user_id"], row["to_address"],
        )  # fmt: skip
    else:
        # Whoever is suspended may not come in, but may have their data deleted.
        owner = await fetch_value(
            """SELECT id FROM users
               WHERE email = $1 AND (state <> 'suspended' OR $3 = 'deletion') AND (id = $2 OR $2 IS NULL)""",
            row["to_address"], row["user_id"], row["kind"],
        )  # fmt: skip
    return owner


async def _unwanted(address: str) -> bool:
    """Whether the person told Apple not to pass mail on to this address."""
    return bool(
        await fetch_value(
            "SELECT true FROM identities WHERE email = $1 AND mail_stopped_at IS NOT NULL LIMIT 1", address
        )
    )


async def remove(mail_id: UUID) -> None:
    """The mail is done with, sent or not."""
    await execute("DELETE FROM mails WHERE id = $1", mail_id)
