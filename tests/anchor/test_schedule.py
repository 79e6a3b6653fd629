"""When a daily message is written and sent: to the minute at its person's time, and ahead of it where that is cheap."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID, uuid4
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.anchor.prices import is_peak
from domain.anchor.schedule import EARLIEST, LATEST, occurrence
from domain.kit.days import day_begins, local_date

MONDAY = date(2026, 11, 23)
SUNDAY = date(2026, 11, 22)


def utc(hour: int, minute: int = 0, day: date = MONDAY) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "at", "day", "opens", "closes"),
    [
        # Dear at nine in Berlin, at seven in London and at noon in Shanghai: written in the hour before it gets dear.
        ("Europe/Berlin", time(9), MONDAY, utc(5), utc(6)),
        ("Europe/London", time(7), MONDAY, utc(5), utc(6)),
        ("Asia/Shanghai", time(9), MONDAY, utc(0), utc(1)),
        ("Asia/Shanghai", time(17, 59), MONDAY, utc(5), utc(6)),
        # At the weekend, and at other hours, it is never dear: shortly before.
        ("Europe/Berlin", time(9), SUNDAY, utc(7, 54, SUNDAY), utc(7, 59, SUNDAY)),
        ("America/New_York", time(9), MONDAY, utc(13, 54), utc(13, 59)),
        # Just after it was dear: not before that.
        ("Europe/Berlin", time(11, 3), MONDAY, utc(10), utc(10, 2)),
        ("Europe/Berlin", time(11), MONDAY, utc(10), utc(10)),
        # Before that the day has not begun for them: at its time.
        ("Atlantic/Azores", time(1), MONDAY, utc(2), utc(2)),
        ("Europe/Berlin", time(0, 2), SUNDAY, utc(23, 2, date(2026, 11, 21)), utc(23, 2, date(2026, 11, 21))),
    ],
)
def test_the_stretch(zone: str, at: time, day: date, opens: datetime, closes: datetime) -> None:
    found = occurrence(day, at, zone)
    assert (found.opens, found.closes) == (opens, closes)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(available_timezones() - {"localtime", "Factory"})),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.times().map(lambda at: at.replace(microsecond=0)), st.uuids(),
)  # fmt: skip
def test_never_dear_but_when_there_is_no_other_way(zone: str, day: date, at: time, person: UUID) -> None:
    found = occurrence(day, at, zone)
    moment = found.write_at(person)
    assert day_begins(day, zone) <= moment <= found.due_at < found.day_ends
    assert found.due_at - moment <= timedelta(hours=5)
    assert local_date(moment, zone) == day
    if is_peak(moment):
        # Only where there is no cheap moment of that day before it: the peak began before the day did, or with it.
        assert moment == found.due_at
        assert is_peak(day_begins(day, zone)) or day_begins(day, zone) > found.due_at - timedelta(hours=5)


def test_everybody_has_a_moment_of_their_own() -> None:
    found = occurrence(MONDAY, time(9), "Europe/Berlin")
    people = [uuid4() for _ in range(3000)]
    moments = [found.write_at(person) for person in people]
    assert moments == [found.write_at(person) for person in people]
    by_minute = [
        sum(utc(5, minute) <= moment < utc(5, minute) + timedelta(minutes=1) for moment in moments)
        for minute in range(60)
    ]
    # 50 in each minute of the hour, give or take what chance does.
    assert min(by_minute) > 15
    assert max(by_minute) < 100
    shortly = occurrence(SUNDAY, time(9), "Europe/Berlin")
    spread = [shortly.due_at - shortly.write_at(person) for person in people]
    assert min(spread) >= LATEST
    assert max(spread) <= EARLIEST
