"""Sliding-window limits in Redis: exact, atomic and shared by all processes; a local window while Redis is away.

A window keeps the instants of what was let through; the one too many waits until the oldest has left the window.
"""

from __future__ import annotations

import contextlib
import time
from collections import OrderedDict, deque

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.kit.log import log
from domain.kit.redis_scripts import Scripts

_MOST_LOCAL = 50_000

# KEYS: one list of instants (ms), oldest first, and perhaps a key whose value is wanted in the same answer.
# ARGV: limit, window in ms, 1 to count this one or 0 to only look.
# Redis' own clock, so that processes need not agree on the time.
_WINDOW = """
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local function head() return tonumber(redis.call('LINDEX', KEYS[1], 0)) end
local oldest = head()
while oldest and oldest <= now - window do redis.call('LPOP', KEYS[1]); oldest = head() end
local used = redis.call('LLEN', KEYS[1])
local allowed = used < limit and 1 or 0
if allowed == 1 and ARGV[3] == '1' then
    redis.call('RPUSH', KEYS[1], now)
    redis.call('PEXPIRE', KEYS[1], window)
    used = used + 1
    oldest = oldest or now
end
return {allowed, limit - used, oldest and (oldest + window - now) or 0, KEYS[2] and redis.call('GET', KEYS[2])}
"""


class Verdict(msgspec.Struct, frozen=True):
    """`remaining` after this one; `reset` is in seconds, until the oldest counted leaves the window."""

    allowed: bool
    limit: int
    remaining: int
    reset: float


class Window(msgspec.Struct, frozen=True):
    """At most `limit` in any `seconds`. `name` is part of the key in Redis."""

    name: str
    limit: int
    seconds: float


class Limiter:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._scripts = Scripts(redis)
        self._local: OrderedDict[str, deque[float]] = OrderedDict()

    @staticmethod
    def key(window: Window, who: str) -> str:
        """The window's list in Redis."""
        return f"kuitter:limit:{window.name}:{who}"

    async def hit(self, window: Window, who: str, *, count: bool = True) -> Verdict:
        """Count one for `who`, if the window has room; with `count` off only look."""
        try:
            return (await self._ask(window, who, count))[0]
        except (RedisError, OSError) as error:
            log().debug("limits.local", error=error)
            return self.hit_locally(window, who, count=count)

    async def hit_and_get(self, window: Window, who: str, key: str) -> tuple[Verdict, bytes | None]:
        """Count one for `who` if there is room, and what stands at `key`, in one round trip.

        Raises RedisError or OSError when Redis does not answer.
        """
        return await self._ask(window, who, True, key)

    async def _ask(self, window: Window, who: str, count: bool, *more: str) -> tuple[Verdict, bytes | None]:
        allowed, remaining, wait, *value = await self._scripts.run(
            _WINDOW, [self.key(window, who), *more], window.limit, int(window.seconds * 1000), 1 if count else 0
        )
        verdict = Verdict(bool(allowed), window.limit, max(0, remaining), max(0, wait) / 1000)
        return verdict, value[0] if value else None

    async def take_back(self, window: Window, who: str) -> None:
        """Uncount the newest one of `who`."""
        times = self._local.get(self.key(window, who))
        if times:
            times.pop()
        with contextlib.suppress(RedisError, OSError):
            await self._redis.rpop(self.key(window, who))

    def hit_locally(self, window: Window, who: str, *, count: bool = True) -> Verdict:
        """The same rule within this process alone."""
        now = time.monotonic()
        key = self.key(window, who)
        times = self._local.setdefault(key, deque())
        self._local.move_to_end(key)
        while len(self._local) > _MOST_LOCAL:
            self._local.popitem(last=False)
        while times and times[0] <= now - window.seconds:
            times.popleft()
        allowed = len(times) < window.limit
        if allowed and count:
            times.append(now)
        reset = times[0] + window.seconds - now if times else 0.0
        return Verdict(allowed, window.limit, window.limit - len(times), reset)


_limiter: Limiter | None = None


def use(limiter: Limiter) -> None:
    """The limiter of this process."""
    global _limiter
    _limiter = limiter


def limiter() -> Limiter:
    assert _limiter is not None, "no limiter in this process"
    return _limiter
