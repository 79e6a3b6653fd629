"""When daily messages are due, and planning those that are (semantics: Anchor, "Daily message").

The table daily_schedule follows people's zones and chosen times by triggers (kuitter_0006), which leave the instant
open: it is worked out here, by the business clock. Any number of clocks may plan at once, as late as they like: a claim
is a row lock, the message of a day is unique, and what is planned is always the person's today and never a day before.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from uuid import UUID

from domain.anchor.jobs import WriteDailyMessages
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, transaction
from domain.kit.days import day_begins, instant, local_date
from domain.kit.ids import new_id
from domain.kit.outbox import enqueue

_BATCH = 1000
# At once in one clock: while one waits for the database the other works out times.
_PLANNERS = 2
_PEOPLE_A_JOB = 25

_OPEN = """
SELECT schedule.user_id, schedule.timezone, schedule.local_time, users.created_at
FROM daily_schedule AS schedule JOIN users ON users.id = schedule.user_id
WHERE schedule.next_at IS NULL LIMIT $1 FOR UPDATE OF schedule SKIP LOCKED
"""

_PLACE = """
UPDATE daily_schedule AS schedule SET next_at = placed.next_at
FROM unnest($1::uuid[], $2::timestamptz[]) AS placed (user_id, next_at) WHERE schedule.user_id = placed.user_id
"""

_DUE = """
SELECT user_id, timezone, local_time FROM daily_schedule WHERE next_at <= $1
ORDER BY next_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""

# A date that has its message already (somebody flew west) only moves on.
_PLAN = """
WITH due AS (
    SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::date[])
                  AS due (user_id, next_at, id, local_date)
), moved AS (
    UPDATE daily_schedule AS schedule SET next_at = due.next_at FROM due WHERE schedule.user_id = due.user_id
)
INSERT INTO daily_messages (id, user_id, local_date, state, planned_at)
SELECT id, user_id, local_date, 'planned', $5 FROM due WHERE local_date IS NOT NULL
ON CONFLICT (user_id, local_date) DO NOTHING RETURNING id, local_date
"""


async def plan_daily() -> None:
    """One look of the clock."""
    now = clock.now()
    await place(now)
    await plan_due(now)


async def place(now: datetime) -> int:
    """Work out the next instant for people who are new or whose zone or time has changed; returns for how many.

    It is today's, even if that has just passed: a day that has its message gets no second. Only the day of joining is
    left out if its time had passed.
    """
    placed = 0
    while True:
        async with transaction():
            rows = await fetch(_OPEN, _BATCH)
            users, instants = [], []
            for row in rows:
                today = local_date(now, row["timezone"])
                at = instant(today, row["local_time"], row["timezone"])
                if at <= row["created_at"]:
                    at = instant(today + timedelta(days=1), row["local_time"], row["timezone"])
                users.append(row["user_id"])
                instants.append(at)
            if rows:
                await execute(_PLACE, users, instants)
        placed += len(rows)
        if len(rows) < _BATCH:
            return placed


async def plan_due(now: datetime) -> int:
    """Plan the messages that are due at the business instant `now`, and ask for them to be written; returns how many.

    After an outage a person gets today's, if its time has come, and none for the days that were missed.
    """
    return sum(await asyncio.gather(*(_plan_all(now) for _ in range(_PLANNERS))))


async def _plan_all(now: datetime) -> int:
    planned = 0
    while True:
        claimed, new = await _plan_batch(now)
        planned += new
        if claimed < _BATCH:
            return planned


async def _plan_batch(now: datetime) -> tuple[int, int]:
    """How many people were claimed, and how many of them get a message."""

    @cache
    def occurrence(timezone: str, local_time: time) -> tuple[date | None, datetime, datetime]:
        """The date of the message that is due, if any; the next instant; the end of today. Thousands share these."""
        today = local_date(now, timezone)
        at, tomorrow = instant(today, local_time, timezone), today + timedelta(days=1)
        ends = day_begins(tomorrow, timezone)
        return (today, instant(tomorrow, local_time, timezone), ends) if at <= now else (None, at, ends)

    async with transaction():
        rows = await fetch(_DUE, now, _BATCH)
        if not rows:
            return 0, 0
        users, nexts, ids, dates = [], [], [], []
        ends: dict[UUID, datetime] = {}
        for row in rows:
            due_on, next_at, day_ends = occurrence(row["timezone"], row["local_time"])
            message_id = new_id()
            users.append(row["user_id"])
            nexts.append(next_at)
            ids.append(message_id)
            dates.append(due_on)
            ends[message_id] = day_ends
        written = [row["id"] for row in await fetch(_PLAN, users, nexts, ids, dates, now)]
        await _ask_for(written, ends)
    return len(rows), len(written)


async def _ask_for(written: Iterable[UUID], ends: dict[UUID, datetime]) -> None:
    """Jobs for the rows, those together whose day ends together: afterwards they are of no use."""
    by_end: defaultdict[datetime, list[UUID]] = defaultdict(list)
    for message_id in written:
        by_end[ends[message_id]].append(message_id)
    for end, ids in by_end.items():
        for some in _pieces(ids):
            await enqueue(WriteDailyMessages(ids=tuple(some)), not_after=end)


def _pieces(ids: Sequence[UUID]) -> Iterable[Sequence[UUID]]:
    return (ids[start : start + _PEOPLE_A_JOB] for start in range(0, len(ids), _PEOPLE_A_JOB))
