"""Planning daily messages: whose is to be written now.

The table daily_schedule follows people's zones and chosen times by triggers (kuitter_0006), which leave the instant
open: it is worked out here, by the business clock. Any number of clocks may plan at once, as late as they like: a claim
is a row lock, the message of a day is unique, and what is planned is always the person's today and never a day before.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, time, timedelta
from functools import cache
from itertools import count
from typing import Any
from uuid import UUID

from domain.anchor.jobs import WriteDailyMessages
from domain.anchor.schedule import Occurrence, occurrence
from domain.anchor.silence import comes_on, last_seen_sql
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, transaction
from domain.kit.days import local_date
from domain.kit.ids import new_id
from domain.kit.outbox import enqueue

_BATCH = 1000
# At once in one clock: while some wait for the database another works out times.
_PLANNERS = 3
# So many batches of each in the order of time; more are a backlog.
_IN_TURN = 10
PEOPLE_A_JOB = 100
# A message that is planned when its time has passed is to go out within this, written or not.
PATIENCE = timedelta(minutes=2)
_DAY = timedelta(days=1)
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_NOBODY = UUID(int=0)

_OPEN = """
SELECT schedule.user_id, schedule.timezone, schedule.local_time, users.created_at
FROM daily_schedule AS schedule JOIN users ON users.id = schedule.user_id
WHERE schedule.next_at IS NULL LIMIT $1 FOR UPDATE OF schedule SKIP LOCKED
"""

# $1 people, $2 when they are next planned, $3 their today, $4 when today's message is due.
# A message that waits to be sent follows its person: of today it is due at the new time; of a day that is over for them
# it is of no use; and one of a day that has yet to come (they flew west) is planned again when it does.
_PLACE = """
WITH placed AS (
    SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::date[], $4::timestamptz[])
                  AS placed (user_id, next_at, today, due_at)
), moved AS (
    UPDATE daily_schedule AS schedule SET next_at = placed.next_at FROM placed WHERE schedule.user_id = placed.user_id
), waiting AS MATERIALIZED (
    SELECT id, local_date, today, placed.due_at FROM daily_messages AS daily JOIN placed USING (user_id)
    WHERE daily.state IN ('planned', 'written') FOR UPDATE OF daily
), too_early AS (
    DELETE FROM daily_messages AS daily USING waiting WHERE daily.id = waiting.id AND waiting.local_date > today
)
UPDATE daily_messages AS daily SET
    state = CASE WHEN waiting.local_date < today THEN 'skipped' ELSE daily.state END,
    body = CASE WHEN waiting.local_date < today THEN NULL ELSE daily.body END,
    look_at = CASE WHEN waiting.local_date < today THEN NULL ELSE waiting.due_at END,
    due_at = waiting.due_at
FROM waiting WHERE daily.id = waiting.id AND waiting.local_date <= today
"""

_CLAIM = f"""
SELECT user_id, timezone, local_time, next_at, {last_seen_sql("schedule.user_id", "$1")} AS seen_at
FROM daily_schedule AS schedule WHERE next_at <= $1
"""
# Not from the beginning each time ($2): there the index is full of those who have just been moved.
_DUE = f"{_CLAIM} AND next_at >= $2 ORDER BY next_at LIMIT $3 FOR UPDATE SKIP LOCKED"
# In the order in which their rows lie, so that each page is read and written once; a third faster for a million.
_BACKLOG = f"{_CLAIM} AND user_id > $2 ORDER BY user_id LIMIT $3 FOR UPDATE SKIP LOCKED"

# A date that has its message already (somebody flew west) only moves on. So does a day on which none comes.
_PLAN = """
WITH due AS (
    SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::uuid[], $4::date[], $5::timestamptz[])
                  AS due (user_id, next_at, id, local_date, due_at)
), moved AS (
    UPDATE daily_schedule AS schedule SET next_at = due.next_at FROM due WHERE schedule.user_id = due.user_id
)
INSERT INTO daily_messages (id, user_id, local_date, state, planned_at, due_at, look_at)
SELECT id, user_id, local_date, 'planned', $6, due_at, CASE WHEN due_at > $6 THEN due_at ELSE $7 END
FROM due WHERE local_date IS NOT NULL
ON CONFLICT (user_id, local_date) DO NOTHING RETURNING id
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
    placed, occurrence_on = 0, cache(occurrence)
    while True:
        async with transaction():
            rows = await fetch(_OPEN, _BATCH)
            users, nexts, todays, dues = [], [], [], []
            for row in rows:
                today = local_date(now, row["timezone"])
                at = occurrence_on(today, row["local_time"], row["timezone"])
                todays.append(today)
                dues.append(at.due_at)
                if at.due_at <= row["created_at"]:
                    at = occurrence_on(today + _DAY, row["local_time"], row["timezone"])
                users.append(row["user_id"])
                nexts.append(at.write_at(row["user_id"]))
            if rows:
                await execute(_PLACE, users, nexts, todays, dues)
        placed += len(rows)
        if len(rows) < _BATCH:
            return placed


