"""Hints: Dramatiq messages that name a job's row, sent to Redis after the commit, in pipelines.

Dramatiq's own `send` is a blocking socket, which has no place on an event loop, so the same bytes are written here
(tests/kit/test_hints.py holds them against the real broker). A hint may be lost: the sweeper sends another.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from domain.kit.ids import new_id
from domain.kit.sending import Sending

NAMESPACE = "kuitter"


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


class Sender(Sending[Hint]):
    """Sends what has gathered since the last round trip. While Redis is away it drops: the sweeper decides then."""

    def __init__(self, redis: Redis) -> None:
        super().__init__("outbox", partial(push_hints, redis))

    def start(self) -> None:
        """Begin sending on the running loop, and take this process's hints."""
        global _sender
        super().start()
        _sender = self

    async def stop(self) -> None:
        """Send what is left, for at most a second, and end."""
        global _sender
        if _sender is self:
            _sender = None
        await super().stop()


_sender: Sender | None = None


def offer(hints: Iterable[Hint]) -> None:
    """Hand `hints` to this process's sender; without one (a command) the sweeper will send them."""
    if _sender is not None:
        _sender.offer(hints)
