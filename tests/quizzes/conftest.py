"""A quiz with a question of each kind, which the test may give new versions, and ways to answer it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from domain.kit.database import execute
from domain.quizzes.catalogue import QuestionSeed, QuizSeed
from domain.quizzes.seeding import seed_quizzes
from tests.conftest import Api

TRIAL = "trial"
PATH = f"/v1/quizzes/{TRIAL}"
HISTORY = "/v1/me/quiz-answers"

_QUESTIONS = (
    QuestionSeed(
        id="goal", kind="choice", prompt="Which way?", hint="Any is fine.", required=True,
        options=(("up", "Upwards"), ("down", "Downwards")),
    ),
    QuestionSeed(
        id="moods", kind="choices", prompt="Which moods?", required=True,
        options=(("calm", "Calm"), ("brisk", "Brisk"), ("dull", "Dull")),
    ),
    QuestionSeed(id="strength", kind="scale", prompt="How strong?", smallest=1, largest=10),
    QuestionSeed(id="days", kind="number", prompt="How many days?", smallest=0, largest=365),
    QuestionSeed(id="note", kind="text", prompt="Anything else?"),
)  # fmt: skip
REQUIRED = {"goal": "up", "moods": ["calm"]}


def trial(version: int = 1, *more: QuestionSeed) -> QuizSeed:
    """The quiz in `version`, with further questions at its end."""
    return QuizSeed(
        slug=TRIAL, version=version, title=f"Trial {version}", intro="Five questions.", questions=(*_QUESTIONS, *more)
    )


async def offer(seed: QuizSeed) -> None:
    assert await seed_quizzes([seed]) == 1


@pytest.fixture(autouse=True)
async def quiz(app: Any) -> AsyncIterator[None]:
    """The first version of the trial, and afterwards nothing of it: tests leave the catalogues as they are."""
    await offer(trial())
    yield
    await execute("DELETE FROM quiz_runs WHERE quiz NOT IN ('onboarding', 'weekly-review')")
    await execute("DELETE FROM quizzes WHERE slug NOT IN ('onboarding', 'weekly-review')")


def said(answers: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The body of a PUT."""
    return {"answers": [{"question_id": name, "value": value} for name, value in answers.items()], **more}


async def put(person: Api, answers: dict[str, Any], *, path: str = PATH, **more: Any) -> httpx2.Response:
    return await person("PUT", f"{path}/answers", json=said(answers, **more))


async def save(person: Api, answers: dict[str, Any], *, path: str = PATH, **more: Any) -> Any:
    """The quiz after a PUT that must succeed."""
    response = await put(person, answers, path=path, **more)
    assert response.status_code == 200, response.text
    return response.json()


def values(quiz: Any) -> dict[str, Any]:
    """What a quiz shows as answered."""
    return {question["id"]: question["value"] for question in quiz["questions"] if question["value"] is not None}


def given(run: Any) -> dict[str, Any]:
    """The answers of a run of the history."""
    return {answer["question_id"]: answer["value"] for answer in run["answers"]}


async def runs(person: Api, **query: Any) -> Any:
    return (await person.ok("GET", HISTORY, params={"slug": TRIAL, **query}))["items"]
