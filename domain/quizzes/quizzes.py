"""Quizzes as a person sees them: what is offered, and how far they have come."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.kit.database import fetch, fetch_row
from domain.kit.errors import NotFound
from domain.quizzes.questions import Question

State = Literal["new", "started", "completed"]

_SLUG = re.compile(r"[a-z0-9-]{1,60}")


class QuizHead(msgspec.Struct, frozen=True):
    """A quiz without its questions.

    `version` is the one that the person's present run is on, `latest_version` the one that a new run would be on;
    `answered` counts the answers of the present run, `completed_at` is when that was complete for the first time.
    """

    slug: str
    version: int
    latest_version: int
    title: str
    intro: str
    state: State
    completed_at: datetime | None
    answered: int


class QuizSummary(QuizHead, frozen=True):
    """A quiz in the list; `questions` is how many it has."""

    questions: int


class Quiz(QuizHead, frozen=True):
    """A quiz with its questions in their order, and the answers of the person's present run."""

    questions: list[Question]


# The newest version that is switched on is offered. A person who has a run stays on its version, whatever became of
# that version since, until they take the quiz again. With $3 a run that is complete does not count: the next is wanted.
_ONE = """
SELECT shown.slug, shown.version, offered.version AS latest_version, shown.title, shown.intro, run.id AS run_id,
    run.completed_at,
    (SELECT coalesce(json_agg(json_build_object(
                'id', question.id, 'kind', question.kind, 'prompt', question.prompt, 'hint', question.hint,
                'required', question.required, 'options', question.options, 'smallest', question.smallest,
                'largest', question.largest, 'value', answer.value) ORDER BY question.position), '[]')
     FROM quiz_questions AS question
     LEFT JOIN quiz_answers AS answer ON answer.run_id = run.id AND answer.question_id = question.id
     WHERE question.quiz = shown.slug AND question.version = shown.version) AS questions
FROM (SELECT version FROM quizzes WHERE slug = $2 AND active ORDER BY version DESC LIMIT 1) AS offered
LEFT JOIN LATERAL (
    SELECT id, version, completed_at FROM quiz_runs WHERE user_id = $1 AND quiz = $2 ORDER BY id DESC LIMIT 1
) AS run ON run.completed_at IS NULL OR NOT $3
JOIN quizzes AS shown ON shown.slug = $2 AND shown.version = coalesce(run.version, offered.version)
"""

_ALL = """
SELECT shown.slug, shown.version, offered.version AS latest_version, shown.title, shown.intro, run.id AS run_id,
    run.completed_at,
    (SELECT count(*) FROM quiz_answers WHERE run_id = run.id) AS answered,
    (SELECT count(*) FROM quiz_questions WHERE quiz = shown.slug AND version = shown.version) AS questions
FROM (SELECT slug, max(version) AS version FROM quizzes WHERE active GROUP BY slug) AS offered
LEFT JOIN LATERAL (
    SELECT id, version, completed_at FROM quiz_runs WHERE user_id = $1 AND quiz = offered.slug ORDER BY id DESC LIMIT 1
) AS run ON true
JOIN quizzes AS shown ON shown.slug = offered.slug AND shown.version = coalesce(run.version, offered.version)
ORDER BY shown.slug
"""


async def list_quizzes(user_id: UUID) -> list[QuizSummary]:
    """Everything that is offered, by slug, with the person's progress. One round trip."""
    return [
        QuizSummary(**_head(row), answered=row["answered"], questions=row["questions"])
        for row in await fetch(_ALL, user_id)
    ]


async def read_quiz(user_id: UUID, slug: str) -> Quiz:
    """One quiz with its questions and the person's answers. One round trip.

    Raises NotFound for one that does not exist or is switched off.
    """
    return (await present_run(user_id, slug))[1]


async def present_run(user_id: UUID, slug: str, *, retake: bool = False) -> tuple[UUID | None, Quiz]:
    """The id of the person's newest run, None before the first, and the quiz as that run has it.

    With `retake` a run that is complete is passed over: None then, and the newest version without answers.
    Raises NotFound for a quiz that does not exist or is switched off.
    """
    row = await fetch_row(_ONE, user_id, slug, retake) if is_slug(slug) else None
    if row is None:
        raise NotFound
    questions = msgspec.json.decode(row["questions"], type=list[Question])
    answered = sum(question.value is not None for question in questions)
    return row["run_id"], Quiz(**_head(row), answered=answered, questions=questions)


def is_slug(text: str) -> bool:
    """Whether a quiz can have this name."""
    return _SLUG.fullmatch(text) is not None


def _head(row: Any) -> dict[str, Any]:
    head = {name: row[name] for name in ("slug", "version", "latest_version", "title", "intro", "completed_at")}
    return {**head, "state": _state(row["run_id"], row["completed_at"])}


def _state(run_id: UUID | None, completed_at: datetime | None) -> State:
    if run_id is None:
        return "new"
    return "started" if completed_at is None else "completed"
