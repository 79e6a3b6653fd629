"""The two numbers that are never mixed: clean days and the check-in streak. Pure rules over dates.

Rules: semantics, "Days and streaks". Days are differences of dates, never of instants; which date a check-in belongs
to was settled when it was made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta

import msgspec

CHECK_INS_A_FREEZE = 7
MOST_FREEZES = 2

_NONE: frozenset[date] = frozenset()


class PastAttempts(msgspec.Struct, frozen=True):
    """The attempts that a slip has ended, summed up. An attempt lasts from its start to the day of the slip."""

    attempts: int
    total_days: int
    best_days: int


class CleanDays(msgspec.Struct, frozen=True):
    """Days without a slip. `started_on` is the running attempt's first day, null before there is one."""

    current_days: int
    best_days: int
    started_on: date | None
    total_clean_days: int
    attempts: int


def clean_days(past: PastAttempts, started_on: date | None, today: date) -> CleanDays:
    """Clean days on `today`, whether or not the app was opened in between.

    The running attempt counts towards best, total and number too, so a slip lowers neither best nor total. A start
    that lies ahead (the person has flown west since) counts as 0 days.
    """
    current = max(0, (today - started_on).days) if started_on is not None else 0
    return CleanDays(
        current_days=current,
        best_days=max(past.best_days, current),
        started_on=started_on,
        total_clean_days=past.total_days + current,
        attempts=past.attempts + (started_on is not None),
    )


class CheckInStreak(msgspec.Struct, frozen=True):
    """The check-in streak as of the last check-in; the empty one before the first.

    `days` is the number of check-ins in it, `best` the longest ever, never below `days`. `freezes` are held, 0 to 2;
    `toward_freeze` are the check-ins in a row since the last one was earned, 0 to 6, and rest at 0 while two are held.
    """

    days: int = 0
    best: int = 0
    freezes: int = 0
    toward_freeze: int = 0
    last_check_in_on: date | None = None


def advance(streak: CheckInStreak, day: date, excused: Collection[date] = _NONE) -> CheckInStreak:
    """The streak after the next check-in in the order of dates. `excused` dates are no misses (see travel).

    - Days that are missed since the last check-in are covered by freezes, the oldest first. What is held is spent even
      if it does not reach: then the streak ends and this check-in begins the next.
    - Covered days do not lengthen the streak, and the seven in a row that earn a freeze begin again after them.
    - With two freezes held nothing is earned, nor counted towards the next: spending one begins the count again anyway.
      So an added day never leaves a person with less than they would have had without it.

    Raises ValueError for a day that is not after the last: fold such days anew.
    """
    missed = 0
    if streak.last_check_in_on is not None:
        if day <= streak.last_check_in_on:
            raise ValueError("check-ins are folded in the order of their dates")
        missed = _missed(streak.last_check_in_on, day, excused)
    days = 1 + (streak.days if missed <= streak.freezes else 0)
    freezes = max(0, streak.freezes - missed)
    toward_freeze = 1 + (streak.toward_freeze if missed == 0 else 0)
    if freezes == MOST_FREEZES:
        toward_freeze = 0
    elif toward_freeze == CHECK_INS_A_FREEZE:
        freezes, toward_freeze = freezes + 1, 0
    return CheckInStreak(days, max(streak.best, days), freezes, toward_freeze, day)


def fold(days: Iterable[date], excused: Collection[date] = _NONE) -> CheckInStreak:
    """The streak from all check-in days, in any order and without repeats."""
    streak = CheckInStreak()
    for day in sorted(days):
        streak = advance(streak, day, excused)
    return streak


def as_of(streak: CheckInStreak, today: date, excused: Collection[date] = _NONE) -> tuple[int, int]:
    """Days of the streak and freezes left on `today`.

    Today is unfinished and breaks nothing; each whole day missed before it takes a freeze, or ends the streak. A last
    check-in on a later date (made further east) stays as it is.
    """
    if streak.last_check_in_on is None:
        return 0, 0
    missed = _missed(streak.last_check_in_on, today, excused)
    return (streak.days if missed <= streak.freezes else 0), max(0, streak.freezes - missed)


def ends_on(streak: CheckInStreak, excused: Collection[date] = _NONE) -> date:
    """The first day on which the streak will have ended if no check-in comes: the one after the first whole day missed
    that no freeze covers. Raises ValueError for a streak that never began.
    """
    return days_to_come(streak, streak.freezes + 1, excused) + timedelta(days=1)


def days_to_come(streak: CheckInStreak, number: int, excused: Collection[date] = _NONE) -> date:
    """The `number`th day after the last check-in, the excused not counted. Raises ValueError for a streak that never
    began."""
    if streak.last_check_in_on is None:
        raise ValueError("there is no check-in yet")
    day = streak.last_check_in_on
    while number:
        day += timedelta(days=1)
        number -= day not in excused
    return day


def _missed(last: date, until: date, excused: Collection[date]) -> int:
    """How many dates strictly between the two are neither checked in nor excused."""
    return max(0, (until - last).days - 1 - sum(1 for day in excused if last < day < until))
