"""Another password: forgotten and reset by a mailed code, or changed by somebody signed in."""

from __future__ import annotations

from uuid import UUID

from domain.accounts import audit, letters
from domain.accounts.addresses import forget_addresses
from domain.accounts.admission import VOID_RESTORE_TOKENS
from domain.accounts.apple_access import revoke_later
from domain.accounts.codes import try_code, use_code, void_codes, wrong_code
from domain.accounts.emails import email_digest, normalize_email
from domain.accounts.passwords import check_password, hash_password
from domain.accounts.proof import prove
from domain.accounts.sessions import end_sessions, forget
from domain.accounts.throttling import attempt_by_address
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, fetch_value, transaction
from domain.kit.errors import Conflict, NotFound, TooMany
from domain.kit.limits import Window, limiter
from domain.kit.settings import settings

_FORGOT_BY_ACCOUNT = Window("forgot-account", 5, 3600)
_FORGOT_BY_ADDRESS = Window("forgot-address", 60, 3600)


async def forgot(email: str, address: str) -> None:
    """Ask for a code to be mailed to `email`, if there is such an account: the job finds out, so nothing here tells.

    At most five mails an hour go to one address; more requests are answered alike and do nothing.
    Raises InvalidRequest for what is no address, TooMany after 60 requests of a network address in an hour.
    """
    email = normalize_email(email)
    if settings().address_limits:
        verdict = await limiter().hit(_FORGOT_BY_ADDRESS, address)
        if not verdict.allowed:
            raise TooMany(retry_after=verdict.reset)
    if not (await limiter().hit(_FORGOT_BY_ACCOUNT, email_digest(email))).allowed:
        return
    async with transaction():
        await letters.post("reset", email, None)


async def reset(email: str, code: str, new_password: str, address: str) -> None:
    """Set the password by the code that was mailed, and end all sessions. Signing in is another step.

    The code proves the address, so it counts as confirmed; if nobody had confirmed it before, other ways in are void,
    because somebody else may have made them. Raises InvalidRequest, RuleBroken `invalid_code`, TooMany.
    """
    email = normalize_email(email)
    check_password(new_password, email, field="new_password")
    attempt = await attempt_by_address(address)
    tried = await try_code(code, ("reset",), user_id=None, email=email)
    await attempt.take_back()
    hashed = await hash_password(new_password)
    user_id = tried.user_id
    async with transaction():
        row = await fetch_row("SELECT email, email_verified_at FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id)
        await use_code(tried)
        if row is None or row["email"] != tried.email:
            raise wrong_code()
        await execute(
            f"""UPDATE users SET password_hash = $2, email_verified_at = coalesce(email_verified_at, $3),
                                 {VOID_RESTORE_TOKENS}
                WHERE id = $1""",
            user_id, hashed, clock.now(),
        )  # fmt: skip
        if row["email_verified_at"] is None:
            await revoke_later(user_id)
            await execute("DELETE FROM identities WHERE user_id = $1", user_id)
            await forget_addresses(user_id)
        await void_codes(user_id)
        ended = await end_sessions(user_id, "password")
        await audit.record("password_reset", user_id)
        await letters.post("password_changed", row["email"], user_id)
    await forget(ended)


async def change_password(
    user_id: UUID, session_id: UUID, new_password: str, *, password: str | None, id_token: str | None, nonce: str | None
) -> None:
    """Set another password, or a first one, and end the other sessions.

    Needs the present password, or a fresh identity token. Raises InvalidRequest, and as prove.
    """
    row = await fetch_row("SELECT email, password_hash FROM users WHERE id = $1", user_id)
    if row is None:
        raise NotFound
    check_password(new_password, row["email"], field="new_password")
    await prove(user_id, password, id_token, nonce, field="current_password")
    hashed = await hash_password(new_password)
    async with transaction():
        changed = await fetch_value(
            """UPDATE users SET password_hash = $2 WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $3
               RETURNING true""",
            user_id, hashed, row["password_hash"],
        )  # fmt: skip
        if not changed:
            raise Conflict("The password was changed from somewhere else at this moment.")
        await void_codes(user_id, "reset")
        ended = await end_sessions(user_id, "password", but=session_id)
        await audit.record("password_changed", user_id, session_id=session_id)
        await letters.post("password_changed", row["email"], user_id)
    await forget(ended)
