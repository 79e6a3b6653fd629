"""Noting what has become of goals: by the job, by many at once, late, for many people."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.goals import settling
from domain.goals.history import read_history
from domain.goals.reading import list_goals, read_goal
from domain.goals.settling import complete, reached_by_time, settle
from domain.kit.clock import clock
from domain.kit.database import OutsideTransaction, execute, fetch, fetch_value, transaction
from domain.kit.days import day_begins
from tests.conftest import Api
from tests.goals.conftest import DAY, TODAY, Life, days, noon, settled


@pytest.fixture(autouse=True)
def today(app):
    """It is noon of TODAY."""
    with clock.frozen(noon(TODAY)):
        yield


@pytest.fixture
async def life(person):
    return Life(person.user["id"])


async def test_from_a_check_in_to_the_notification(person: Api, life, drain):
    await person.ok("PATCH", "/v1/me/preferences", json={"discreet_push": False})
    goal = await person.ok("POST", "/v1/goals", json={"kind": "check_ins", "target": 2, "title": "Twice"})
    await drain()
    for number, stored in ((0, 50), (1, 100)):
        with clock.frozen(noon(TODAY + number * DAY)):
            await person.ok("PUT", f"/v1/check-ins/{TODAY + number * DAY}", json={"mood": 4, "urge_level": 0})
            await drain()
            (row,) = await life.rows()
            assert row["progress"] == stored
    with clock.frozen(noon(TODAY + DAY)):
        items = (await person.ok("GET", "/v1/notifications"))["items"]
        (told,) = [item for item in items if item["kind"] == "goal"]
        done = await person.ok("GET", f"/v1/goals/{goal['id']}")
    assert (told["title"], told["body"]) == ("Goal reached", "You have reached your goal: Twice")
    assert told["deep_link"] == f"kuitter://goals/{goal['id']}"
    assert (done["status"], datetime.fromisoformat(done["completed_at"])) == ("completed", noon(TODAY + DAY))
    row = await fetch("SELECT discreet_body, expires_at FROM notifications WHERE kind = 'goal'")
    assert "Twice" not in row[0]["discreet_body"]
    assert row[0]["expires_at"] == noon(TODAY + 4 * DAY)


async def test_what_was_reached_before_it_was_set_is_no_news_and_no_achievement(person: Api, life, drain):
    with clock.frozen(noon(TODAY)):
        await person.ok("PUT", f"/v1/check-ins/{TODAY}", json={"mood": 4, "urge_level": 0})
    with clock.frozen(noon(TODAY) + timedelta(hours=1)):
        goal = await person.ok("POST", "/v1/goals", json={"kind": "check_ins", "target": 1})
        await drain()
        earned = (await person.ok("GET", "/v1/achievements"))["items"]
    assert (goal["status"], datetime.fromisoformat(goal["completed_at"])) == ("completed", noon(TODAY))
    assert await life.told() == []
    (first,) = [item for item in earned if item["slug"] == "goals-1"]
    assert (first["current"], first["earned_at"]) == (0, None)


async def test_whatever_changes_a_goal_asks_for_the_job(person, life, drain):
    for method, tail, body in (
        ("POST", "", {"kind": "custom", "target": 3}), ("PATCH", "one", {"steps_done": 1}),
        ("PATCH", "one", {"target": 5}), ("PATCH", "one", {"status": "archived"}),
    ):  # fmt: skip
        path = "/v1/goals" if not tail else f"/v1/goals/{(await life.rows())[0]['id']}"
        await person.ok(method, path, json=body)
        assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'recovery.progress'") == 1
        await drain()


async def test_a_reader_who_notes_a_goal_asks_for_what_follows_from_it(life):
    goal_id = await life.goal("check_ins", 1, TODAY)
    await life.checks_in([TODAY])
    assert (await read_goal(life.user_id, goal_id)).status == "completed"
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'recovery.progress'") == 1
    # But no reading asks twice.
    await read_goal(life.user_id, goal_id)
    assert await fetch_value("SELECT generation FROM jobs WHERE name = 'recovery.progress'") == 1


async def test_ten_at_once_complete_and_tell_once(life):
    for _ in range(3):
        await life.goal("check_ins", 1, TODAY)
    await life.goal("check_ins", 2, TODAY)
    await life.checks_in([TODAY])
    await asyncio.gather(*(settled(life) for _ in range(10)))
    rows = await life.rows()
    assert (
        sorted((row["completed_at"] is not None, row["progress"]) for row in rows) == [(False, 50)] + [(True, 100)] * 3
    )
    assert sorted(await life.told()) == sorted(str(row["id"]) for row in rows if row["completed_at"])
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'push.notification'") == 3


async def test_readers_and_jobs_at_once_say_the_same(life):
    goal_id = await life.goal("check_ins", 1, TODAY)
    await life.checks_in([TODAY])
    found = await asyncio.gather(
        *(read_goal(life.user_id, goal_id) for _ in range(10)), *(settled(life) for _ in range(5))
    )
    assert {goal.completed_at for goal in found if goal is not None} == {noon(TODAY)}
    assert await life.told() == [str(goal_id)]


async def test_two_batches_over_the_same_people_do_not_block_each_other_for_ever(sign_up):
    lives = [Life((await sign_up()).user["id"]) for _ in range(4)]
    for life in lives:
        for _ in range(3):
            await life.goal("check_ins", 1, TODAY)
        await life.checks_in([TODAY])
    await asyncio.gather(*(settled(*(lives if number % 2 else lives[::-1])) for number in range(6)))
    for life in lives:
        assert len(await life.told()) == 3


async def test_who_has_read_before_an_event_does_not_write_over_who_read_after_it(life, monkeypatch):
    """One has read half a goal and is about to write it; the other event comes, and another run completes the goal."""
    await life.goal("check_ins", 2, TODAY - DAY)
    await life.checks_in([TODAY - DAY])
    real, about_to_write, may_write = settling.fetch, asyncio.Event(), asyncio.Event()

    async def slow_first(statement, *arguments):
        if statement == settling._WRITE and not about_to_write.is_set():
            about_to_write.set()
            await may_write.wait()
        return await real(statement, *arguments)

    monkeypatch.setattr(settling, "fetch", slow_first)
    first = asyncio.create_task(settled(life))
    await about_to_write.wait()
    await life.checks_in([TODAY])
    second = asyncio.create_task(settled(life))
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    while not second.done() and not await fetch_value(waiting):
        await asyncio.sleep(0.005)
    may_write.set()
    await asyncio.gather(first, second)
    assert [(row["progress"], row["completed_at"]) for row in await life.rows()] == [(100, noon(TODAY))]


async def test_a_goal_that_is_removed_meanwhile_is_left_out(life):
    goal_id = await life.goal("check_ins", 1, TODAY)
    kept = await life.goal("check_ins", 1, TODAY)
    await life.checks_in([TODAY])

    async def remove():
        async with transaction():
            await fetch("DELETE FROM goals WHERE id = $1", goal_id)
            await asyncio.sleep(0.05)

    await asyncio.gather(remove(), *(settled(life) for _ in range(3)))
    assert set(await life.told()) >= {str(kept)}
    assert [row["id"] for row in await life.rows()] == [kept]


async def test_many_people_of_many_zones_at_once(sign_up):
    """Each by the day of their own zone: a goal of clean days is reached with its midnight."""
    zones = {
        "Pacific/Kiritimati": True, "Asia/Tokyo": True, "Europe/Berlin": False, "America/New_York": False,
        "Pacific/Honolulu": False,
    }  # fmt: skip
    lives = {}
    for zone in zones:
        life = lives[zone] = Life((await sign_up(timezone=zone)).user["id"])
        await life.attempts(TODAY - 10 * DAY)
        await life.goal("clean_days", 10, TODAY - 10 * DAY)
    # In Tokyo it is half past midnight of TODAY, in Berlin the evening before.
    with clock.frozen(datetime(2026, 6, 14, 15, 30, tzinfo=UTC)):
        await settled(*lives.values())
    for zone, reached in zones.items():
        (row,) = await lives[zone].rows()
        assert row["completed_at"] == (day_begins(TODAY, zone) if reached else None)
        assert row["progress"] == (100 if reached else 90)
        assert bool(await lives[zone].told()) == reached


async def test_a_day_without_events_writes_down_only_what_it_completes(life):
    await life.attempts(TODAY - 10 * DAY)
    await life.slips(days(TODAY - 15 * DAY, 3))
    reached = {
        await life.goal("clean_days", 10, TODAY - 10 * DAY),
        await life.goal("fewer_slips", 50, TODAY - 5 * DAY, TODAY - DAY),
    }
    longer = await life.goal("clean_days", 20, TODAY - 10 * DAY)
    too_many = await life.goal("fewer_slips", 50, TODAY - 17 * DAY, TODAY - DAY)
    await life.goal("check_ins", 1, TODAY)
    today_ends = await life.goal("fewer_slips", 50, TODAY - 5 * DAY, TODAY)
    found = await reached_by_time([life.user_id], TODAY)
    assert set(found) == {(goal_id, life.user_id) for goal_id in (*reached, too_many)}
    async with transaction():
        assert await complete([goal_id for goal_id, _ in found]) == {life.user_id}
    rows = {row["id"]: row for row in await life.rows()}
    assert {goal_id for goal_id in rows if rows[goal_id]["completed_at"]} == reached
    assert {row["progress"] for goal_id, row in rows.items() if goal_id not in reached} == {0}
    # What anybody reads is as of now all the same.
    assert (await read_goal(life.user_id, longer)).progress == 50
    assert await reached_by_time([life.user_id], TODAY) == [(too_many, life.user_id)]
    # What was missed long ago is not looked at for ever.
    late = await reached_by_time([life.user_id], TODAY + 40 * DAY)
    assert {goal_id for goal_id, _ in late} == {longer, today_ends}


async def test_the_end_of_a_day_and_an_event_complete_a_goal_once(life):
    await life.attempts(TODAY - 10 * DAY)
    goal_id = await life.goal("clean_days", 10, TODAY - 10 * DAY)

    async def swept():
        async with transaction():
            return await complete([goal_id])

    found = await asyncio.gather(*(swept() for _ in range(10)), *(settled(life) for _ in range(10)))
    assert found.count({life.user_id}) <= 1
    assert await life.told() == [str(goal_id)]


async def test_people_without_goals_or_gone_cost_nothing(life, statements):
    await settled(life)
    async with transaction():
        statements.clear()
        await settle([])
        await settle([life.user_id])
        assert len(statements) == 2


async def test_a_set_of_people_takes_as_many_statements_as_one(sign_up, statements):
    lives = [Life((await sign_up()).user["id"]) for _ in range(7)]
    counts = []
    # The first time asyncpg asks for the types of new statements.
    for some in (lives[:1], lives[1:2], lives[2:]):
        for life in some:
            await life.goal("check_ins", 1, TODAY)
            await life.goal("mood_days", 2, TODAY, level=3)
            await life.checks_in([TODAY])
        async with transaction():
            statements.clear()
            await settle([life.user_id for life in some])
            counts.append(len(statements))
    assert counts[1] == counts[2] <= 5


async def test_settling_again_writes_nothing(life, statements):
    await life.goal("check_ins", 2, TODAY)
    await life.checks_in([TODAY])
    await settled(life)
    before = await fetch("SELECT xmax::text, ctid::text FROM goals")
    async with transaction():
        statements.clear()
        await settle([life.user_id])
        assert not [statement for statement in statements if "UPDATE goals" in statement]
    assert [row["ctid"] for row in await fetch("SELECT ctid::text FROM goals")] == [row["ctid"] for row in before]


async def test_progress_falls_and_completion_stays(life):
    await life.attempts(TODAY - 10 * DAY)
    await life.goal("clean_days", 10, TODAY - 10 * DAY)
    await life.goal("clean_days", 20, TODAY - 10 * DAY)
    await settled(life)
    first = {row["target"]: row for row in await life.rows()}
    assert (first[10]["progress"], first[20]["progress"]) == (100, 50)
    await life.attempts(TODAY - 10 * DAY, [TODAY])
    with clock.frozen(noon(TODAY) + timedelta(hours=1)):
        await settled(life)
    then = {row["target"]: row for row in await life.rows()}
    assert then[20]["progress"] == 0
    assert then[10] == first[10]
    assert (await read_goal(life.user_id, first[10]["id"])).progress == 0


async def test_an_attempt_that_a_slip_has_ended_before_anybody_looked(life):
    """Ten clean days were there, on the tenth morning; the slip came that evening, the job three days later."""
    await life.attempts(TODAY - 10 * DAY, [TODAY])
    goal_id = await life.goal("clean_days", 10, TODAY - 10 * DAY)
    with clock.frozen(noon(TODAY + 3 * DAY)):
        goal = await read_goal(life.user_id, goal_id)
    assert goal.completed_at == day_begins(TODAY, "Europe/Berlin")
    assert (goal.current, goal.progress, goal.status) == (3, 30, "completed")


@pytest.mark.parametrize(("slip", "current"), [(-1, 1), (0, 0), (1, 10)], ids=["before", "on", "after"])
async def test_a_slip_around_the_last_day_of_a_goal(life, slip, current):
    await life.attempts(TODAY - 10 * DAY, [TODAY + slip * DAY])
    goal_id = await life.goal("clean_days", 20, TODAY - 10 * DAY, TODAY)
    with clock.frozen(noon(TODAY + 5 * DAY)):
        goal = await read_goal(life.user_id, goal_id)
        history = await read_history(life.user_id, goal_id)
    assert (goal.current, goal.progress, goal.status) == (current, 5 * current, "missed")
    assert (history.items[-1].day, history.items[-1].current) == (TODAY, current)


async def test_looking_at_what_is_archived_asks_for_nothing(life):
    goal_id = await life.goal("check_ins", 1, TODAY)
    await life.checks_in([TODAY])
    await execute("UPDATE goals SET archived_at = $1", noon(TODAY))
    assert (await read_goal(life.user_id, goal_id)).progress == 100
    assert (await list_goals(life.user_id, None, 20, None)).items[0].completed_at is None
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'recovery.progress'") == 0


@pytest.mark.parametrize("kind", ["fewer_urges", "fewer_slips"])
async def test_fewer_than_before_ends_with_its_window(life, kind):
    happens = life.urges if kind == "fewer_urges" else life.slips
    await happens([*days(TODAY - 9 * DAY, 2), *days(TODAY - 19 * DAY, 6)])
    goal_id = await life.goal(kind, 50, TODAY - 9 * DAY, TODAY)
    goal = await read_goal(life.user_id, goal_id)
    assert (goal.baseline, goal.allowed, goal.current, goal.progress) == (6, 3, 2, 90)
    assert goal.status == "active"
    with clock.frozen(day_begins(TODAY + DAY, "Europe/Berlin") - timedelta(seconds=1)):
        assert (await read_goal(life.user_id, goal_id)).status == "active"
    with clock.frozen(day_begins(TODAY + DAY, "Europe/Berlin")):
        goal = await read_goal(life.user_id, goal_id)
    assert (goal.status, goal.progress) == ("completed", 100)
    assert goal.completed_at == day_begins(TODAY + DAY, "Europe/Berlin")


async def test_more_than_allowed_misses(life):
    await life.slips([*days(TODAY - 9 * DAY, 4), *days(TODAY - 19 * DAY, 6)])
    goal_id = await life.goal("fewer_slips", 50, TODAY - 9 * DAY, TODAY)
    with clock.frozen(noon(TODAY + DAY)):
        goal = await read_goal(life.user_id, goal_id)
    assert (goal.status, goal.progress, goal.completed_at) == ("missed", 75, None)


async def test_an_urge_that_was_resisted_later_counts_from_then(life):
    await life.urges([TODAY], created=noon(TODAY) - timedelta(hours=3), updated=noon(TODAY) - timedelta(hours=1))
    goal_id = await life.goal("urges_resisted", 1, TODAY)
    assert (await read_goal(life.user_id, goal_id)).completed_at == noon(TODAY) - timedelta(hours=1)


async def test_other_people_s_events_do_not_count(life, sign_up):
    other = Life((await sign_up()).user["id"])
    await other.checks_in([TODAY])
    await other.urges([TODAY])
    await other.writes([TODAY])
    await other.slips([TODAY - DAY])
    await other.attempts(TODAY - 9 * DAY)
    await life.attempts(TODAY)
    for kind in ("check_ins", "journal_entries", "urges_resisted", "clean_days"):
        await life.goal(kind, 1, TODAY - 9 * DAY)
    await life.goal("mood_days", 1, TODAY, level=1)
    fewer = await life.goal("fewer_slips", 50, TODAY, TODAY)
    await settled(life, other)
    assert {row["progress"] for row in await life.rows()} == {0}
    assert (await read_goal(life.user_id, fewer)).baseline == 0


async def test_it_happens_in_the_caller_s_transaction(life):
    await life.goal("check_ins", 1, TODAY)
    await life.checks_in([TODAY])

    class Stop(Exception):
        pass

    with pytest.raises(Stop):
        async with transaction():
            await settle([life.user_id])
            raise Stop
    assert [row["completed_at"] for row in await life.rows()] == [None]
    assert await life.told() == []
    with pytest.raises(OutsideTransaction):
        await settle([life.user_id])
