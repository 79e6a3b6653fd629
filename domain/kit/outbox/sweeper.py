"""The sweeper sends hints again for jobs that nobody has taken: lost messages, retries that are due, dead workers.

It is safe in any number of copies (rows are claimed with SKIP LOCKED) and costs one index probe when all is well.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

from redis.asyncio import Redis

from domain.kit.database import fetch, transaction
from domain.kit.forgetting import forget
from domain.kit.log import log
from domain.kit.outbox.hints import NAMESPACE, Hint, push_hints
from domain.kit.settings import QUEUES, settings

# Counts up with every look. Gone or gone back, Redis has lost what it held (flush, failover to an older copy).
PULSE = f"{NAMESPACE}:pulse"
_BATCH = 500
# A hint is made just after its row's `sent_at`, on another machine's clock.
_SLACK = timedelta(seconds=5)

# A hint that still waits in its queue is not sent again: rows sent at or after the oldest waiting one ($3 by queue)
# are only looked at later. Otherwise an outage of the workers would fill Redis with copies, and use up `sends`.
_CLAIM = """
UPDATE jobs SET
    sends = sends + (CASE WHEN waits THEN 0 ELSE 1 END),
    sent_at = CASE WHEN waits THEN sent_at ELSE now() END,
    next_send_at = now() + LEAST($1::interval * power(2, LEAST(sends, 20)), $2::interval)
FROM (
    SELECT due.id AS due_id, COALESCE(due.sent_at >= waiting.since, false) AS waits
    FROM jobs AS due LEFT JOIN unnest($3::text[], $4::timestamptz[]) AS waiting (queue, since)
        ON waiting.queue = due.queue
    WHERE due.state = 'live' AND due.next_send_at <= now() AND due.run_at <= now()
      AND (due.lease_until IS NULL OR due.lease_until < now()) AND due.sends < $5
    ORDER BY due.next_send_at LIMIT $6 FOR UPDATE OF due SKIP LOCKED
) AS claimed
WHERE jobs.id = claimed.due_id
RETURNING jobs.id, jobs.name, jobs.queue, claimed.waits
"""

_ALL_DUE = """
UPDATE jobs SET next_send_at = now(), sent_at = NULL, sends = GREATEST(sends - 1, 0)
WHERE id = ANY (ARRAY(
    SELECT id FROM jobs
    WHERE state = 'live' AND sent_at IS NOT NULL AND run_at <= now() AND (lease_until IS NULL OR lease_until < now())
    LIMIT 5000 FOR UPDATE SKIP LOCKED))
RETURNING true
"""


class Sweeper:
    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._pulse: int | None = None
        self._redis_forgot = False

    async def sweep(self) -> int:
        """Look once; returns how many hints were sent. Raises RedisError or OSError when Redis is away: then nothing
        counts as sent, and the rows stay due."""
        oldest = await self._look_at_redis()
        sent = 0
        while True:
            claimed, hints = await self._send_batch(oldest)
            sent += hints
            if claimed < _BATCH:
                return sent

    async def exhausted(self) -> list[UUID]:
        """Jobs that were sent as often as allowed and never came to an outcome: they kill whoever takes them."""
        rows = await fetch(
            """SELECT id FROM jobs WHERE state = 'live' AND next_send_at <= now() AND sends >= $1
                 AND (lease_until IS NULL OR lease_until < now()) LIMIT 100""",
            settings().job_max_sends,
        )
        return [row["id"] for row in rows]

    async def _look_at_redis(self) -> dict[str, datetime]:
        """When the oldest waiting hint of each queue was sent; notices that Redis has forgotten."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.incr(PULSE)
            for queue in QUEUES:
                pipe.lindex(f"{NAMESPACE}:{queue}", 0)
            pulse, *heads = await pipe.execute()
        if pulse == 1 or (self._pulse is not None and pulse <= self._pulse):
            self._redis_forgot = True
        self._pulse = pulse
        if self._redis_forgot:
            await self._all_due()
            self._redis_forgot = False
        return {queue: sent for queue, head in zip(QUEUES, heads, strict=True) if (sent := _sent_at(head))}

    async def _all_due(self) -> None:
        log().warning("outbox.redis_forgot")
        try:
            while len(await fetch(_ALL_DUE)) == 5000:
                pass
        except BaseException:
            # Not done. Our own next look knows; another clock may be quicker, and must notice as well.
            with contextlib.suppress(Exception):
                await self._redis.delete(PULSE)
            raise

    async def _send_batch(self, oldest: dict[str, datetime]) -> tuple[int, int]:
        limits = settings()
        async with transaction():
            rows = await fetch(
                _CLAIM,
                timedelta(seconds=limits.job_resend_seconds), timedelta(seconds=limits.job_resend_max_seconds),
                list(oldest), list(oldest.values()), limits.job_max_sends, _BATCH,
            )  # fmt: skip
            hints = [Hint(row["id"], row["name"], row["queue"]) for row in rows if not row["waits"]]
            # Inside the transaction on purpose: if Redis refuses, the claim is rolled back and nothing was counted.
            await push_hints(self._redis, hints)
        return len(rows), len(hints)


def _sent_at(message_id: bytes | str | None) -> datetime | None:
    """The time in a hint's UUIDv7, less the slack; None for no hint or one that is not ours."""
    if not message_id:
        return None
    try:
        value = UUID(message_id.decode() if isinstance(message_id, bytes) else message_id)
    except ValueError:
        return None
    if value.version != 7:
        return None
    return datetime.fromtimestamp((value.int >> 80) / 1000, UTC) - _SLACK


async def forget_ended(days: int) -> int:
    """Remove dead and skipped rows that ended more than `days` days ago; returns how many."""
    return await forget("jobs", "state <> 'live' AND ended_at < now() - make_interval(days => $1)", days)
