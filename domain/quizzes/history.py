"""What a person has answered so far: every run of every quiz, and what Anchor gets to know of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kit.database import fetch
from domain.kit.errors import InvalidRequest
from domain.kit.pagination import ABOVE_ALL_IDS, Page, decode_cursor, page_of
from domain.quizzes.questions import Value
from domain.quizzes.quizzes import is_slug


class GivenAnswer(msgspec.Struct, frozen=True):
    """An answer with the question as it was asked. `labels` are those of the chosen options, else empty."""

    question_id: str
    prompt: str
    value: Value
    labels: list[str]
    answered_at: datetime


class Run(msgspec.Struct, frozen=True):
    """One time of taking a quiz. `current` is the newest of that quiz: the one that counts and can be corrected."""

    id: UUID
    slug: str
    version: int
    title: str
    started_at: datetime
    completed_at: datetime | None
    current: bool
    answers: list[GivenAnswer]


class KnownAnswer(msgspec.Struct, frozen=True):
    """An answer in words. `labels` are those of the chosen options, or the number or the text itself."""

    slug: str
    question_id: str
    prompt: str
    labels: list[str]
    answered_at: datetime


# A choice is one value, several are a list of them: `@>` holds for both.
_LABELS = """ARRAY(SELECT option.item ->> 'label'
                   FROM jsonb_array_elements(question.options) WITH ORDINALITY AS option (item, place)
                   WHERE answer.value @> (option.item -> 'value') ORDER BY option.place)"""

_RUNS = f"""
SELECT run.id, run.quiz AS slug, run.version, quizzes.title, run.started_at, run.completed_at,
    run.id = (SELECT newest.id FROM quiz_runs AS newest WHERE newest.user_id = $1 AND newest.quiz = run.quiz
              ORDER BY newest.id DESC LIMIT 1) AS current,
    (SELECT coalesce(json_agg(json_build_object(
                'question_id', question.id, 'prompt', question.prompt, 'value', answer.value, 'labels', {_LABELS},
                'answered_at', answer.answered_at) ORDER BY question.position), '[]')
     FROM quiz_answers AS answer
     JOIN quiz_questions AS question
         ON question.quiz = run.quiz AND question.version = run.version AND question.id = answer.question_id
     WHERE answer.run_id = run.id) AS answers
FROM quiz_runs AS run JOIN quizzes ON quizzes.slug = run.quiz AND quizzes.version = run.version
WHERE run.user_id = $1 AND ($2::text IS NULL OR run.quiz = $2) AND run.id < $3
ORDER BY run.id DESC LIMIT $4
"""

# The open run, if there is one, and the last complete run: what the open one has no answer to yet is still known from
# the other. The fence (OFFSET 0) makes PostgreSQL look up these few runs' answers instead of reading everybody's.
_FOR_ANCHOR = f"""
SELECT user_id, slug, question_id, prompt, labels, plain, answered_at FROM (
    SELECT DISTINCT ON (person.id, quiz.slug, question.id) person.id AS user_id, quiz.slug, question.id AS question_id,
        question.prompt, question.position, {_LABELS} AS labels, answer.value #>> '{{}}' AS plain, answer.answered_at
    FROM unnest($1::uuid[]) AS person (id)
    CROSS JOIN (SELECT DISTINCT slug FROM quizzes) AS quiz
    CROSS JOIN LATERAL (
        SELECT id, version FROM quiz_runs WHERE user_id = person.id AND quiz = quiz.slug AND completed_at IS NULL
        UNION ALL
        (SELECT id, version FROM quiz_runs
         WHERE user_id = person.id AND quiz = quiz.slug AND completed_at IS NOT NULL ORDER BY id DESC LIMIT 1)
    ) AS run
    CROSS JOIN LATERAL (SELECT * FROM quiz_answers WHERE run_id = run.id OFFSET 0) AS answer
    JOIN quiz_questions AS question
        ON question.quiz = quiz.slug AND question.version = run.version AND question.id = answer.question_id
    ORDER BY person.id, quiz.slug, question.id, run.id DESC
) AS known
ORDER BY slug, position, question_id
"""


async def list_runs(user_id: UUID, slug: str | None, limit: int, cursor: str | None) -> Page[Run]:
    """The person's runs, of all quizzes or of one, newest first, those of quizzes that are switched off included.

    One round trip. Raises InvalidRequest for a bad slug or cursor.
    """
    key = decode_cursor(cursor, tuple[UUID])
    if slug is not None and not is_slug(slug):
        raise InvalidRequest("is not the name of a quiz", field="slug")
    rows = await fetch(_RUNS, user_id, slug, key[0] if key is not None else ABOVE_ALL_IDS, limit + 1)
    return page_of(rows, limit, _run_of, lambda row: (row["id"],))


def _run_of(row: Any) -> Run:
    return Run(**{**row, "answers": msgspec.json.decode(row["answers"], type=list[GivenAnswer])})


async def answers_for_anchor(user_ids: Sequence[UUID]) -> dict[UUID, list[KnownAnswer]]:
    """By person, the answers of the current run of each quiz, in the order of the questions; empty without any.

    While a retake is under way, questions that it has no answer to yet keep the answer of the run before. One round
    trip, whatever the number of people.
    """
    known: dict[UUID, list[KnownAnswer]] = {user_id: [] for user_id in user_ids}
    for user_id, slug, question_id, prompt, labels, plain, answered_at in await fetch(_FOR_ANCHOR, user_ids):
        known[user_id].append(KnownAnswer(slug, question_id, prompt, labels or [plain], answered_at))
    return known
