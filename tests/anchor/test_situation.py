"""What a person's data says of their day: a pure function of the facts."""

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from domain.anchor.situation import MEANINGS, situation_of
from domain.anchor.snapshot import CheckIn, CheckInStreak, CleanDays, Facts, Snapshot
from domain.anchor.snapshot_parts import Goal

TODAY = date(2026, 11, 25)  # a Wednesday
LONG_AGO = TODAY - timedelta(days=300)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def facts(today: date = TODAY, joined_on: date = LONG_AGO, **changes: Any) -> Facts:
    """Somebody who is at 5 clean days, never slipped, and checked in yesterday with nothing to note."""
    snapshot = Snapshot(
        today=today, language="en", clean=CleanDays(5, 5, 5, ago(5), None), check_in=CheckInStreak(1, 1),
        check_ins=[CheckIn(ago(1), 3, 3)],
    )  # fmt: skip
    changed = msgspec.structs.replace(snapshot, **changes)
    return Facts(uuid4(), "Europe/Berlin", today, True, joined_on, changed, "")


def clean(days: int, slip: date | None = None, best: int | None = None) -> CleanDays:
    best = days if best is None else best
    return CleanDays(days, best, best + days, ago(days), slip)


def goal(progress: int, due_on: date | None = None) -> Goal:
    return Goal("custom", "Mine", progress, progress // 10, "steps", 10, None, due_on)


def holds(**changes: Any) -> set[str]:
    return set(situation_of(facts(**changes)))


def test_an_ordinary_day_has_nothing_to_speak_of() -> None:
    assert holds() == set()


@pytest.mark.parametrize(
    ("slipped", "names"),
    [
        (0, {"slip_yesterday", "slip"}), (1, {"slip_yesterday", "slip"}), (2, {"slip"}), (3, {"slip"}),
        (4, {"week_after"}), (10, {"week_after"}), (11, set()),
    ],
)  # fmt: skip
def test_slips(slipped: int, names: set[str]) -> None:
    # Of some other count, so that no mark is reached.
    assert holds(clean=clean(5, slip=ago(slipped), best=90)) == names


@pytest.mark.parametrize("days", [1, 3, 7, 14, 21, 30, 90, 365, 730, 3650])
def test_marks(days: int) -> None:
    assert "milestone" in holds(clean=clean(days))
    assert "milestone" not in holds(clean=clean(days + 1))


@pytest.mark.parametrize("days", [0, 2, 100, 366])
def test_other_days_are_no_marks(days: int) -> None:
    assert "milestone" not in holds(clean=clean(days))


@pytest.mark.parametrize("days", [1, 3])
def test_the_first_days_after_a_slip_are_no_marks(days: int) -> None:
    assert "milestone" not in holds(clean=clean(days, slip=ago(days), best=40))


def test_a_first_start_may_be_a_mark_though_the_person_is_new() -> None:
    assert situation_of(facts(joined_on=ago(1), clean=clean(1))) == {"new", "milestone"}


@pytest.mark.parametrize(("joined", "is_new"), [(0, True), (6, True), (7, False)])
def test_new(joined: int, is_new: bool) -> None:
    assert ("new" in situation_of(facts(joined_on=ago(joined)))) == is_new


@pytest.mark.parametrize(
    ("check_in", "names"),
    [
        (CheckIn(ago(0), 2, 3), {"low_mood"}), (CheckIn(ago(1), 1, 7), {"low_mood", "strong_urge"}),
        (CheckIn(ago(1), 3, 10), {"strong_urge"}), (CheckIn(ago(1), 3, 6), set()), (CheckIn(ago(2), 1, 10), set()),
        (CheckIn(ago(3), 1, 10), set()), (CheckIn(ago(4), 1, 10), {"quiet"}),
    ],
)  # fmt: skip
def test_the_last_check_in(check_in: CheckIn, names: set[str]) -> None:
    assert holds(check_ins=[check_in]) == names


def test_somebody_who_never_checked_in_is_quiet_but_not_while_new() -> None:
    assert holds(check_ins=[]) == {"quiet"}
    assert situation_of(facts(joined_on=ago(3), check_ins=[])) == {"new"}


@pytest.mark.parametrize(
    ("goals", "names"),
    [
        ([goal(10, TODAY)], {"goal_due"}), ([goal(10, ago(-1))], {"goal_due"}), ([goal(10, ago(-2))], set()),
        ([goal(10, ago(1))], set()), ([goal(10)], set()), ([goal(70)], set()), ([goal(80)], {"goal_close"}),
        ([goal(100, TODAY)], set()), ([goal(10), goal(90, TODAY)], {"goal_due", "goal_close"}),
    ],
)  # fmt: skip
def test_goals(goals: list[Goal], names: set[str]) -> None:
    assert holds(goals=goals) == names


@pytest.mark.parametrize(
    ("urges", "eases"),
    [
        ([2, 2, 2, 5, 5], True), ([2, 2, 2, 2, 2], False), ([5, 5, 5, 2, 2], False), ([0, 9, 0, 4, 4, 4, 4], True),
        ([2, 2, 2, 5], False), ([], False),
    ],
)  # fmt: skip
def test_urges_that_grow_weaker(urges: list[int], eases: bool) -> None:
    check_ins = [CheckIn(ago(day + 1), 3, level) for day, level in enumerate(urges)]
    assert ("easing" in holds(check_ins=check_ins)) == eases


def test_the_longest_yet_is_only_for_those_who_began_again() -> None:
    assert "longest_yet" in holds(clean=clean(40, slip=ago(40)))
    assert "longest_yet" not in holds(clean=clean(40, slip=ago(40), best=41))
    assert "longest_yet" not in holds(clean=clean(5, slip=ago(5)))
    assert "longest_yet" not in holds(clean=clean(40))


def test_what_is_left() -> None:
    assert holds(why="For my evenings.") == {"why"}
    assert holds(clean=clean(8)) == {"steady"}
    week = [situation_of(facts(today=TODAY + timedelta(days=day))) for day in range(7)]
    assert ["weekend" in each for each in week] == [False, False, False, True, True, False, False]
    assert ["monday" in each for each in week] == [False, False, False, False, False, True, False]


def test_it_is_a_pure_function() -> None:
    one = facts(clean=clean(7), goals=[goal(90, TODAY)])
    assert len({situation_of(one) for _ in range(20)}) == 1
    assert situation_of(one) <= set(MEANINGS)
