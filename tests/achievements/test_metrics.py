"""Each metric against a slow count, over everything that people can have done."""

from __future__ import annotations

import re
from datetime import date, timedelta
from random import Random
from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.achievements.metrics import SOURCES, TIME_METRICS, Metric
from domain.achievements.overview import read_achievements
from domain.achievements.reaching import reached_on
from domain.kit.clock import clock
from domain.kit.database import fetch_value
from domain.kit.days import local_date
from domain.quizzes.catalogue import QUIZZES
from tests.achievements import model
from tests.achievements.people import Life, people, random_life, runs
from tests.recovery.conftest import moment

NOON = "2026-11-23 12:00"
QUIZ_NAMES = sorted({quiz.slug for quiz in QUIZZES})


def test_every_metric_is_counted_by_one_table():
    counted = [metric for source in SOURCES for metric in source.metrics]
    assert sorted(counted) == sorted(get_args(Metric))
    assert sorted(TIME_METRICS) == ["best_clean_days", "comebacks", "total_clean_days"]


async def test_the_database_knows_the_same_metrics(app):
    check = await fetch_value(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'achievements_metric'"
    )
    assert set(re.findall(r"'(\w+)'", check)) == set(get_args(Metric))


@pytest.mark.parametrize("seed", range(4))
async def test_metrics_are_what_a_slow_count_finds(app, seed):
    """Of many people at once, so that nobody's rows may count for another; at an hour when they have three dates."""
    now = moment(NOON, "Europe/Berlin")
    random = Random(seed)
    lives = [random_life(random, now.date() - timedelta(days=1), QUIZ_NAMES) for _ in range(25)]
    ids = await people(lives)
    with clock.frozen(now):
        for user_id, life in zip(ids, lives, strict=True):
            shown = {item.metric: item.current for item in (await read_achievements(user_id)).items}
            assert shown == model.metrics(life, local_date(now, life.zone)), life


async def test_the_days_are_those_of_the_person(app):
    # In the middle of the day in London, Kiritimati is at tomorrow already; in its night Honolulu is at yesterday.
    started = date(2026, 11, 13)
    ids = await people([Life(zone=zone, started_on=started) for zone in ("Pacific/Kiritimati", "Pacific/Honolulu")])
    for when, days in (("2026-11-23 12:00", [11, 10]), ("2026-11-23 04:00", [10, 9])):
        with clock.frozen(moment(when, "Europe/London")):
            found = [(await read_achievements(user_id)).items[0].current for user_id in ids]
        assert found == days


async def test_a_start_that_lies_ahead_is_no_days(app):
    (user_id,) = await people([Life(zone="Pacific/Honolulu", started_on=date(2026, 11, 24))])
    with clock.frozen(moment("2026-11-23 12:00", "Pacific/Honolulu")):
        items = (await read_achievements(user_id)).items
    assert {item.current for item in items} == {0}


starts = st.integers(0, 60).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
levels = st.integers(1, 40)


@given(starts, st.lists(st.integers(0, 80)), st.integers(0, 80), st.sampled_from(sorted(TIME_METRICS)), levels)
# A slip on the first day: the week after it is a comeback.
@example(date(2026, 1, 1), [0], 7, "comebacks", 1)
@example(date(2026, 1, 1), [], 7, "comebacks", 1)
@example(date(2026, 1, 1), [3, 10], 30, "best_clean_days", 7)
@example(date(2026, 1, 1), [3, 3, 5], 30, "total_clean_days", 5)
def test_the_day_of_a_level_is_the_first_on_which_a_slow_count_has_it(start, slips, span, metric, level):
    today = start + timedelta(days=span)
    broken = [start + timedelta(days=day) for day in slips if day <= span]
    attempts = runs(start, broken)
    wanted = model.first_day(start, broken, today, metric, level)
    assert reached_on(metric, level, attempts, today) == wanted
    assert reached_on(metric, level, reversed(attempts), today) == wanted
