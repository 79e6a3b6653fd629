"""Confirming the account's e-mail address, and giving it another one: both by a code that is mailed there."""

from __future__ import annotations

from uuid import UUID

from asyncpg.exceptions import UniqueViolationError

from domain.accounts import audit, letters
from domain.accounts.codes import Tried, try_code, use_code, void_codes, wrong_code
from domain.accounts.emails import normalize_email
from domain.accounts.proof import prove
from domain.kit.clock import clock
from domain.kit.database import fetch_row, fetch_value, transaction
from domain.kit.errors import Conflict, NotFound, RuleBroken, TooMany
from domain.kit.limits import Window, limiter

_MAILS = Window("code-mails", 5, 3600)


async def resend(user_id: UUID) -> None:
    """Mail another code to an address that is not confirmed yet; the one before is worth nothing then.

    Does nothing for one that is. Raises TooMany after five codes in an hour.
    """
    row = await fetch_row("SELECT email, email_verified_at FROM users WHERE id = $1", user_id)
    if row is None:
        raise NotFound
    if row["email_verified_at"] is not None:
        return
    await _count_mail(user_id)
    async with transaction():
        await letters.post("verify", row["email"], user_id)


async def ask_for_change(
    user_id: UUID, new_email: str, *, password: str | None, id_token: str | None, nonce: str | None
) -> None:
    """Mail a code to the new address and a notice to the present one. Nothing changes before the code comes back.

    If the new address is somebody's, no code goes out, and nothing here tells. Raises InvalidRequest, RuleBroken
    `email_unchanged`, TooMany, and as prove.
    """
    email = normalize_email(new_email, field="new_email")
    present = await fetch_value("SELECT email FROM users WHERE id = $1", user_id)
    if present is None:
        raise NotFound
    await prove(user_id, password, id_token, nonce)
    if email == present:
        raise RuleBroken("This is your address already.", code="email_unchanged")
    await _count_mail(user_id)
    async with transaction():
        await letters.post("change", email, user_id)
        await letters.post("email_changing", present, user_id)


async def confirm(user_id: UUID, code: str) -> None:
    """Confirm the present address, or make the new one the account's, whichever the code is for.

    Raises RuleBroken `invalid_code`, Conflict `email_in_use` if somebody took the new address meanwhile.
    """
    tried = await try_code(code, ("verify", "change"), user_id=user_id, email=None)
    try:
        async with transaction():
            if tried.purpose == "change":
                await _change(tried)
            else:
                await _verify(tried)
    except UniqueViolationError:
        raise Conflict("There is an account with this e-mail address.", code="email_in_use") from None


async def _verify(tried: Tried) -> None:
    verified = await fetch_value(
        """UPDATE users SET email_verified_at = coalesce(email_verified_at, $3) WHERE id = $1 AND email = $2
           RETURNING true""",
        tried.user_id, tried.email, clock.now(),
    )  # fmt: skip
    if not verified:
        raise wrong_code()
    await use_code(tried)
    await audit.record("email_verified", tried.user_id)


async def _change(tried: Tried) -> None:
    former = await fetch_value("SELECT email FROM users WHERE id = $1 FOR NO KEY UPDATE", tried.user_id)
    await fetch_value(
        "UPDATE users SET email = $2, email_verified_at = $3 WHERE id = $1 RETURNING true",
        tried.user_id, tried.email, clock.now(),
    )  # fmt: skip
    await use_code(tried)
    # What was mailed to the former address opens nothing any more.
    await void_codes(tried.user_id, "verify", "reset", "deletion")
    await audit.record("email_changed", tried.user_id)
    await letters.post("email_changed", former, tried.user_id)


async def _count_mail(user_id: UUID) -> None:
    verdict = await limiter().hit(_MAILS, str(user_id))
    if not verdict.allowed:
        raise TooMany("Wait a little before you ask for another code.", retry_after=verdict.reset)
