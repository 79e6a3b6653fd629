"""Days as people live them, in zones where midnight comes twice, late or not at all."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kit.days import check_zone, day_begins, instant, local_date, parse_day
from domain.kit.errors import InvalidRequest


@pytest.mark.parametrize(
    ("day", "zone", "begins"),
    [
        ("2026-03-08", "America/Havana", "2026-03-08T05:00"),  # midnight is left out, the day begins at one
        ("2026-11-01", "America/Havana", "2026-11-01T04:00"),  # midnight comes twice, the first counts
        ("2026-03-29", "Asia/Beirut", "2026-03-28T22:00"),  # midnight is left out
        ("2026-10-25", "Asia/Beirut", "2026-10-24T22:00"),  # the hour before midnight comes twice
        ("2026-10-04", "Australia/Lord_Howe", "2026-10-03T13:30"),  # half an hour is left out at two
        ("2026-10-05", "Australia/Lord_Howe", "2026-10-04T13:00"),
        ("2026-03-29", "Europe/Berlin", "2026-03-28T23:00"),
        ("2026-03-30", "Europe/Berlin", "2026-03-29T22:00"),
        ("2026-06-01", "Asia/Kathmandu", "2026-05-31T18:15"),
        ("2026-06-01", "Pacific/Kiritimati", "2026-05-31T10:00"),
        ("2026-06-01", "Pacific/Niue", "2026-06-01T11:00"),
        ("2011-12-31", "Pacific/Apia", "2011-12-30T10:00"),  # the 30th never was
        ("1919-03-31", "America/Toronto", "1919-03-31T04:30"),  # from half past eleven to half past twelve
        ("2010-11-07", "America/St_Johns", "2010-11-07T02:30"),  # a minute into the day it was yesterday again
        ("2026-02-28", "UTC", "2026-02-28T00:00"),
    ],
)
def test_first_instant_of_a_day(day, zone, begins):
    assert day_begins(date.fromisoformat(day), zone) == datetime.fromisoformat(begins).replace(tzinfo=UTC)


def test_every_zone_has_whole_days_around_its_clock_changes():
    second = timedelta(seconds=1)
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        at = datetime(2026, 1, 1, 12, tzinfo=UTC)
        for _ in range(366):
            changed = at.astimezone(zone).utcoffset() != (at - timedelta(days=1)).astimezone(zone).utcoffset()
            for step in (-1, 0, 1) if changed else ():
                day = local_date(at, name) + timedelta(days=step)
                begins, ends = day_begins(day, name), day_begins(day + timedelta(days=1), name)
                assert local_date(begins, name) == day, (name, day)
                assert local_date(begins - second, name) == day - timedelta(days=1), (name, day)
                assert timedelta(hours=22) <= ends - begins <= timedelta(hours=26), (name, day)
            at += timedelta(days=1)


@given(
    at=st.integers(366 * 86_400, 67 * 365 * 86_400).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    name=st.sampled_from(sorted(available_timezones())),
)
def test_an_instant_lies_within_its_day(at, name):
    day = local_date(at, name)
    assert day_begins(day, name) <= at
    # A day may be lived again for an hour after the next has begun.
    assert at < day_begins(day + timedelta(days=1), name) + timedelta(hours=3)


def test_time_that_is_left_out_and_time_that_comes_twice():
    assert instant(date(2026, 3, 29), time(2, 30), "Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert instant(date(2026, 10, 25), time(2, 30), "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/Argentina/ComodRivadavia", "UTC", "Asia/Kolkata"])
def test_zone_is_known(name):
    assert check_zone(name) == name


@pytest.mark.parametrize(
    "name", ["", " ", "Berlin", "europe/berlin", "../etc/passwd", "/etc/localtime", "Mars/Base", "UTC\x00", "GMT+25"]
)
def test_zone_is_refused(name):
    with pytest.raises(InvalidRequest) as refused:
        check_zone(name, field="timezone")
    assert refused.value.extra["errors"][0]["field"] == "timezone"


def test_day_is_read():
    assert parse_day("2026-11-23") == date(2026, 11, 23)
    assert parse_day("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize(
    "text",
    ["", "2026-11-3", "2026-13-01", "2026-02-29", "20261123", "2026-W48-1", "2026-11-23T", "２０２６-１１-２３",
     "2026-11-2\x00", "2026-11-23\n", "0000-01-01", "23-11-2026", "today"],
    ids=ascii,
)  # fmt: skip
def test_day_is_refused(text):
    with pytest.raises(InvalidRequest) as refused:
        parse_day(text, field="from")
    assert refused.value.extra["errors"][0]["field"] == "from"
