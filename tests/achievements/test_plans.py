"""What PostgreSQL reads: the rows of the people who are asked about, and nobody else's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.achievements import awards, overview
from domain.achievements.metrics import PASSED_BY_TIME, SOURCES
from domain.kit.database import execute, fetch_value, transaction
from tests.achievements.people import Life, awarded, people

TODAY = date(2026, 11, 23)
BUSY = Life(
    started_on=TODAY - timedelta(days=90), broken=[TODAY - timedelta(days=n) for n in (9, 20)], reflected=2,
    best_streak=30, check_ins=[TODAY - timedelta(days=n) for n in range(30)], outcomes=["resisted"] * 20, entries=10,
    goals=3, quizzes=["onboarding", "weekly-review"],
)  # fmt: skip
OWN = [*(source.table for source in SOURCES), "earned_achievements", "users"]


async def own_rows(user_ids: list[UUID]) -> dict[str, int]:
    """How many rows these people have, by table."""
    return {
        table: await fetch_value(
            f"SELECT count(*) FROM {table} WHERE {'id' if table == 'users' else 'user_id'} = ANY ($1)", user_ids
        )
        for table in OWN
    }


async def rows_read(sql: str, *arguments: Any) -> dict[str, int]:
    """How many rows the statement read from each table in one go through it, those passed over included."""
    async with transaction():
        # Tables so small are scanned; with many people they must not be.
        await execute("SET LOCAL enable_seqscan = off")
        text = await fetch_value(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
    found: dict[str, int] = {}
    for node in _nodes(json.loads(text)[0]["Plan"]):
        table = node.get("Relation Name")
        if table in OWN:
            assert node["Node Type"] != "Seq Scan", table
            rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            found[table] = max(found.get(table, 0), round(rows * node["Actual Loops"]))
        assert "hashed" not in str(node.get("Filter", "")), node["Filter"]
    return found


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from _nodes(part)


@pytest.fixture
async def crowd(app: Any) -> list[UUID]:
    """Many people with many rows, who have earned what they have reached; statistics as they are then."""
    ids = await people([BUSY] * 60)
    await awarded(ids, "2026-11-23 12:00")
    await execute("ANALYZE")
    return ids


@pytest.mark.parametrize("number", [1, 5])
async def test_awarding_reads_only_the_rows_of_those_people(crowd, number):
    asked = crowd[:number]
    read = await rows_read(awards._NEW, asked, [TODAY] * number)
    own = await own_rows(asked)
    assert read.keys() == own.keys() - {"users"}
    assert {table: rows for table, rows in read.items() if rows > own[table]} == {}


@pytest.mark.parametrize("number", [1, 5])
async def test_looking_for_those_whom_time_has_taken_past_a_level_reads_only_their_attempts(crowd, number):
    asked = crowd[:number]
    read = await rows_read(PASSED_BY_TIME, asked, TODAY)
    own = await own_rows(asked)
    assert read.keys() == {"attempts", "earned_achievements"}
    assert {table: rows for table, rows in read.items() if rows > own[table]} == {}


async def test_reading_reads_only_the_persons_own_rows(crowd):
    read = await rows_read(overview._READ, crowd[0], TODAY)
    own = await own_rows(crowd[:1])
    # Attempts are measured on three days.
    own["attempts"] *= 3
    assert read.keys() == own.keys()
    assert {table: rows for table, rows in read.items() if rows > own[table]} == {}


async def test_finding_the_people_reads_only_them(crowd):
    assert await rows_read(awards._ZONES, crowd[:5]) == {"users": 5}
