"""Goals as they are now, from one statement over the events: what every reader of goals shares.

What SQL reads does not depend on what day it is, so that another statement can hold it before the person's zone is
known; the day comes in when a row is made a goal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.goals.kinds import KINDS, Kind
from domain.goals.progress import Events, Measure, Terms, measure

Status = Literal["active", "completed", "missed", "archived"]

OPEN = "goals.completed_at IS NULL AND goals.archived_at IS NULL"

# By kind: the table of its events, and which of them count.
COUNTED: dict[Kind, tuple[str, str]] = {
    "check_ins": ("check_ins", "true"),
    "journal_entries": ("journal_entries", "true"),
    "urges_resisted": ("urges", "event.outcome = 'resisted'"),
    "mood_days": ("check_ins", "event.mood > goals.level"),
    "fewer_urges": ("urges", "true"),
    "fewer_slips": ("slips", "true"),
}
_FEWER: tuple[Kind, ...] = ("fewer_urges", "fewer_slips")

WINDOW = "event.local_date BETWEEN goals.starts_on AND coalesce(goals.due_on, 'infinity')"
# As many days as the window has, right before it.
_BEFORE = """event.local_date >= goals.starts_on - (goals.due_on - goals.starts_on + 1)
    AND event.local_date < goals.starts_on"""

STEPS = f"FROM goal_steps AS event WHERE event.goal_id = goals.id AND {WINDOW}"


def events_of(kind: Kind, days: str = WINDOW) -> str:
    """FROM and WHERE of the events that goals of `kind` count, in a statement with a row `goals`."""
    table, condition = COUNTED[kind]
    return f"FROM {table} AS event WHERE event.user_id = goals.user_id AND {days} AND {condition}"


def by_kind(expressions: dict[Kind, str]) -> str:
    """The expression of the goal's kind; only that one is worked out."""
    cases = " ".join(f"WHEN '{kind}' THEN {expression}" for kind, expression in expressions.items())
    return f"CASE goals.kind {cases} END"


_COUNTS = {kind: f"(SELECT count(*) {events_of(kind)})" for kind in COUNTED}
_COUNT = by_kind(_COUNTS | {"custom": f"coalesce((SELECT done {STEPS} ORDER BY event.local_date DESC LIMIT 1), 0)"})
_BASELINE = by_kind({kind: f"(SELECT count(*) {events_of(kind, _BEFORE)})" for kind in _FEWER})
_CLEAN_SINCE = by_kind(
    {"clean_days": "(SELECT started_on FROM attempts WHERE user_id = goals.user_id AND ended_on IS NULL)"}
)
# Attempts follow on each other without a gap.
_CLEAN_SINCE_AT_DUE = by_kind(
    {
        "clean_days": """(SELECT max(started_on) FROM attempts
                          WHERE user_id = goals.user_id AND started_on <= goals.due_on)"""
    }
)
# The day of a slip was reached before the slip.
REACHED_ON = by_kind(
    {
        "clean_days": """(SELECT min(greatest(started_on, goals.starts_on) + goals.target) FROM attempts
                          WHERE user_id = goals.user_id AND greatest(started_on, goals.starts_on) + goals.target
                              <= least(ended_on, goals.due_on, 'infinity'))"""
    }
)

# Of a statement with a row `goals`; in the order of _Row's fields, for `live_goal`.
COLUMNS = f"""
    goals.id, goals.user_id, goals.kind, goals.title, goals.target, goals.level, goals.starts_on, goals.due_on,
    goals.progress, goals.completed_at, goals.archived_at, goals.created_at, goals.updated_at,
    {_COUNT}, {_BASELINE}, {_CLEAN_SINCE}, {_CLEAN_SINCE_AT_DUE}, {REACHED_ON}"""

# The goals that the person of the row `users` is working on, newest first: rows for `live_goal`.
OPEN_GOALS = f"ARRAY(SELECT ROW({COLUMNS}) FROM goals WHERE user_id = users.id AND {OPEN} ORDER BY id DESC)"


class Goal(msgspec.Struct, frozen=True):
    """A goal and how far it is. `target` and `current` count `unit`; for fewer_urges and fewer_slips the target is
    percent, `current` the urges or slips so far, `baseline` those of the days before and `allowed` how many there may
    be. `progress` is 0 to 100, rounded down, and may fall; `completed_at` stays. `level` is of mood_days, `steps_done`
    of custom."""

    id: UUID
    kind: Kind
    title: str
    target: int
    current: int
    unit: str
    level: int | None
    starts_on: date
    due_on: date | None
    progress: int
    status: Status
    completed_at: datetime | None
    steps_done: int | None
    baseline: int | None
    allowed: int | None
    created_at: datetime
    updated_at: datetime


class LiveGoal(msgspec.Struct, frozen=True):
    """A goal as read now. `noted` is its progress as last written down; with `is_due` it is reached and that is not
    noted yet: `settle` its person and read again."""

    user_id: UUID
    goal: Goal
    terms: Terms
    measure: Measure
    noted: int

    @property
    def is_due(self) -> bool:
        return self.measure.reached and self.goal.completed_at is None and self.goal.status != "archived"


class _Row(msgspec.Struct, frozen=True):
    id: UUID
    user_id: UUID
    kind: Kind
    title: str
    target: int
    level: int | None
    starts_on: date
    due_on: date | None
    progress: int
    completed_at: datetime | None
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
    counted: int | None
    baseline: int | None
    clean_since: date | None
    clean_since_at_due: date | None
    reached_on: date | None


def live_goal(values: Iterable[Any], today: date) -> LiveGoal:
    """The goal in a row of COLUMNS, on its person's day `today`."""
    row = _Row(*values)
    terms = Terms(row.kind, row.target, row.starts_on, row.due_on)
    events = Events(row.counted or 0, row.baseline, row.clean_since, row.clean_since_at_due, row.reached_on)
    found = measure(terms, events, today)
    goal = Goal(
        id=row.id,
        kind=row.kind,
        title=row.title,
        target=row.target,
        current=found.current,
        unit=KINDS[row.kind].unit,
        level=row.level,
        starts_on=row.starts_on,
        due_on=row.due_on,
        progress=found.progress,
        status=_status(row, today),
        completed_at=row.completed_at,
        steps_done=found.current if row.kind == "custom" else None,
        baseline=row.baseline,
        allowed=found.allowed,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
    return LiveGoal(row.user_id, goal, terms, found, row.progress)


def _status(row: _Row, today: date) -> Status:
    if row.archived_at is not None:
        return "archived"
    if row.completed_at is not None:
        return "completed"
    return "missed" if row.due_on is not None and row.due_on < today else "active"


# The same in SQL, for a list of one status; $2 is the person's today.
WITH_STATUS: dict[Status, str] = {
    "archived": "goals.archived_at IS NOT NULL",
    "completed": "goals.archived_at IS NULL AND goals.completed_at IS NOT NULL",
    "missed": f"{OPEN} AND goals.due_on < $2",
    "active": f"{OPEN} AND (goals.due_on IS NULL OR goals.due_on >= $2)",
}
