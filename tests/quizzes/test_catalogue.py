"""The delivered quizzes: what they say, and how they come into the tables."""

from __future__ import annotations

import asyncio
import hashlib
import re

import msgspec
import pytest

from domain.kit.database import execute, fetch, fetch_value
from domain.quizzes.catalogue import ONBOARDING, QUIZZES, WEEKLY_REVIEW, QuestionSeed, QuizSeed
from domain.quizzes.seeding import seed_quizzes
from tests.quizzes.conftest import PATH, TRIAL, offer, trial

ALL = [(quiz, question) for quiz in QUIZZES for question in quiz.questions]
# A text that changes needs a higher version beside its new digest: people have answered the old one.
DIGESTS = {
    "onboarding 1": "934eae0b5d2bc392",
    "weekly-review 1": "7d4e18c94652962f",
}


def texts(quiz: QuizSeed) -> list[str]:
    found = [quiz.title, quiz.intro]
    for question in quiz.questions:
        found += [question.prompt, question.hint or "-", *(label for _, label in question.options)]
    return found


def test_what_is_asked_at_the_beginning() -> None:
    assert [question.id for question in ONBOARDING.questions] == [
        "habit", "since", "frequency", "impact", "triggers", "hardest_time", "motives", "why_now", "earlier_attempts",
        "longest_days", "helped_before", "goal", "confidence", "support", "best_time",
    ]  # fmt: skip
    assert len(WEEKLY_REVIEW.questions) == 6
    assert {question.kind for question in ONBOARDING.questions} == {"choice", "choices", "scale", "number", "text"}


def test_a_version_does_not_change() -> None:
    digests = {
        f"{quiz.slug} {quiz.version}": hashlib.sha256(msgspec.json.encode(quiz)).hexdigest()[:16] for quiz in QUIZZES
    }
    assert digests == DIGESTS


@pytest.mark.parametrize(("quiz", "question"), ALL, ids=[f"{quiz.slug}-{question.id}" for quiz, question in ALL])
def test_a_question_is_well_formed(quiz: QuizSeed, question: QuestionSeed) -> None:
    assert [other.id for other in quiz.questions].count(question.id) == 1
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", question.id)
    words = [value for value, _ in question.options]
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", value) for value in words)
    assert len(set(words)) == len(words)
    assert (len(words) > 1) == (question.kind in ("choice", "choices"))
    assert question.prompt.endswith("?")
    if question.kind == "text":
        assert not question.required


def test_some_are_required_and_most_can_be_left_out() -> None:
    for quiz in QUIZZES:
        required = sum(question.required for question in quiz.questions)
        assert 0 < required <= len(quiz.questions) / 2


def test_the_words_are_kind_and_say_nothing_explicit() -> None:
    hard = re.compile(r"porn|sex|masturb|addict|relapse|fail|guilt|dirty|clean|weak\b|should|must\b|wrong with", re.I)
    for quiz in QUIZZES:
        for text in texts(quiz):
            assert text == text.strip() != ""
            assert not hard.search(text), text


async def test_the_tables_hold_what_is_delivered(person) -> None:
    for quiz in QUIZZES:
        shown = await person.ok("GET", f"/v1/quizzes/{quiz.slug}")
        assert (shown["slug"], shown["version"], shown["title"]) == (quiz.slug, quiz.version, quiz.title)
        assert [question["id"] for question in shown["questions"]] == [question.id for question in quiz.questions]
        for question, seed in zip(shown["questions"], quiz.questions, strict=True):
            assert question == {
                "id": seed.id, "kind": seed.kind, "prompt": seed.prompt, "hint": seed.hint, "required": seed.required,
                "options": [{"value": value, "label": label} for value, label in seed.options],
                "smallest": seed.smallest, "largest": seed.largest, "value": None,
            }  # fmt: skip


async def rows() -> list[tuple]:
    return [
        tuple(row)
        for row in await fetch(
            """SELECT quizzes::text, array_agg(quiz_questions::text ORDER BY position) FROM quizzes
               LEFT JOIN quiz_questions ON (quiz, quiz_questions.version) = (slug, quizzes.version)
               GROUP BY slug, quizzes.version ORDER BY slug, quizzes.version"""
        )
    ]


async def test_seeding_again_changes_nothing(app) -> None:
    before = await rows()
    assert await seed_quizzes() == 0
    assert await seed_quizzes([trial()]) == 0
    assert await rows() == before


async def test_ten_at_once_seed_once(app) -> None:
    new = await asyncio.gather(*(seed_quizzes([trial(2)]) for _ in range(10)))
    assert sorted(new) == [0] * 9 + [1]
    count = await fetch_value("SELECT count(*) FROM quiz_questions WHERE quiz = $1 AND version = 2", TRIAL)
    assert count == len(trial().questions)


async def test_a_new_version_takes_the_place_of_the_old(person) -> None:
    await offer(trial(2, QuestionSeed(id="extra", kind="text", prompt="And?")))
    shown = await person.ok("GET", PATH)
    assert (shown["version"], shown["latest_version"], shown["title"]) == (2, 2, "Trial 2")
    assert shown["questions"][-1]["id"] == "extra"
    active = await fetch("SELECT version, active FROM quizzes WHERE slug = $1 ORDER BY version", TRIAL)
    assert [tuple(row) for row in active] == [(1, False), (2, True)]


async def test_an_older_delivery_comes_too_late(person) -> None:
    await offer(trial(3))
    assert await seed_quizzes([trial(2)]) == 0
    assert (await person.ok("GET", PATH))["version"] == 3


async def test_what_was_switched_off_stays_so(person) -> None:
    await execute("UPDATE quizzes SET active = false WHERE slug = $1", TRIAL)
    assert await seed_quizzes([trial()]) == 0
    assert (await person("GET", PATH)).status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "choice", "options": ()},
        {"kind": "text", "options": (("a", "A"),)},
        {"kind": "scale"},
        {"kind": "number", "smallest": 1},
        {"kind": "scale", "smallest": 5, "largest": 5},
        {"kind": "text", "smallest": 1, "largest": 2},
    ],
    ids=["choice-without-options", "text-with-options", "scale-open", "number-half-open", "empty-range", "text-range"],
)
async def test_a_question_that_nobody_could_answer_is_refused_by_the_table(app, change) -> None:
    import asyncpg

    with pytest.raises(asyncpg.CheckViolationError):
        await seed_quizzes([trial(2, QuestionSeed(id="odd", prompt="What?", **change))])
    assert await fetch_value("SELECT max(version) FROM quizzes WHERE slug = $1", TRIAL) == 1
