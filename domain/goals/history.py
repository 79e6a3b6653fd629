"""How a goal came along, for a chart."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import accumulate
from typing import Any
from uuid import UUID

import msgspec

from domain.goals.live import COLUMNS, COUNTED, STEPS, LiveGoal, by_kind, events_of, live_goal
from domain.goals.progress import Events, measure
from domain.kit.clock import clock
from domain.kit.database import fetch_row
from domain.kit.days import local_date
from domain.kit.errors import NotFound
from domain.kit.pagination import Page

_MOST_DAYS = 366

# By day, in order: events for what is counted, steps done for custom, starts of attempts for clean_days.
_BY_DAY = by_kind(
    {
        kind: f"""ARRAY(SELECT ROW(event.local_date, count(*)) {events_of(kind)}
                        GROUP BY event.local_date ORDER BY event.local_date)"""
        for kind in COUNTED
    }
    | {
        "custom": f"ARRAY(SELECT ROW(event.local_date, done) {STEPS} ORDER BY event.local_date)",
        "clean_days": """ARRAY(SELECT ROW(started_on) FROM attempts
                               WHERE user_id = goals.user_id ORDER BY started_on)""",
    }
)

_READ = f"""SELECT users.timezone, {_BY_DAY} AS by_day, {COLUMNS} FROM goals JOIN users ON users.id = goals.user_id
            WHERE goals.id = $2 AND goals.user_id = $1"""


class GoalDay(msgspec.Struct, frozen=True):
    """How far the goal was on a day; the newest is how far it is."""

    day: date = msgspec.field(name="date")
    progress: int
    current: int


async def read_history(user_id: UUID, goal_id: UUID) -> Page[GoalDay]:
    """A point for each of the person's days from the goal's first to today or its last, at most the newest 366.

    There is no table of it: the events are the history. Each point is worked out from those up to its day, by the same
    rule as the goal itself and for its present terms, so that a forgotten check-in that is filled in, a slip that is
    undone or another target mend the whole chart. Raises NotFound if it is not theirs.
    """
    row = await fetch_row(_READ, user_id, goal_id)
    if row is None:
        raise NotFound
    timezone, by_day, *values = row
    today = local_date(clock.now(), timezone)
    live = live_goal(values, today)
    last = min(today, live.terms.due_on or today)
    first = max(live.terms.starts_on, last - timedelta(days=_MOST_DAYS - 1))
    points = list(_points(live, by_day, first, last)) if first <= last else []
    return Page(points, next_cursor=None)


def _points(live: LiveGoal, by_day: list[Any], first: date, last: date) -> Iterator[GoalDay]:
    until = _attempts(by_day) if live.terms.kind == "clean_days" else _events(live, by_day)
    for number in range((last - first).days):
        day = first + timedelta(days=number)
        found = measure(live.terms, until(day), day)
        yield GoalDay(day, found.progress, found.current)
    # What the window holds of a date that lies ahead (of who flew west), and its end, belong to the newest.
    yield GoalDay(last, live.measure.progress, live.measure.current)


def _events(live: LiveGoal, by_day: list[Any]) -> Callable[[date], Events]:
    """What had happened by the end of a day, for the kinds that count events or steps."""
    days = [day for day, _ in by_day]
    numbers = [number for _, number in by_day]
    sums = numbers if live.terms.kind == "custom" else list(accumulate(numbers))

    def until(day: date) -> Events:
        place = bisect_right(days, day)
        return Events(sums[place - 1] if place else 0, live.goal.baseline, None, None, None)

    return until


def _attempts(by_day: list[Any]) -> Callable[[date], Events]:
    """The attempt that ran at the end of a day."""
    starts = [started_on for (started_on,) in by_day]

    def until(day: date) -> Events:
        place = bisect_right(starts, day)
        return Events(0, None, starts[place - 1] if place else None, None, None)

    return until
