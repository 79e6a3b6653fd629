"""Writing the delivered quizzes to the tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from domain.kit.database import fetch_value
from domain.quizzes.catalogue import QUIZZES, QuestionSeed, QuizSeed

# Several may run at once: only the one that wrote the quiz writes its questions.
_WRITE = """
WITH written AS (
    INSERT INTO quizzes (slug, version, title, intro)
    SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT FROM quizzes WHERE slug = $1 AND version > $2)
    ON CONFLICT (slug, version) DO NOTHING RETURNING slug, version
), older AS (
    UPDATE quizzes SET active = false FROM written
    WHERE quizzes.slug = written.slug AND quizzes.version < written.version
), asked AS (
    INSERT INTO quiz_questions (quiz, version, id, position, kind, prompt, hint, required, options, smallest, largest)
    SELECT written.slug, written.version, question.*
    FROM written, jsonb_to_recordset($5::jsonb) AS question (
        id text, position integer, kind text, prompt text, hint text, required boolean, options jsonb,
        smallest integer, largest integer)
)
SELECT true FROM written
"""


async def seed_quizzes(seeds: Iterable[QuizSeed] = QUIZZES) -> int:
    """Write the versions that are missing; returns how many. Safe to run again and again, and by several at once.

    A new version takes the place of the older ones, whose answers stay; what administrators wrote or switched off
    stays so.
    """
    new = 0
    for seed in seeds:
        questions = [_row(position, question) for position, question in enumerate(seed.questions, start=1)]
        new += bool(
            await fetch_value(
                _WRITE, seed.slug, seed.version, seed.title, seed.intro, msgspec.json.encode(questions).decode()
            )
        )
    return new


def _row(position: int, question: QuestionSeed) -> dict[str, Any]:
    options = [{"value": value, "label": label} for value, label in question.options]
    return {**msgspec.structs.asdict(question), "position": position, "options": options}
