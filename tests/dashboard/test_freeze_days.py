"""Freeze days among the last seven, against the plain walk through all days."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.dashboard.week import days_up_to, freeze_days
from domain.recovery.streaks import CheckInStreak, advance, as_of, fold

TODAY = date(2026, 5, 31)
DAYS = [TODAY - timedelta(days=back) for back in range(40)]


def walked(check_ins: set[date], excused: set[date]) -> list[date]:
    """Every gap between check-ins, judged with the freezes that were held before it; one too long begins anew."""
    covered: set[date] = set()
    streak = CheckInStreak()
    for day in sorted(check_ins):
        if streak.last_check_in_on is not None:
            gap = _missed(streak.last_check_in_on, day, excused)
            covered = covered | gap if len(gap) <= streak.freezes else set()
        streak = advance(streak, day, excused)
    if streak.last_check_in_on is not None and as_of(streak, TODAY, excused)[0]:
        covered |= _missed(streak.last_check_in_on, TODAY, excused)
    return sorted(covered & set(days_up_to(TODAY)), reverse=True)


def _missed(last: date, until: date, excused: set[date]) -> set[date]:
    return {last + timedelta(days=n) for n in range(1, (until - last).days)} - excused


@given(
    missed=st.sets(st.sampled_from(DAYS), max_size=12),
    first=st.integers(0, 39),
    excused=st.sets(st.sampled_from(DAYS[1:]), max_size=2),
)
def test_they_are_those_of_the_walk(missed: set[date], first: int, excused: set[date]) -> None:
    check_ins = set(DAYS[:first]) - missed - excused
    in_reach = {day for day in check_ins if day >= TODAY - timedelta(days=7)}
    assert freeze_days(fold(check_ins, excused), in_reach, TODAY, excused) == walked(check_ins, excused)


def test_nobody_who_never_checked_in_has_any() -> None:
    assert freeze_days(CheckInStreak(), set(), TODAY, set()) == []


def test_today_is_never_one() -> None:
    check_ins = set(DAYS[1:10])
    assert freeze_days(fold(check_ins), check_ins, TODAY, set()) == []
