"""Small secrets of providers that must be read again one day: encrypted with a key that the database does not have."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from domain.accounts.keys import keyring

_NONCE_BYTES = 12


class Unreadable(Exception):
    """No key of ours opens it: it was sealed for something else, changed, or its key is gone."""


def seal(purpose: str, secret: str) -> bytes:
    """`secret` under AES-256-GCM by the present key of `purpose`: a fresh nonce, then the sealed text."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(keyring(purpose)[0][1]).encrypt(nonce, secret.encode(), purpose.encode())


def unseal(purpose: str, sealed: bytes) -> str:
    """What was sealed, by any key of `purpose`. Raises Unreadable."""
    nonce, body = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    for _, key in keyring(purpose):
        try:
            return AESGCM(key).decrypt(nonce, body, purpose.encode()).decode()
        except (InvalidTag, ValueError):
            continue
    raise Unreadable
