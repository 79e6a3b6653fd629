"""Keys derived from SECRET_KEYS, one a purpose, so that a token of one kind is worth nothing as another."""

from __future__ import annotations

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