async def plan_due(now: datetime) -> int:
    """Plan the messages that are to be written at the business instant `now`, and ask for that; returns how many.

    After an outage a person gets today's, if its time has come, and none for the days that were missed.
    """
    return sum(await asyncio.gather(*(_plan_all(now) for _ in range(_PLANNERS))))


async def _plan_all(now: datetime) -> int:
    @cache
    def around(timezone: str, local_time: time) -> tuple[Occurrence, Occurrence]:
        """Today's and tomorrow's. Thousands of people share a zone and a time."""
        today = local_date(now, timezone)
        return occurrence(today, local_time, timezone), occurrence(today + _DAY, local_time, timezone)

    planned, since, after = 0, _BEGINNING, _NOBODY
    for number in count():
        backlog = number >= _IN_TURN
        rows, new = await _plan_batch(_BACKLOG if backlog else _DUE, after if backlog else since, now, around)
        planned += new
        if len(rows) < _BATCH:
            break
        since, after = rows[-1]["next_at"], rows[-1]["user_id"] if backlog else _NOBODY
    return planned


async def _plan_batch(
    claim: str, start: datetime | UUID, now: datetime, around: Callable[[str, time], tuple[Occurrence, Occurrence]]
) -> tuple[list[Any], int]:
    """The people that were claimed, and how many of them get a message."""
    async with transaction():
        rows = await fetch(claim, now, start, _BATCH)
        if not rows:
            return [], 0
        users, nexts, ids, dates, dues = [], [], [], [], []
        ends: dict[UUID, datetime] = {}
        for user_id, timezone, local_time, _next_at, seen_at in rows:
            today, tomorrow = around(timezone, local_time)
            write_at, due_on = today.write_at(user_id), None
            if write_at <= now:
                write_at = tomorrow.write_at(user_id)
                if seen_at is None or comes_on(today.day, local_date(seen_at, timezone)):
                    due_on = today.day
            message_id = new_id()
            users.append(user_id)
            nexts.append(write_at)
            ids.append(message_id)
            dates.append(due_on)
            dues.append(today.due_at)
            ends[message_id] = today.day_ends
        new = [row[0] for row in await fetch(_PLAN, users, nexts, ids, dates, dues, now, now + PATIENCE)]
        await _ask_for(new, ends)
    return rows, len(new)


async def _ask_for(planned: Sequence[UUID], ends: dict[UUID, datetime]) -> None:
    """Jobs for the rows, those together whose day ends together: afterwards they are of no use."""
    by_end: defaultdict[datetime, list[UUID]] = defaultdict(list)
    for message_id in planned:
        by_end[ends[message_id]].append(message_id)
    for end, ids in by_end.items():
        for start in range(0, len(ids), PEOPLE_A_JOB):
            await enqueue(WriteDailyMessages(ids=tuple(ids[start : start + PEOPLE_A_JOB])), not_after=end)
