"""What changes of zone do to a person's dates: which they never had in full, and when each began for them.

A date that was cut short, or left out, because they moved their clocks ahead is no miss.
Derived from the changes of zone each time it is needed, so nothing is stored that could disagree with them.
Rule: semantics, "Days and streaks" (flights over the date line, a zone change in the evening).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime, timedelta
from uuid import UUID

from domain.kit.database import fetch
from domain.kit.days import day_begins, local_date

# The instant, the zone before and the zone after.
Change = tuple[datetime, str, str]

_CHANGES = "SELECT user_id, changed_at, from_zone, to_zone FROM time_zone_changes WHERE user_id = ANY ($1)"


def zone_changes(person: str, *, since: str | None = None) -> str:
    """SQL of a person's changes of zone, as `excused_days` takes them: all, or those from an instant on.

    Both arguments are SQL, of a user's id and of the instant.
    """
    later = "" if since is None else f" AND changed_at >= {since}"
    return f"""ARRAY(SELECT ROW(changed_at, from_zone, to_zone) FROM time_zone_changes
                     WHERE user_id = {person}{later})"""


def excused_days(changes: Iterable[Change]) -> frozenset[date]:
    """The excused dates, from each change of zone.

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


def day_began(day: date, timezone: str, changes: Iterable[Change]) -> datetime:
    """When the calendar of somebody who is in `timezone` now first showed `day` or a later date.

    So what a day brings about bears the same instant however late, and wherever they are by then, it is written down.
    """
    arrived: datetime | None = None
    for at, before, after in sorted(changes):
        begins = max(day_begins(day, before), arrived or datetime.min.replace(tzinfo=at.tzinfo))
        if begins < at:
            return begins
        arrived, timezone = at, after
    begins = day_begins(day, timezone)
    return begins if arrived is None else max(begins, arrived)


async def changes_of(user_ids: Collection[UUID]) -> Mapping[UUID, list[Change]]:
    """Each person's changes of zone, in any order."""
    changes: dict[UUID, list[Change]] = defaultdict(list)
    for user_id, at, before, after in await fetch(_CHANGES, list(user_ids)):
        changes[user_id].append((at, before, after))
    return changes
