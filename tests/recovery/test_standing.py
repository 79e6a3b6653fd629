"""Both streaks as they are read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta

import asyncpg
import pytest

from domain.kit.clock import clock
from domain.kit.database import execute
from domain.kit.errors import NotFound
from domain.kit.ids import new_id
from domain.recovery.attempts import begin_attempt
from domain.recovery.standing import read_streak
from tests.recovery.conftest import Traveller, moment, plan, run_of

LiveIn = Callable[..., Awaitable[Traveller]]
BERLIN = "Europe/Berlin"


async def _past_attempt(person: Traveller, started_on: date, ended_on: date) -> None:
    await execute(
        "INSERT INTO attempts (id, user_id, started_on, ended_on) VALUES ($1, $2, $3, $4)",
        new_id(), person.user_id, started_on, ended_on,
    )  # fmt: skip


async def test_a_new_person_stands_at_the_beginning(live_in: LiveIn) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00")
    assert await person.reads("2026-05-01 09:01") == {
        "clean": {
            "current_days": 0,
            "best_days": 0,
            "started_on": "2026-05-01",
            "total_clean_days": 0,
            "attempts": 1,
        },
        "check_in": {
            "current_days": 0,
            "best_days": 0,
            "last_check_in": None,
            "last_check_in_on": None,
            "freezes_left": 0,
        },
    }


async def test_an_imported_start_counts_from_that_day(live_in: LiveIn) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00", started_on="2026-01-01")
    assert (await person.reads("2026-05-01 09:01"))["clean"]["current_days"] == 120


async def test_clean_days_grow_through_idle_months_while_the_check_in_streak_ends(live_in: LiveIn) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00")
    for when in run_of(date(2026, 5, 1), 8):
        await person.checks_in(when)
    late = await person.reads("2026-12-01 00:30")
    assert late["clean"]["current_days"] == late["clean"]["best_days"] == 214
    assert late["check_in"] == {
        "current_days": 0,
        "best_days": 8,
        "last_check_in": "2026-05-08T10:00:00Z",
        "last_check_in_on": "2026-05-08",
        "freezes_left": 0,
    }


async def test_a_freeze_is_seen_to_be_spent_when_read(live_in: LiveIn) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00")
    for when in run_of(date(2026, 5, 1), 7):
        await person.checks_in(when)
    assert await person.streak("2026-05-08 23:59") == (7, 1)
    assert await person.streak("2026-05-09 00:01") == (7, 0)
    assert await person.streak("2026-05-10 00:01") == (0, 0)


async def test_best_and_total_take_in_all_attempts(live_in: LiveIn) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00")
    await _past_attempt(person, date(2026, 1, 1), date(2026, 3, 2))
    await _past_attempt(person, date(2026, 3, 2), date(2026, 5, 1))
    clean = (await person.reads("2026-05-11 09:00"))["clean"]
    assert clean == {
        "current_days": 10,
        "best_days": 60,
        "started_on": "2026-05-01",
        "total_clean_days": 130,
        "attempts": 3,
    }
    assert (await person.reads("2026-08-01 09:00"))["clean"]["best_days"] == 92


async def test_last_check_in_decides_nothing(live_in: LiveIn) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00")
    await person.checks_in("2026-05-01 12:00")
    await execute(
        "UPDATE check_in_streaks SET last_check_in = last_check_in + interval '9 days' WHERE user_id = $1",
        person.user_id,
    )
    assert await person.streak("2026-05-03 00:01") == (0, 0)


async def test_changes_of_zone_before_the_last_check_in_are_as_good_as_all(live_in: LiveIn) -> None:
    person = await live_in("Pacific/Honolulu", "2026-05-09 09:00")
    await person.moves("2026-05-10 18:00", "Pacific/Kiritimati")
    await person.checks_in("2026-05-11 20:00", "2026-05-09")
    # The 10th was cut short on the 11th; the check-in that was made after the flight is of the 9th.
    assert await person.streak("2026-05-11 21:00") == (1, 0)
    assert await person.streak("2026-05-12 00:01") == (0, 0)


async def test_reading_is_one_round_trip(live_in: LiveIn, statements: list[str]) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00")
    await person.checks_in("2026-05-01 12:00")
    statements.clear()
    with clock.frozen(moment("2026-05-02 12:00", BERLIN)):
        await read_streak(person.user_id)
    assert len(statements) == 1
    assert "Seq Scan" not in await plan(statements[0], person.user_id)


async def test_one_attempt_runs_at_a_time(live_in: LiveIn) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00")
    with pytest.raises(asyncpg.UniqueViolationError):
        await begin_attempt(person.user_id, date(2026, 5, 1) - timedelta(days=1))


async def test_a_person_who_is_gone_is_not_found(app: object) -> None:
    with pytest.raises(NotFound):
        await read_streak(new_id())
