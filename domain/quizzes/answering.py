"""Answering a quiz: in one go or piece by piece, corrected afterwards, taken again."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from domain.kit.database import execute
from domain.kit.errors import InvalidRequest, RuleBroken
from domain.kit.idempotency import IdempotencyKey, once
from domain.kit.ids import new_id
from domain.quizzes.questions import Question, Value, checked_value
from domain.quizzes.quizzes import Quiz, present_run, read_quiz
from domain.recovery.moments import moment_of
from domain.recovery.progress import progress_changed

MOST_ANSWERS = 100


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person says to a question; null takes the answer back."""

    question_id: str
    value: Value | None


# An answer that is sent again as it was keeps the time at which it was given. $6 is null while the run is incomplete.
_WRITE = """
WITH run AS (
    INSERT INTO quiz_runs (id, user_id, quiz, version, started_at, updated_at, completed_at)
    VALUES ($1, $2, $3, $4, $5, $5, $6)
    ON CONFLICT (id) DO UPDATE SET
        updated_at = EXCLUDED.updated_at, completed_at = coalesce(quiz_runs.completed_at, EXCLUDED.completed_at)
), taken_back AS (
    DELETE FROM quiz_answers WHERE run_id = $1 AND question_id = ANY ($7)
)
INSERT INTO quiz_answers (run_id, question_id, value, answered_at)
SELECT $1, said.key, said.value, $5 FROM jsonb_each($8::jsonb) AS said
ON CONFLICT (run_id, question_id) DO UPDATE SET value = EXCLUDED.value, answered_at = EXCLUDED.answered_at
WHERE quiz_answers.value <> EXCLUDED.value
"""


async def save_answers(
    user_id: UUID, slug: str, answers: Sequence[Answer], *, retake: bool, key: IdempotencyKey | None = None
) -> Quiz:
    """Merge `answers` into the person's present run and return the quiz as it is then; the first save begins a run.

    A run is complete once every required question has an answer, and stays so: later saves correct it, unless `retake`
    asks for a new run on the newest version. While a run is incomplete `retake` goes on with that one.
    Raises NotFound for a quiz that does not exist or is switched off, InvalidRequest for what is no answer to a
    question of the run's version, RuleBroken `required_answer` when a complete run would lose a required answer,
    ConsentRequired once `terms` or `sensitive_data` is withdrawn, Conflict as `once`.
    """

    async def save() -> UUID:
        return await _save(user_id, slug, answers, retake)

    await once(key, 200, save)
    return await read_quiz(user_id, slug)


async def _save(user_id: UUID, slug: str, answers: Sequence[Answer], retake: bool) -> UUID:
    # The person is held, not the run: of several first saves, or retakes, the later ones must find what the first made,
    # even if that is complete by then.
    moment = await moment_of(user_id, hold=True)
    run_id, quiz = await present_run(user_id, slug, retake=retake)
    given = _checked(answers, quiz.questions)
    missing = [question.id for question in quiz.questions if question.required and not _has_answer(question, given)]
    if missing and quiz.completed_at is not None:
        raise RuleBroken("This question needs an answer.", code="required_answer", extra={"question_id": missing[0]})
    run_id = run_id or new_id()
    said = {question_id: value for question_id, value in given.items() if value is not None}
    taken_back = [question_id for question_id, value in given.items() if value is None]
    await execute(
        _WRITE,
        run_id, user_id, slug, quiz.version, moment.now, None if missing else moment.now, taken_back,
        msgspec.json.encode(said).decode(),
    )  # fmt: skip
    if not missing and quiz.completed_at is None:
        await progress_changed(user_id)
    return run_id


def _has_answer(question: Question, given: dict[str, Value | None]) -> bool:
    return given.get(question.id, question.value) is not None


def _checked(answers: Sequence[Answer], questions: Sequence[Question]) -> dict[str, Value | None]:
    """By question, what to keep, or None for an answer to remove. Raises InvalidRequest."""
    if len(answers) > MOST_ANSWERS:
        raise InvalidRequest(f"may be at most {MOST_ANSWERS}", field="answers")
    known = {question.id: question for question in questions}
    given: dict[str, Value | None] = {}
    for index, answer in enumerate(answers):
        field = f"answers[{index}]"
        question = known.get(answer.question_id)
        if question is None:
            raise InvalidRequest("is not a question of this version of the quiz", field=f"{field}.question_id")
        if question.id in given:
            raise InvalidRequest("stands here twice", field=f"{field}.question_id")
        value = answer.value
        given[question.id] = None if value is None else checked_value(question, value, field=f"{field}.value")
    return given
