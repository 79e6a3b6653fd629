"""What a job is, and how one is asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from domain.kit import log
from domain.kit.database import current_transaction, fetch
from domain.kit.ids import new_id
from domain.kit.outbox.hints import Hint, offer
from domain.kit.settings import settings


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A typed message of the domain: ids only, so that nothing personal ever lies in a queue.

    `name` is stable: rows of a running system bear it. `queue` is one of interactive, default, push, bulk.
    """

    name: ClassVar[str]
    queue: ClassVar[str] = "default"

    def dedupe_key(self) -> str | None:
        """Jobs with the same key are one job that runs again if asked for while it runs. None: each is its own."""
        return None


class _Asked(msgspec.Struct, frozen=True):
    id: UUID
    job: Job
    delay: timedelta
    not_after: datetime | None


# The jobs of a transaction go in with one statement, the last before COMMIT. Deduplicated ones are sorted by key,
# so that two transactions that ask for the same ones cannot wait for each other in a circle.
_INSERT = """
INSERT INTO jobs (id, name, args, queue, dedupe_key, run_at, not_after, sends, sent_at, next_send_at, request_id)
SELECT id, name, args, queue, dedupe_key, now() + delay, not_after,
       CASE WHEN delay > interval '0' THEN 0 ELSE 1 END,
       CASE WHEN delay > interval '0' THEN NULL ELSE now() END,
       now() + CASE WHEN delay > interval '0' THEN delay ELSE $8 END, $9
FROM unnest($1::uuid[], $2::text[], $3::jsonb[], $4::text[], $5::text[], $6::interval[], $7::timestamptz[])
     AS asked (id, name, args, queue, dedupe_key, delay, not_after)
ON CONFLICT (name, dedupe_key) WHERE dedupe_key IS NOT NULL AND state = 'live'
DO UPDATE SET generation = jobs.generation + 1,
    -- A new request does not wait for the back-off of an old one, nor end with it.
    run_at = LEAST(jobs.run_at, EXCLUDED.run_at),
    next_send_at = LEAST(jobs.next_send_at, EXCLUDED.next_send_at),
    not_after = CASE WHEN jobs.not_after IS NOT NULL AND EXCLUDED.not_after IS NOT NULL
                     THEN GREATEST(jobs.not_after, EXCLUDED.not_after) END
RETURNING id
"""


async def enqueue(job: Job, *, delay: timedelta = timedelta(), not_after: datetime | None = None) -> UUID:
    """Ask for `job` in the present transaction; it is sent once that has committed.

    `delay` (real time; minutes at most, for later things are rows with a due time) holds it back. Past `not_after`
    (business time) it ends as skipped. Returns the row's id, which for a deduplicated job may turn out to be another.
    Raises OutsideTransaction when there is no transaction: a job without its cause must not exist.
    """
    current = current_transaction()
    if not current.jobs:
        current.before_commit(_insert)
    row_id = new_id()
    current.jobs.append(_Asked(row_id, job, delay, not_after))
    return row_id


async def _insert() -> None:
    current = current_transaction()
    asked = _without_repeats(current.jobs)
    # Work before the commit may ask for more: that goes in after it.
    current.jobs = []
    resend = timedelta(seconds=settings().job_resend_seconds)
    rows = await fetch(
        _INSERT,
        [one.id for one in asked],
        [one.job.name for one in asked],
        [msgspec.json.encode(one.job).decode() for one in asked],
        [one.job.queue for one in asked],
        [one.job.dedupe_key() for one in asked],
        [one.delay for one in asked],
        [one.not_after for one in asked],
        resend,
        log.request_id.get(),
    )
    new = {row["id"] for row in rows}
    hints = [Hint(one.id, one.job.name, one.job.queue) for one in asked if one.id in new and not one.delay]
    current.on_commit(lambda: offer(hints))


def _without_repeats(asked: list[_Asked]) -> list[_Asked]:
    """Each deduplicated job once, in an order that all transactions share."""
    by_key: dict[Any, _Asked] = {}
    for one in asked:
        key = one.job.dedupe_key()
        by_key.setdefault((one.job.name, key) if key is not None else one.id, one)
    return sorted(by_key.values(), key=lambda one: (one.job.name, one.job.dedupe_key() or ""))
