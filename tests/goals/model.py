"""The slow, obvious goals: day by day and event by event, to hold the real ones against."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from domain.kit.days import day_begins

DAY = timedelta(days=1)


@dataclass
class World:
    """A person's events. `moods`: day -> (mood, created, updated); slips and entries: (day, created); urges: (day,
    outcome, updated); `steps`: (day, done, at), in order. `start`: the first attempt's first day, None for none."""

    timezone: str
    start: date | None
    moods: dict[date, tuple[int, datetime, datetime]] = field(default_factory=dict)
    slips: list[tuple[date, datetime]] = field(default_factory=list)
    urges: list[tuple[date, str, datetime]] = field(default_factory=list)
    entries: list[tuple[date, datetime]] = field(default_factory=list)
    steps: list[tuple[date, int, datetime]] = field(default_factory=list)


@dataclass
class Plan:
    kind: str
    target: int
    starts_on: date
    due_on: date | None
    level: int | None = None

    def holds(self, day: date) -> bool:
        return self.starts_on <= day and (self.due_on is None or day <= self.due_on)


@dataclass
class Outcome:
    current: int
    progress: int
    completed_at: datetime | None


def outcome(plan: Plan, world: World, today: date) -> Outcome:
    """How far the plan is on `today`, with all that the world holds."""
    if plan.kind == "clean_days":
        return _clean(plan, world, today)
    if plan.kind in ("fewer_urges", "fewer_slips"):
        return _fewer(plan, world, today)
    if plan.kind == "custom":
        ticks = [tick for tick in world.steps if plan.holds(tick[0])]
        done = ticks[-1][1] if ticks else 0
        at = None
        if done >= plan.target:
            for tick in reversed(ticks):
                if tick[1] < plan.target:
                    break
                at = tick[2]
        return Outcome(done, min(100, 100 * done // plan.target), at)
    instants = sorted(_instants(plan, world))
    at = instants[plan.target - 1] if len(instants) >= plan.target else None
    return Outcome(len(instants), min(100, 100 * len(instants) // plan.target), at)


def _instants(plan: Plan, world: World) -> list[datetime]:
    if plan.kind == "check_ins":
        return [created for day, (_, created, _) in world.moods.items() if plan.holds(day)]
    if plan.kind == "mood_days":
        assert plan.level is not None
        return [updated for day, (mood, _, updated) in world.moods.items() if plan.holds(day) and mood > plan.level]
    if plan.kind == "journal_entries":
        return [created for day, created in world.entries if plan.holds(day)]
    return [updated for day, outcome, updated in world.urges if plan.holds(day) and outcome == "resisted"]


def _clean(plan: Plan, world: World, today: date) -> Outcome:
    if world.start is None:
        return Outcome(0, 0, None)
    broken = {day for day, _ in world.slips}
    until = today if plan.due_on is None else min(today, plan.due_on)
    length, at, day = 0, None, world.start
    while day <= until:
        # A morning adds the day that has passed, once both the goal and the count had begun; a slip takes all away.
        if day > world.start and day > plan.starts_on:
            length += 1
        if length >= plan.target and at is None:
            at = day_begins(day, world.timezone)
        if day in broken:
            length = 0
        day += DAY
    return Outcome(length, min(100, 100 * length // plan.target), at)


def _fewer(plan: Plan, world: World, today: date) -> Outcome:
    assert plan.due_on is not None
    happened = [each[0] for each in (world.urges if plan.kind == "fewer_urges" else world.slips)]
    window, day = [], plan.starts_on
    while day <= plan.due_on:
        window.append(day)
        day += DAY
    before = [plan.starts_on - DAY * (n + 1) for n in range(len(window))]
    baseline = sum(happened.count(day) for day in before)
    count = sum(happened.count(day) for day in window)
    allowed = int(baseline * (100 - plan.target) / 100 + 1e-9)
    elapsed = len([day for day in window if day < today])
    if count > allowed:
        return Outcome(count, min(99, int(100 * elapsed * allowed / (len(window) * count) + 1e-9)), None)
    at = day_begins(plan.due_on + DAY, world.timezone) if elapsed == len(window) else None
    return Outcome(count, int(100 * elapsed / len(window) + 1e-9), at)


def until_day(world: World, day: date) -> World:
    """The world with what it held at the end of `day`."""
    return World(
        world.timezone,
        world.start,
        {each: mood for each, mood in world.moods.items() if each <= day},
        [slip for slip in world.slips if slip[0] <= day],
        [urge for urge in world.urges if urge[0] <= day],
        [entry for entry in world.entries if entry[0] <= day],
        [step for step in world.steps if step[0] <= day],
    )


def history(plan: Plan, world: World, today: date) -> list[tuple[date, int, int]]:
    """(day, progress, current) from the first day to today or the last, at most 366."""
    last = today if plan.due_on is None else min(today, plan.due_on)
    points, day = [], plan.starts_on
    while day <= last:
        # The newest point is how things stand.
        found = outcome(plan, world, today) if day == last else outcome(plan, until_day(world, day), day)
        points.append((day, found.progress, found.current))
        day += DAY
    return points[-366:]
