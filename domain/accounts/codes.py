"""Six-digit codes that go out by mail: single use, five tries, 15 minutes by the real clock.

A code follows from its row's id and a secret key, so that neither it nor a hash that could be tried out is stored.
A mail's code has the id of the mail and is opened by the job that sends it (domain/accounts/letters.py).
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import Literal
from uuid import UUID

import msgspec

from domain.accounts.keys import keyring
from domain.kit.clock import real_now
from domain.kit.database import execute, fetch, fetch_value
from domain.kit.errors import RuleBroken
from domain.kit.forgetting import forget

Purpose = Literal["verify", "reset", "change", "deletion"]

TRIES = 5
LIFE = timedelta(minutes=15)
_KEPT = timedelta(days=1)


class Tried(msgspec.Struct, frozen=True):
    """A code that was right. It is not used up yet: `use_code` does that, in the transaction of its effect."""

    id: UUID
    user_id: UUID
    purpose: str
    email: str


def code_of(code_id: UUID) -> str:
    """The six digits that belong to a row."""
    return _digits(keyring("codes")[0][1], code_id)


async def open_code(code_id: UUID, user_id: UUID, purpose: Purpose, email: str) -> bool:
    """Let the code of `code_id` hold from now on, in place of the person's last one of this purpose.

    Again with the same id only moves its end. False if it was used up, or a newer one (ids tell the time) is open.
    """
    if await fetch_value("SELECT true FROM codes WHERE id = $1 AND used_at IS NOT NULL", code_id):
        return False
    now = real_now()
    opened = await fetch_value(
        """INSERT INTO codes (id, user_id, purpose, email, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (user_id, purpose) WHERE used_at IS NULL DO UPDATE
               SET id = EXCLUDED.id, email = EXCLUDED.email, created_at = EXCLUDED.created_at,
                   expires_at = EXCLUDED.expires_at,
                   tries = CASE WHEN codes.id = EXCLUDED.id THEN codes.tries ELSE 0 END
               WHERE codes.id <= EXCLUDED.id
           RETURNING true""",
        code_id, user_id, purpose, email, now, now + LIFE,
    )  # fmt: skip
    return bool(opened)


async def try_code(given: str, purposes: tuple[Purpose, ...], *, user_id: UUID | None, email: str | None) -> Tried:
    """Count a try at the open codes of a person, known by id or by e-mail address, and return the one that is right.

    Outside any transaction: a wrong try stays counted whatever comes after. One statement does it, so that of any
    number of tries at once five are looked at, and it runs the same for an address that nobody has.
    Raises RuleBroken `invalid_code`: wrong, used, too late, tried too often, or there is none.
    """
    rows = await fetch(
        """UPDATE codes SET tries = tries + 1 FROM users
           WHERE users.id = codes.user_id AND (users.id = $1 OR users.email = $2) AND purpose = ANY($3)
             AND used_at IS NULL AND expires_at > $4 AND tries < $5
           RETURNING codes.id, codes.user_id, purpose, codes.email""",
        user_id, email, purposes, real_now(), TRIES,
    )  # fmt: skip
    digits = "".join(given.split())
    right = [row for row in rows if _is_code(row["id"], digits)]
    if not right:
        raise wrong_code()
    return Tried(right[0]["id"], right[0]["user_id"], right[0]["purpose"], right[0]["email"])


async def use_code(tried: Tried) -> None:
    """Use the code up, in the transaction of what it allows. Raises RuleBroken if somebody else just did."""
    if not await fetch_value(
        "UPDATE codes SET used_at = $2 WHERE id = $1 AND used_at IS NULL RETURNING true", tried.id, real_now()
    ):
        raise wrong_code()


async def void_codes(user_id: UUID, *purposes: Purpose) -> None:
    """Open codes of these purposes are worth nothing any more; of all purposes if none is named."""
    await execute(
        "UPDATE codes SET used_at = $3 WHERE user_id = $1 AND used_at IS NULL AND (purpose = ANY($2) OR $2 = '{}')",
        user_id, purposes, real_now(),
    )  # fmt: skip


def wrong_code() -> RuleBroken:
    return RuleBroken("This code is wrong or no longer valid.", code="invalid_code")


async def forget_old() -> int:
    """Remove codes that ended a day ago; returns how many."""
    return await forget("codes", "expires_at < $1", real_now() - _KEPT)


def _is_code(code_id: UUID, given: str) -> bool:
    good = [hmac.compare_digest(given.encode(), _digits(key, code_id).encode()) for _, key in keyring("codes")]
    return any(good)


def _digits(key: bytes, code_id: UUID) -> str:
    number = int.from_bytes(hmac.digest(key, code_id.bytes, hashlib.sha256)[:8], "big")
    return f"{number % 1_000_000:06}"
