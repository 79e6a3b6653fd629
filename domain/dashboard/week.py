"""The last seven days in numbers, today included, by the person's calendar."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta

import msgspec

from domain.recovery.streaks import CheckInStreak, as_of

DAYS_SHOWN = 7


class LastSevenDays(msgspec.Struct, frozen=True):
    """`freeze_days` are the days without a check-in over which a freeze carried the present check-in streak, newest
    first."""

    urges: int
    urges_resisted: int
    journal_entries: int
    freeze_days: list[date]


def days_up_to(today: date) -> list[date]:
    """The seven days, newest first."""
    return [today - timedelta(days=back) for back in range(DAYS_SHOWN)]


def summed(rows: Iterable[Sequence[int]], days: Collection[date]) -> list[int]:
    """Sums of the counts in rows of (day, count, …), over those of `days`; empty without any."""
    counts = [row[1:] for row in rows if row[0] in days]
    return [sum(column) for column in zip(*counts, strict=True)]


def freeze_days(
    streak: CheckInStreak, check_ins: Collection[date], today: date, excused: Collection[date]
) -> list[date]:
    """The days of the last seven over which a freeze carried `streak`, newest first; it is as of the last check-in.

    `check_ins` are at least all from the oldest of the seven days on. The streak went on over a missed day if fewer of
    its check-ins came after the day than it has; or, after the last one, if it has not ended.
    """
    if streak.last_check_in_on is None:
        return []
    alive = as_of(streak, today, excused)[0] > 0
    return [
        day
        for day in days_up_to(today)
        if day != today
        and day not in check_ins
        and day not in excused
        and (alive if day > streak.last_check_in_on else sum(1 for one in check_ins if one > day) < streak.days)
    ]
