"""The window of an insight: as many local days as are asked for, up to the person's today, and as many before those.

Whose day it is follows from their zone, which is only known once their row is read. At any instant it is one of three
days, the one in UTC or a neighbour. So what is counted comes in spans: runs of days of which each lies in the same
period whichever of the three today is. One statement counts by span, and the periods are put together afterwards.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec

from domain.kit.days import local_date
from domain.kit.errors import InvalidRequest

DEFAULT_DAYS = 30
MOST_DAYS = 366


class Period(msgspec.Struct, frozen=True):
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def check_days(days: int | None) -> int:
    """How many days a window has: 30 if not said, 1 to 366. Raises InvalidRequest outside of it."""
    if days is None:
        return DEFAULT_DAYS
    if not 1 <= days <= MOST_DAYS:
        raise InvalidRequest(f"must lie between 1 and {MOST_DAYS}", field="days")
    return days


def span_starts(now: datetime, days: int) -> list[date]:
    """The first day of each span, in order, and at the end the day after all of them."""
    here = now.astimezone(UTC).date()
    todays = [here + timedelta(shift) for shift in (-1, 0, 1)]
    return sorted({today + timedelta(1 - back) for today in todays for back in (2 * days, days, 0)})


def periods(now: datetime, timezone: str, days: int) -> tuple[Period, Period]:
    """The `days` days up to and including today in `timezone`, and the `days` days before them."""
    today = local_date(now, timezone)
    first = today - timedelta(days - 1)
    return Period(first, today), Period(first - timedelta(days), first - timedelta(1))
