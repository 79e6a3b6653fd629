"""Sweeps that are killed, cut short or fail, and clocks that go wrong: what was begun is finished, nothing is lost."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_value
from domain.kit.days import day_begins
from domain.sweep import days
from tests.recovery.conftest import moment
from tests.recovery.crowds import crowd, give_goal, mark, slug_of, sweep

BERLIN = "Europe/Berlin"
BATCH = days._BATCH
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("app")


async def test_killed_between_batches_it_goes_on_where_it_was() -> None:
    ids = await crowd(2 * BATCH + 300, BERLIN, date(2026, 5, 1))
    week = await slug_of(7)
    at = moment("2026-05-09 12:00", BERLIN)
    with clock.frozen(at):
        assert await days._sweep_batch(BERLIN) == BATCH
    assert await mark(BERLIN) == (None, date(2026, 5, 9), ids[BATCH - 1])
    held = "SELECT user_id FROM earned_achievements WHERE achievement = $1 ORDER BY user_id"
    assert [row["user_id"] for row in await fetch(held, week)] == ids[:BATCH]
    assert await sweep(at + MINUTE) == BATCH + 300
    assert await mark(BERLIN) == (date(2026, 5, 9), None, None)
    assert [row["user_id"] for row in await fetch(held, week)] == ids


async def test_killed_in_the_middle_of_a_batch_nothing_of_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = await crowd(BATCH + 200, BERLIN, date(2026, 5, 1))
    await give_goal(ids, "clean_days", 5, date(2026, 5, 1))
    at = moment("2026-05-09 12:00", BERLIN)
    real, calls = days.award, 0

    async def killed(user_ids: list[UUID]) -> None:
        nonlocal calls
        await real(user_ids)
        calls += 1
        if calls == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr(days, "award", killed)
    with pytest.raises(asyncio.CancelledError):
        await sweep(at)
    assert await mark(BERLIN) == (None, date(2026, 5, 9), ids[BATCH - 1])
    assert await fetch_value("SELECT count(*) FROM goals WHERE completed_at IS NOT NULL") == BATCH
    assert await fetch_value("SELECT count(DISTINCT user_id) FROM earned_achievements") == BATCH
    assert await sweep(at) == 200
    assert await fetch_value("SELECT count(*) FROM goals WHERE completed_at IS NOT NULL") == BATCH + 200


async def test_a_sweep_that_was_left_in_the_middle_is_done_anew_on_the_next_day() -> None:
    await crowd(BATCH + 100, BERLIN, date(2026, 5, 1))
    at = moment("2026-05-07 12:00", BERLIN)
    with clock.frozen(at):
        assert await days._sweep_batch(BERLIN) == BATCH
    assert await sweep(at + timedelta(days=1)) == BATCH + 100
    assert (
        await fetch_value("SELECT count(*) FROM earned_achievements WHERE achievement = $1", await slug_of(7))
        == BATCH + 100
    )


async def test_a_look_is_short_and_the_next_goes_on() -> None:
    await crowd(5, BERLIN, date(2026, 5, 1))
    with clock.frozen(moment("2026-05-09 12:00", BERLIN)):
        assert await days.sweep_days(longest=0) == 0
        assert await days.sweep_days(longest=60) == 5


async def test_people_whose_rows_are_out_of_order_do_not_stop_the_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = await crowd(BATCH + 5, BERLIN, date(2026, 5, 1))
    bad = ids[3]
    real = days.award

    async def choosy(user_ids: list[UUID]) -> None:
        await real(user_ids)
        if bad in user_ids:
            raise ValueError("this one is not to be understood")

    monkeypatch.setattr(days, "award", choosy)
    assert await sweep(moment("2026-05-09 12:00", BERLIN)) == BATCH + 5
    assert (await mark(BERLIN))[0] == date(2026, 5, 9)
    awarded = {row["user_id"] for row in await fetch("SELECT user_id FROM earned_achievements")}
    assert awarded == set(ids[BATCH:])
    handed = await fetch("SELECT dedupe_key FROM jobs WHERE name = 'recovery.progress'")
    assert {row["dedupe_key"] for row in handed} == {str(user_id) for user_id in ids[:BATCH]}


async def test_a_clock_that_was_put_back_is_not_waited_for() -> None:
    (person,) = await crowd(1, BERLIN, date(2026, 5, 1))
    await sweep(moment("2026-06-20 12:00", BERLIN))
    assert await sweep(moment("2026-05-09 12:00", BERLIN)) == 1
    assert (await mark(BERLIN))[0] == date(2026, 5, 9)
    assert await sweep(moment("2026-05-09 12:01", BERLIN)) == 0
    assert person


async def test_a_clock_that_goes_slow_at_midnight_does_not_sweep_yesterday_again() -> None:
    await crowd(1, BERLIN, date(2026, 5, 1))
    midnight = day_begins(date(2026, 5, 9), BERLIN)
    assert await sweep(midnight) == 1
    assert await sweep(midnight - SECOND) == 0
