"""What Redis remembers of a person: sessions and limits. It ends by itself within the hour; a purge is sooner."""

from __future__ import annotations

from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.accounts.emails import email_digest
from domain.accounts.sessions import cache_key
from domain.kit import events
from domain.kit.database import fetch, fetch_value
from domain.kit.limits import Limiter, Window
from domain.kit.log import log

# The limits that count a person, a session, or an address of which Redis holds the hash. One that is missing here
# expires by itself, and is found by tests/leaving/test_purge.py.
_LIMITS = (
    "person", "search", "refresh", "urgent-call", "urgent-words", "sign-in-account", "prove-again", "code-mails",
    "forgot-account", "deletion-page", "deletion-mails", "purchases",
)  # fmt: skip
_BATCH = 500

_redis: Redis | None = None


def use(redis: Redis) -> None:
    """Purges in this process clear `redis` as well."""
    global _redis
    _redis = redis


async def remove(user_id: UUID) -> None:
    """Take the person's keys out, while their rows still tell which those are. Without Redis they just expire."""
    if _redis is None:
        return
    rows = await fetch("SELECT id FROM sessions WHERE user_id = $1", user_id)
    email = await fetch_value("SELECT email FROM users WHERE id = $1", user_id)
    sessions = [row["id"] for row in rows]
    who = [str(user_id), *map(str, sessions)]
    if email is not None:
        hashed = email_digest(email)
        familiar = await fetch("SELECT address_hash FROM familiar_addresses WHERE user_id = $1", user_id)
        who += [hashed, *(f"{hashed}:{row['address_hash'].hex()}" for row in familiar)]
    keys = [cache_key(session_id) for session_id in sessions]
    keys.append(events.key(user_id))
    keys += [Limiter.key(Window(name, 1, 1), one) for name in _LIMITS for one in who]
    try:
        for start in range(0, len(keys), _BATCH):
            await _redis.delete(*keys[start : start + _BATCH])
    except (RedisError, OSError) as error:
        log().warning("leaving.traces_left", error=error)
