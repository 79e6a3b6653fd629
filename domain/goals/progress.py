"""How far a goal is: a pure rule over what happened in its window and the person's day.

Rule: semantics, "Days and streaks" (a pure function of events and the goal's window: clamped, rounded down).
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from domain.goals.kinds import Kind


class Terms(msgspec.Struct, frozen=True):
    """What a goal is about. Its window is `starts_on` to `due_on`, both included, without end if there is none."""

    kind: Kind
    target: int
    starts_on: date
    due_on: date | None


class Events(msgspec.Struct, frozen=True):
    """What happened, as far as the goal's kind counts it.

    `counted`: events in the window, for custom the steps done. `baseline`: events in as many days before the window.
    For clean_days: `clean_since` is the start of the running attempt, `clean_since_at_due` of the one that ran on
    `due_on`, and `reached_on` the first day on which an attempt was as long as the target, which may lie ahead.
    """

    counted: int
    baseline: int | None
    clean_since: date | None
    clean_since_at_due: date | None
    reached_on: date | None


class Measure(msgspec.Struct, frozen=True):
    """How far a goal is: `progress` 0 to 100, rounded down. `allowed` events still make a goal of fewer a success.

    `reached_on` is the day from whose beginning it is reached, for the kinds that a day decides and no event.
    """

    current: int
    progress: int
    reached: bool
    allowed: int | None = None
    reached_on: date | None = None


def measure(terms: Terms, events: Events, today: date) -> Measure:
    """How far the goal is on the person's day `today`."""
    if terms.kind == "clean_days":
        return _clean_days(terms, events, today)
    if terms.kind in ("fewer_urges", "fewer_slips"):
        return _fewer(terms, events, today)
    return Measure(events.counted, _share(events.counted, terms.target), events.counted >= terms.target)


def _clean_days(terms: Terms, events: Events, today: date) -> Measure:
    over = terms.due_on is not None and terms.due_on < today
    since, until = (events.clean_since_at_due, terms.due_on) if over else (events.clean_since, today)
    current = 0
    if since is not None and until is not None:
        current = max(0, (until - max(since, terms.starts_on)).days)
    # A slip since then makes the running attempt short again, but not the goal unreached.
    reached_on = events.reached_on if events.reached_on is not None and events.reached_on <= today else None
    return Measure(current, _share(current, terms.target), reached_on is not None, reached_on=reached_on)


def _fewer(terms: Terms, events: Events, today: date) -> Measure:
    """Days that pass bring the goal nearer while the events are few enough; only the end of the window reaches it."""
    assert terms.due_on is not None
    assert events.baseline is not None
    days = (terms.due_on - terms.starts_on).days + 1
    elapsed = min(days, max(0, (today - terms.starts_on).days))
    allowed = events.baseline * (100 - terms.target) // 100
    if events.counted > allowed:
        # Below 100 by itself: more than what is allowed divides it.
        return Measure(events.counted, 100 * elapsed * allowed // (days * events.counted), False, allowed)
    reached = elapsed == days
    reached_on = terms.due_on + timedelta(days=1) if reached else None
    return Measure(events.counted, 100 * elapsed // days, reached, allowed, reached_on)


def _share(part: int, whole: int) -> int:
    return min(100, 100 * part // whole)
