"""How a job meets its actor: the wrapper that keeps the job guarantee around every actor.

`@in_database(JobType)`  the effect is rows only: it commits with the removal of the job's row, exactly once.
`@recomputes(JobType)`   a deduplicated recomputation: may run twice, never misses a later request.
`@outside(JobType)`      the effect is at a provider: leased, at least once outside, exactly once in the books.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import UUID

import dramatiq
import msgspec

from domain.kit import log
from domain.kit.database import sql_error_code, transaction
from domain.kit.outbox import rows
from domain.kit.outbox.jobs import Job
from domain.kit.outbox.rows import Ending, Lease, LeaseLost, Row
from tasks.broker import broker

J = TypeVar("J", bound=Job)
GaveUp = Callable[[Any, str, str], Awaitable[None]]


class Retry(Exception):
    """Try again later. `code` is a machine's word; `retry_after` (seconds) the provider's, None for the back-off.

    With `counts` off the try is forgiven: a provider that is away, or a key of ours that it refuses, is not the job's
    fault. Such a job ends by its `not_after`.
    """

    def __init__(self, code: str, retry_after: float | None = None, *, counts: bool = True) -> None:
        super().__init__(code)
        self.code = code
        self.retry_after = retry_after
        self.counts = counts


class GiveUp(Exception):
    """Trying again cannot help: the job is dead now."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Binding(msgspec.Struct, frozen=True):
    """A job type and what runs for it. `run` is the plain coroutine: tests await it as the worker does."""

    job: type[Job]
    run: Callable[[str], Awaitable[str]]
    ending: Ending | None


# By job name. Filled by the imports of tasks/actors.py, nothing else.
bindings: dict[str, Binding] = {}
# Runs under way in this process, so that stopping can wait for them and then let go of them.
running: set[asyncio.Task[Any]] = set()


def _bind(
    job_type: type[J], gave_up: GaveUp | None, run: Callable[[UUID, Ending | None], Awaitable[str]]
) -> Callable[[str], Awaitable[str]]:
    ending: Ending | None = None
    if gave_up is not None:
        notice = gave_up

        async def ending(row: Row, state: str, code: str) -> None:
            await notice(msgspec.json.decode(row.args, type=job_type), state, code)

    async def actor(job_id: str) -> str:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        mark = log.job_id.set(job_id)
        try:
            return await run(UUID(job_id), ending)
        finally:
            log.job_id.reset(mark)
            running.discard(task)

    if job_type.name in bindings:
        raise RuntimeError(f"two actors for {job_type.name}")
    bindings[job_type.name] = Binding(job_type, actor, ending)

    async def on_message(job_id: str) -> None:
        # Dramatiq has no use for the outcome, and warns about every value.
        await actor(job_id)

    dramatiq.actor(actor_name=job_type.name, queue_name=job_type.queue, broker=broker)(on_message)
    return actor


async def _failed(row: Row, token: UUID | None, error: BaseException, ending: Ending | None) -> str:
    """Write down a failed try, by code only: an exception's text may hold an e-mail address."""
    retry_after, final, counts = None, False, True
    if isinstance(error, Retry):
        code, retry_after, counts = error.code, error.retry_after, error.counts
    elif isinstance(error, GiveUp):
        code, final = error.code, True
    elif isinstance(error, TimeoutError):
        code = "timeout"
    else:
        code = sql_error_code(error)
        log.log().error("job.failed", job=row.name, attempt=row.attempt, error=error)
    outcome = await rows.record_failure(
        row, token, code, retry_after=retry_after, final=final, counts=counts, ending=ending
    )
    # What only waits for its time (a push in the night) is nothing to warn of, and may be thousands at midnight.
    say = log.log().warning if counts else log.log().info
    say("job.not_done", job=row.name, attempt=row.attempt, code=code, outcome=outcome)
    return outcome


class _Stale(Exception):
    """Past its `not_after`: rolls the removal back, so that the row can end as skipped."""


