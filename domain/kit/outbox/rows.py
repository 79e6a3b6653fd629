"""What becomes of a job's row: taken, leased, retried, ended. Time here is PostgreSQL's own, so that the clocks of
machines need not agree; only `not_after` goes by the business clock."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec

from domain.kit.clock import clock
from domain.kit.database import fetch_row, fetch_value, transaction
from domain.kit.settings import settings

DEAD = "dead"
SKIPPED = "skipped"
_FIRST_RETRY = 5.0
_LONGEST_RETRY = 900.0


class Row(msgspec.Struct, frozen=True):
    """A job as its worker sees it. `attempt` is 1 on the first try."""

    id: UUID
    name: str
    args: str
    generation: int
    attempt: int
    stale: bool
    request_id: str | None


class LeaseLost(Exception):
    """Another worker holds the job now: its outcome is theirs to write."""


# Runs in the transaction that ends a job for good: (the row, "dead" or "skipped", the error's code).
Ending = Callable[[Row, str, str], Awaitable[None]]

_COLUMNS = "id, name, args, generation, attempts, not_after < $2 IS TRUE AS stale, request_id"
_DUE = "id = $1 AND state = 'live' AND run_at <= now() AND (lease_until IS NULL OR lease_until < now())"


def _row(record: Any, attempt: int) -> Row:
    return Row(
        id=record["id"],
        name=record["name"],
        args=record["args"],
        generation=record["generation"],
        attempt=attempt,
        stale=record["stale"],
        request_id=record["request_id"],
    )


async def take(job_id: UUID) -> Row | None:
    """Remove the row as the first statement of its effect's transaction. None: somebody else did, or it waits."""
    record = await fetch_row(f"DELETE FROM jobs WHERE {_DUE} RETURNING {_COLUMNS}", job_id, clock.now())
    return _row(record, record["attempts"] + 1) if record else None


async def look(job_id: UUID) -> Row | None:
    """Read a deduplicated job without holding it: nobody may have to wait for a running recomputation."""
    record = await fetch_row(f"SELECT {_COLUMNS} FROM jobs WHERE {_DUE}", job_id, clock.now())
    return _row(record, record["attempts"] + 1) if record else None


async def finish_generation(row: Row) -> bool:
    """Remove a deduplicated job if nobody asked again since; else it is due at once. True when it was removed."""
    gone = await fetch_value(
        "DELETE FROM jobs WHERE id = $1 AND generation = $2 RETURNING true", row.id, row.generation
    )
    if gone:
        return True
    await fetch_value(
        "UPDATE jobs SET sends = 0, attempts = 0, sent_at = NULL, run_at = now(), next_send_at = now() WHERE id = $1",
        row.id,
    )
    return False


class Lease:
    """The right to do a job's effect outside, for a time. `token` is proof; only its holder can write the outcome."""

    def __init__(self, row: Row, token: UUID, seconds: float) -> None:
        self.row = row
        self.token = token
        self.seconds = seconds
        self.settled = False

    async def renew(self) -> bool:
        """Hold on for another term. False: the lease is no longer ours."""
        kept = await fetch_value(
            """UPDATE jobs SET lease_until = now() + $3, next_send_at = now() + $3
               WHERE id = $1 AND lease_token = $2 RETURNING true""",
            self.row.id, self.token, timedelta(seconds=self.seconds),
        )  # fmt: skip
        return bool(kept)

    async def settle(self) -> None:
        """In the outcome's transaction (tasks/actor.py says when): the job is done, or due again if it was asked for
        meanwhile.

        Raises LeaseLost if it is not ours.
        """
        ours = await fetch_value(
            """WITH done AS (
                   DELETE FROM jobs WHERE id = $1 AND lease_token = $2 AND generation = $3 RETURNING true
               ), again AS (
                   UPDATE jobs SET lease_token = NULL, lease_until = NULL, attempts = 0, sends = 0, sent_at = NULL,
                                   run_at = now(), next_send_at = now()
                   WHERE id = $1 AND lease_token = $2 AND generation <> $3 RETURNING true
               )
               SELECT true FROM done UNION ALL SELECT true FROM again""",
            self.row.id, self.token, self.row.generation,
        )  # fmt: skip
        if not ours:
            raise LeaseLost
        self.settled = True

    async def release(self) -> None:
        """Let another worker begin at once (we are being stopped); the try does not count."""
        await fetch_value(
            """UPDATE jobs SET lease_token = NULL, lease_until = NULL, sent_at = NULL, next_send_at = now(),
                               attempts = attempts - 1
               WHERE id = $1 AND lease_token = $2 RETURNING true""",
            self.row.id, self.token,
        )  # fmt: skip


