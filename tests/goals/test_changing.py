"""Changing goals over HTTP: their terms, their steps, their place among the archived."""

import asyncio
from datetime import datetime, timedelta

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value
from tests.goals.conftest import DAY, TODAY, Life, days, noon, on, post, settled
from tests.routes.conftest import fields, problem


@pytest.fixture(autouse=True)
def today(app):
    """It is noon of TODAY."""
    with clock.frozen(noon(TODAY)):
        yield


@pytest.fixture
async def life(person):
    return Life(person.user["id"])


async def test_fields_left_out_stay(person):
    goal = await post(person, title="Walk", due_on=str(TODAY + 9 * DAY))
    path = f"/v1/goals/{goal['id']}"
    assert await person.ok("PATCH", path, json={}) == goal
    with clock.frozen(noon(TODAY) + timedelta(minutes=1)):
        changed = await person.ok("PATCH", path, json={"title": "Run"})
    assert changed == {**goal, "title": "Run", "updated_at": "2026-06-15T12:01:00Z"}
    assert (await person.ok("PATCH", path, json={"title": None}))["title"] == "My own goal"
    assert (await person.ok("PATCH", path, json={"due_on": None}))["due_on"] is None


@pytest.mark.parametrize(
    ("kind", "change", "wrong"),
    [
        ("custom", {"target": 0}, ["target"]),
        ("custom", {"target": 1001}, ["target"]),
        ("custom", {"target": None}, ["target"]),
        ("custom", {"level": 2}, ["level"]),
        ("custom", {"title": "x" * 101}, ["title"]),
        ("custom", {"steps_done": -1}, ["steps_done"]),
        ("custom", {"steps_done": 6}, ["steps_done"]),
        ("custom", {"steps_done": 10**30}, None),
        ("custom", {"status": "completed"}, ["status"]),
        ("custom", {"kind": "check_ins"}, None),
        ("custom", {"starts_on": "2026-06-01"}, None),
        ("check_ins", {"steps_done": 1}, ["steps_done"]),
        ("fewer_slips", {"due_on": None}, ["due_on"]),
        ("fewer_slips", {"target": 101}, ["target"]),
        ("mood_days", {"level": 5}, ["level"]),
    ],
    ids=range(15),
)
async def test_a_change_that_cannot_be_is_400_and_changes_nothing(person, kind, change, wrong):
    goal = await post(person, kind)
    response = await person("PATCH", f"/v1/goals/{goal['id']}", json={"title": "Other", **change})
    problem(response, 400, "invalid_request")
    assert wrong is None or fields(response) == wrong
    assert await person.ok("GET", f"/v1/goals/{goal['id']}") == goal


async def test_another_target_is_another_progress_and_completed_stays_completed(person, life):
    await life.checks_in(days(TODAY - 3 * DAY, 4))
    goal = await post(person, "check_ins", 8, starts_on=str(TODAY - 3 * DAY))
    path = f"/v1/goals/{goal['id']}"
    assert goal["progress"] == 50
    lowered = await person.ok("PATCH", path, json={"target": 3})
    assert (lowered["progress"], lowered["status"]) == (100, "completed")
    assert datetime.fromisoformat(lowered["completed_at"]) == noon(TODAY - DAY)
    raised = await person.ok("PATCH", path, json={"target": 100})
    assert (raised["progress"], raised["status"]) == (4, "completed")
    assert raised["completed_at"] == lowered["completed_at"]


async def test_what_was_reached_and_not_noted_outlives_a_change_of_target(person, life):
    goal = await post(person, "check_ins", 2)
    await life.checks_in(days(TODAY, 2))
    changed = await person.ok("PATCH", f"/v1/goals/{goal['id']}", json={"target": 50})
    assert (changed["status"], changed["progress"]) == ("completed", 4)


async def test_a_missed_goal_lives_again_with_a_later_last_day(person, life):
    goal = await post(person, "check_ins", 5, due_on=str(TODAY))
    path = f"/v1/goals/{goal['id']}"
    with on(TODAY + DAY):
        assert (await person.ok("GET", path))["status"] == "missed"
        await life.checks_in([TODAY + DAY])
        assert (await person.ok("GET", path))["current"] == 0
        again = await person.ok("PATCH", path, json={"due_on": str(TODAY + 3 * DAY)})
    assert (again["status"], again["current"]) == ("active", 1)


async def test_archiving_and_taking_up_again(person, life):
    goal = await post(person, "check_ins", 1)
    path = f"/v1/goals/{goal['id']}"
    assert (await person.ok("PATCH", path, json={"status": "archived"}))["status"] == "archived"
    # While it lies there nothing is noted, but it is shown as it is.
    await life.checks_in([TODAY])
    await settled(life)
    resting = await person.ok("GET", path)
    assert (resting["status"], resting["progress"], resting["completed_at"]) == ("archived", 100, None)
    assert await life.told() == []
    again = await person.ok("PATCH", path, json={"status": "active"})
    assert (again["status"], datetime.fromisoformat(again["completed_at"])) == ("completed", noon(TODAY))
    assert await life.told() == [goal["id"]]
    assert (await person.ok("PATCH", path, json={"status": "archived"}))["status"] == "archived"


