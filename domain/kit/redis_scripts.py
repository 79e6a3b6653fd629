"""Lua scripts in Redis: all that are asked for in one turn of the event loop share one round trip.

Every request asks Redis before anything else happens. Packing, sending and waiting cost more than the script does, so
under load a process does them once for many requests; one that is alone waits no longer than it would.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import NoScriptError


class _Call(msgspec.Struct, frozen=True):
    source: str
    command: tuple[Any, ...]
    answer: asyncio.Future[Any]


class Scripts:
    """The scripts that one process runs in `redis`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: list[_Call] = []
        # The loop itself holds tasks weakly.
        self._under_way: set[asyncio.Task[None]] = set()

    async def run(self, source: str, keys: Sequence[str], *args: str | int) -> Any:
        """What the script answers. Raises RedisError or OSError when Redis does not."""
        loop = asyncio.get_running_loop()
        call = _Call(source, ("EVALSHA", _sha(source), len(keys), *keys, *args), loop.create_future())
        self._waiting.append(call)
        if len(self._waiting) == 1:
            loop.call_soon(self._send)
        return await call.answer

    def _send(self) -> None:
        calls, self._waiting = self._waiting, []
        task = asyncio.create_task(self._ask(calls))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _ask(self, calls: list[_Call]) -> None:
        try:
            answers = await self._pipelined([call.command for call in calls])
            # A server that was restarted or flushed has forgotten its scripts. What it did not know it has not run.
            unknown = [at for at, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
            for source in {calls[at].source for at in unknown}:
                await self._redis.script_load(source)
            if unknown:
                again = await self._pipelined([calls[at].command for at in unknown])
                for at, answer in zip(unknown, again, strict=True):
                    answers[at] = answer
        except asyncio.CancelledError:  # the process ends
            for call in calls:
                call.answer.cancel()
            raise
        except Exception as error:
            answers = [error] * len(calls)
        for call, answer in zip(calls, answers, strict=True):
            if call.answer.done():
                continue  # whoever asked has gone
            if isinstance(answer, Exception):
                call.answer.set_exception(answer)
            else:
                call.answer.set_result(answer)

    async def _pipelined(self, commands: list[tuple[Any, ...]]) -> list[Any]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for command in commands:
                pipe.execute_command(*command)
            answers: list[Any] = await pipe.execute(raise_on_error=False)
        return answers


@cache
def _sha(source: str) -> str:
    """Redis' name for a script."""
    return hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest()
