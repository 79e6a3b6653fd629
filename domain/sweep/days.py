"""The daily sweep: what the mere end of a day does to people, written down zone by zone soon after midnight.

Nothing that people see of their streaks waits for it. It completes goals and awards achievements that time alone has
brought about; what follows from events is worked out by a job of its own (domain/recovery/progress.py).
Rule: semantics, "Days and streaks" (twice, three days late or by two clocks at once, the rows are the same).

The table day_sweeps says how far each zone is. A batch moves the mark in the transaction of its effects, so a sweep
that is killed goes on where it was; the row's lock parts the zones among clocks. The mark of a day only saves work:
what is due is found by what people have and lack, so nobody is lost who changes their zone meanwhile, was suspended,
or for whom a day was never swept: the next sweep finds them.

To most people a day brings nothing. So many are looked at by two cheap statements, which lock nothing of theirs, and
only what these find is worked out in full and written, few people at a time.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from uuid import UUID

import asyncpg

from domain.achievements.awards import award, passed_by_time
from domain.goals.settling import complete, reached_by_time
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, transaction
from domain.kit.days import local_date
from domain.kit.log import log
from domain.recovery.progress import progress_changed

# Seconds of one look, by the real clock; what is left is for the next.
LONGEST_LOOK = 20.0

# People who are looked at in one go.
_LOOKED_AT = 1000
# Those of them who are written for: few enough that nobody's goal is locked for long.
_BATCH = 100
# At once in one clock, each on a zone of its own.
_SWEEPERS = 2
_NOBODY = UUID(int=0)

# From one zone to the next by the index, not through a million people.
ZONES = """
WITH RECURSIVE zones AS (
    (SELECT timezone FROM users WHERE state = 'active' ORDER BY timezone LIMIT 1)
    UNION ALL
    SELECT (SELECT timezone FROM users WHERE state = 'active' AND timezone > zones.timezone ORDER BY timezone LIMIT 1)
    FROM zones WHERE zones.timezone IS NOT NULL
)
SELECT timezone, swept_on FROM zones LEFT JOIN day_sweeps USING (timezone) WHERE timezone IS NOT NULL
"""

_BEGIN = "INSERT INTO day_sweeps (timezone) VALUES ($1) ON CONFLICT DO NOTHING"
_CLAIM = "SELECT swept_on, sweeping_on, last_user_id FROM day_sweeps WHERE timezone = $1 FOR UPDATE SKIP LOCKED"
_GO_ON = "UPDATE day_sweeps SET sweeping_on = $2, last_user_id = $3 WHERE timezone = $1"
_FINISH = "UPDATE day_sweeps SET swept_on = $2, sweeping_on = NULL, last_user_id = NULL WHERE timezone = $1"

PEOPLE = "SELECT id FROM users WHERE timezone = $1 AND state = 'active' AND id > $2 ORDER BY id LIMIT $3"


async def sweep_days(longest: float = LONGEST_LOOK) -> int:
    """One look of the clock, of about `longest` seconds at most; returns how many people it went through.

    Costs one statement when no zone's day has ended. Safe at any time, in any number of clocks.
    """
    until = time.monotonic() + longest
    now = clock.now()
    zones = await fetch(ZONES)
    due = deque(row["timezone"] for row in zones if _due(row["swept_on"], local_date(now, row["timezone"])))
    return sum(await asyncio.gather(*(_sweep_some(due, until) for _ in range(_SWEEPERS))))


def _due(swept_on: date | None, today: date) -> bool:
    """Whether a zone is to be swept. A mark that lies days ahead was set by a clock that has been put back since."""
    return swept_on is None or not today <= swept_on <= today + timedelta(days=1)


async def _sweep_some(zones: deque[str], until: float) -> int:
    people = 0
    while zones and time.monotonic() < until:
        timezone = zones.popleft()
        while time.monotonic() < until:
            swept = await _sweep_batch(timezone)
            if swept is None:
                break
            people += swept
    return people


async def _sweep_batch(timezone: str) -> int | None:
    """How many people were gone through; None if the zone is done, or another clock is at it."""
    try:
        async with transaction():
            return await _next_batch(timezone, _LOOKED_AT, _work)
    except (asyncpg.PostgresConnectionError, OSError):
        raise
    except Exception as error:
        # One person whose rows are out of order must not stop the zone for ever: each gets a job of their own, which
        # tries again and ends dead where somebody sees it.
        log().error("sweep.batch_failed", timezone=timezone, error=error)
        async with transaction():
            return await _next_batch(timezone, _BATCH, _hand_over)


async def _next_batch(timezone: str, at_most: int, work: Callable[[list[UUID], date], Awaitable[int]]) -> int | None:
    mark = await fetch_row(_CLAIM, timezone)
    if mark is None and await execute(_BEGIN, timezone) == "INSERT 0 1":
        mark = await fetch_row(_CLAIM, timezone)
    today = local_date(clock.now(), timezone)
    if mark is None or not _due(mark["swept_on"], today):
        return None
    after = mark["last_user_id"] if mark["sweeping_on"] == today else None
    people = [row["id"] for row in await fetch(PEOPLE, timezone, after or _NOBODY, at_most)]
    done = await work(people, today) if people else 0
    if done == len(people) < at_most:
        await execute(_FINISH, timezone, today)
    else:
        await execute(_GO_ON, timezone, today, people[done - 1])
    return done


async def _work(people: list[UUID], today: date) -> int:
    """Returns how many of the people, from the first on, are done with: not all if the day brings much to many."""
    reached = await reached_by_time(people, today)
    passed = set(await passed_by_time(people, today))
    due = sorted(passed.union(user_id for _, user_id in reached))
    done = len(people) if len(due) <= _BATCH else bisect_right(people, due[_BATCH - 1])
    now = set(due[:_BATCH])
    # Goals first: a completed one counts towards achievements.
    completed = await complete([goal_id for goal_id, user_id in reached if user_id in now])
    await award(sorted(completed | passed & now))
    return done


async def _hand_over(people: list[UUID], today: date) -> int:
    for user_id in people:
        await progress_changed(user_id)
    return len(people)
