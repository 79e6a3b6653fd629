"""Goals over HTTP: setting them, lists, history, kinds. Changing them: test_changing.py."""

import asyncio
from datetime import datetime

import pytest

from domain.goals.kinds import KINDS
from domain.kit.clock import clock
from domain.kit.database import fetch_value
from tests.goals.conftest import DAY, TODAY, Life, days, noon, on, post
from tests.routes.conftest import fields, problem


@pytest.fixture(autouse=True)
def today(app):
    """It is noon of TODAY."""
    with clock.frozen(noon(TODAY)):
        yield


@pytest.fixture
async def life(person):
    """The person's, with attempts since ten days before TODAY."""
    life = Life(person.user["id"])
    await life.attempts(TODAY - 10 * DAY)
    return life


# -- setting one ---------------------------------------------------------------------------------------------------


async def test_a_new_goal_shows_all_of_itself(person):
    answer = await person("POST", "/v1/goals", json={"kind": "check_ins", "target": 7, "due_on": str(TODAY + 6 * DAY)})
    assert answer.status_code == 201
    goal = answer.json()
    assert goal == {
        "id": goal["id"], "kind": "check_ins", "title": "Check-ins", "target": 7, "current": 0, "unit": "check_ins",
        "level": None, "starts_on": str(TODAY), "due_on": str(TODAY + 6 * DAY), "progress": 0, "status": "active",
        "completed_at": None, "steps_done": None, "baseline": None, "allowed": None,
        "created_at": "2026-06-15T12:00:00Z", "updated_at": "2026-06-15T12:00:00Z",
    }  # fmt: skip
    assert await person.ok("GET", f"/v1/goals/{goal['id']}") == goal
    assert (await person.ok("GET", "/v1/goals"))["items"] == [goal]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_can_be_set_with_what_its_template_says(person, life, kind):
    template = KINDS[kind]
    for target in (template.smallest_target, template.suggested_target, template.largest_target):
        goal = await post(person, kind, target)
        assert (goal["title"], goal["unit"]) == (template.title, template.unit)
        assert (goal["due_on"] is not None) == template.needs_due_on
        assert (goal["level"] is not None) == ("level" in template.fields)
        assert (goal["steps_done"] is not None) == ("steps_done" in template.fields)
    for target in (template.smallest_target - 1, template.largest_target + 1, -1, 10**30):
        response = await person("POST", "/v1/goals", json={"kind": kind, "target": target})
        assert fields(response) == ["target"]


async def test_clean_days_begin_with_the_running_attempt_and_others_today(person, life):
    goal = await post(person, "clean_days", 30)
    assert (goal["starts_on"], goal["current"], goal["progress"]) == (str(TODAY - 10 * DAY), 10, 33)
    goal = await post(person, "clean_days", 30, starts_on=str(TODAY))
    assert (goal["starts_on"], goal["current"]) == (str(TODAY), 0)
    await life.attempts(TODAY - 4000 * DAY)
    goal = await post(person, "clean_days", 30)
    assert (goal["starts_on"], goal["status"]) == (str(TODAY), "active"), "the next thirty"
    due_on = TODAY + 1827 * DAY
    assert (await post(person, "clean_days", 9000, due_on=str(due_on)))["due_on"] == str(due_on)
    assert (await post(person, "journal_entries"))["starts_on"] == str(TODAY)


async def test_fewer_than_before_lasts_thirty_days_if_nothing_is_said(person, life):
    await life.urges(days(TODAY - 30 * DAY, 30))
    goal = await post(person, "fewer_urges", 50, starts_on=str(TODAY))
    assert (goal["due_on"], goal["baseline"], goal["allowed"]) == (str(TODAY + 29 * DAY), 30, 15)
    await life.urges([TODAY] * 4)
    with on(TODAY + 15 * DAY):
        goal = await person.ok("GET", f"/v1/goals/{goal['id']}")
    assert (goal["current"], goal["progress"], goal["status"]) == (4, 50, "active")


