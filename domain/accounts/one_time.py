"""Tokens of others that are good once: a hash of what was used is kept while the token could be shown again."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from domain.kit.clock import real_now
from domain.kit.database import fetch_value
from domain.kit.forgetting import forget

_SLACK = timedelta(minutes=5)


def token_mark(kind: str, token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(f"{kind}|{token}".encode()).digest()


async def use_once(mark: bytes, expires_at: datetime) -> bool:
    """Use a token up, in the transaction of what it allows. False: it was used before.

    Of any number at once one gets True: the others wait for its transaction, and one more has its turn only if that
    rolls back.
    """
    return bool(
        await fetch_value(
            "INSERT INTO used_tokens (token_hash, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING true",
            mark,
            expires_at + _SLACK,
        )
    )


async def forget_old() -> int:
    """Remove what has expired by itself; returns how many."""
    return await forget("used_tokens", "expires_at < $1", real_now())