async def lease(job_id: UUID) -> Lease | None:
    """Take the job for a term, with a fresh token. None: it is gone, held by another, or waits for its time.

    The try is counted here, so that a job which kills its process does not do so for ever.
    """
    token, seconds = uuid4(), settings().job_lease_seconds
    record = await fetch_row(
        f"""UPDATE jobs SET lease_token = $3, lease_until = now() + $4, next_send_at = now() + $4,
                            attempts = attempts + 1
            WHERE {_DUE} RETURNING {_COLUMNS}""",
        job_id, clock.now(), token, timedelta(seconds=seconds),
    )  # fmt: skip
    return Lease(_row(record, record["attempts"]), token, seconds) if record else None


def pause_before(attempt: int) -> float:
    """Seconds until try `attempt` + 1: 5, 10, 20 … to 15 minutes, with up to a quarter of jitter."""
    pause = min(_LONGEST_RETRY, _FIRST_RETRY * 2 ** min(attempt - 1, 20))
    return float(pause * (1 - random.random() / 4))  # noqa: S311  jitter, not a secret


async def record_failure(
    row: Row,
    token: UUID | None,
    code: str,
    *,
    retry_after: float | None,
    final: bool,
    counts: bool,
    ending: Ending | None,
) -> str:
    """Write a failed try: when the next one is due, or that there is none. Returns "retry", "dead" or "lost".

    `token` is the lease's, or None for a job without one, whose tries are counted here. `retry_after` (seconds) is
    the provider's own word. `final` says that trying again cannot help, `counts` off that this try is forgiven.
    """
    async with transaction():
        current = await fetch_row(
            """SELECT attempts, generation FROM jobs
               WHERE id = $1 AND state = 'live' AND lease_token IS NOT DISTINCT FROM $2 FOR UPDATE""",
            row.id, token,
        )  # fmt: skip
        if current is None:
            return "lost"
        # A leased try was counted when the lease was taken.
        attempts = current["attempts"] + (token is None) - (not counts)
        if final or attempts >= settings().job_max_attempts:
            if current["generation"] == row.generation:
                await _end(row, DEAD, code, attempts, ending)
                return DEAD
            # Asked for again meanwhile: that request has not had a try yet, and must not be buried with this one.
            attempts = 0
        pause = timedelta(seconds=retry_after if retry_after is not None else pause_before(max(1, attempts)))
        await fetch_value(
            """UPDATE jobs SET attempts = $2, error_code = $3, lease_token = NULL, lease_until = NULL, sends = 0,
                               sent_at = NULL, run_at = now() + $4, next_send_at = now() + $4
               WHERE id = $1""",
            row.id, attempts, code, pause,
        )  # fmt: skip
        return "retry"


async def end_job(job_id: UUID, state: str, code: str, ending: Ending | None) -> bool:
    """End a live, unheld job without an outcome, and run its `ending` with it. False: it was no longer there."""
    async with transaction():
        record = await fetch_row(f"SELECT {_COLUMNS} FROM jobs WHERE {_DUE} FOR UPDATE", job_id, clock.now())
        if record is None:
            return False
        await _end(_row(record, record["attempts"]), state, code, record["attempts"], ending)
        return True


async def _end(row: Row, state: str, code: str, attempts: int, ending: Ending | None) -> None:
    await fetch_value(
        """UPDATE jobs SET state = $2, error_code = $3, attempts = $4, ended_at = now(), lease_token = NULL,
                           lease_until = NULL
           WHERE id = $1""",
        row.id, state, code, attempts,
    )  # fmt: skip
    if ending is not None:
        await ending(row, state, code)
