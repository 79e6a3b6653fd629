"""Hints: Dramatiq messages that name a job's row, sent to Redis after the commit, in pipelines.

Dramatiq's own `send` is a blocking socket, which has no place on an event loop, so the same bytes are written here
(tests/kit/test_hints.py holds them against the real broker). A hint may be lost: the sweeper sends another.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from domain.kit.ids import new_id
from domain.kit.log import log

NAMESPACE = "kuitter"
_BATCH = 200
_LONGEST_BUFFER = 20_000
_PAUSE_WHEN_AWAY = 1.0


class Hint(msgspec.Struct, frozen=True):
    job_id: UUID
    name: str
    queue: str


def encode_hint(hint: Hint) -> tuple[str, bytes]:
    """The message's id in Redis and Dramatiq's wire form of it.

    The id is a UUIDv7: the sweeper reads from it when the oldest waiting hint of a queue was sent.
    """
    message_id = str(new_id())
    body = {
        "queue_name": hint.queue,
        "actor_name": hint.name,
        "args": [str(hint.job_id)],
        "kwargs": {},
        "options": {"redis_message_id": message_id},
        "message_id": message_id,
        "message_timestamp": int(time.time() * 1000),
    }
    return message_id, msgspec.json.encode(body)


async def push_hints(redis: Redis, hints: Iterable[Hint]) -> None:
    """Put `hints` on their queues in one round trip. Raises RedisError or OSError; some may then have arrived."""
    by_queue: dict[str, dict[Any, Any]] = defaultdict(dict)
    for hint in hints:
        message_id, body = encode_hint(hint)
        by_queue[hint.queue][message_id] = body
    if not by_queue:
        return
    # One MULTI: a message's body without its place in the list would stay in Redis for ever.
    async with redis.pipeline(transaction=True) as pipe:
        for queue, messages in by_queue.items():
            pipe.hset(f"{NAMESPACE}:{queue}.msgs", mapping=messages)
            pipe.rpush(f"{NAMESPACE}:{queue}", *messages)
        await pipe.execute()


class Sender:
    """Sends what has gathered since the last round trip. While Redis is away it drops: the sweeper decides then."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: deque[Hint] = deque(maxlen=_LONGEST_BUFFER)
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin sending on the running loop, and take this process's hints."""
        global _sender
        self._task = asyncio.get_running_loop().create_task(self._run(), name="outbox-sender")
        _sender = self

    async def stop(self) -> None:
        """Send what is left, for at most a second, and end."""
        global _sender
        if _sender is self:
            _sender = None
        try:
            async with asyncio.timeout(1):
                await self._idle.wait()
        except TimeoutError:
            pass
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def offer(self, hints: Iterable[Hint]) -> None:
        self._waiting.extend(hints)
        if self._waiting:
            self._idle.clear()
            self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
                try:
                    await push_hints(self._redis, batch)
                except (RedisError, OSError) as error:
                    log().warning("outbox.redis_away", dropped=len(batch) + len(self._waiting), error=error)
                    self._waiting.clear()
                    self._idle.set()
                    await asyncio.sleep(_PAUSE_WHEN_AWAY)
                    # What was offered during the pause goes out with the next try.
            self._idle.set()


_sender: Sender | None = None


def offer(hints: Iterable[Hint]) -> None:
    """Hand `hints` to this process's sender; without one (a command) the sweeper will send them."""
    if _sender is not None:
        _sender.offer(hints)
