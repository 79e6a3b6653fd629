"""The daily sweep: awarded and completed by time alone, once, however often, late or interrupted it runs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.goals.settling import REACHED_BY_TIME, reached_by_time
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, fetch_value, transaction
from domain.kit.days import day_begins
from domain.kit.ids import new_id
from domain.sweep import days
from tests.recovery.conftest import Traveller, moment, plan
from tests.recovery.crowds import all_rows, crowd, earned, give_goal, mark, slug_of, sweep

LiveIn = Callable[..., Awaitable[Traveller]]
HONOLULU, KIRITIMATI = "Pacific/Honolulu", "Pacific/Kiritimati"
NEW_YORK, BERLIN, HAVANA, LORD_HOWE = "America/New_York", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe"
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
async def _levels(app: object) -> None:
    """The tests count on these."""
    found = await fetch("SELECT level FROM achievements WHERE metric = 'best_clean_days' AND level <= 14")
    assert {row["level"] for row in found} == {1, 3, 7, 14}


# -- when a day ends -----------------------------------------------------------------------------------------------

MIDNIGHTS = {
    "new york, spring": (NEW_YORK, date(2026, 3, 8)),
    "new york, the day after spring": (NEW_YORK, date(2026, 3, 9)),
    "new york, the day after autumn": (NEW_YORK, date(2026, 11, 2)),
    "berlin, the day after spring": (BERLIN, date(2026, 3, 30)),
    "berlin, the day after autumn": (BERLIN, date(2026, 10, 26)),
    "havana, a day without midnight": (HAVANA, date(2026, 3, 8)),
    "lord howe, half an hour on": (LORD_HOWE, date(2026, 10, 5)),
    "lord howe, half an hour back": (LORD_HOWE, date(2026, 4, 6)),
    "kiritimati, first of all": (KIRITIMATI, date(2026, 5, 10)),
    "honolulu, among the last": (HONOLULU, date(2026, 5, 10)),
}


@pytest.mark.parametrize("case", MIDNIGHTS)
async def test_a_level_is_awarded_when_the_day_begins_that_reaches_it(case: str) -> None:
    zone, day = MIDNIGHTS[case]
    (person,) = await crowd(1, zone, day - timedelta(days=7))
    begins = day_begins(day, zone)
    week = await slug_of(7)
    await sweep(begins - SECOND)
    assert week not in await earned(person)
    assert (await mark(zone))[0] == day - timedelta(days=1)
    await sweep(begins)
    assert (await earned(person))[week] == begins
    assert (await mark(zone))[0] == day


async def test_only_zones_whose_day_has_ended_are_swept() -> None:
    for zone in (KIRITIMATI, BERLIN, HONOLULU):
        await crowd(2, zone, date(2026, 5, 1))
    midnight = day_begins(date(2026, 5, 10), BERLIN)
    assert await sweep(midnight - MINUTE) == 6
    assert await sweep(midnight) == 2
    assert await sweep(midnight + timedelta(hours=9)) == 0
    assert await sweep(midnight + timedelta(hours=12)) == 4
    assert [(await mark(zone))[0] for zone in (KIRITIMATI, BERLIN, HONOLULU)] == [
        date(2026, 5, 11), date(2026, 5, 10), date(2026, 5, 10),
    ]  # fmt: skip


async def test_a_look_without_anything_due_is_one_statement(statements: list[str]) -> None:
    await crowd(3, BERLIN, date(2026, 5, 1))
    at = moment("2026-05-10 00:05", BERLIN)
    await sweep(at)
    statements.clear()
    await sweep(at + MINUTE)
    assert len(statements) == 1


async def test_a_zone_that_nobody_used_before() -> None:
    await crowd(1, BERLIN, date(2026, 5, 1))
    at = moment("2026-05-10 12:00", BERLIN)
    await sweep(at)
    (person,) = await crowd(1, "Asia/Kathmandu", date(2026, 5, 3))
    assert await sweep(at + MINUTE) == 1
    assert await slug_of(7) in await earned(person)


async def test_nobody_at_all() -> None:
    assert await sweep(moment("2026-05-10 12:00", BERLIN)) == 0


# -- goals ---------------------------------------------------------------------------------------------------------


async def goal_of(user_id: UUID) -> Any:
    return await fetch_row("SELECT progress, completed_at FROM goals WHERE user_id = $1", user_id)


async def test_clean_days_complete_a_goal_and_that_is_counted_in_the_same_look() -> None:
    (person,) = await crowd(1, BERLIN, date(2026, 5, 1))
    await give_goal([person], "clean_days", 5, date(2026, 5, 1))
    await sweep(moment("2026-05-05 23:59", BERLIN))
    # Four days of five are nothing to write down.
    assert tuple(await goal_of(person)) == (0, None)
    begins = day_begins(date(2026, 5, 6), BERLIN)
    await sweep(begins + MINUTE)
    assert tuple(await goal_of(person)) == (100, begins)
    first = await fetch_value("SELECT slug FROM achievements WHERE metric = 'goals_completed' AND level = 1")
    assert first in await earned(person)


@pytest.mark.parametrize("kind", ["fewer_slips", "fewer_urges"])
async def test_a_goal_of_fewer_is_reached_when_its_last_day_is_over(kind: str) -> None:
    (person,) = await crowd(1, NEW_YORK, date(2026, 4, 1))
    await give_goal([person], kind, 50, date(2026, 5, 1), date(2026, 5, 10))
    await sweep(moment("2026-05-10 23:59", NEW_YORK))
    assert (await goal_of(person))["completed_at"] is None
    await sweep(moment("2026-05-11 00:01", NEW_YORK))
    assert (await goal_of(person))["completed_at"] == day_begins(date(2026, 5, 11), NEW_YORK)


async def test_goals_that_only_events_move_are_not_read() -> None:
    (person,) = await crowd(1, BERLIN, date(2026, 5, 1))
    for kind in ("check_ins", "journal_entries", "urges_resisted", "custom"):
        await give_goal([person], kind, 5, date(2026, 5, 1))
    await give_goal([person], "clean_days", 5, date(2026, 5, 1))
    (found,) = await reached_by_time([person], date(2026, 5, 6))
    assert found == (await fetch_value("SELECT id FROM goals WHERE kind = 'clean_days'"), person)
    assert await reached_by_time([person], date(2026, 5, 5)) == []


# -- late, twice, together -----------------------------------------------------------------------------------------


async def lives() -> list[UUID]:
    """People in three zones with goals, whose levels and ends fall on different days."""
    people = []
    for zone in (KIRITIMATI, BERLIN, HONOLULU):
        for ago in range(12):
            (person,) = await crowd(1, zone, date(2026, 5, 10) - timedelta(days=ago))
            await give_goal([person], "clean_days", 4, date(2026, 5, 10) - timedelta(days=ago))
            await give_goal([person], "fewer_slips", 30, date(2026, 5, 1), date(2026, 5, 3 + ago))
            people.append(person)
    return people


async def outcome(people: list[UUID]) -> list[Any]:
    goals = "SELECT kind, progress, completed_at FROM goals WHERE user_id = $1 ORDER BY kind"
    # The instant of an award for completed goals is that of the look; those for days are dated to their day.
    awards = [
        {slug: None if slug.startswith("goals-") else at for slug, at in (await earned(one)).items()} for one in people
    ]
    return [(found, [tuple(row) for row in await fetch(goals, one)]) for found, one in zip(awards, people, strict=True)]


async def test_a_sweep_that_is_three_days_late_leaves_the_same_rows() -> None:
    prompt, late = await lives(), await lives()
    at = datetime(2026, 5, 10, 12, tzinfo=UTC)
    await execute("UPDATE users SET state = 'suspended' WHERE id = ANY ($1)", late)
    for hour in range(0, 96, 3):
        await sweep(at + timedelta(hours=hour))
    await execute("UPDATE users SET state = 'active' WHERE id = ANY ($1)", late)
    await execute("DELETE FROM day_sweeps")
    await sweep(at + timedelta(hours=93))
    assert await outcome(late) == await outcome(prompt)
    assert sum(len(found) for found, _ in await outcome(late)) > len(late)


async def test_another_sweep_of_the_same_day_writes_nothing() -> None:
    await lives()
    at = datetime(2026, 5, 14, 12, tzinfo=UTC)
    await sweep(at)
    before = await all_rows()
    assert await sweep(at) == 0
    assert await all_rows() == before
    # Nor does one that goes through everybody again.
    await execute("DELETE FROM day_sweeps")
    assert await sweep(at + MINUTE) == 36
    after = await all_rows()
    assert before.pop("day_sweeps") != after.pop("day_sweeps")
    assert after == before


async def test_four_clocks_at_once() -> None:
    for zone, people in ((BERLIN, 1500), (NEW_YORK, 1100), (KIRITIMATI, 30)):
        ids = await crowd(people, zone, date(2026, 5, 1))
        await give_goal(ids[::7], "clean_days", 5, date(2026, 5, 1))
    at = moment("2026-05-09 12:00", BERLIN)
    with clock.frozen(at):
        went = await asyncio.gather(*(days.sweep_days() for _ in range(4)))
        went.append(await days.sweep_days())
    assert sum(went) == 2630
    awards = Counter(row["achievement"] for row in await fetch("SELECT achievement FROM earned_achievements"))
    assert awards[await slug_of(7)] == 2630
    assert await fetch_value("SELECT count(*) FROM goals WHERE completed_at IS NOT NULL") == len(range(0, 1500, 7)) + (
        len(range(0, 1100, 7)) + len(range(0, 30, 7))
    )
    told = await fetch("SELECT user_id FROM notifications WHERE kind = 'goal'")
    assert len(told) == len({row["user_id"] for row in told})


async def test_a_sweep_beside_the_jobs_of_events() -> None:
    """Both award and complete; neither may wait for the other in a circle, nor anything be told twice."""
    from domain.achievements.awards import award
    from domain.goals.settling import settle

    ids = await crowd(300, BERLIN, date(2026, 5, 1))
    await give_goal(ids, "clean_days", 5, date(2026, 5, 1))

    async def event(user_id: UUID) -> None:
        async with transaction():
            await settle([user_id])
            await award([user_id])

    with clock.frozen(moment("2026-05-09 12:00", BERLIN)):
        await asyncio.gather(days.sweep_days(), *(event(user_id) for user_id in reversed(ids)))
    assert await fetch_value("SELECT count(*) FROM goals WHERE completed_at IS NOT NULL") == 300
    assert await fetch_value("SELECT count(*) FROM notifications WHERE kind = 'goal'") == 300
    assert await fetch_value("SELECT count(*) FROM earned_achievements WHERE achievement = $1", await slug_of(7)) == 300
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'recovery.progress'") == 0, "none was handed over"


async def test_those_between_the_people_that_a_day_brings_something_are_gone_through_as_well() -> None:
    """More of them than are looked at in one go; with goals, with days, with both, and most with nothing."""
    at = moment("2026-05-09 12:00", BERLIN)
    ids = await crowd(2 * days._LOOKED_AT + 100, BERLIN, date(2026, 5, 9))
    with_days, with_goals = set(ids[::13]), set(ids[::17])
    await execute("UPDATE attempts SET started_on = '2026-05-02' WHERE user_id = ANY ($1)", with_days)
    await give_goal(sorted(with_goals), "fewer_slips", 50, date(2026, 5, 1), date(2026, 5, 8))
    assert await sweep(at) == len(ids)
    week, goal = await slug_of(7), "SELECT user_id FROM goals WHERE completed_at IS NOT NULL"
    held = await fetch("SELECT user_id FROM earned_achievements WHERE achievement = $1", week)
    assert {row["user_id"] for row in held} == with_days
    assert {row["user_id"] for row in await fetch(goal)} == with_goals
    first = await fetch("SELECT user_id FROM earned_achievements WHERE achievement = 'goals-1'")
    assert {row["user_id"] for row in first} == with_goals


# -- people who move, pause or have nothing ------------------------------------------------------------------------


async def test_moving_while_the_zones_are_swept_loses_nobody() -> None:
    """Out of a zone that is still to be swept, into one that was."""
    (person,) = await crowd(1, HONOLULU, date(2026, 5, 3))
    await crowd(1, BERLIN, date(2026, 5, 1))
    at = moment("2026-05-10 12:00", BERLIN)
    await sweep(at - timedelta(hours=3))
    assert (await mark(HONOLULU))[0] == date(2026, 5, 9)
    assert await slug_of(7) not in await earned(person)
    await execute("UPDATE users SET timezone = $2 WHERE id = $1", person, BERLIN)
    assert await sweep(at) == 0, "Berlin has had its sweep"
    await sweep(at + timedelta(days=1))
    assert (await earned(person))[await slug_of(7)] == day_begins(date(2026, 5, 10), BERLIN)


async def test_kiritimati_to_honolulu_awards_once(live_in: LiveIn) -> None:
    person = await live_in(KIRITIMATI, "2026-05-03 09:00")
    week = await slug_of(7)
    await sweep(moment("2026-05-10 00:01", KIRITIMATI))
    first = (await earned(person.user_id))[week]
    await person.moves("2026-05-10 12:00", HONOLULU)
    for hour in range(0, 72, 6):
        await sweep(moment("2026-05-09 13:00", HONOLULU) + timedelta(hours=hour))
    assert (await earned(person.user_id))[week] == first
    shown = await person.reads("2026-05-12 12:00", "/v1/notifications")
    assert len([item for item in shown["items"] if item["kind"] == "achievement"]) == 1


async def test_an_evening_change_into_the_next_day_is_swept_with_the_new_zone(live_in: LiveIn) -> None:
    person = await live_in(NEW_YORK, "2026-05-03 09:00")
    await sweep(moment("2026-05-09 12:00", NEW_YORK))
    await person.moves("2026-05-09 20:00", BERLIN)
    await sweep(moment("2026-05-10 02:01", BERLIN))
    assert await slug_of(7) in await earned(person.user_id)


async def test_who_is_suspended_gets_nothing_until_they_are_back() -> None:
    (person,) = await crowd(1, BERLIN, date(2026, 5, 1))
    await execute("UPDATE users SET state = 'suspended'")
    at = moment("2026-05-09 12:00", BERLIN)
    assert await sweep(at) == 0
    await execute("UPDATE users SET state = 'active'")
    await sweep(at + timedelta(days=1))
    assert (await earned(person))[await slug_of(7)] == day_begins(date(2026, 5, 8), BERLIN)


async def test_an_achievement_that_is_new_reaches_those_who_passed_it_long_ago(app: object) -> None:
    (person,) = await crowd(1, BERLIN, date(2026, 1, 1))
    await sweep(moment("2026-05-09 12:00", BERLIN))
    slug = f"test-{new_id()}"
    await execute(
        """INSERT INTO achievements (slug, metric, level, title, description, position)
           VALUES ($1, 'best_clean_days', 100000, 'a', 'b', 9999)""",
        slug,
    )
    try:
        await execute("UPDATE attempts SET started_on = '1700-01-01'")
        await sweep(moment("2026-05-10 12:00", BERLIN))
        assert slug in await earned(person)
    finally:
        await execute("DELETE FROM achievements WHERE slug = $1", slug)


async def test_who_has_no_attempt_is_passed_over() -> None:
    await crowd(1, BERLIN, date(2026, 5, 1))
    await execute("DELETE FROM attempts")
    assert await sweep(moment("2026-05-09 12:00", BERLIN)) == 1
    assert await fetch("SELECT FROM earned_achievements") == []


# -- whole flow, and speed -----------------------------------------------------------------------------------------


async def test_the_morning_after_shows_it_in_the_inbox(live_in: LiveIn) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00")
    await sweep(moment("2026-05-02 00:01", BERLIN))
    shown = await person.reads("2026-05-02 08:00", "/v1/notifications")
    assert [item["kind"] for item in shown["items"]] == ["achievement"]


async def test_the_statements_use_their_indexes() -> None:
    for number, zone in enumerate((BERLIN, NEW_YORK, HAVANA, KIRITIMATI)):
        ids = await crowd(1500, zone, date(2026, 5, 1))
        await give_goal(ids[::3], "clean_days", 5, date(2026, 5, 1 + number))
    await execute("ANALYZE users; ANALYZE goals")
    assert "users_timezone" in await plan(days.ZONES)
    assert "users_timezone" in await plan(days.PEOPLE, BERLIN, new_id(), 100)
    assert "goals_open" in await plan(REACHED_BY_TIME, ids[:10], date(2026, 5, 9), date(2026, 4, 1))
