"""Writing down what has become of goals: their progress, and once for all that they are reached.

When a goal is completed follows from the events alone, so it makes no difference when or how often this runs. Progress
is worked out anew by everybody who reads it; what is noted of it is as of the person's last event. A night without any
moves it on, but that is no news to anybody, and would be a write for most of the goals there are: of time alone only
completions are noted. Rules: semantics, "Days and streaks".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.goals.live import COLUMNS, COUNTED, OPEN, REACHED_ON, STEPS, LiveGoal, by_kind, events_of, live_goal
from domain.kit.clock import clock
from domain.kit.database import fetch
from domain.kit.days import local_date
from domain.kit.events import Event, tell
from domain.push.notifications import Notice, notify_all
from domain.recovery.travel import changes_of, day_began

_PUSH_LASTS = timedelta(days=3)

# Longer than any sweep is late, and than the grace of those who come back.
_MISSED_AFTER = timedelta(days=40)

# What time alone may have completed: the days are enough, or a window is over in which there was to be less of
# something. Nothing that is open long after its last day was missed; nor what only an event can complete.
REACHED_BY_TIME = f"""
SELECT goals.id, goals.user_id FROM goals
WHERE goals.user_id = ANY($1) AND {OPEN} AND (goals.due_on IS NULL OR goals.due_on >= $3)
  AND (goals.kind IN ('fewer_urges', 'fewer_slips') AND goals.due_on < $2 OR {REACHED_ON} <= $2)"""


def _hold(whose: str) -> str:
    """In a statement of its own, so that the next one sees what a holder before us has committed; in an order that all
    who hold several goals share."""
    return f"""
    SELECT goals.id, users.timezone FROM goals JOIN users ON users.id = goals.user_id
    WHERE {whose} = ANY($1) AND {OPEN} ORDER BY goals.id FOR NO KEY UPDATE OF goals"""


_HOLD, _HOLD_SOME = _hold("goals.user_id"), _hold("goals.id")

_READ = f"SELECT {COLUMNS} FROM goals WHERE goals.id = ANY($1)"

# The instant of the event that reached the target. A mood or the outcome of an urge may be another than at first: then
# it is that of the change.
_CHANGING = ("mood_days", "urges_resisted")
_WHEN = by_kind(
    {
        kind: f"""(SELECT {"event.updated_at" if kind in _CHANGING else "event.created_at"} AS at {events_of(kind)}
                   ORDER BY at OFFSET goals.target - 1 LIMIT 1)"""
        for kind in COUNTED
    }
    | {
        "custom": f"""(SELECT event.updated_at {STEPS} AND event.local_date > coalesce(
                           (SELECT max(event.local_date) {STEPS} AND done < goals.target), '-infinity')
                       ORDER BY event.local_date LIMIT 1)"""
    }
)
_REACHED_AT = f"SELECT goals.id, {_WHEN} AS at FROM goals WHERE goals.id = ANY($1)"

_WRITE = """
UPDATE goals SET progress = noted.progress, completed_at = noted.completed_at
FROM unnest($1::uuid[], $2::smallint[], $3::timestamptz[]) AS noted (id, progress, completed_at)
WHERE goals.id = noted.id"""


class _Place(msgspec.Struct, frozen=True):
    """Where a goal's person is: what day it is there."""

    timezone: str
    today: date


async def settle(user_ids: Sequence[UUID]) -> None:
    """Note the progress of these people's open goals, complete those that are reached and tell their people, in the
    caller's transaction. Any number may do so at once; a goal is completed and told of once.
    """
    await _note(await fetch(_HOLD, user_ids), unfinished=True)


async def reached_by_time(user_ids: Sequence[UUID], today: date) -> list[tuple[UUID, UUID]]:
    """Goal and person of what to `complete` after a day has ended for people whose day is `today`."""
    return [tuple(row) for row in await fetch(REACHED_BY_TIME, user_ids, today, today - _MISSED_AFTER)]


async def complete(goal_ids: Sequence[UUID]) -> set[UUID]:
    """Like `settle`, for some open goals, of which only completions are noted; returns their people."""
    return await _note(await fetch(_HOLD_SOME, goal_ids), unfinished=False) if goal_ids else set()


async def _note(held: Sequence[Any], *, unfinished: bool) -> set[UUID]:
    """Returns the people of the goals that are completed by this."""
    now = clock.now()
    places = _places(held, now)
    if not places:
        return set()
    rows = await fetch(_READ, list(places))
    goals = [live_goal(row, places[row["id"]].today) for row in rows]
    completed = await _completed(goals, places)
    changed = [
        live for live in goals
        if live.goal.id in completed or (unfinished and live.measure.progress != live.noted)
    ]  # fmt: skip
    if not changed:
        return set()
    await fetch(
        _WRITE,
        [live.goal.id for live in changed],
        # A goal that is reached was at 100, even if nobody looked before it fell again.
        [100 if live.goal.id in completed else live.measure.progress for live in changed],
        [completed.get(live.goal.id) for live in changed],
    )
    for live in changed:
        tell(live.user_id, Event("goal", live.goal.id))
    reached = [live for live in changed if live.goal.id in completed]
    # What was reached before it was set is nothing to be told of.
    news = [live for live in reached if completed[live.goal.id] >= live.goal.created_at]
    await notify_all("goal", [_notice(live, now) for live in news])
    return {live.user_id for live in reached}


def _places(held: Sequence[Any], now: datetime) -> dict[UUID, _Place]:
    """By goal. Few zones for many people: each is worked out once."""
    zones = {row["timezone"] for row in held}
    places = {timezone: _Place(timezone, local_date(now, timezone)) for timezone in zones}
    return {row["id"]: places[row["timezone"]] for row in held}


async def _completed(goals: Sequence[LiveGoal], places: dict[UUID, _Place]) -> dict[UUID, datetime]:
    """When each of the goals that are reached was."""
    due = [live for live in goals if live.is_due]
    at: dict[UUID, datetime | None] = {}
    by_day = [live for live in due if live.measure.reached_on is not None]
    changes = await changes_of({live.user_id for live in by_day}) if by_day else {}
    for live in by_day:
        assert live.measure.reached_on is not None
        timezone = places[live.goal.id].timezone
        at[live.goal.id] = day_began(live.measure.reached_on, timezone, changes.get(live.user_id, ()))
    by_event = [live.goal.id for live in due if live.measure.reached_on is None]
    if by_event:
        at.update({row["id"]: row["at"] for row in await fetch(_REACHED_AT, by_event)})
    # None: the event has gone since the goals were read.
    return {goal_id: instant for goal_id, instant in at.items() if instant is not None}


def _notice(live: LiveGoal, now: datetime) -> Notice:
    return Notice(
        user_id=live.user_id,
        cause=str(live.goal.id),
        title="Goal reached",
        body=f"You have reached your goal: {live.goal.title}",
        discreet_body="There is good news for you",
        deep_link=f"kuitter://goals/{live.goal.id}",
        expires_at=now + _PUSH_LASTS,
    )
