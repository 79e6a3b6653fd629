"""Sending to Redis in the background: nobody waits for it, and what has gathered goes in one round trip.

What is sent this way is only a hint that may be lost: the row behind it is in PostgreSQL.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, TypeVar

from redis.exceptions import RedisError

from domain.kit.log import log

T = TypeVar("T")

_BATCH = 200
_LONGEST_BUFFER = 20_000
_PAUSE_WHEN_AWAY = 1.0


class Sending(Generic[T]):
    """Hands `push` what has gathered since the last round trip. While Redis is away (RedisError, OSError) it drops.

    `name` is what the log calls it. `after_loss` is called, until it succeeds, before anything else is sent after
    something was dropped.
    """

    def __init__(
        self,
        name: str,
        push: Callable[[list[T]], Awaitable[None]],
        after_loss: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._name = name
        self._push = push
        self._after_loss = after_loss
        self._lost = False
        self._waiting: deque[T] = deque(maxlen=_LONGEST_BUFFER)
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin sending on the running loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"{self._name}-sender")

    async def stop(self) -> None:
        """Send what is left, for at most a second, and end."""
        try:
            async with asyncio.timeout(1):
                await self._idle.wait()
        except TimeoutError:
            pass
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def offer(self, items: Iterable[T]) -> None:
        """Have `items` sent; beyond 20,000 that wait, the oldest are dropped."""
        for item in items:
            self._lost = self._lost or len(self._waiting) == _LONGEST_BUFFER
            self._waiting.append(item)
        if self._waiting:
            self._idle.clear()
            self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting or (self._lost and self._after_loss):
                batch: list[T] = []
                try:
                    if self._lost and self._after_loss:
                        await self._after_loss()
                    self._lost = False
                    batch.extend(self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting))))
                    if batch:
                        await self._push(batch)
                except (RedisError, OSError) as error:
                    dropped = len(batch) + len(self._waiting)
                    if dropped:
                        log().warning(f"{self._name}.redis_away", dropped=dropped, error=error)
                    self._waiting.clear()
                    self._lost = True
                    self._idle.set()
                    await asyncio.sleep(_PAUSE_WHEN_AWAY)
                    # What was offered during the pause goes out with the next try.
            self._idle.set()
