"""Jobs that only these tests know, one for each way to run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from domain.kit.database import fetch, fetch_row, transaction
from domain.kit.outbox import Job, enqueue
from tasks.actor import bindings, in_database, outside, recomputes


class Note(Job):
    """Its effect is a row."""

    name: ClassVar[str] = "kit.note"
    thing: str = "a"


class Recount(Job):
    """One for each `thing`, however often it is asked for."""

    name: ClassVar[str] = "kit.recount"
    queue: ClassVar[str] = "bulk"
    thing: str = "a"

    def dedupe_key(self) -> str:
        return self.thing


class Call(Job):
    """Its effect is outside."""

    name: ClassVar[str] = "kit.call"
    queue: ClassVar[str] = "interactive"
    thing: str = "a"


class Sync(Job):
    """Its effect is outside, and there is one for each `thing`."""

    name: ClassVar[str] = "kit.sync"
    queue: ClassVar[str] = "bulk"
    thing: str = "a"

    def dedupe_key(self) -> str:
        return self.thing


ALL: tuple[type[Job], ...] = (Note, Recount, Call, Sync)


def bind(job_type: type[Job], work: Callable[[], Awaitable[Any]], **options: Any) -> Callable[[str], Awaitable[str]]:
    """An actor of the kind that fits `job_type`, whose work is `work()`."""
    if job_type is Note:

        @in_database(Note, **options)
        async def note(job: Note) -> None:
            await work()

    elif job_type is Recount:

        @recomputes(Recount, **options)
        async def recount(job: Recount) -> None:
            await work()

    else:

        @outside(Call, **options)
        async def call(job: Call, lease: Any) -> None:
            await work()

    return bindings[job_type.name].run


async def ask(job: Job, *, delay: timedelta = timedelta(), not_after: datetime | None = None) -> UUID:
    """Enqueue `job` in a transaction of its own."""
    async with transaction():
        return await enqueue(job, delay=delay, not_after=not_after)


async def row_of(job_id: UUID) -> Any:
    """The job's row, with its times also as seconds from now; None when it is gone."""
    return await fetch_row(
        """SELECT *, extract(epoch FROM run_at - now())::float8 AS runs_in,
                  extract(epoch FROM next_send_at - now())::float8 AS sent_in
           FROM jobs WHERE id = $1""",
        job_id,
    )


async def effects() -> list[Any]:
    """What was written to the scratch table."""
    return [row["what"] for row in await fetch("SELECT what FROM scratch ORDER BY id")]


async def together(*coroutines: Awaitable[Any]) -> list[Any]:
    """Run all at once; exceptions are results."""
    return await asyncio.gather(*coroutines, return_exceptions=True)
