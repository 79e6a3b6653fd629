"""The rules of both streaks, alone."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.recovery.streaks import CheckInStreak, PastAttempts, advance, as_of, clean_days, fold

MONDAY = date(2026, 1, 5)
NEVER = PastAttempts(0, 0, 0)


def day(number: int) -> date:
    return MONDAY + timedelta(days=number)


def days(*numbers: int) -> list[date]:
    return [day(number) for number in numbers]


def on(streak: CheckInStreak, number: int) -> tuple[int, int]:
    return as_of(streak, day(number))


def test_clean_days_are_todays_date_less_the_start() -> None:
    assert clean_days(NEVER, day(0), day(0)).current_days == 0
    assert clean_days(NEVER, day(0), day(45)).current_days == 45


def test_clean_best_and_total_take_in_the_running_attempt() -> None:
    past = PastAttempts(attempts=2, total_days=40, best_days=30)
    assert clean_days(past, day(0), day(10)).best_days == 30
    longest = clean_days(past, day(0), day(31))
    assert (longest.best_days, longest.total_clean_days, longest.attempts) == (31, 71, 3)


def test_clean_days_begin_at_nothing_when_the_start_lies_ahead_after_a_flight_west() -> None:
    assert clean_days(NEVER, day(1), day(0)).current_days == 0


def test_clean_days_without_an_attempt() -> None:
    nothing = clean_days(NEVER, None, day(0))
    assert (nothing.current_days, nothing.started_on, nothing.attempts) == (0, None, 0)


def test_consecutive_days_count() -> None:
    assert fold(days(0, 1, 2)).days == 3


def test_a_missed_day_ends_the_streak_and_keeps_the_best() -> None:
    streak = fold(days(0, 1, 2, 4))
    assert (streak.days, streak.best) == (1, 3)


def test_today_unfinished_breaks_nothing() -> None:
    streak = fold(days(0, 1, 2))
    assert on(streak, 2) == (3, 0)
    assert on(streak, 3) == (3, 0)
    assert on(streak, 4) == (0, 0)


def test_seven_in_a_row_earn_a_freeze_and_fourteen_two_and_never_more() -> None:
    assert fold(days(*range(6))).freezes == 0
    assert fold(days(*range(7))).freezes == 1
    assert fold(days(*range(14))).freezes == 2
    assert fold(days(*range(70))).freezes == 2


def test_a_freeze_covers_a_missed_day_which_does_not_lengthen_the_streak() -> None:
    streak = fold(days(*range(7), 8))
    assert (streak.days, streak.freezes) == (8, 0)


def test_a_covered_day_is_seen_before_the_next_check_in() -> None:
    streak = fold(days(*range(7)))
    assert on(streak, 7) == (7, 1)
    assert on(streak, 8) == (7, 0)
    assert on(streak, 9) == (0, 0)


def test_the_seven_in_a_row_begin_again_after_a_covered_day() -> None:
    assert fold(days(*range(7), 8, 9, 10, 11, 12, 13)).freezes == 0
    assert fold(days(*range(7), 8, 9, 10, 11, 12, 13, 14)).freezes == 1


def test_two_freezes_cover_two_days_in_a_row() -> None:
    streak = fold(days(*range(14), 16))
    assert (streak.days, streak.freezes) == (15, 0)


def test_freezes_are_spent_even_if_the_gap_is_too_long() -> None:
    streak = fold(days(*range(14), 17))
    assert (streak.days, streak.best, streak.freezes) == (1, 14, 0)


def test_with_two_freezes_held_nothing_counts_toward_a_third() -> None:
    streak = fold(days(*range(20)))
    assert (streak.freezes, streak.toward_freeze) == (2, 0)


def test_an_excused_day_is_no_miss_and_takes_no_freeze() -> None:
    assert fold(days(0, 1, 3), {day(2)}).days == 3
    assert fold(days(*range(7), 8), {day(7)}).freezes == 1
    assert as_of(fold(days(0, 1)), day(3), {day(2)}) == (2, 0)


def test_an_excused_day_does_not_interrupt_seven_in_a_row() -> None:
    assert fold(days(0, 1, 2, 4, 5, 6, 7), {day(3)}).freezes == 1


def test_a_check_in_on_an_excused_day_counts() -> None:
    assert fold(days(0, 1, 2), {day(1)}).days == 3


def test_a_last_check_in_on_a_later_date_stays_as_it_is() -> None:
    assert on(fold(days(0, 1, 2)), 1) == (3, 0)


def test_nobody_has_a_streak_before_the_first_check_in() -> None:
    assert on(CheckInStreak(), 0) == (0, 0)


def test_days_are_advanced_in_order_only() -> None:
    with pytest.raises(ValueError, match="order"):
        advance(fold(days(3)), day(3))


# The model walks over every date there is and does what the rule says of it; it shares nothing with the code.
def model(checked: set[int], excused: set[int], today: int) -> tuple[int, int, int]:
    """(days, best, freezes) on `today`, by walking from the first check-in to the end of yesterday, and today's."""
    streak = best = freezes = row = 0
    for number in range(min(checked, default=today), today + 1):
        if number in checked:
            streak, row = streak + 1, row + 1
            best = max(best, streak)
            if freezes == 2:
                row = 0
            elif row == 7:
                freezes, row = freezes + 1, 0
        elif number == today or number in excused:
            continue
        elif freezes:
            freezes, row = freezes - 1, 0
        else:
            streak = row = 0
    return streak, best, freezes


# Mostly checked in: random coins hardly ever show seven in a row.
calendars = st.lists(st.sampled_from("xxxxxxxxx.-"), max_size=70)


@given(calendars, st.integers(0, 4))
def test_the_fold_equals_a_walk_over_every_day(calendar: list[str], idle: int) -> None:
    checked = {number for number, mark in enumerate(calendar) if mark == "x"}
    excused = {number for number, mark in enumerate(calendar) if mark == "-"}
    today = len(calendar) - 1 + idle
    streak = fold(days(*checked), {day(number) for number in excused})
    current, freezes = as_of(streak, day(today), {day(number) for number in excused})
    assert (current, streak.best, freezes) == model(checked, excused, today)
    assert streak.best >= streak.days


@given(calendars, st.data())
def test_an_added_day_never_leaves_less(calendar: list[str], data: st.DataObject) -> None:
    checked = {number for number, mark in enumerate(calendar) if mark == "x"}
    excused = {day(number) for number, mark in enumerate(calendar) if mark == "-"}
    added = data.draw(st.integers(-3, len(calendar) + 1))
    before, after = fold(days(*checked), excused), fold(days(*checked | {added}), excused)
    today = day(max([*checked, added]))
    assert after.best >= before.best
    assert as_of(after, today, excused) >= as_of(before, today, excused)


@given(calendars)
def test_advancing_day_by_day_equals_folding_all(calendar: list[str]) -> None:
    streak = CheckInStreak()
    checked = [day(number) for number, mark in enumerate(calendar) if mark == "x"]
    for count, each in enumerate(checked, start=1):
        streak = advance(streak, each)
        assert streak == fold(reversed(checked[:count]))
