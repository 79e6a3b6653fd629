"""Access and refresh tokens, as text. Whether the session behind them lives is for sessions.py to say."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from uuid import UUID

import jwt
import msgspec

from domain.accounts.keys import keyring
from domain.kit.errors import Unauthenticated
from domain.kit.settings import settings

_ALGORITHM = "HS256"
_ISSUER = "kuitter"


class Access(msgspec.Struct, frozen=True):
    """What a valid access token says. `expires_at` (Unix time) is of one that was read; whoever makes one sets it."""

    user_id: UUID
    session_id: UUID
    generation: int
    expires_at: float = 0.0


def make_access(access: Access) -> str:
    """A signed access token, valid for ACCESS_TOKEN_SECONDS (at most 15 minutes) by the real clock."""
    kid, key = keyring("access")[0]
    now = int(time.time())
    claims = {
        "iss": _ISSUER,
        "aud": "app",
        "sub": str(access.user_id),
        "sid": str(access.session_id),
        "gen": access.generation,
        "iat": now,
        "exp": now + settings().access_token_seconds,
    }
    return jwt.encode(claims, key, algorithm=_ALGORITHM, headers={"kid": kid})


def read_access(token: str) -> Access:
    """Raises Unauthenticated for a token that is not ours, is spoilt, or has expired."""
    try:
        kid = jwt.get_unverified_header(token).get("kid")
        key = dict(keyring("access"))[str(kid)]
        # The algorithm is ours to say, never the token's.
        claims = jwt.decode(
            token, key, algorithms=[_ALGORITHM], audience="app", issuer=_ISSUER,
            options={"require": ["exp", "iat", "sub", "aud", "iss"]},
        )  # fmt: skip
        return Access(UUID(claims["sub"]), UUID(claims["sid"]), int(claims["gen"]), float(claims["exp"]))
    except jwt.ExpiredSignatureError:
        raise Unauthenticated("The access token has expired.", code="token_expired") from None
    except (jwt.PyJWTError, KeyError, ValueError, TypeError):
        raise Unauthenticated from None


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
    return base64.urlsafe_b64encode(hmac.digest(key, body.encode(), hashlib.sha256)).rstrip(b"=").decode()
