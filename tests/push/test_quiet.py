"""Quiet hours by the person's own clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import get_args

import pytest

from domain.push.preferences import Kind
from domain.push.quiet import CAN_WAIT, held_until, quiet_until

pytestmark = pytest.mark.nights

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "begin", "end", "until"),
    [
        # Berlin is an hour ahead of UTC in winter.
        ("2026-11-23T20:59:59", time(22), time(7), None),
        ("2026-11-23T21:00:00", time(22), time(7), "2026-11-24T06:00:00"),
        ("2026-11-24T05:59:59", time(22), time(7), "2026-11-24T06:00:00"),
        ("2026-11-24T06:00:00", time(22), time(7), None),
        ("2026-11-24T11:59:00", time(13), time(15), None),
        ("2026-11-24T12:30:00", time(13), time(15), "2026-11-24T14:00:00"),
        ("2026-11-24T14:00:00", time(13), time(15), None),
        # The night of 28 to 29 March is an hour shorter, that of 24 to 25 October an hour longer.
        ("2026-03-28T22:00:00", time(22), time(7), "2026-03-29T05:00:00"),
        ("2026-03-29T00:30:00", time(22), time(2, 30), "2026-03-29T01:30:00"),
        ("2026-10-24T21:00:00", time(22), time(7), "2026-10-25T06:00:00"),
        # 02:10 for the second time: they ended at the first 02:30.
        ("2026-10-25T01:10:00", time(22), time(2, 30), None),
    ],
)
def test_quiet_until(now: str, begin: time, end: time, until: str | None) -> None:
    assert quiet_until(at(now), BERLIN, begin, end) == (None if until is None else at(until))


def test_it_is_the_persons_own_night() -> None:
    assert quiet_until(at("2026-11-23T12:00:00"), "Asia/Tokyo", time(20), time(6)) == at("2026-11-23T21:00:00")


# -- the night, for what can wait ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "timezone", "until"),
    [
        ("2026-11-23T20:59:59", BERLIN, None),
        ("2026-11-23T21:00:00", BERLIN, "2026-11-24T07:00:00"),
        ("2026-11-23T23:00:30", BERLIN, "2026-11-24T07:00:00"),
        ("2026-11-24T06:59:59", BERLIN, "2026-11-24T07:00:00"),
        ("2026-11-24T07:00:00", BERLIN, None),
        # A minute after midnight in the first and in one of the last places.
        ("2026-11-23T10:01:00", "Pacific/Kiritimati", "2026-11-23T18:00:00"),
        ("2026-11-23T10:01:00", "Pacific/Honolulu", "2026-11-23T18:00:00"),
        ("2026-11-23T18:00:00", "Pacific/Honolulu", None),
        # Nights that are an hour shorter or longer; the first has no midnight, the last is half an hour longer.
        ("2026-03-08T05:01:00", "America/Havana", "2026-03-08T12:00:00"),
        ("2026-03-28T23:01:00", BERLIN, "2026-03-29T06:00:00"),
        ("2026-10-24T22:01:00", BERLIN, "2026-10-25T07:00:00"),
        ("2026-10-25T01:30:00", BERLIN, "2026-10-25T07:00:00"),
        ("2026-04-04T13:01:00", "Australia/Lord_Howe", "2026-04-04T21:30:00"),
    ],
)
@pytest.mark.parametrize("kind", CAN_WAIT)
def test_the_night_is_quiet_for_what_can_wait(kind: Kind, now: str, timezone: str, until: str | None) -> None:
    assert held_until(at(now), timezone, kind, None) == (None if until is None else at(until))


@pytest.mark.parametrize("kind", sorted(set(get_args(Kind)) - set(CAN_WAIT)))
def test_everything_else_waits_for_chosen_hours_only(kind: Kind) -> None:
    midnight = at("2026-11-23T23:00:00")
    assert held_until(midnight, BERLIN, kind, None) is None
    assert held_until(midnight, BERLIN, kind, (time(2), time(9))) is None
    assert held_until(midnight, BERLIN, kind, (time(22), time(6))) == at("2026-11-24T05:00:00")


@pytest.mark.parametrize(
    ("chosen", "sent_at"),
    [
        ((time(22), time(6)), "08:00"),
        ((time(23), time(9, 30)), "09:30"),
        # They begin while the night lasts, or with its end.
        ((time(7), time(9)), "09:00"),
        ((time(8), time(9)), "09:00"),
        ((time(13), time(15)), "08:00"),
        ((time(9), time(21, 59)), "08:00"),
        ((time(7), time(21, 59)), "21:59"),
        # Nothing would be left of the day: theirs alone count, and end at night.
        ((time(8), time(22)), "00:01"),
        ((time(7), time(23)), "00:01"),
        ((time(7), time(0, 30)), "00:30"),
        ((time(6), time(5)), "05:00"),
        ((time(23), time(22, 30)), "22:30"),
    ],
)
def test_both_kinds_of_hours_are_kept(chosen: tuple[time, time], sent_at: str) -> None:
    """A milestone of a minute past midnight, held until a look finds that it may be sent."""
    now = at("2026-11-23T23:01:00")
    looks = 0
    while (until := held_until(now, BERLIN, "achievement", chosen)) is not None:
        assert until > now
        now, looks = until, looks + 1
    assert looks <= 2
    assert (now + timedelta(hours=1)).strftime("%H:%M") == sent_at
