"""Where a person stands now: both streaks, right when they are read even if no job ever ran."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kit.clock import clock
from domain.kit.database import fetch_row
from domain.kit.days import local_date
from domain.kit.errors import NotFound
from domain.recovery.streaks import CheckInStreak, CleanDays, PastAttempts, as_of, clean_days
from domain.recovery.travel import excused_days, zone_changes


class CheckInDays(msgspec.Struct, frozen=True):
    """Consecutive days with a check-in. `last_check_in` is the instant of the check-in of `last_check_in_on`."""

    current_days: int
    best_days: int
    last_check_in: datetime | None
    last_check_in_on: date | None
    freezes_left: int


class Streak(msgspec.Struct, frozen=True):
    """Clean days end only with a slip; the check-in streak ends with a day that is missed and not covered."""

    clean: CleanDays
    check_in: CheckInDays


# Parts of a SELECT … FROM users, shared with the statements that read more. They need a row `streak` for
# check_in_streaks (or none), because a check-in locks it in a CTE. Changes of zone before the day of the last check-in
# only concern dates up to that day; before the first check-in all count, for it may be of an earlier day.
ZONE_CHANGES = zone_changes("users.id", since="COALESCE(streak.last_check_in_on::timestamptz, '-infinity')")
COLUMNS = f"""
    users.timezone, streak.days, streak.best, streak.freezes, streak.toward_freeze, streak.last_check_in,
    streak.last_check_in_on, past.attempts, past.total_days, past.best_days, running.started_on,
    {ZONE_CHANGES} AS zone_changes"""
JOINS = """
    CROSS JOIN LATERAL (
        SELECT count(*) AS attempts, coalesce(sum(ended_on - started_on), 0) AS total_days,
               coalesce(max(ended_on - started_on), 0) AS best_days
        FROM attempts WHERE user_id = users.id AND ended_on IS NOT NULL
    ) AS past
    LEFT JOIN attempts AS running ON running.user_id = users.id AND running.ended_on IS NULL"""

_READ = f"""SELECT {COLUMNS} FROM users LEFT JOIN check_in_streaks AS streak ON streak.user_id = users.id {JOINS}
            WHERE users.id = $1"""


async def read_streak(user_id: UUID) -> Streak:
    """Both streaks as of now, in one round trip. Raises NotFound if the person is gone."""
    row = await fetch_row(_READ, user_id)
    if row is None:
        raise NotFound
    return streak_on(row, local_date(clock.now(), row["timezone"]))


def stored_streak(row: Any) -> CheckInStreak:
    """The check-in streak as it was written down at the last check-in."""
    if row["days"] is None:
        return CheckInStreak()
    return CheckInStreak(row["days"], row["best"], row["freezes"], row["toward_freeze"], row["last_check_in_on"])


def streak_on(row: Any, today: date) -> Streak:
    """Both streaks on `today`, from a row with the columns of COLUMNS."""
    return streak_after(row, stored_streak(row), row["last_check_in"], today)


def streak_after(row: Any, written: CheckInStreak, last_check_in: datetime | None, today: date) -> Streak:
    """The same, with the check-in streak that is being written now in place of the row's."""
    current, freezes_left = as_of(written, today, excused_days(row["zone_changes"]))
    past = PastAttempts(row["attempts"], row["total_days"], row["best_days"])
    return Streak(
        clean=clean_days(past, row["started_on"], today),
        check_in=CheckInDays(current, written.best, last_check_in, written.last_check_in_on, freezes_left),
    )
