"""Access and refresh tokens, as text. Whether the session behind them lives is for sessions.py to say."""

from __future__ import annotations

import base64
import hmac
import time
from uuid import UUID

import msgspec

from domain.accounts.keys import keyring
from domain.kit.errors import Unauthenticated
from domain.kit.settings import settings

_ALGORITHM = "HS256"
_ISSUER = "kuitter"
_AUDIENCE = "app"


class Access(msgspec.Struct, frozen=True):
    """What a valid access token says. `expires_at` (Unix time) is of one that was read; whoever makes one sets it."""

    user_id: UUID
    session_id: UUID
    generation: int
    expires_at: float = 0.0


class _Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    aud: str
    sub: UUID
    sid: UUID
    gen: int
    iat: int
    exp: int


_header = msgspec.json.Decoder(_Header).decode
_claims = msgspec.json.Decoder(_Claims).decode
_encode = msgspec.json.Encoder().encode


def make_access(access: Access) -> str:
    """A signed access token (a JWT, RFC 7519), valid for ACCESS_TOKEN_SECONDS (at most 15 minutes) by the real
    clock."""
    kid, key = keyring("access")[0]
    now = int(time.time())
    claims = _Claims(
        _ISSUER, _AUDIENCE, access.user_id, access.session_id, access.generation, now,
        now + settings().access_token_seconds,
    )  # fmt: skip
    body = f"{_base64(_encode(_Header(_ALGORITHM, kid)))}.{_base64(_encode(claims))}"
    return f"{body}.{_signature(key, body)}"


def read_access(token: str) -> Access:
    """Raises Unauthenticated for a token that is not ours, is spoilt, or has expired.

    Every request comes by here. A general library takes six times as long, for choices that we do not leave to a
    token: the algorithm is ours to say, and what a name of a key means.
    """
    try:
        body, _, signature = token.rpartition(".")
        head, payload = body.split(".")
        header = _header(_unbase64(head))
        key = dict(keyring("access"))[header.kid]
        if header.alg != _ALGORITHM or not hmac.compare_digest(signature, _signature(key, body)):
            raise ValueError
        claims = _claims(_unbase64(payload))
    except (ValueError, KeyError, TypeError, msgspec.DecodeError):
        raise Unauthenticated from None
    now = time.time()
    if (claims.iss, claims.aud) != (_ISSUER, _AUDIENCE) or claims.iat > now:
        raise Unauthenticated
    if claims.exp <= now:
        raise Unauthenticated("The access token has expired.", code="token_expired")
    return Access(claims.sub, claims.sid, claims.gen, float(claims.exp))


def make_refresh(session_id: UUID, generation: int) -> str:
    """`session.generation.signature`: the same text for the same generation, and nothing secret need be stored."""
    body = f"{session_id}.{generation}"
    return f"{body}.{_signature(keyring('refresh')[0][1], body)}"


def read_refresh(token: str) -> tuple[UUID, int]:
    """The session and generation of a refresh token. Raises Unauthenticated for one that is not ours."""
    try:
        session, generation, signature = token.split(".")
        body = f"{session}.{generation}"
        good = [hmac.compare_digest(signature, _signature(key, body)) for _, key in keyring("refresh")]
        if not any(good):
            raise ValueError
        return UUID(session), int(generation)
    except (ValueError, TypeError):
        raise Unauthenticated from None


def _signature(key: bytes, body: str) -> str:
    return _base64(hmac.digest(key, body.encode(), "sha256"))


def _base64(data: bytes) -> str:
    """Without the padding, as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
