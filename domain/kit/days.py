"""Days as people live them: by the calendar of their own IANA time zone, never by counting seconds."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from domain.kit.errors import InvalidRequest
from domain.kit.log import log

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


# In the data base of zones, but no place where anybody lives: the server's own zone, and what stands for "unset".
_NO_PLACES = frozenset({"localtime", "Factory", "posixrules"})


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones()) - _NO_PLACES


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of a stored name. One that this machine has no data of, because its name was given up or is newer, is
    taken for UTC: its people can choose another, and work in sets goes on for everybody else.
    """
    try:
        return ZoneInfo(name)
    except ZoneInfoNotFoundError:
        log().error("days.unknown_zone", zone=name)
        return ZoneInfo("UTC")


def check_zone(name: str, *, field: str = "timezone") -> str:
    """`name` if it is an IANA time zone. Raises InvalidRequest for `field`."""
    if name not in _names():
        raise InvalidRequest("must be an IANA time zone such as Europe/Berlin", field=field)
    return name


def local_date(at: datetime, timezone: str) -> date:
    """The calendar day in `timezone` at the instant `at`."""
    return at.astimezone(zone(timezone)).date()


def instant(day: date, at: time, timezone: str) -> datetime:
    """The instant, in UTC, when clocks in `timezone` show `at` on `day`.

    A time that a clock change leaves out is the instant that it would have been (PEP 495, fold 0); one that comes
    twice is the first.
    """
    return datetime.combine(day, at, tzinfo=zone(timezone)).astimezone(UTC)


def day_begins(day: date, timezone: str) -> datetime:
    """The first instant, in UTC, of `day` in `timezone`; where midnight is left out (Havana), the next after it."""
    begins = instant(day, time(0), timezone)
    # In a gap PEP 495 reads midnight by the old offset, which falls an hour into the day's first minutes: correct.
    while local_date(begins - timedelta(minutes=1), timezone) >= day:
        begins -= timedelta(minutes=30)
    return begins


def parse_day(text: str, *, field: str = "date") -> date:
    """The day in `text` (YYYY-MM-DD). Raises InvalidRequest for `field`."""
    try:
        # fromisoformat alone also reads weeks: 2026-W47-1.
        if not _DAY.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidRequest("must be a day such as 2026-11-23", field=field) from None