@pytest.mark.parametrize(
    ("said", "kept"),
    [("  Walk\u200b every day ", "Walk every day"), ("Čaj 🍵 misto toho", "Čaj 🍵 misto toho"), ("", "My own goal"),
     (" \n", "My own goal"), (None, "My own goal"), ("👨‍👩‍👧‍👦" * 100, "👨‍👩‍👧‍👦" * 100)],
    ids=range(6),
)  # fmt: skip
async def test_titles(person, said, kept):
    assert (await post(person, title=said))["title"] == kept


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"kind": "custom", "target": 5, "title": "x" * 101}, ["title"]),
        ({"kind": "smoke", "target": 5}, ["kind"]),
        ({"kind": "custom"}, None),
        ({"kind": "custom", "target": "5"}, ["target"]),
        ({"kind": "custom", "target": 5.5}, ["target"]),
        ({"kind": "custom", "target": 5, "steps_done": 1}, None),
        ({"kind": "custom", "target": 5, "starts_on": "2026-13-01"}, ["starts_on"]),
        ({"kind": "custom", "target": 5, "level": 2}, ["level"]),
        ({"kind": "mood_days", "target": 5, "level": 0}, ["level"]),
        ({"kind": "mood_days", "target": 5, "level": 5}, ["level"]),
    ],
    ids=range(10),
)
async def test_what_has_the_wrong_shape_is_400(person, body, wrong):
    response = await person("POST", "/v1/goals", json=body)
    problem(response, 400, "invalid_request")
    assert wrong is None or fields(response) == wrong


@pytest.mark.parametrize(
    ("start", "due", "code"),
    [
        (-366, None, None),
        (-367, None, "start_too_far"),
        (366, None, None),
        (367, None, "start_too_far"),
        (0, 0, None),
        (0, -1, "due_before_start"),
        (-10, -1, None),
        (0, 1827, None),
        (0, 1828, "due_too_far"),
        (100, 1927, None),
        (100, 1928, "due_too_far"),
        (-100, 1827, None),
    ],
    ids=range(12),
)
async def test_where_a_window_may_lie(person, start, due, code):
    body = {"kind": "custom", "target": 5, "starts_on": str(TODAY + start * DAY)}
    response = await person(
        "POST", "/v1/goals", json=body | ({} if due is None else {"due_on": str(TODAY + due * DAY)})
    )
    if code is None:
        assert response.status_code == 201, response.text
    else:
        problem(response, 422, code)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
async def test_the_ends_of_the_calendar(person, day):
    problem(await person("POST", "/v1/goals", json={"kind": "custom", "target": 5, "starts_on": day}), 422)
    problem(await person("POST", "/v1/goals", json={"kind": "custom", "target": 5, "due_on": day}), 422)
    goal = await post(person)
    problem(await person("PATCH", f"/v1/goals/{goal['id']}", json={"due_on": day}), 422)


async def test_a_goal_that_is_reached_already_is_completed_at_once(person, life, drain):
    await life.checks_in(days(TODAY - 5 * DAY, 6))
    goal = await post(person, "check_ins", 3, starts_on=str(TODAY - 5 * DAY))
    assert (goal["status"], goal["progress"], goal["current"]) == ("completed", 100, 6)
    assert datetime.fromisoformat(goal["completed_at"]) == noon(TODAY - 3 * DAY)


async def test_before_its_first_day_nothing_counts(person, life):
    await life.checks_in([TODAY])
    goal = await post(person, "check_ins", 2, starts_on=str(TODAY + DAY))
    assert (goal["current"], goal["progress"], goal["status"]) == (0, 0, "active")
    assert await person.ok("GET", f"/v1/goals/{goal['id']}/history") == {"items": [], "next_cursor": None}


