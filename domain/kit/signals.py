"""Live signals between processes over Redis pub/sub: a finished job, a token of a reply.

They are only hints and never stored: whoever waits also looks at the database, before and after.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Collection

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

from domain.kit.log import log

_PREFIX = "kuitter:signal:"
_LONGEST_QUEUE = 1000
_PAUSE_WHEN_AWAY = 0.5

_redis: Redis | None = None
_hub: _Hub | None = None


def use(redis: Redis, listening: Redis | None = None) -> None:
    """Send and receive through `redis` in this process, on the running loop; receive through `listening` if given.

    Nobody waits for what is received, so that connection may be patient: a loop that is busy for a moment is no reason
    to give it up.
    """
    global _redis, _hub
    _redis = redis
    _hub = _Hub(listening or redis)


async def close() -> None:
    global _redis, _hub
    hub, _hub, _redis = _hub, None, None
    if hub is not None:
        await hub.close()


def channel(topic: str) -> str:
    """What Redis calls `topic`, for scripts that publish by themselves."""
    return _PREFIX + topic


async def publish(topic: str, payload: bytes) -> None:
    """Tell whoever listens. Lost silently when Redis is away."""
    if _redis is None:
        return
    with contextlib.suppress(RedisError, OSError):
        await _redis.publish(_PREFIX + topic, payload)


class Subscription:
    """What arrives on its topics. `None` says that something may have been missed: look at the database."""

    def __init__(self, longest: int = _LONGEST_QUEUE) -> None:
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(longest)
        self._missed = False

    def put(self, payload: bytes | None) -> None:
        try:
            self._queue.put_nowait(payload)
        except asyncio.QueueFull:
            # A slow reader loses the lot and is told so: it must never hold others up.
            self._missed = True

    async def next(self, timeout: float) -> bytes | None:
        """The next payload; None after `timeout` seconds or when some were missed."""
        if self._missed:
            self.clear()
            return None
        try:
            async with asyncio.timeout(timeout):
                return await self._queue.get()
        except TimeoutError:
            return None

    def has_more(self) -> bool:
        """Whether `next` would answer at once."""
        return self._missed or not self._queue.empty()

    def clear(self) -> None:
        """Forget what has arrived: whoever is about to look at the database sees it there."""
        self._missed = False
        while not self._queue.empty():
            self._queue.get_nowait()


@contextlib.asynccontextmanager
async def subscribe(*topics: str, longest: int = _LONGEST_QUEUE) -> AsyncIterator[Subscription]:
    """Listen to `topics` inside the block. With Redis away it simply hears nothing.

    Who lets more than `longest` payloads wait loses them, and is told so.
    """
    subscription = Subscription(longest)
    hub = _hub
    if hub is None:
        yield subscription
        return
    try:
        await hub.add(topics, subscription)
        yield subscription
    finally:
        for topic in topics:
            hub.remove(topic, subscription)


class _Hub:
    """One connection a process for all topics that somebody in it listens to."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._topics: dict[str, set[Subscription]] = defaultdict(set)
        self._confirmed: dict[str, asyncio.Event] = {}
        self._pubsub: PubSub | None = None
        self._task: asyncio.Task[None] | None = None

    async def add(self, topics: Collection[str], subscription: Subscription) -> None:
        """Returns when Redis has confirmed, so that nothing sent later is missed; or after half a second without."""
        fresh = [topic for topic in topics if not self._topics[topic]]
        for topic in topics:
            self._topics[topic].add(subscription)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen(), name="signals")
        confirmed = [self._confirmed.setdefault(topic, asyncio.Event()) for topic in topics]
        if fresh and self._pubsub is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.subscribe(*(_PREFIX + topic for topic in fresh))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.5):
                for each in confirmed:
                    await each.wait()

    def remove(self, topic: str, subscription: Subscription) -> None:
        listeners = self._topics.get(topic)
        if listeners is None:
            return
        listeners.discard(subscription)
        if not listeners:
            del self._topics[topic]
            self._confirmed.pop(topic, None)
            if self._pubsub is not None:
                task = asyncio.ensure_future(self._unsubscribe(topic))
                task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _unsubscribe(self, topic: str) -> None:
        if topic not in self._topics and self._pubsub is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(_PREFIX + topic)
            if topic in self._topics:  # somebody came meanwhile
                await self._pubsub.subscribe(_PREFIX + topic)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub() as pubsub:
                    await self._subscribe_all(pubsub)
                    self._pubsub = pubsub
                    await self._receive(pubsub)
            except (RedisError, OSError) as error:
                log().warning("signals.redis_away", error=error)
            finally:
                self._pubsub = None
            for confirmed in self._confirmed.values():
                confirmed.clear()
            await asyncio.sleep(_PAUSE_WHEN_AWAY)

    async def _subscribe_all(self, pubsub: PubSub) -> None:
        """Take up the topics of now, and those that come and go meanwhile."""
        await pubsub.connect()  # type: ignore[no-untyped-call]
        taken: set[str] = set()
        while taken != self._topics.keys():
            more, fewer = self._topics.keys() - taken, taken - self._topics.keys()
            if more:
                await pubsub.subscribe(*(_PREFIX + topic for topic in more))
            if fewer:
                await pubsub.unsubscribe(*(_PREFIX + topic for topic in fewer))
            taken = (taken | more) - fewer

    async def _receive(self, pubsub: PubSub) -> None:
        while True:
            if not pubsub.subscribed:
                await asyncio.sleep(0.01)
                continue
            message = await pubsub.get_message(timeout=15.0)
            if message is None:
                await pubsub.ping()
                continue
            channel = message.get("channel") or b""
            topic = (channel.decode() if isinstance(channel, bytes) else channel).removeprefix(_PREFIX)
            if message["type"] == "subscribe":
                if topic in self._confirmed:
                    # Whatever was sent before this moment on a broken connection is gone.
                    self._confirmed[topic].set()
                    for listener in self._topics.get(topic, ()):
                        listener.put(None)
            elif message["type"] == "message":
                for listener in tuple(self._topics.get(topic, ())):
                    listener.put(message["data"])
