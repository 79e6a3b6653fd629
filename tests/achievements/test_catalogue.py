"""The delivered achievements, and seeding them."""

from __future__ import annotations

import asyncio
import re
from itertools import pairwise
from typing import get_args

from domain.achievements.catalogue import DELIVERED, seed_achievements
from domain.achievements.metrics import Metric
from domain.kit.database import execute, fetch, fetch_row, fetch_value
from domain.quizzes.catalogue import QUIZZES

# What somebody beside the phone should not read, what shames, and what sells.
_NOT_SAID = re.compile(
    r"porn|masturbat|\bsex|addict|relapse|slip|fail|weak|shame|guilt|dirty|lost your|only|should|premium|subscri|\$|€",
    re.IGNORECASE,
)


def test_there_are_many_and_of_every_metric():
    assert len(DELIVERED) >= 36
    assert {one.metric for one in DELIVERED} == set(get_args(Metric))
    for field in ("slug", "title", "description"):
        assert len({getattr(one, field) for one in DELIVERED}) == len(DELIVERED)
    assert [one.level for one in DELIVERED if one.metric == "best_clean_days"] == [
        1, 3, 7, 14, 30, 60, 90, 180, 365, 500, 730, 1000,
    ]  # fmt: skip


def test_each_level_lies_above_the_one_before():
    for before, after in pairwise(DELIVERED):
        if before.metric == after.metric:
            assert 0 < before.level < after.level


def test_all_quizzes_can_be_completed():
    names = {quiz.slug for quiz in QUIZZES}
    assert max(one.level for one in DELIVERED if one.metric == "quizzes_completed") <= len(names)


def test_the_words_are_kind_and_discreet():
    for one in DELIVERED:
        assert not _NOT_SAID.search(f"{one.title} {one.description}"), one
        assert one.description.endswith((".", "!"))
        assert len(one.title) <= 40
        assert len(one.description) <= 120


async def test_seeding_again_changes_nothing(catalogue):
    before = await fetch("SELECT ctid, xmin, * FROM achievements ORDER BY slug")
    assert len(before) == len(DELIVERED)
    assert await seed_achievements() == 0
    assert await fetch("SELECT ctid, xmin, * FROM achievements ORDER BY slug") == before


async def test_seeding_many_times_at_once_writes_each_once(catalogue):
    await execute("DELETE FROM achievements")
    assert sum(await asyncio.gather(*(seed_achievements() for _ in range(8)))) == len(DELIVERED)
    assert await fetch_value("SELECT count(*) FROM achievements") == len(DELIVERED)


async def test_what_an_administrator_did_stays_and_only_words_follow(catalogue):
    await execute(
        "UPDATE achievements SET active = false, level = 2, position = 7, title = 'Old' WHERE slug = 'journal-1'"
    )
    await execute("UPDATE achievements SET description = 'Old' WHERE slug = 'goals-1'")
    await execute("DELETE FROM achievements WHERE slug = 'quizzes-1'")
    await execute(
        """INSERT INTO achievements (slug, metric, level, title, description, position)
           VALUES ('own', 'check_ins', 5, 'Own', 'Own.', 1)"""
    )
    assert await seed_achievements() == 1
    delivered = {one.slug: one for one in DELIVERED}
    row = await fetch_row("SELECT active, level, position, title FROM achievements WHERE slug = 'journal-1'")
    assert tuple(row) == (False, 2, 7, delivered["journal-1"].title)
    description = await fetch_value("SELECT description FROM achievements WHERE slug = 'goals-1'")
    assert description == delivered["goals-1"].description
    assert await fetch_value("SELECT active FROM achievements WHERE slug = 'quizzes-1'")
    assert await fetch_value("SELECT title FROM achievements WHERE slug = 'own'") == "Own"


async def test_it_is_seeded_with_the_other_catalogues(catalogue):
    from ops.seeding import seed

    await execute("DELETE FROM achievements")
    assert (await seed())["achievements"] == len(DELIVERED)