async def test_a_mood_counts_above_its_level(person, life):
    await life.checks_in(days(TODAY - 2 * DAY, 3), mood=4)
    await life.checks_in(days(TODAY - 5 * DAY, 3), mood=3)
    start = str(TODAY - 9 * DAY)
    assert (await post(person, "mood_days", 10, starts_on=start))["current"] == 3
    assert (await post(person, "mood_days", 10, starts_on=start, level=2))["current"] == 6
    goal = await post(person, "mood_days", 10, starts_on=start, level=4)
    assert (goal["level"], goal["current"]) == (4, 0)
    assert (await person.ok("PATCH", f"/v1/goals/{goal['id']}", json={"level": 3}))["current"] == 3


# -- keys, limits, others ------------------------------------------------------------------------------------------


async def test_a_repeated_post_is_the_same_goal(person):
    body, key = {"kind": "custom", "target": 5}, {"Idempotency-Key": "once"}
    first = await person("POST", "/v1/goals", json=body, headers=key)
    second = await person("POST", "/v1/goals", json=body, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    problem(await person("POST", "/v1/goals", json={**body, "target": 6}, headers=key), 409, "idempotency_conflict")
    assert len((await person.ok("GET", "/v1/goals"))["items"]) == 1


async def test_fifty_at_once_leave_fifty(person, life):
    for _ in range(30):
        await life.goal("custom", 5, TODAY)
    answers = await asyncio.gather(
        *(person("POST", "/v1/goals", json={"kind": "custom", "target": 5}) for _ in range(50))
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 20 + [422] * 30
    for answer in answers:
        if answer.status_code == 422:
            problem(answer, 422, "too_many_goals")
    assert await fetch_value("SELECT count(*) FROM goals") == 50


async def test_only_what_is_under_way_is_limited(person, life):
    ids = [await life.goal("check_ins", 1, TODAY) for _ in range(50)]
    problem(await person("POST", "/v1/goals", json={"kind": "custom", "target": 5}), 422, "too_many_goals")
    await person.ok("PATCH", f"/v1/goals/{ids[0]}", json={"status": "archived"})
    fresh = await post(person)
    # The place is taken: it cannot come back.
    problem(await person("PATCH", f"/v1/goals/{ids[0]}", json={"status": "active"}), 422, "too_many_goals")
    # Reached, though nobody has noted it yet: all but one are out of the way.
    await life.checks_in([TODAY])
    await post(person)
    assert (await person.ok("PATCH", f"/v1/goals/{ids[0]}", json={"status": "active"}))["status"] == "completed"
    assert (await person.ok("GET", f"/v1/goals/{fresh['id']}"))["status"] == "active"


async def test_another_person_finds_nothing(person, sign_up):
    goal = await post(person, title="Mine alone")
    other = await sign_up()
    for method, tail, body in (
        ("GET", "", None), ("PATCH", "", {"title": "Theirs"}), ("PATCH", "", {"steps_done": 1}), ("DELETE", "", None),
        ("GET", "/history", None),
    ):  # fmt: skip
        arguments = {"json": body} if body else {}
        problem(await other(method, f"/v1/goals/{goal['id']}{tail}", **arguments), 404, "not_found")
        problem(await other(method, f"/v1/goals/not-an-id{tail}", **arguments), 404, "not_found")
    assert (await other.ok("GET", "/v1/goals"))["items"] == []
    assert await person.ok("GET", f"/v1/goals/{goal['id']}") == goal


async def test_without_the_consents_none_is_set_or_changed(person):
    goal = await post(person)
    await person.ok("PUT", "/v1/me/consents/sensitive_data", json={"granted": False})
    for method, path in (("POST", "/v1/goals"), ("PATCH", f"/v1/goals/{goal['id']}")):
        body = {"kind": "custom", "target": 5} if method == "POST" else {"target": 4}
        assert problem(await person(method, path, json=body), 403, "consent_required")["kind"] == "sensitive_data"


# -- lists ---------------------------------------------------------------------------------------------------------


async def test_a_list_shows_what_a_goal_shows_by_status(person, life):
    await life.checks_in([TODAY - DAY])
    start = str(TODAY - 5 * DAY)
    active = await post(person, "check_ins", 4, starts_on=start)
    completed = await post(person, "check_ins", 1, starts_on=start)
    missed = await post(person, "check_ins", 5, starts_on=start, due_on=str(TODAY - DAY))
    archived = await post(person, "check_ins", 6)
    archived = await person.ok("PATCH", f"/v1/goals/{archived['id']}", json={"status": "archived"})
    by_status = {"active": active, "completed": completed, "missed": missed, "archived": archived}
    for status, goal in by_status.items():
        assert goal["status"] == status
        assert await person.ok("GET", f"/v1/goals?status={status}") == {"items": [goal], "next_cursor": None}
    assert (await person.ok("GET", "/v1/goals"))["items"] == [archived, missed, completed, active]
    assert fields(await person("GET", "/v1/goals?status=done")) == ["status"]


async def test_pages_hold_everything_once_while_goals_are_added(person):
    made = [(await post(person))["id"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        page = await person.ok("GET", "/v1/goals", params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        await post(person, "check_ins")
    assert seen == made[::-1]


@pytest.mark.parametrize("path", ["/v1/goals", "/v1/goal-kinds"])
async def test_limits_and_cursors_of_lists(person, path):
    for limit in ("0", "101", "x"):
        assert fields(await person("GET", f"{path}?limit={limit}")) == ["limit"]
    for cursor in ("x", "", "WzFd", "WyJ4Il0", "W251bGxd"):
        assert fields(await person("GET", f"{path}?cursor={cursor}")) == ["cursor"]


async def test_the_kinds(person):
    page = await person.ok("GET", "/v1/goal-kinds")
    assert [item["kind"] for item in page["items"]] == list(KINDS)
    assert page["next_cursor"] is None
    assert page["items"][6] == {
        "kind": "mood_days", "title": "Good days", "description": "So many days with a mood above a level.",
        "unit": "days", "smallest_target": 1, "largest_target": 2000, "suggested_target": 15, "needs_due_on": False,
        "fields": ["level"],
    }  # fmt: skip
    first = await person.ok("GET", "/v1/goal-kinds?limit=5")
    rest = await person.ok("GET", "/v1/goal-kinds", params={"cursor": first["next_cursor"]})
    assert first["items"] + rest["items"] == page["items"]


# -- history -------------------------------------------------------------------------------------------------------


async def test_a_history_is_mended_by_what_is_filled_in(person, life):
    await life.checks_in([TODAY - 3 * DAY, TODAY])
    goal = await post(person, "check_ins", 4, starts_on=str(TODAY - 3 * DAY))
    path = f"/v1/goals/{goal['id']}/history"
    assert [point["progress"] for point in (await person.ok("GET", path))["items"]] == [25, 25, 25, 50]
    await person.ok("PUT", f"/v1/check-ins/{TODAY - 2 * DAY}", json={"mood": 3, "urge_level": 1})
    assert (await person.ok("GET", path))["items"] == [
        {"date": str(TODAY - 3 * DAY), "progress": 25, "current": 1},
        {"date": str(TODAY - 2 * DAY), "progress": 50, "current": 2},
        {"date": str(TODAY - DAY), "progress": 50, "current": 2},
        {"date": str(TODAY), "progress": 75, "current": 3},
    ]


async def test_a_history_has_the_newest_366_days(person, life):
    await life.checks_in(days(TODAY - 400 * DAY, 401))
    goal_id = await life.goal("check_ins", 500, TODAY - 400 * DAY)
    found = (await person.ok("GET", f"/v1/goals/{goal_id}/history"))["items"]
    assert len(found) == 366
    assert found[0] == {"date": str(TODAY - 365 * DAY), "progress": 7, "current": 36}
    assert found[-1] == {"date": str(TODAY), "progress": 80, "current": 401}
