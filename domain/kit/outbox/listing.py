"""Jobs as an operator sees them: `kuitter jobs` and `kuitter queues`."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from asyncpg import UniqueViolationError

from domain.kit.database import execute, fetch, fetch_row


async def list_jobs(state: str | None, queue: str | None, limit: int) -> list[Any]:
    """Jobs by state (live, dead, skipped) and queue, newest first."""
    return await fetch(
        """SELECT id, name, queue, state, attempts, sends, error_code, run_at, lease_until, ended_at, created_at
           FROM jobs WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR queue = $2)
           ORDER BY id DESC LIMIT $3""",
        state, queue, limit,
    )  # fmt: skip


async def show_job(job_id: UUID) -> Any | None:
    """All columns of one job."""
    return await fetch_row("SELECT * FROM jobs WHERE id = $1", job_id)


async def retry_job(job_id: UUID) -> bool:
    """Make a dead, skipped or waiting job due now, with its tries forgiven.

    False: no such job, it is running, or it was asked for anew since and waits already.
    """
    try:
        tag = await execute(
            """UPDATE jobs SET state = 'live', attempts = 0, sends = 0, sent_at = NULL, run_at = now(),
                               next_send_at = now(), ended_at = NULL, error_code = NULL, not_after = NULL
               WHERE id = $1 AND (lease_until IS NULL OR lease_until < now())""",
            job_id,
        )
    except UniqueViolationError:
        return False
    return tag == "UPDATE 1"


async def drop_job(job_id: UUID) -> bool:
    """Remove a job that is not running, without its effect. False: no such job, or it is running."""
    tag = await execute("DELETE FROM jobs WHERE id = $1 AND (lease_until IS NULL OR lease_until < now())", job_id)
    return tag == "DELETE 1"


async def queue_summary() -> list[Any]:
    """By queue: live, running, retrying, dead and skipped jobs, and how long the oldest due one has waited, in s."""
    return await fetch(
        """SELECT queue,
                  count(*) FILTER (WHERE state = 'live') AS live,
                  count(*) FILTER (WHERE state = 'live' AND lease_until > now()) AS running,
                  count(*) FILTER (WHERE state = 'live' AND attempts > 0) AS retrying,
                  count(*) FILTER (WHERE state = 'dead') AS dead,
                  count(*) FILTER (WHERE state = 'skipped') AS skipped,
                  COALESCE(extract(epoch FROM now() - min(run_at) FILTER (WHERE state = 'live' AND run_at <= now())), 0)
                      AS oldest_seconds
           FROM jobs GROUP BY queue ORDER BY queue"""
    )


async def hasten_jobs(step: timedelta) -> None:
    """Bring jobs that wait for a later time nearer by `step`: development travels in time, and they go along."""
    await execute(
        """UPDATE jobs SET run_at = run_at - $1::interval, next_send_at = next_send_at - $1::interval
           WHERE state = 'live' AND run_at > now() AND lease_token IS NULL""",
        step,
    )
