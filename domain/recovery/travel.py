"""Dates that a person never had in full because they moved their clocks ahead: such a date is no miss.

Derived from the changes of zone each time it is needed, so nothing is stored that could disagree with them.
Rule: semantics, "Days and streaks" (flights over the date line, a zone change in the evening).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from domain.kit.days import local_date


def excused_days(changes: Iterable[tuple[datetime, str, str]]) -> frozenset[date]:
    """The excused dates, from (instant, zone before, zone after) of each change of zone.

    A change that takes the calendar from one date to a later one excuses the date that was cut short and those that
    never began, but none that the person had had before: who flies west over the date line and back at once gets the
    same date twice, and lost nothing. Two things follow. Nothing is excused by setting the zone to and fro, and an
    excused date never lies before a check-in made earlier, so a streak that was written down stays right.
    """
    excused: set[date] = set()
    reached = date.min
    for at, before, after in sorted(changes):
        left, arrived = local_date(at, before), local_date(at, after)
        reached = max(reached, left)
        while reached < arrived:
            excused.add(reached)
            reached += timedelta(days=1)
    return frozenset(excused)
