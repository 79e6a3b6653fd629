"""The ways into one's account: which there are, ending one, and what Apple tells us of its own accord."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.accounts import audit
from domain.accounts.apple import Notice
from domain.accounts.apple_access import revoke_later
from domain.accounts.one_time import token_mark, use_once
from domain.accounts.sessions import end_sessions, forget
from domain.kit.clock import clock, real_now
from domain.kit.database import execute, fetch, fetch_row, fetch_value, transaction
from domain.kit.errors import Conflict, NotFound
from domain.kit.log import log

# Older notices than this are no news, and how long one is remembered so that it is not taken twice.
_NOTICE_LIFE = timedelta(days=30)


class IdentityView(msgspec.Struct, frozen=True):
    """`email` is the one that the provider told at the time; it need not be the account's."""

    provider: str
    email: str | None
    linked_at: datetime


class WaysIn(msgspec.Struct, frozen=True):
    """Every way into the account but a mailed code. There are two providers at most: the list has one page."""

    items: list[IdentityView]
    has_password: bool
    next_cursor: str | None = None


async def list_identities(user_id: UUID) -> WaysIn:
    """The person's identities, oldest first."""
    rows = await fetch("SELECT provider, email, created_at FROM identities WHERE user_id = $1 ORDER BY id", user_id)
    has_password = await fetch_value("SELECT password_hash IS NOT NULL FROM users WHERE id = $1", user_id)
    return WaysIn([IdentityView(row["provider"], row["email"], row["created_at"]) for row in rows], bool(has_password))


async def unlink(user_id: UUID, provider: str) -> None:
    """End a way in. Sessions stay.

    Raises NotFound if it is none of the person's, Conflict `last_sign_in` if nothing would be left.
    """
    async with transaction():
        row = await _held(user_id)
        if provider not in row["providers"]:
            raise NotFound
        if not _something_else(row, provider):
            raise Conflict("This is the only way into your account. Set a password first.", code="last_sign_in")
        await _unlink(user_id, provider)


async def heed(notice: Notice) -> None:
    """Do what a notice of Apple's asks for, once.

    `email-disabled` and `email-enabled` say whether mail to the address that Apple gave us reaches anybody.
    `consent-revoked` ends the sessions that began with Apple, and the link, unless that is the only way in: whoever
    allows Apple again then finds their account. After `account-delete` the identity never comes back, so the link goes
    in any case; the mailed code for a new password still opens the account. Unknown types and people are passed over.
    """
    ended: list[UUID] = []
    async with transaction():
        issued_at = datetime.fromtimestamp(notice.issued_at, tz=real_now().tzinfo)
        if real_now() - issued_at > _NOTICE_LIFE:
            return
        if not await use_once(token_mark("apple-notice", notice.jti), issued_at + _NOTICE_LIFE):
            return
        user_id = await fetch_value(
            "SELECT user_id FROM identities WHERE provider = 'apple' AND subject = $1", notice.subject
        )
        if user_id is None:
            return
        row = await _held(user_id)
        if "apple" not in row["providers"]:
            return
        match notice.type:
            case "email-disabled" | "email-enabled":
                await execute(
                    "UPDATE identities SET mail_stopped_at = $2 WHERE user_id = $1 AND provider = 'apple'",
                    user_id, clock.now() if notice.type == "email-disabled" else None,
                )  # fmt: skip
            case "consent-revoked":
                ended = await end_sessions(user_id, "provider", method="apple")
                if _something_else(row, "apple"):
                    await _unlink(user_id, "apple", revoke=False)
                else:
                    await execute(
                        """UPDATE identities SET refresh_token = NULL, authorization_code = NULL
                           WHERE user_id = $1 AND provider = 'apple'""",
                        user_id,
                    )
            case "account-delete" | "account-deleted":
                ended = await end_sessions(user_id, "provider", method="apple")
                await _unlink(user_id, "apple", revoke=False)
            case _:
                log().info("apple.notice_unknown")
        await audit.record_each("session_revoked", user_id, ended, method="apple")
    await forget(ended)


async def _held(user_id: UUID) -> Any:
    """The person's ways in, held until the transaction ends. Raises NotFound if the person is gone."""
    held = await fetch_row(
        "SELECT password_hash IS NOT NULL AS password FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id
    )
    if held is None:
        raise NotFound
    # Asked after the account is held, so that of two who unlink at once the second sees what the first left.
    providers = await fetch("SELECT provider FROM identities WHERE user_id = $1", user_id)
    return {"password": held["password"], "providers": {row["provider"] for row in providers}}


def _something_else(held: Any, provider: str) -> bool:
    return held["password"] or bool(held["providers"] - {provider})


async def _unlink(user_id: UUID, provider: str, *, revoke: bool = True) -> None:
    if provider == "apple" and revoke:
        await revoke_later(user_id)
    await execute("DELETE FROM identities WHERE user_id = $1 AND provider = $2", user_id, provider)
    await audit.record("identity_unlinked", user_id, provider=provider)
