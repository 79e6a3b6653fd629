"""Which dates a change of zone excuses."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.kit.days import local_date
from domain.recovery.travel import excused_days
from tests.recovery.conftest import moment

HONOLULU, KIRITIMATI = "Pacific/Honolulu", "Pacific/Kiritimati"
NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"


def test_flying_east_over_the_date_line_excuses_the_date_cut_short() -> None:
    at = moment("2026-05-10 18:00", HONOLULU)
    assert excused_days([(at, HONOLULU, KIRITIMATI)]) == {date(2026, 5, 10)}


def test_a_date_that_never_began_is_excused_too() -> None:
    at = moment("2026-05-10 23:30", "Etc/GMT+12")
    assert excused_days([(at, "Etc/GMT+12", KIRITIMATI)]) == {date(2026, 5, 10), date(2026, 5, 11)}


def test_flying_west_excuses_nothing() -> None:
    at = moment("2026-05-11 12:00", KIRITIMATI)
    assert excused_days([(at, KIRITIMATI, HONOLULU)]) == set()


def test_an_evening_change_into_the_next_day_excuses_the_evening() -> None:
    at = moment("2026-05-10 22:30", NEW_YORK)
    assert excused_days([(at, NEW_YORK, BERLIN)]) == {date(2026, 5, 10)}


def test_a_change_within_one_date_excuses_nothing() -> None:
    at = moment("2026-05-10 12:00", NEW_YORK)
    assert excused_days([(at, NEW_YORK, BERLIN)]) == set()


def test_there_and_back_excuses_nothing_that_was_had_before() -> None:
    west, east = moment("2026-05-11 12:00", KIRITIMATI), moment("2026-05-10 20:00", HONOLULU)
    assert excused_days([(west, KIRITIMATI, HONOLULU), (east, HONOLULU, KIRITIMATI)]) == set()


def test_setting_the_zone_to_and_fro_excuses_one_date_and_no_more() -> None:
    start = moment("2026-05-10 09:00", HONOLULU)
    changes = []
    for hour in range(6):
        there, back = start + timedelta(hours=2 * hour), start + timedelta(hours=2 * hour + 1)
        changes += [(there, HONOLULU, KIRITIMATI), (back, KIRITIMATI, HONOLULU)]
    assert excused_days(changes) == {date(2026, 5, 10)}


def test_the_order_of_the_rows_does_not_matter() -> None:
    first = (moment("2026-05-10 22:30", NEW_YORK), NEW_YORK, BERLIN)
    second = (moment("2026-06-01 23:00", BERLIN), BERLIN, KIRITIMATI)
    assert excused_days([second, first]) == excused_days([first, second]) == {date(2026, 5, 10), date(2026, 6, 1)}


ZONES = (HONOLULU, KIRITIMATI, NEW_YORK, BERLIN, "Australia/Lord_Howe", "Etc/GMT+12")


@given(st.lists(st.tuples(st.integers(1, 40), st.sampled_from(ZONES)), max_size=8), st.integers(0, 320))
def test_a_date_once_reached_is_excused_by_no_later_change(journey: list[tuple[int, str]], checked_at: int) -> None:
    """So a streak that was written at a check-in never has to be corrected because of travel after it."""
    now, zone = datetime(2026, 5, 1, tzinfo=UTC), BERLIN
    checked = now + timedelta(hours=checked_at)
    changes, credited, known = [], None, frozenset[date]()
    for hours, there in journey:
        if credited is None and now + timedelta(hours=hours) > checked:
            credited, known = local_date(checked, zone), excused_days(changes)
        now += timedelta(hours=hours)
        changes.append((now, zone, there))
        zone = there
    if credited is not None:
        assert {day for day in excused_days(changes) - known if day < credited} == set()