def in_database(
    job_type: type[J], *, seconds: float = 30, gave_up: GaveUp | None = None
) -> Callable[[Callable[[J], Awaitable[None]]], Callable[[str], Awaitable[str]]]:
    """An actor whose effect is in the database alone. It runs inside the transaction that removes the job's row."""

    def bind(work: Callable[[J], Awaitable[None]]) -> Callable[[str], Awaitable[str]]:
        async def run(job_id: UUID, ending: Ending | None) -> str:
            row: Row | None = None
            try:
                async with asyncio.timeout(seconds), transaction():
                    row = await rows.take(job_id)
                    if row is None:
                        return "gone"
                    if row.stale:
                        raise _Stale
                    log.request_id.set(row.request_id)
                    await work(msgspec.json.decode(row.args, type=job_type))
            except _Stale:
                await rows.end_job(job_id, rows.SKIPPED, "too_late", ending)
                return rows.SKIPPED
            except Exception as error:
                if row is None:
                    raise
                return await _failed(row, None, error, ending)
            return "done"

        return _bind(job_type, gave_up, run)

    return bind


def recomputes(
    job_type: type[J], *, seconds: float = 30, gave_up: GaveUp | None = None
) -> Callable[[Callable[[J], Awaitable[None]]], Callable[[str], Awaitable[str]]]:
    """An actor for a job with a dedupe key: it recomputes something from the rows, and runs again if it was asked
    for meanwhile. `work` runs in a transaction and locks what it writes."""

    def bind(work: Callable[[J], Awaitable[None]]) -> Callable[[str], Awaitable[str]]:
        async def run(job_id: UUID, ending: Ending | None) -> str:
            row = await rows.look(job_id)
            if row is None:
                return "gone"
            if row.stale:
                await rows.end_job(job_id, rows.SKIPPED, "too_late", ending)
                return rows.SKIPPED
            log.request_id.set(row.request_id)
            try:
                async with asyncio.timeout(seconds), transaction():
                    await work(msgspec.json.decode(row.args, type=job_type))
                    finished = await rows.finish_generation(row)
            except Exception as error:
                return await _failed(row, None, error, ending)
            return "done" if finished else "again"

        return _bind(job_type, gave_up, run)

    return bind


def outside(
    job_type: type[J], *, seconds: float = 60, gave_up: GaveUp | None = None
) -> Callable[[Callable[[J, Lease], Awaitable[None]]], Callable[[str], Awaitable[str]]]:
    """An actor whose effect is at a provider. It gets the lease; the transaction that writes the outcome calls
    `await lease.settle()`: first, or after the locks that others hold while they ask for jobs like this one. If it
    never settles, the job is simply done when it returns."""

    def bind(work: Callable[[J, Lease], Awaitable[None]]) -> Callable[[str], Awaitable[str]]:
        async def run(job_id: UUID, ending: Ending | None) -> str:
            lease = await rows.lease(job_id)
            if lease is None:
                return "gone"
            log.request_id.set(lease.row.request_id)
            keeper = asyncio.create_task(_keep(lease), name="lease-keeper")
            try:
                if lease.row.stale:
                    await lease.release()
                    await rows.end_job(job_id, rows.SKIPPED, "too_late", ending)
                    return rows.SKIPPED
                async with asyncio.timeout(seconds):
                    await work(msgspec.json.decode(lease.row.args, type=job_type), lease)
                if not lease.settled:
                    async with transaction():
                        await lease.settle()
            except LeaseLost:
                log.log().warning("job.lease_lost", job=job_type.name)
                return "lost"
            except asyncio.CancelledError:
                await asyncio.shield(lease.release())
                raise
            except Exception as error:
                return await _failed(lease.row, lease.token, error, ending)
            finally:
                keeper.cancel()
            return "done"

        return _bind(job_type, gave_up, run)

    return bind


async def _keep(lease: Lease) -> None:
    """Renew at a third of the term until the lease is gone; a database that is away is tried again."""
    while True:
        await asyncio.sleep(lease.seconds / 3)
        try:
            if not await lease.renew():
                return
        except Exception as error:
            log.log().warning("job.lease_not_renewed", error=error)


async def end_exhausted(job_ids: list[UUID]) -> None:
    """End jobs that were sent too often without an outcome, with what their actors want done then."""
    from domain.kit.outbox.listing import show_job

    for job_id in job_ids:
        record = await show_job(job_id)
        if record is None:
            continue
        binding = bindings.get(record["name"])
        try:
            await rows.end_job(job_id, rows.DEAD, "no_outcome", binding.ending if binding else None)
        except Exception as error:
            # Its ending does not work; those of the others may.
            log.log().error("job.cannot_end", job=record["name"], error=error)
