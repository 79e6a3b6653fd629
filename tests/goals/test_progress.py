"""The rule of progress, by examples."""

from datetime import date, timedelta

import pytest

from domain.goals.progress import Events, Terms, measure

FIRST = date(2026, 6, 1)
DAY = timedelta(days=1)


def counted(kind, target, number, today=FIRST, due_on=None, baseline=None):
    return measure(Terms(kind, target, FIRST, due_on), Events(number, baseline, None, None, None), today)


@pytest.mark.parametrize(
    ("number", "target", "progress"),
    [(0, 10, 0), (1, 3, 33), (2, 3, 66), (3, 3, 100), (249, 250, 99), (996, 1000, 99), (999, 1000, 99),
     (1000, 1000, 100), (7, 3, 100), (1, 2000, 0), (19, 2000, 0), (20, 2000, 1)],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["check_ins", "journal_entries", "urges_resisted", "mood_days", "custom"])
def test_what_is_counted_is_clamped_and_rounded_down(kind, number, target, progress):
    found = counted(kind, target, number)
    assert (found.current, found.progress, found.reached) == (number, progress, number >= target)


def clean(today, *, since=None, at_due=None, reached_on=None, due_on=None, target=30):
    return measure(Terms("clean_days", target, FIRST, due_on), Events(0, None, since, at_due, reached_on), today)


@pytest.mark.parametrize(
    ("since", "today", "current"),
    [
        (None, FIRST + 5 * DAY, 0),
        (FIRST, FIRST, 0),
        (FIRST, FIRST + 5 * DAY, 5),
        (FIRST - 90 * DAY, FIRST + 5 * DAY, 5),  # days before the goal do not count
        (FIRST + 3 * DAY, FIRST + 5 * DAY, 2),
        (FIRST + 6 * DAY, FIRST + 5 * DAY, 0),  # begun further east
        (FIRST, FIRST - DAY, 0),
    ],
    ids=range(7),
)
def test_clean_days_run_from_the_later_of_both_starts(since, today, current):
    assert clean(today, since=since).current == current


def test_after_its_last_day_a_goal_of_clean_days_stands_still():
    due_on = FIRST + 10 * DAY
    later = clean(due_on + 20 * DAY, since=due_on + 3 * DAY, at_due=FIRST + 4 * DAY, due_on=due_on)
    assert (later.current, later.progress) == (6, 20)
    assert clean(due_on, since=FIRST + 4 * DAY, at_due=None, due_on=due_on).current == 6


def test_clean_days_that_were_reached_stay_reached_when_a_slip_follows():
    fallen = clean(FIRST + 40 * DAY, since=FIRST + 38 * DAY, reached_on=FIRST + 30 * DAY)
    assert (fallen.progress, fallen.reached, fallen.reached_on) == (6, True, FIRST + 30 * DAY)


def test_a_day_that_lies_ahead_is_not_reached_yet():
    assert not clean(FIRST + 29 * DAY, since=FIRST, reached_on=FIRST + 30 * DAY).reached
    assert clean(FIRST + 30 * DAY, since=FIRST, reached_on=FIRST + 30 * DAY).reached


DUE = FIRST + 29 * DAY


@pytest.mark.parametrize("kind", ["fewer_urges", "fewer_slips"])
@pytest.mark.parametrize(
    ("baseline", "target", "number", "elapsed", "allowed", "progress"),
    [
        (10, 50, 0, 0, 5, 0),
        (10, 50, 5, 15, 5, 50),
        (10, 50, 5, 29, 5, 96),
        (10, 50, 5, 30, 5, 100),
        (10, 50, 6, 30, 5, 83),
        (10, 50, 10, 15, 5, 25),
        (3, 30, 2, 30, 2, 100),  # 2.1 are 2
        (3, 30, 3, 30, 2, 66),
        (10, 100, 0, 30, 0, 100),
        (10, 100, 1, 30, 0, 0),
        (0, 50, 0, 30, 0, 100),
        (0, 50, 1, 30, 0, 0),
        (10_000, 1, 9901, 30, 9900, 99),
        (10, 50, 4, -3, 5, 0),  # not begun
        (10, 50, 4, 99, 5, 100),  # long over
    ],
    ids=range(15),
)
def test_fewer_than_before(kind, baseline, target, number, elapsed, allowed, progress):
    found = counted(kind, target, number, FIRST + elapsed * DAY, DUE, baseline)
    assert (found.current, found.allowed, found.progress) == (number, allowed, progress)
    assert found.reached == (elapsed >= 30 and number <= allowed)
    assert found.reached_on == (DUE + DAY if found.reached else None)


def test_fewer_than_before_is_never_reached_before_the_window_is_over():
    for elapsed in range(30):
        assert counted("fewer_slips", 100, 0, FIRST + elapsed * DAY, DUE, 5).progress < 100
