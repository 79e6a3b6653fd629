"""How the days were: averages of the check-ins over a window of days, beside those of the days before it, and how they
were around urges and slips."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from domain.insights.figures import average, risen
from domain.insights.window import Period, check_days, periods, span_starts
from domain.kit.clock import clock
from domain.kit.database import fetch_row
from domain.kit.errors import NotFound

_DAY = timedelta(1)


class DayMood(msgspec.Struct, frozen=True):
    """A day with a check-in. `mood` is 1 to 5, `urge_level` 0 to 10."""

    day: date = msgspec.field(name="date")
    mood: int
    urge_level: int


class MoodOfDays(msgspec.Struct, frozen=True):
    """The average mood of some days, to one decimal, and how many of them have a check-in; null without any."""

    average_mood: float | None
    check_ins: int


class MoodAround(msgspec.Struct, frozen=True):
    """The moods on the days before, of and after those on which something happened; `days` is how many these are."""

    days: int
    before: MoodOfDays
    on: MoodOfDays
    after: MoodOfDays


class MoodTotals(msgspec.Struct, frozen=True):
    """A period's moods. Averages are to one decimal, and null without a check-in."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    check_ins: int
    average_mood: float | None
    average_urge_level: float | None
    around_urges: MoodAround
    around_slips: MoodAround


class MoodChange(msgspec.Struct, frozen=True):
    """This period's averages less those of the one before; null unless both have one."""

    average_mood: float | None
    average_urge_level: float | None


class MoodInsights(MoodTotals, frozen=True):
    """A window of `days` days up to today. `by_day` are the days with a check-in, the oldest first; `by_weekday` begins
    with Monday."""

    days: int
    by_day: list[DayMood]
    by_weekday: list[MoodOfDays]
    previous: MoodTotals
    change: MoodChange


class _Said(NamedTuple):
    mood: int
    urge_level: int


# A day more on either side: the day before the first one, and the day after the last.
READ = """
SELECT users.timezone,
    ARRAY(SELECT ROW(local_date, mood, urge_level) FROM check_ins
          WHERE user_id = users.id AND local_date BETWEEN $2::date - 1 AND $3 ORDER BY local_date) AS check_ins,
    ARRAY(SELECT DISTINCT local_date FROM urges
          WHERE user_id = users.id AND local_date >= $2 AND local_date < $3) AS urge_days,
    ARRAY(SELECT DISTINCT local_date FROM slips
          WHERE user_id = users.id AND local_date >= $2 AND local_date < $3) AS slip_days
FROM users WHERE id = $1"""


async def read_mood_insights(user_id: UUID, days: int | None) -> MoodInsights:
    """The window of `days` (1 to 366, 30 if None) local days up to the person's today, in one round trip.

    Raises InvalidRequest for another number of days, NotFound if the person is gone.
    """
    days = check_days(days)
    now = clock.now()
    starts = span_starts(now, days)
    row = await fetch_row(READ, user_id, starts[0], starts[-1])
    if row is None:
        raise NotFound
    current, before = periods(now, row["timezone"], days)
    said = {day: _Said(mood, urge_level) for day, mood, urge_level in row["check_ins"]}
    present, previous = _totals(current, said, row), _totals(before, said, row)
    shown = {day: each for day, each in said.items() if day in current}
    return MoodInsights(
        **msgspec.structs.asdict(present),
        days=days,
        by_day=[DayMood(day, each.mood, each.urge_level) for day, each in shown.items()],
        by_weekday=[
            _mood_of([each for day, each in shown.items() if day.weekday() == weekday]) for weekday in range(7)
        ],
        previous=previous,
        change=MoodChange(
            risen(present.average_mood, previous.average_mood),
            risen(present.average_urge_level, previous.average_urge_level),
        ),
    )


def _totals(period: Period, said: Mapping[date, _Said], row: Any) -> MoodTotals:
    inside = [each for day, each in said.items() if day in period]
    return MoodTotals(
        first=period.first,
        last=period.last,
        check_ins=len(inside),
        average_mood=_mood_of(inside).average_mood,
        average_urge_level=average(sum(each.urge_level for each in inside), len(inside)),
        around_urges=_around([day for day in row["urge_days"] if day in period], said),
        around_slips=_around([day for day in row["slip_days"] if day in period], said),
    )


def _around(days: Collection[date], said: Mapping[date, _Said]) -> MoodAround:
    """A neighbour counts wherever it lies: the day after one thing may be the day before, or of, another."""

    def at(shift: timedelta) -> MoodOfDays:
        return _mood_of([said[day + shift] for day in days if day + shift in said])

    return MoodAround(len(days), at(-_DAY), at(timedelta()), at(_DAY))


def _mood_of(days: Collection[_Said]) -> MoodOfDays:
    return MoodOfDays(average(sum(each.mood for each in days), len(days)), len(days))
