"""The last events of a person, as Redis keeps them for those who listen, or did a moment ago.

The reader makes a person's stream and keeps it alive, so that Redis holds nothing of anybody whose app is not open.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from domain.kit import events
from domain.kit.events import Told
from domain.kit.log import log

# How long an app may be away and still go on where it left off.
KEEP_SECONDS = 15 * 60
# Of one look. What is rendered is handed on at once, and should not grow old in between.
BATCH = 50
# After a reconnect all streams of a process look at once: they wait for each other, not for a time-out.
_AT_ONCE = 8
_PAUSE_WHEN_AWAY = 1.0

_PLACE = re.compile(r"(\d{1,15})-(\d{1,10})")

# KEYS: the stream, until when events were lost. ARGV: the last place that is known, or nothing; seconds to keep it; how
# many to read. Answers the place to go on from, and what came after the known one; or only the newest place, if the
# known one is not there (any more) or events were lost since: then nobody can say what came after it.
_READ = """
local lost = tonumber(redis.call('GET', KEYS[2]) or 0)
local function holds(place) return tonumber(string.match(place, '%d+')) >= lost end
local known = ARGV[1] ~= '' and holds(ARGV[1]) and redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
local answer
if known then
    answer = {ARGV[1], redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+', 'COUNT', ARGV[3])}
else
    local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
    answer = {newest and holds(newest[1]) and newest[1] or redis.call('XADD', KEYS[1], '*', 'begin', '')}
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return answer
"""


class Found(msgspec.Struct, frozen=True):
    """What came after a place. `told` is None if that cannot be said, and `place` is the newest one then."""

    place: str
    told: list[Told] | None
    more: bool = False


class _Reader(msgspec.Struct):
    script: AsyncScript
    room: asyncio.Semaphore
    away_until: float = 0.0


_reader: _Reader | None = None


def use(redis: Redis) -> None:
    """Read from `redis` in this process."""
    global _reader
    _reader = _Reader(redis.register_script(_READ), asyncio.Semaphore(_AT_ONCE))


async def read(user_id: UUID, place: str) -> Found | None:
    """Up to BATCH events after `place`; with an empty one, where the person's events are now. None: Redis is away."""
    reader = _reader
    if reader is None:
        return None
    async with reader.room:
        if time.monotonic() < reader.away_until:
            return None
        try:
            answer = await reader.script(keys=[events.key(user_id), events.LOSS_KEY], args=[place, KEEP_SECONDS, BATCH])
        except (RedisError, OSError) as error:
            # For a second nobody waits for a Redis that is not there.
            reader.away_until = time.monotonic() + _PAUSE_WHEN_AWAY
            log().warning("events.redis_away", error=error)
            return None
    newest = answer[0].decode()
    if len(answer) == 1:
        return Found(newest, None)
    told = [found for entry in answer[1] if (found := _told(entry)) is not None]
    return Found(answer[1][-1][0].decode() if answer[1] else newest, told, len(answer[1]) == BATCH)


def _told(entry: Any) -> Told | None:
    place, (_, event) = entry
    try:
        return events.stored(place, event)
    except msgspec.DecodeError:
        # The beginning of a stream; or of a type that this process, not yet updated, does not know.
        return None


def is_place(text: str) -> bool:
    """Whether `text` looks like a place: anything else is none of ours."""
    return _PLACE.fullmatch(text) is not None


def order(place: str) -> tuple[int, int]:
    """Places by the order of their events."""
    milliseconds, _, number = place.partition("-")
    return int(milliseconds), int(number)
