"""Somebody signed in proves once more that it is them: a phone left on a table must not be enough."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import jwt

from domain.accounts.apple import verify_apple
from domain.accounts.google import verify_google
from domain.accounts.one_time import use_once
from domain.accounts.passwords import verify_password
from domain.accounts.provider_tokens import Proven, refused
from domain.accounts.throttling import attempt_again
from domain.kit.clock import real_now
from domain.kit.database import fetch_value, transaction
from domain.kit.errors import Forbidden, InvalidRequest, Unauthenticated, Unavailable

# A token lives for an hour or a day, and lies on the phone for as long: only a new one proves anything.
_FRESH = timedelta(minutes=10)


async def prove(
    user_id: UUID, password: str | None, id_token: str | None, nonce: str | None = None, *, field: str = "password"
) -> None:
    """Accept the account's password, or an identity token of the last ten minutes of a provider that opens it.

    `field` is what the request calls the password. `id_token` may be Google's or Apple's.
    Raises InvalidRequest unless it is one of the two, Forbidden
    `invalid_credentials`, TooMany after ten failures in 15 minutes, Unavailable while the provider is away.
    """
    if (password is None) == (id_token is None):
        raise InvalidRequest("must be given, or id_token instead", field=field)
    attempt = await attempt_again(user_id)
    if password is not None:
        stored = await fetch_value("SELECT password_hash FROM users WHERE id = $1", user_id)
        right = await verify_password(stored, password)
    else:
        try:
            right = await _opens(user_id, id_token or "", nonce)
        except Unavailable:
            await attempt.take_back()
            raise
    if not right:
        raise Forbidden("This does not prove that it is you.", code="invalid_credentials")
    await attempt.take_back()


async def _opens(user_id: UUID, token: str, nonce: str | None) -> bool:
    try:
        proven = await verify_any(token, nonce)
    except Unauthenticated:
        return False
    if real_now() - proven.issued_at > _FRESH:
        return False
    async with transaction():
        linked = await fetch_value(
            "SELECT true FROM identities WHERE user_id = $1 AND provider = $2 AND subject = $3",
            user_id, proven.provider, proven.subject,
        )  # fmt: skip
        if not linked:
            return False
        return proven.mark is None or await use_once(proven.mark, proven.expires_at)


async def verify_any(token: str, nonce: str | None) -> Proven:
    """Verify a token by the rules of the provider that it says it is from. Raises as verify_google and verify_apple."""
    try:
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except (jwt.PyJWTError, ValueError):
        raise refused() from None
    if issuer == "https://appleid.apple.com":
        return await verify_apple(token, nonce)
    return await verify_google(token, nonce)
