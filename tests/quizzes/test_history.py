"""GET /v1/me/quiz-answers, and what Anchor gets to know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value
from domain.kit.ids import new_id
from domain.kit.pagination import ABOVE_ALL_IDS
from domain.quizzes.catalogue import QuestionSeed
from domain.quizzes.history import KnownAnswer, answers_for_anchor
from tests.quizzes.conftest import HISTORY, REQUIRED, TRIAL, given, offer, runs, save, trial
from tests.recovery.conftest import plan, statements  # noqa: F401
from tests.routes.conftest import fields, problem
from tests.urges.plans import generic_scans

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ONBOARDING = "/v1/quizzes/onboarding"


def user_id(person) -> UUID:
    return UUID(person.user["id"])


async def retakes(person, numbers) -> None:
    """A completed run for each number, told apart by it."""
    for number in numbers:
        await save(person, {**REQUIRED, "days": number}, retake=True)


# -- the list ------------------------------------------------------------------------------------------------------


async def test_nothing_is_an_empty_page(person):
    assert await person.ok("GET", HISTORY) == {"items": [], "next_cursor": None}


async def test_a_run_with_the_questions_as_they_were_asked(person):
    with clock.frozen(NOON):
        await save(person, {"note": "hello", "moods": ["dull", "calm"], "strength": 7})
    with clock.frozen(NOON + timedelta(minutes=1)):
        await save(person, {"goal": "down"})
    (run,) = await runs(person)
    assert UUID(run.pop("id")).version == 7
    assert run == {
        "slug": TRIAL, "version": 1, "title": "Trial 1", "started_at": "2026-11-20T12:00:00Z",
        "completed_at": "2026-11-20T12:01:00Z", "current": True,
        "answers": [
            {"question_id": "goal", "prompt": "Which way?", "value": "down", "labels": ["Downwards"],
             "answered_at": "2026-11-20T12:01:00Z"},
            {"question_id": "moods", "prompt": "Which moods?", "value": ["calm", "dull"], "labels": ["Calm", "Dull"],
             "answered_at": "2026-11-20T12:00:00Z"},
            {"question_id": "strength", "prompt": "How strong?", "value": 7, "labels": [],
             "answered_at": "2026-11-20T12:00:00Z"},
            {"question_id": "note", "prompt": "Anything else?", "value": "hello", "labels": [],
             "answered_at": "2026-11-20T12:00:00Z"},
        ],
    }  # fmt: skip


async def test_the_newest_run_of_each_quiz_is_the_current_one(person):
    await retakes(person, (1, 2))
    await save(person, {"goal": "stop"}, path=ONBOARDING)
    await save(person, {"days": 3}, retake=True)
    items = (await person.ok("GET", HISTORY))["items"]
    assert [(run["slug"], given(run).get("days"), run["current"]) for run in items] == [
        (TRIAL, 3, True), ("onboarding", None, True), (TRIAL, 2, False), (TRIAL, 1, False),
    ]  # fmt: skip
    assert items[0]["completed_at"] is None


async def test_a_quiz_can_be_asked_for(person):
    await save(person, {"goal": "stop"}, path=ONBOARDING)
    await save(person, REQUIRED)
    for slug in (TRIAL, "onboarding"):
        assert [run["slug"] for run in await runs(person, slug=slug)] == [slug]
    assert await runs(person, slug="weekly-review") == []
    assert await runs(person, slug="never-heard-of") == []


@pytest.mark.parametrize(
    "slug", ["", "%00", "Trial", "a b", "x" * 61], ids=["empty", "nul", "capital", "blank", "long"]
)
async def test_a_slug_that_no_quiz_can_have_is_400(person, slug):
    assert fields(await person("GET", f"{HISTORY}?slug={slug}")) == ["slug"]


async def test_pages_hold_everything_once_while_runs_are_added(person):
    await retakes(person, range(7))
    first = await person.ok("GET", HISTORY, params={"limit": 3})
    await retakes(person, (7, 8))
    second = await person.ok("GET", HISTORY, params={"limit": 3, "cursor": first["next_cursor"]})
    third = await person.ok("GET", HISTORY, params={"limit": 3, "cursor": second["next_cursor"], "slug": TRIAL})
    shown = [given(run)["days"] for page in (first, second, third) for run in page["items"]]
    assert shown == [6, 5, 4, 3, 2, 1, 0]
    assert third["next_cursor"] is None
    assert [run["current"] for run in first["items"]] == [True, False, False]
    # Of the second page none is the newest, though the page does not show that one.
    assert not any(run["current"] for run in second["items"])


async def test_bad_cursors_and_limits_are_400(person):
    for cursor in ("", "x", "W10", "WzFd", "WyJ4Il0"):
        assert fields(await person("GET", HISTORY, params={"cursor": cursor})) == ["cursor"]
    for limit in ("0", "101", "x"):
        assert fields(await person("GET", HISTORY, params={"limit": limit})) == ["limit"]


async def test_nobody_sees_another_person_s_runs(person, sign_up, stranger):
    other = await sign_up()
    await retakes(person, (1, 2))
    await retakes(other, (3,))
    # Nor is one's own run any older for it.
    assert [run["current"] for run in await runs(person)] == [True, False]
    await execute("DELETE FROM quiz_runs WHERE user_id = $1", user_id(other))
    cursor = (await person.ok("GET", HISTORY, params={"limit": 1}))["next_cursor"]
    assert (await other.ok("GET", HISTORY, params={"cursor": cursor}))["items"] == []
    assert (await other.ok("GET", HISTORY))["items"] == []
    problem(await stranger("GET", HISTORY), 401, "unauthenticated")


async def test_the_list_is_one_round_trip(person, statements):  # noqa: F811
    await retakes(person, (1, 2))
    statements.clear()
    assert len(await runs(person)) == 2
    assert len(statements) == 1
    assert "Seq Scan" not in await plan(statements[0], user_id(person), TRIAL, ABOVE_ALL_IDS, 21)


async def test_a_page_of_a_long_list_reads_no_more_than_the_page(person, statements):  # noqa: F811
    await retakes(person, (1,))
    await execute(
        """INSERT INTO quiz_runs (id, user_id, quiz, version, started_at, updated_at, completed_at)
           SELECT gen_random_uuid(), user_id, quiz, version, started_at, updated_at, completed_at
           FROM quiz_runs, generate_series(1, 2000)"""
    )
    await execute("ANALYZE quiz_runs")
    late = await fetch_value("SELECT id FROM quiz_runs ORDER BY id OFFSET 100 LIMIT 1")
    statements.clear()
    await runs(person)
    read = await generic_scans(statements[0], f"'{user_id(person)}'", "NULL", f"'{late}'", "21")
    # Of each run that is shown, it looks for the newest of its quiz.
    assert sorted(scan.rows for scan in read if scan.table == "quiz_runs") == [21, 21]


# -- for Anchor ----------------------------------------------------------------------------------------------------


async def known(person) -> dict[str, list[str]]:
    answers = await answers_for_anchor([user_id(person)])
    return {answer.question_id: answer.labels for answer in answers[user_id(person)]}


async def test_anchor_gets_prompts_and_labels_in_order(person):
    with clock.frozen(NOON):
        await save(person, {"note": "hello", "strength": 7, "days": 0, **REQUIRED, "moods": ["calm", "dull"]})
        await save(person, {"goal": "cut_down"}, path=ONBOARDING)
    assert await answers_for_anchor([user_id(person)]) == {
        user_id(person): [
            KnownAnswer("onboarding", "goal", "What would you like to reach?", ["To cut down"], NOON),
            KnownAnswer(TRIAL, "goal", "Which way?", ["Upwards"], NOON),
            KnownAnswer(TRIAL, "moods", "Which moods?", ["Calm", "Dull"], NOON),
            KnownAnswer(TRIAL, "strength", "How strong?", ["7"], NOON),
            KnownAnswer(TRIAL, "days", "How many days?", ["0"], NOON),
            KnownAnswer(TRIAL, "note", "Anything else?", ["hello"], NOON),
        ]
    }


async def test_many_people_are_one_round_trip(person, sign_up, statements):  # noqa: F811
    others = [await sign_up() for _ in range(3)]
    await save(person, {"note": "mine"})
    await save(others[0], {"note": "theirs"})
    await save(others[1], {"note": "not asked for"})
    asked = [user_id(person), user_id(others[0]), user_id(others[2])]
    nobody = new_id()
    statements.clear()
    found = await answers_for_anchor([*asked, nobody])
    assert len(statements) == 1
    assert [[answer.labels for answer in found[one]] for one in asked] == [[["mine"]], [["theirs"]], []]
    assert found[nobody] == []
    assert len(found) == 4
    assert "Seq Scan on quiz_runs" not in await plan(statements[0], asked)
    assert "Seq Scan on quiz_answers" not in await plan(statements[0], asked)
    assert await answers_for_anchor([]) == {}


async def test_anchor_knows_the_run_that_counts(person):
    await save(person, {**REQUIRED, "note": "first", "days": 1})
    await save(person, {"goal": "down", "moods": ["dull"], "days": 2}, retake=True)
    assert await known(person) == {"goal": ["Downwards"], "moods": ["Dull"], "days": ["2"]}


async def test_while_a_retake_is_open_anchor_forgets_nothing(person):
    await retakes(person, (1,))
    await save(person, {**REQUIRED, "note": "before", "days": 2}, retake=True)
    await save(person, {"goal": "down"}, retake=True)
    assert await known(person) == {"goal": ["Downwards"], "moods": ["Calm"], "days": ["2"], "note": ["before"]}
    await save(person, {"moods": ["dull"]})
    assert await known(person) == {"goal": ["Downwards"], "moods": ["Dull"]}


async def test_anchor_reads_each_answer_in_its_version(person):
    await save(person, {**REQUIRED, "note": "before"})
    await offer(trial(2, QuestionSeed(id="extra", kind="text", prompt="And?")))
    await save(person, {"extra": "new"}, retake=True)
    assert await known(person) == {"goal": ["Upwards"], "moods": ["Calm"], "note": ["before"], "extra": ["new"]}
    await execute("UPDATE quizzes SET active = false WHERE slug = $1", TRIAL)
    assert (await known(person))["extra"] == ["new"]
