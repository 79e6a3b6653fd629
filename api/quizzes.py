"""Quizzes: questions about a person's recovery, and their answers."""

from typing import Annotated

import msgspec
from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, PathParameter, QueryParameter

from api.person import Person
from domain.kit.idempotency import IdempotencyKey
from domain.kit.pagination import Page, page_limit
from domain.quizzes import answering, history, quizzes
from domain.quizzes.answering import MOST_ANSWERS, Answer
from domain.quizzes.history import Run
from domain.quizzes.quizzes import Quiz, QuizSummary

_TAGS = ["Recovery"]

Slug = Annotated[str, PathParameter(description="The quiz's name, such as onboarding")]


class Answers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some or all answers. `retake` begins a new run once the last one is complete."""

    answers: Annotated[list[Answer], msgspec.Meta(max_length=MOST_ANSWERS)]
    retake: bool = False


@get("/v1/quizzes", operation_id="listQuizzes", tags=_TAGS, summary="All quizzes")
async def list_quizzes(person: NamedDependency[Person]) -> Page[QuizSummary]:
    """What there is to answer, all in one answer, and how far the person has come. `questions` is how many it has."""
    return Page(await quizzes.list_quizzes(person.user_id), next_cursor=None)


@get("/v1/quizzes/{slug:str}", operation_id="readQuiz", tags=_TAGS, summary="One quiz")
async def read_quiz(person: NamedDependency[Person], slug: Slug) -> Quiz:
    """The questions, each with the person's present answer. Whoever has begun stays on the version they began with."""
    return await quizzes.read_quiz(person.user_id, slug)


@put("/v1/quizzes/{slug:str}/answers", operation_id="putQuizAnswers", tags=_TAGS, summary="Answer a quiz")
async def put_answers(
    person: NamedDependency[Person],
    slug: Slug,
    data: JSONBody[Answers],
    idempotency_key: NamedDependency[IdempotencyKey | None],
) -> Quiz:
    """Questions left out keep their answers, null takes one back. With all required ones answered the quiz is
    completed; what is sent later corrects it, or with `retake` begins a new run on the newest version. An
    `Idempotency-Key` makes a retake safe to repeat."""
    return await answering.save_answers(person.user_id, slug, data.answers, retake=data.retake, key=idempotency_key)


@get("/v1/me/quiz-answers", operation_id="listQuizAnswers", tags=_TAGS, summary="All answers so far")
async def list_quiz_answers(
    person: NamedDependency[Person],
    slug: Annotated[str | None, QueryParameter(description="Of this quiz only")] = None,
    limit: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page[Run]:
    """Each time that the person took a quiz, newest first, with the questions as they were asked."""
    return await history.list_runs(person.user_id, slug, page_limit(limit), cursor)


HANDLERS = [list_quizzes, read_quiz, put_answers, list_quiz_answers]
