"""The numbers and dates that the data holds, by what they count."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta

import msgspec

from domain.anchor.snapshot import Snapshot


class Known(msgspec.Struct, frozen=True):
    """Every number that may be said of a person. `wanted` are the figures of goals, by unit: how far they are, what
    they aim at, and what is left. `shares` are pairs such as 16 of 20; `window` are the days in which urges are
    counted."""

    clean_now: int
    now: frozenset[int]
    clean: frozenset[int]
    days: frozenset[int]
    check_ins: frozenset[int]
    urges: frozenset[int]
    entries: frozenset[int]
    goals: frozenset[int]
    wanted: dict[str, set[int]]
    window: int
    years: frozenset[int]
    moods: frozenset[int]
    urge_levels: frozenset[int]
    percents: frozenset[int]
    shares: frozenset[tuple[int, int]]
    dates: frozenset[date]

    @property
    def ratings(self) -> frozenset[int]:
        return self.moods | self.urge_levels


def known(snapshot: Snapshot) -> Known:
    """The numbers of `snapshot`. Those in texts that people wrote are not among them."""
    clean = frozenset({snapshot.clean.current_days, snapshot.clean.best_days, snapshot.clean.total_clean_days})
    runs = frozenset({snapshot.check_in.current_days, snapshot.check_in.best_days})
    urges = snapshot.urges
    return Known(
        clean_now=snapshot.clean.current_days,
        now=frozenset({snapshot.clean.current_days, snapshot.check_in.current_days}),
        clean=clean,
        days=clean | runs,
        check_ins=runs | _so_far(snapshot, "check_ins"),
        urges=_so_far(snapshot, "urges") | (frozenset({urges.count, urges.resisted}) if urges else frozenset()),
        entries=_so_far(snapshot, "entries"),
        goals=frozenset({len(snapshot.goals), len(snapshot.reached)}),
        wanted=_wanted(snapshot),
        window=urges.days if urges else 0,
        years=frozenset({snapshot.today.year, snapshot.today.year + 1}),
        moods=frozenset(each.mood for each in snapshot.check_ins),
        urge_levels=frozenset(each.urge_level for each in snapshot.check_ins),
        percents=_percents(snapshot),
        shares=_shares(snapshot),
        dates=frozenset(_dates(snapshot)),
    )


def _so_far(snapshot: Snapshot, unit: str) -> frozenset[int]:
    return frozenset(goal.current for goal in snapshot.goals if goal.unit == unit)


def _wanted(snapshot: Snapshot) -> dict[str, set[int]]:
    found: defaultdict[str, set[int]] = defaultdict(set)
    for goal in snapshot.goals:
        end = goal.target if goal.target is not None else goal.allowed
        if end is not None:
            found[goal.unit] |= {goal.current, end, max(0, end - goal.current)}
        if goal.due_on is not None:
            found["days"].add((goal.due_on - snapshot.today).days)
    return dict(found)


def _percents(snapshot: Snapshot) -> frozenset[int]:
    found = {goal.progress for goal in snapshot.goals}
    if snapshot.urges is not None and snapshot.urges.resisted_rate is not None:
        found.add(snapshot.urges.resisted_rate)
    return frozenset(found)


def _shares(snapshot: Snapshot) -> frozenset[tuple[int, int]]:
    found = {(goal.current, goal.target) for goal in snapshot.goals if goal.target is not None}
    if snapshot.urges is not None:
        found.add((snapshot.urges.resisted, snapshot.urges.count))
    return frozenset(found)


def _dates(snapshot: Snapshot) -> Iterable[date]:
    yield snapshot.today
    yield snapshot.today + timedelta(days=1)
    yield snapshot.today - timedelta(days=1)
    if snapshot.clean.started_on is not None:
        yield snapshot.clean.started_on
    for part in (snapshot.check_ins, snapshot.earned, snapshot.reached, snapshot.slips, snapshot.journal):
        yield from (each.on for each in part)
    yield from (goal.due_on for goal in snapshot.goals if goal.due_on is not None)
