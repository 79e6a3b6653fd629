"""Quiet hours by the person's own clock."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from domain.push.quiet import quiet_until

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
