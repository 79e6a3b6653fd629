"""What the home screen shows of urges, slips, the journal, goals, achievements and quizzes: right without any job."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from domain.dashboard.home import read_home
from domain.kit.clock import clock
from domain.kit.database import execute
from domain.kit.ids import new_id
from tests.conftest import Api
from tests.recovery.conftest import Traveller, moment, run_of

LiveIn = Callable[..., Awaitable[Traveller]]
Drain = Callable[..., Awaitable[Any]]
BERLIN = "Europe/Berlin"


@pytest.fixture
async def person(live_in: LiveIn) -> Traveller:
    return await live_in(BERLIN, "2026-05-01 09:00")


async def home(person: Traveller, when: str) -> Any:
    return await person.reads(when, "/v1/me/dashboard")


async def does(person: Traveller, when: str, path: str, method: str = "POST", **body: Any) -> Any:
    with clock.frozen(moment(when, person.zone)):
        return await person.api.ok(method, path, json=body)


async def test_urges_and_journal_of_seven_days(person: Traveller) -> None:
    for when in ("2026-05-03 23:59", "2026-05-04 00:01", "2026-05-10 23:00"):
        await does(person, when, "/v1/urges", intensity=5, outcome="resisted")
        await does(person, when, "/v1/journal", body="A page.")
    await does(person, "2026-05-10 23:30", "/v1/urges", intensity=9, outcome="ongoing")
    shown = (await home(person, "2026-05-10 23:59"))["last_seven_days"]
    assert (shown["urges"], shown["urges_resisted"], shown["journal_entries"]) == (3, 2, 2)
    shown = (await home(person, "2026-05-11 00:01"))["last_seven_days"]
    assert (shown["urges"], shown["urges_resisted"], shown["journal_entries"]) == (2, 1, 1)


async def test_the_days_are_those_of_the_place(live_in: LiveIn) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Honolulu"):
        person = await live_in(zone, "2026-05-01 09:00")
        await does(person, "2026-05-04 00:01", "/v1/urges", intensity=5, outcome="resisted")
        assert (await home(person, "2026-05-10 23:59"))["last_seven_days"]["urges"] == 1
        assert (await home(person, "2026-05-11 00:01"))["last_seven_days"]["urges"] == 0


async def test_a_slip_is_shown_while_it_can_be_undone(person: Traveller) -> None:
    first = await does(person, "2026-05-04 20:00", "/v1/slips", reflection="Too tired.")
    assert (await home(person, "2026-05-05 20:00"))["slip"]["id"] == first["id"]
    assert (await home(person, "2026-05-05 20:01"))["slip"] is None
    # Told later, of an earlier day: it can be undone from when it was told.
    earlier = moment("2026-05-03 22:00", BERLIN).isoformat()
    told = await does(person, "2026-05-06 08:00", "/v1/slips", occurred_at=earlier)
    shown = (await home(person, "2026-05-07 08:00"))["slip"]
    assert shown == {
        "id": told["id"],
        "occurred_at": "2026-05-03T20:00:00Z",
        "date": "2026-05-03",
        "undo_until": "2026-05-07T06:00:00Z",
    }
    assert shown["undo_until"] == told["undo_until"]
    assert (await home(person, "2026-05-07 08:01"))["slip"] is None


async def test_an_undone_slip_is_gone_and_the_days_are_back(person: Traveller) -> None:
    before = (await home(person, "2026-05-09 12:00"))["streak"]
    slip = await does(person, "2026-05-09 12:00", "/v1/slips")
    assert (await home(person, "2026-05-09 12:01"))["streak"]["clean"]["current_days"] == 0
    with clock.frozen(moment("2026-05-09 12:30", BERLIN)):
        await person.api.ok("DELETE", f"/v1/slips/{slip['id']}")
    shown = await home(person, "2026-05-09 13:00")
    assert (shown["slip"], shown["streak"]) == (None, before)


async def test_goals_are_live_and_the_same_as_in_their_list(person: Traveller) -> None:
    await does(person, "2026-05-01 10:00", "/v1/goals", kind="check_ins", target=4)
    await does(person, "2026-05-01 11:00", "/v1/goals", kind="clean_days", target=10)
    for when in run_of(date(2026, 5, 1), 3):
        await person.checks_in(when)
    shown = await home(person, "2026-05-05 12:00")
    assert [(goal["kind"], goal["progress"]) for goal in shown["goals"]] == [("clean_days", 40), ("check_ins", 75)]
    assert shown["goals"] == (await person.reads("2026-05-05 12:00", "/v1/goals"))["items"]


async def test_a_goal_that_time_alone_reached_is_completed_without_a_job(person: Traveller) -> None:
    goal = await does(person, "2026-05-01 10:00", "/v1/goals", kind="clean_days", target=3)
    (shown,) = (await home(person, "2026-05-03 23:59"))["goals"]
    assert (shown["status"], shown["progress"]) == ("active", 66)
    (shown,) = (await home(person, "2026-05-04 00:01"))["goals"]
    assert (shown["id"], shown["status"], shown["progress"]) == (goal["id"], "completed", 100)
    assert shown["completed_at"] == "2026-05-03T22:00:00Z"
    assert (await home(person, "2026-05-04 00:02"))["goals"] == [shown]


async def test_fifty_looks_at_once_complete_it_once(person: Traveller) -> None:
    await does(person, "2026-05-01 10:00", "/v1/goals", kind="clean_days", target=3)
    with clock.frozen(moment("2026-05-04 00:01", BERLIN)):
        homes = await asyncio.gather(*(read_home(person.user_id) for _ in range(50)))
        told = (await person.api.ok("GET", "/v1/notifications"))["items"]
    assert {home.goals[0].status for home in homes} == {"completed"}
    assert [each["kind"] for each in told] == ["goal"]


async def test_completed_and_missed_goals_leave_after_a_week_and_archived_ones_at_once(person: Traveller) -> None:
    await does(person, "2026-05-01 10:00", "/v1/goals", kind="check_ins", target=1)
    await does(person, "2026-05-01 10:00", "/v1/goals", kind="check_ins", target=9, due_on="2026-05-03")
    archived = await does(person, "2026-05-01 10:00", "/v1/goals", kind="custom", target=5)
    await person.checks_in("2026-05-03 12:00")
    shown = (await home(person, "2026-05-03 12:00"))["goals"]
    assert [goal["status"] for goal in shown] == ["active", "active", "completed"]
    await does(person, "2026-05-03 13:00", f"/v1/goals/{archived['id']}", "PATCH", status="archived")
    for when, statuses in {
        "2026-05-03 14:00": ["active", "completed"],
        "2026-05-04 00:01": ["missed", "completed"],
        "2026-05-09 23:59": ["missed", "completed"],
        "2026-05-10 00:01": ["completed"],
        "2026-05-10 11:59": ["completed"],
        "2026-05-10 12:01": [],
    }.items():
        assert [goal["status"] for goal in (await home(person, when))["goals"]] == statuses, when


async def test_goals_that_were_missed_leave_room_for_those_under_way(person: Traveller) -> None:
    under_way = await does(person, "2026-05-01 10:00", "/v1/goals", kind="custom", target=5)
    for _ in range(10):
        await does(person, "2026-05-01 11:00", "/v1/goals", kind="custom", target=5, due_on="2026-05-03")
    for when in ("2026-05-05 12:00", "2026-05-10 12:00"):
        assert (await home(person, when))["goals"][0]["id"] == under_way["id"], when


async def test_ten_goals_at_most_those_under_way_first(person: Traveller) -> None:
    await does(person, "2026-05-01 10:00", "/v1/goals", kind="check_ins", target=1)
    for number in range(11):
        await does(person, "2026-05-01 10:00", "/v1/goals", kind="custom", target=5, title=f"goal {number}")
    await person.checks_in("2026-05-01 12:00")
    shown = (await home(person, "2026-05-01 13:00"))["goals"]
    assert [goal["title"] for goal in shown] == [f"goal {number}" for number in range(10, 0, -1)]


async def test_the_latest_achievements_and_the_next(person: Traveller, drain: Drain) -> None:
    for when in run_of(date(2026, 5, 1), 5):
        await person.checks_in(when)
    with clock.frozen(moment("2026-05-05 13:00", BERLIN)):
        await drain()
    shown = await home(person, "2026-05-05 14:00")
    earned = [each for each in (await person.reads("2026-05-05 14:00", "/v1/achievements"))["items"]
              if each["earned_at"]]  # fmt: skip
    assert len(earned) > 3
    latest = sorted((each["earned_at"] for each in earned), reverse=True)[:3]
    assert [each["earned_at"] for each in shown["achievements"]] == latest
    assert {each["slug"] for each in shown["achievements"]} <= {each["slug"] for each in earned}
    everything = (await person.reads("2026-05-05 14:00", "/v1/achievements"))["items"]
    ahead = [
        each for each in everything
        if each["metric"] in ("best_clean_days", "check_in_streak") and each["current"] < each["level"]
    ]  # fmt: skip
    assert shown["next_achievement"] == max(ahead, key=lambda each: each["progress"])


async def test_the_next_achievement_follows_the_day(person: Traveller) -> None:
    for day, level in ((1, 1), (2, 3), (4, 7), (8, 14), (15, 30)):
        shown = (await home(person, f"2026-05-{day:02} 12:00"))["next_achievement"]
        if day > 1:
            assert (shown["metric"], shown["current"], shown["level"]) == ("best_clean_days", day - 1, level)
        else:
            assert shown["current"] == 0


async def test_there_may_be_nothing_left_to_achieve(person: Traveller) -> None:
    await execute("UPDATE check_in_streaks SET best = 100000 WHERE user_id = $1", person.user_id)
    await person.checks_in("2026-05-01 12:00")
    await execute("UPDATE check_in_streaks SET best = 100000 WHERE user_id = $1", person.user_id)
    await execute("UPDATE attempts SET started_on = '1900-01-01' WHERE user_id = $1", person.user_id)
    assert (await home(person, "2026-05-01 13:00"))["next_achievement"] is None


async def test_quizzes_wait_until_they_are_done(person: Traveller) -> None:
    async def waiting(when: str) -> list[tuple[str, bool]]:
        return [(quiz["slug"], quiz["started"]) for quiz in (await home(person, when))["quizzes_waiting"]]

    async def answers(when: str, slug: str, only: int | None = None) -> None:
        with clock.frozen(moment(when, BERLIN)):
            quiz = await person.api.ok("GET", f"/v1/quizzes/{slug}")
            given = [{"question_id": each["id"], "value": _answer(each)} for each in quiz["questions"]]
            await person.api.ok("PUT", f"/v1/quizzes/{slug}/answers", json={"answers": given[:only], "retake": True})

    assert await waiting("2026-05-01 10:00") == [("onboarding", False)]
    await answers("2026-05-01 10:00", "onboarding", only=1)
    assert await waiting("2026-05-01 10:01") == [("onboarding", True)]
    await answers("2026-05-01 10:02", "onboarding")
    assert await waiting("2026-05-01 10:03") == []
    # A week after joining, then a week after the last time.
    assert await waiting("2026-05-08 08:59") == []
    assert await waiting("2026-05-08 09:01") == [("weekly-review", False)]
    await answers("2026-05-08 20:00", "weekly-review")
    assert await waiting("2026-05-15 19:59") == []
    assert await waiting("2026-05-15 20:01") == [("weekly-review", False)]


def _answer(question: dict[str, Any]) -> Any:
    if question["kind"] == "choice":
        return question["options"][0]["value"]
    if question["kind"] == "choices":
        return [question["options"][0]["value"]]
    return "A word." if question["kind"] == "text" else question["smallest"] or 1


async def test_the_plan_follows_from_grants_in_force(person: Traveller) -> None:
    await execute(
        "INSERT INTO grants (id, user_id, starts_at, ends_at, reason) VALUES ($1, $2, $3, $4, 'a gift')",
        new_id(), person.user_id, moment("2026-05-02 00:00", BERLIN), moment("2026-05-03 00:00", BERLIN),
    )  # fmt: skip
    plans = [(await home(person, f"2026-05-0{day} 12:00"))["plan"] for day in (1, 2, 3)]
    assert plans == ["free", "subscriber", "free"]


async def test_nobody_elses_life_is_shown(person: Traveller, sign_up: Callable[..., Awaitable[Api]]) -> None:
    for path, body in (
        ("/v1/urges", {"intensity": 5, "outcome": "resisted"}),
        ("/v1/journal", {"body": "A page."}),
        ("/v1/slips", {}),
        ("/v1/goals", {"kind": "custom", "target": 3}),
    ):
        await does(person, "2026-05-01 12:00", path, **body)
    with clock.frozen(moment("2026-05-01 12:00", BERLIN)):
        other = Traveller(await sign_up(), BERLIN)
    shown = await home(other, "2026-05-01 13:00")
    assert (shown["slip"], shown["goals"], shown["achievements"]) == (None, [], [])
    assert shown["last_seven_days"] == {"urges": 0, "urges_resisted": 0, "journal_entries": 0, "freeze_days": []}


async def test_days_that_a_freeze_covered(person: Traveller) -> None:
    for when in run_of(date(2026, 5, 1), 7):
        await person.checks_in(when)
    assert (await home(person, "2026-05-08 12:00"))["last_seven_days"]["freeze_days"] == []
    # The eighth is over and no check-in came.
    assert (await home(person, "2026-05-09 12:00"))["last_seven_days"]["freeze_days"] == ["2026-05-08"]
    await person.checks_in("2026-05-09 13:00")
    shown = await home(person, "2026-05-14 12:00")
    assert shown["streak"]["check_in"]["current_days"] == 0
    assert shown["last_seven_days"]["freeze_days"] == ["2026-05-08"]
    # Filled in, it needed none; then the next one was covered instead.
    await person.checks_in("2026-05-10 14:00", "2026-05-08")
    assert (await home(person, "2026-05-11 12:00"))["last_seven_days"]["freeze_days"] == ["2026-05-10"]


async def test_a_day_skipped_by_flying_east_took_no_freeze(live_in: LiveIn) -> None:
    person = await live_in("Pacific/Honolulu", "2026-05-01 08:00")
    for when in run_of(date(2026, 5, 1), 8):
        await person.checks_in(when)
    # The ninth lasted half an hour.
    await person.moves("2026-05-09 00:30", "Pacific/Kiritimati")
    await person.checks_in("2026-05-10 12:00")
    shown = await home(person, "2026-05-11 12:00")
    assert shown["streak"]["check_in"]["current_days"] == 9
    assert shown["last_seven_days"]["freeze_days"] == []