async def test_removing(person):
    goal = await post(person)
    path = f"/v1/goals/{goal['id']}"
    await person.ok("PATCH", path, json={"steps_done": 2})
    assert (await person("DELETE", path)).status_code == 204
    for method in ("GET", "DELETE"):
        problem(await person(method, path), 404, "not_found")
    assert await fetch_value("SELECT count(*) FROM goal_steps") == 0


# -- ticking steps -------------------------------------------------------------------------------------------------


async def test_ticking_steps(person, life):
    goal = await post(person, target=3)
    path = f"/v1/goals/{goal['id']}"
    first = await person.ok("PATCH", path, json={"steps_done": 1})
    assert (first["steps_done"], first["current"], first["progress"]) == (1, 1, 33)
    with on(TODAY + DAY):
        assert (await person.ok("PATCH", path, json={"steps_done": 2}))["progress"] == 66
        assert (await person.ok("PATCH", path, json={"steps_done": 1}))["progress"] == 33
    with on(TODAY + 2 * DAY):
        done = await person.ok("PATCH", path, json={"steps_done": 3})
        assert (done["status"], datetime.fromisoformat(done["completed_at"])) == ("completed", noon(TODAY + 2 * DAY))
        assert await life.told() == [goal["id"]]
        undone = await person.ok("PATCH", path, json={"steps_done": 2})
        assert (undone["progress"], undone["status"], undone["completed_at"]) == (66, "completed", done["completed_at"])
        found = (await person.ok("GET", f"{path}/history"))["items"]
    assert [(point["date"], point["current"], point["progress"]) for point in found] == [
        (str(TODAY), 1, 33), (str(TODAY + DAY), 1, 33), (str(TODAY + 2 * DAY), 2, 66),
    ]  # fmt: skip


async def test_the_same_number_again_changes_no_history(person, life):
    goal = await post(person, target=3)
    path = f"/v1/goals/{goal['id']}"
    await person.ok("PATCH", path, json={"steps_done": 3})
    with on(TODAY + DAY):
        again = await person.ok("PATCH", path, json={"steps_done": 3})
    assert datetime.fromisoformat(again["completed_at"]) == noon(TODAY)
    assert await fetch_value("SELECT count(*) FROM goal_steps") == 1


async def test_steps_are_ticked_on_the_goal_s_days(person):
    goal = await post(person, starts_on=str(TODAY + DAY), due_on=str(TODAY + 2 * DAY))
    path = f"/v1/goals/{goal['id']}"
    problem(await person("PATCH", path, json={"steps_done": 1}), 422, "goal_not_begun")
    with on(TODAY + 2 * DAY):
        await person.ok("PATCH", path, json={"steps_done": 1})
    with on(TODAY + 3 * DAY):
        problem(await person("PATCH", path, json={"steps_done": 2}), 422, "goal_over")
        late = await person.ok("PATCH", path, json={"steps_done": 2, "due_on": str(TODAY + 3 * DAY)})
    assert (late["steps_done"], late["status"]) == (2, "active")


async def test_target_and_steps_in_one_change(person):
    goal = await post(person, target=3)
    path = f"/v1/goals/{goal['id']}"
    assert fields(await person("PATCH", path, json={"steps_done": 3, "target": 2})) == ["steps_done"]
    changed = await person.ok("PATCH", path, json={"steps_done": 6, "target": 12})
    assert (changed["target"], changed["progress"], changed["status"]) == (12, 50, "active")


async def test_who_flies_west_ticks_what_counts_now(person, life):
    await life.lives_in("Pacific/Kiritimati")
    goal = await post(person, target=5)
    path = f"/v1/goals/{goal['id']}"
    ahead = await person.ok("PATCH", path, json={"steps_done": 4})
    assert ahead["starts_on"] == str(TODAY + DAY)
    await execute("UPDATE goals SET starts_on = $1", TODAY - DAY)
    await life.lives_in("Pacific/Honolulu")
    assert (await person.ok("GET", path))["steps_done"] == 4
    assert (await person.ok("PATCH", path, json={"steps_done": 1}))["steps_done"] == 1
    assert (await person.ok("GET", f"{path}/history"))["items"][-1]["current"] == 1


async def test_fifty_ticks_at_once_leave_one_of_them_and_complete_once(person, life):
    goal = await post(person, target=50)
    path = f"/v1/goals/{goal['id']}"
    answers = await asyncio.gather(*(person("PATCH", path, json={"steps_done": number}) for number in range(1, 51)))
    assert {answer.status_code for answer in answers} == {200}
    last = await person.ok("GET", path)
    assert last["steps_done"] in range(1, 51)
    assert last["status"] == "completed"
    assert await life.told() == [goal["id"]]
    assert await fetch_value("SELECT count(*) FROM goal_steps") == 1
