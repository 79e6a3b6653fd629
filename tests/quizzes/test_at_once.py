"""Fifty saves at once: all hold, and there is one run."""

from __future__ import annotations

import asyncio

import pytest

from domain.kit.database import execute, fetch, fetch_value
from domain.quizzes.catalogue import QuestionSeed, QuizSeed
from domain.recovery.progress import RecomputeProgress
from tests.quizzes.conftest import PATH, REQUIRED, offer, put, said, save, values

_IDS = [f"q{number}" for number in range(50)]
LONG = "/v1/quizzes/long"


@pytest.fixture
async def long_quiz(quiz) -> None:
    """A quiz of fifty questions, all of which are required."""
    questions = tuple(QuestionSeed(id=name, kind="text", prompt="What?", required=True) for name in _IDS)
    await offer(QuizSeed(slug="long", version=1, title="Long", intro="Fifty.", questions=questions))


async def states() -> list[tuple]:
    rows = await fetch("SELECT version, completed_at IS NOT NULL FROM quiz_runs ORDER BY id")
    return [tuple(row) for row in rows]


async def test_of_fifty_saves_to_different_questions_all_hold(person, long_quiz):
    answers = await asyncio.gather(*(put(person, {name: f"said {name}"}, path=LONG) for name in _IDS))
    assert {answer.status_code for answer in answers} == {200}
    shown = await person.ok("GET", LONG)
    assert values(shown) == {name: f"said {name}" for name in _IDS}
    assert shown["state"] == "completed"
    assert await states() == [(1, True)]
    jobs = await fetch("SELECT generation FROM jobs WHERE name = $1", RecomputeProgress.name)
    assert [row["generation"] for row in jobs] == [1]


async def test_fifty_first_saves_make_one_run(person):
    answers = await asyncio.gather(*(put(person, {"goal": "up"}) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert await states() == [(1, False)]


async def test_fifty_first_saves_of_everything_make_one_run(person):
    answers = await asyncio.gather(*(put(person, {**REQUIRED, "days": number}) for number in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert await states() == [(1, True)]
    assert values(await person.ok("GET", PATH))["days"] in range(50)
    jobs = await fetch("SELECT generation FROM jobs WHERE name = $1", RecomputeProgress.name)
    assert [row["generation"] for row in jobs] == [1]


async def test_fifty_retakes_begin_one_run(person):
    await save(person, REQUIRED)
    answers = await asyncio.gather(*(put(person, {"days": number}, retake=True) for number in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert await states() == [(1, True), (1, False)]


async def test_fifty_with_one_key_are_one_retake(person):
    await save(person, REQUIRED)
    body = said({"goal": "down", "moods": ["dull"]}, retake=True)
    answers = await asyncio.gather(
        *(person("PUT", f"{PATH}/answers", json=body, headers={"Idempotency-Key": "k"}) for _ in range(50))
    )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}
    assert await states() == [(1, True), (1, True)]


async def test_completing_and_taking_back_at_once_never_leaves_a_hole(person):
    await save(person, {"goal": "up"})
    calls = [put(person, {"moods": ["calm"]}) if number % 2 else put(person, {"goal": None}) for number in range(20)]
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} <= {200, 422}
    shown = await person.ok("GET", PATH)
    assert (shown["state"] == "completed") == (values(shown).keys() >= REQUIRED.keys())


async def test_two_people_at_once_have_a_run_each(person, sign_up):
    other = await sign_up()
    await asyncio.gather(*(put(one, {"goal": "up"}) for one in (person, other) for _ in range(10)))
    assert await fetch_value("SELECT count(DISTINCT user_id) FROM quiz_runs") == 2
    assert await states() == [(1, False), (1, False)]


async def test_the_table_itself_holds_to_one_open_run(person):
    import asyncpg

    await save(person, {"goal": "up"})
    with pytest.raises(asyncpg.UniqueViolationError):
        await execute(
            """INSERT INTO quiz_runs (id, user_id, quiz, version, started_at, updated_at)
               SELECT gen_random_uuid(), user_id, quiz, version, started_at, updated_at FROM quiz_runs"""
        )
