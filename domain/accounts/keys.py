"""Keys derived from SECRET_KEYS, one a purpose, so that a token of one kind is worth nothing as another."""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import cache

from domain.kit.settings import settings


@cache
def keyring(purpose: str) -> tuple[tuple[str, bytes], ...]:
    """(name, key) pairs for `purpose`; the first makes, all verify."""
    return tuple(
        (name, hmac.digest(secret, f"kuitter/{purpose}".encode(), hashlib.sha256))
        for name, secret in settings().secret_keys
    )


def signature(purpose: str, body: str) -> str:
    """The signature of `body` by the present key of `purpose`, URL-safe."""
    return _sign(keyring(purpose)[0][1], body)


def is_signed(purpose: str, body: str, signed: str) -> bool:
    """Whether `signed` is the signature of `body` by any key of `purpose`. Takes the same time for all wrong ones."""
    given = signed.encode()
    good = [hmac.compare_digest(given, _sign(key, body).encode()) for _, key in keyring(purpose)]
    return any(good)


def _sign(key: bytes, body: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, body.encode(), hashlib.sha256)).rstrip(b"=").decode()
