"""Network addresses that a person has signed in from. Only keyed hashes of them are stored."""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from uuid import UUID

from domain.accounts.keys import keyring
from domain.kit.clock import real_now
from domain.kit.database import execute, fetch_value
from domain.kit.forgetting import forget

# What a request has for an address when nothing is known; it never becomes familiar.
NOWHERE = "unknown"
_KEPT_DAYS = 180


def address_hash(user_id: UUID | None, address: str) -> bytes:
    """Which address it was, for one person only: the same address of two people gives two hashes."""
    return hmac.digest(keyring("addresses")[0][1], f"{user_id}|{address}".encode(), hashlib.sha256)[:16]


async def is_familiar(user_id: UUID | None, address: str) -> bool:
    """Whether the person has signed in from `address` in the last half year. Asks as much for nobody."""
    return bool(
        await fetch_value(
            "SELECT true FROM familiar_addresses WHERE user_id = $1 AND address_hash = $2",
            user_id,
            address_hash(user_id, address),
        )
    )


async def remember_address(user_id: UUID, address: str) -> None:
    """Note that the person has signed in from `address`, in the caller's transaction."""
    if address == NOWHERE:
        return
    await execute(
        """INSERT INTO familiar_addresses (user_id, address_hash, last_used_at) VALUES ($1, $2, $3)
           ON CONFLICT (user_id, address_hash) DO UPDATE SET last_used_at = EXCLUDED.last_used_at""",
        user_id, address_hash(user_id, address), real_now(),
    )  # fmt: skip


async def forget_addresses(user_id: UUID) -> None:
    """No address is familiar any more: the account has changed hands."""
    await execute("DELETE FROM familiar_addresses WHERE user_id = $1", user_id)


async def forget_old() -> int:
    """Remove addresses that were not used for half a year; returns how many."""
    return await forget("familiar_addresses", "last_used_at < $1", real_now() - timedelta(days=_KEPT_DAYS))
