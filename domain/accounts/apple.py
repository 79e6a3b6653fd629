"""Identity tokens and account notices of Apple (spec: providers.md 5). Two rule sets: a notice is no identity token."""

from __future__ import annotations

from typing import Any

import jwt
import msgspec

from domain.accounts.connections import connections
from domain.accounts.provider_tokens import (
    ALGORITHM,
    LEEWAY_SECONDS,
    Proven,
    proven,
    provider_away,
    read_header,
    refused,
)
from domain.kit.log import log
from domain.kit.settings import settings
from domain.kit.signing_keys import KeysUnavailable

_ISSUER = "https://appleid.apple.com"


class Notice(msgspec.Struct, frozen=True):
    """Something that a person did with their Apple account."""

    jti: str
    issued_at: int
    client_id: str
    type: str
    subject: str


class _Event(msgspec.Struct, frozen=True):
    type: str
    sub: str


async def verify_apple(token: str, nonce: str | None) -> Proven:
    """What an Apple identity token for one of APPLE_CLIENT_IDS proves.

    Raises Unauthenticated for one that cannot be accepted, Unavailable while Apple's keys cannot be had.
    """
    claims = await _claims(token, ["exp", "iat", "aud", "iss", "sub"])
    return proven("apple", token, claims, nonce)


async def verify_notice(payload: str) -> Notice:
    """What a server-to-server notice says. It has no `sub` of its own, and `events` is JSON as a string.

    Raises as verify_apple.
    """
    claims = await _claims(payload, ["iat", "aud", "iss", "jti", "events"])
    jti, events = claims["jti"], claims["events"]
    if not isinstance(jti, str) or not jti:
        raise refused()
    try:
        event = (
            msgspec.convert(events, _Event) if isinstance(events, dict) else msgspec.json.decode(events, type=_Event)
        )
    except (msgspec.MsgspecError, TypeError):
        raise refused() from None
    return Notice(jti, int(claims["iat"]), str(claims["aud"]), event.type, event.sub)


async def _claims(token: str, required: list[str]) -> dict[str, Any]:
    kid = read_header(token)
    try:
        key = await connections().apple.get(kid)
    except KeysUnavailable:
        raise provider_away() from None
    try:
        if key is None:
            raise jwt.InvalidKeyError
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=settings().apple_client_ids,
            issuer=_ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": required},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        log().info("apple.token_refused", reason=type(error).__name__)
        raise refused() from None
    if not isinstance(claims["aud"], str):
        raise refused()
    return claims
