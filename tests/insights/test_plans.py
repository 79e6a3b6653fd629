"""A person with ten thousand urges and three years of check-ins, among others: what PostgreSQL reads for them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from domain.insights import mood, triggers
from domain.insights.window import span_starts
from domain.kit.database import execute, fetch_value
from tests.recovery.conftest import Traveller
from tests.urges.plans import Scan, generic_scans, scans

NOW = datetime(2026, 5, 11, 12, tzinfo=UTC)
_TABLES = ("urges", "slips", "check_ins")


@pytest.fixture
async def heavy(mara: Traveller) -> UUID:
    """Mara with a heavy past, and eight others with a thousand urges and as many check-ins and slips as she has."""
    await execute(
        """INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
           SELECT gen_random_uuid(), gen_random_uuid() || '@example.org', 'anonymous', '1990-01-01', 'Europe/Berlin',
                  gen_random_uuid(), '2026-01-01' FROM generate_series(1, 8)"""
    )
    await execute(
        """INSERT INTO urges (id, user_id, occurred_at, timezone, local_date, local_hour, intensity, triggers, outcome,
                              created_at, updated_at)
           SELECT gen_random_uuid(), users.id, at, 'Europe/Berlin', at::date, extract(hour FROM at), 5,
                  '{stress,Boss,rain}', 'resisted', at, at
           FROM users CROSS JOIN LATERAL (
               SELECT $2::timestamptz - n * (interval '1 day' / pace) AS at
               FROM (SELECT CASE WHEN users.id = $1 THEN 10 ELSE 1 END) AS paces (pace),
                    generate_series(1, 1000 * pace) AS n
           ) AS past""",
        mara.user_id, NOW,
    )  # fmt: skip
    await execute(
        """INSERT INTO check_ins (user_id, local_date, timezone, mood, urge_level, triggers, created_at, updated_at)
           SELECT users.id, day, 'Europe/Berlin', 3, 3, '{stress}', day, day
           FROM users, generate_series($1::date - 1095, $1, '1 day') AS day""",
        NOW.date(),
    )
    await execute(
        """INSERT INTO slips (id, user_id, occurred_at, timezone, local_date, local_hour, triggers, created_at)
           SELECT gen_random_uuid(), users.id, day, 'Europe/Berlin', day, 3, '{stress}', day
           FROM users, generate_series($1::date - 1095, $1, '10 days') AS day""",
        NOW.date(),
    )
    await execute("ANALYZE users, urges, check_ins, slips, triggers")
    return mara.user_id


async def rows_of(user_id: UUID, table: str, first: object, last: object) -> int:
    count: int = await fetch_value(
        f"SELECT count(*) FROM {table} WHERE user_id = $1 AND local_date BETWEEN $2 AND $3", user_id, first, last
    )
    return count


async def check(user_id: UUID, found: list[Scan], days: int) -> None:
    """Every event is looked up by person and day, and none is touched outside of the two periods.

    Two periods of a year are most of what this person has: then PostgreSQL may as well walk over all of theirs.
    """
    most = days > 100
    starts = span_starts(NOW, days)
    assert {scan.table for scan in found} & set(_TABLES) == set(_TABLES)
    for scan in found:
        if scan.table in _TABLES:
            assert "user_id = " in scan.condition, scan
            assert most or "local_date >= " in scan.condition, scan
            first = date(2000, 1, 1) if most else starts[0]
            touched = await rows_of(user_id, scan.table, first, starts[-1])
            assert scan.rows <= touched + 2, scan


def literals(user_id: UUID, *arguments: object) -> list[str]:
    return [
        f"'{{{','.join(map(str, each))}}}'" if isinstance(each, list) else f"'{each}'"
        for each in (user_id, *arguments)
    ]  # fmt: skip


async def test_insights_read_the_person_s_own_days_by_index(heavy: UUID) -> None:
    # In one test, because the past takes longer to write than to read.
    for days in (7, 366):
        starts = span_starts(NOW, days)
        arguments = triggers.bounds(starts, days)
        await check(heavy, await scans(triggers.READ, heavy, *arguments), days)
        await check(heavy, await generic_scans(triggers.READ, *literals(heavy, *arguments)), days)
        await check(heavy, await scans(mood.READ, heavy, starts[0], starts[-1]), days)
        await check(heavy, await generic_scans(mood.READ, *literals(heavy, starts[0], starts[-1])), days)
