"""When somebody's talk and journal are gone through for what is worth remembering.

Not with each answer: what is remembered stands near the beginning of a prompt, and the provider's cache of a running
talk begins anew with every change of it. So it waits until the talk has rested. Once messages are cut off the talk the
beginning has changed anyway, and the summary has to stand for them: then it comes at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from domain.kit.database import execute, fetch, transaction
from domain.kit.outbox import Job, enqueue
from domain.kit.settings import settings

_PEOPLE_A_JOB = 50
# Waiting or running, in all workers together: the daily messages share the queue, and are more urgent.
_JOBS_AT_ONCE = 2
_AFTER_A_DEAD_JOB = timedelta(hours=1)

# Messages of the person's own that neither go along with an answer any more nor stand in the summary: $2 is the seq
# with which the talk of the newest answer began.
_ANSWERED = """
INSERT INTO anchor_remembering (user_id, due_at)
SELECT $1, now() + CASE WHEN EXISTS (
    SELECT FROM anchor_messages
    WHERE user_id = $1 AND role = 'person' AND kind = 'chat' AND seq < $2
      AND seq > GREATEST(0, (SELECT up_to_seq FROM anchor_summaries WHERE user_id = $1),
                            (SELECT forgotten_up_to FROM anchor_remembering WHERE user_id = $1))
) THEN interval '0' ELSE $3::interval END
FROM users WHERE id = $1 FOR KEY SHARE
ON CONFLICT (user_id) DO UPDATE SET due_at = EXCLUDED.due_at
"""

# Not who is being gone through just now: a second job would ask for the same things, and be paid as well.
CLAIM = """
WITH live AS MATERIALIZED (SELECT args FROM jobs WHERE name = $1 AND state = 'live')
UPDATE anchor_remembering AS remembering SET due_at = NULL
FROM (SELECT user_id FROM anchor_remembering
      WHERE due_at <= now() AND (SELECT count(*) < $2 FROM live)
        AND user_id NOT IN (SELECT jsonb_array_elements_text(args -> 'user_ids')::uuid FROM live)
      ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED) AS due
WHERE remembering.user_id = due.user_id RETURNING remembering.user_id
"""


class Remember(Job, frozen=True, kw_only=True):
    """Go through the talk and the journal of some people for what is worth remembering."""

    name: ClassVar[str] = "anchor.remember"
    queue: ClassVar[str] = "bulk"

    user_ids: tuple[UUID, ...]


async def answered(user_id: UUID, history_from: int) -> None:
    """An answer is done, whose prompt began its talk with the message `history_from`: note when to remember.

    In the caller's transaction, before it writes to a message or the ledger: whoever changes what is remembered locks
    in that order.
    """
    rest = timedelta(seconds=settings().anchor_memory_delay_seconds)
    await execute(_ANSWERED, user_id, history_from, rest)


async def put_off(user_id: UUID, pause: timedelta) -> None:
    """Come back after `pause`, unless it is due before."""
    await execute(
        """UPDATE anchor_remembering SET due_at = LEAST(due_at, now() + $2::interval) WHERE user_id = $1""",
        user_id, pause,
    )  # fmt: skip


async def put_off_all(user_ids: Sequence[UUID]) -> None:
    """Their job has ended without coming to everybody: come back to all of them in an hour. In the caller's
    transaction."""
    for user_id in sorted(user_ids):
        await put_off(user_id, _AFTER_A_DEAD_JOB)


async def plan_due() -> int:
    """Ask for those whose talk has rested, the longest due first; returns for how many. Any number of clocks may do so
    at once: nobody is claimed twice."""
    planned = 0
    while True:
        async with transaction():
            rows = await fetch(CLAIM, Remember.name, _JOBS_AT_ONCE, _PEOPLE_A_JOB)
            if not rows:
                return planned
            await enqueue(Remember(user_ids=tuple(row["user_id"] for row in rows)))
        planned += len(rows)
