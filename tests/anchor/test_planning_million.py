"""A million daily messages planned at once, and asked to be sent: right to the last, and the figures
printed. A benchmark is no test: nothing here fails on a time. Seen with `pytest -m slow -s`."""

from __future__ import annotations

import os
import resource
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from domain.anchor import planning, sending
from domain.kit.clock import clock
from tests.recovery.test_sweep_million import Transactions, _stat

pytestmark = pytest.mark.slow

PEOPLE = 1_000_000
NOON = datetime(2026, 5, 9, 12, tzinfo=UTC)
ZONES = ("Europe/Berlin", "Europe/London", "Asia/Dhaka", "Africa/Nairobi", "Europe/Istanbul", "Asia/Kolkata")
# Everybody is due. A tenth has an app that was used lately, a tenth has not been heard of for 200 days: 90 % get one.
BUILD = f"""
SELECT setseed(0.5);
CREATE TEMP TABLE made AS
SELECT uuidv7() AS id, (ARRAY{list(ZONES)})[1 + floor({len(ZONES)} * random())::integer] AS timezone, n
FROM generate_series(1, {PEOPLE}) AS n;
INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
SELECT id, n || '@example.org', 'anonymous', '1990-01-01', timezone, id,
       timestamptz '{NOON}' - CASE WHEN n % 10 < 2 THEN interval '200 days' ELSE interval '5 days' END FROM made;
INSERT INTO sessions (id, user_id, rotated_at, created_at, expires_at)
SELECT gen_random_uuid(), id, timestamptz '{NOON}' - interval '1 day', '2026-01-01', '2026-12-01' FROM made
WHERE n % 10 = 0;
INSERT INTO daily_schedule (user_id, timezone, local_time, next_at)
SELECT id, timezone, time '09:00' + n % 60 * interval '1 minute', timestamptz '{NOON}' - n % 3600 * interval '1 second'
FROM made;
"""


@pytest.fixture
async def server(app: object) -> AsyncIterator[Any]:
    """A connection of its own, without a limit of time, that empties the tables at the end."""
    connection = await asyncpg.connect(
        os.environ["DATABASE_URL"], server_settings={"search_path": "kuitter", "timezone": "UTC"}
    )
    yield connection
    await connection.execute("TRUNCATE users, jobs CASCADE")
    await connection.close()


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def test_a_million_are_planned(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = time.perf_counter()
    async with server.transaction():
        await server.execute("ALTER TABLE users DISABLE TRIGGER USER")
        await server.execute(BUILD)
        await server.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE users ENABLE TRIGGER USER")
    await server.execute("VACUUM ANALYZE")
    print(f"\nbuilt in {time.perf_counter() - begun:.0f} s")
    parent = int(_stat(str(await server.fetchval("SELECT pg_backend_pid()")))[1])
    transactions = Transactions(parent, monkeypatch)
    before = _peak_mb()
    with clock.frozen(NOON):
        with transactions.measured("planned"):
            planned = await planning.plan_due(NOON)
        print(f"memory at its peak: {before:.0f} MB before, {_peak_mb():.0f} MB after")
        with transactions.measured("a look without anything due"):
            assert await planning.plan_due(NOON) == 0
    assert planned == PEOPLE * 9 // 10
    assert await server.fetchval("SELECT count(*) FROM daily_messages WHERE state = 'planned'") == planned
    assert await server.fetchval("SELECT count(*) FROM daily_schedule WHERE next_at <= $1", NOON) == 0
    jobs = await server.fetchrow(
        "SELECT count(*), sum(jsonb_array_length(args -> 'ids')), count(DISTINCT queue), min(queue) FROM jobs"
    )
    assert (jobs[1], jobs[2], jobs[3]) == (planned, 1, "bulk")
    print(f"{jobs[0]} jobs")
    with clock.frozen(NOON + timedelta(minutes=3)):
        with transactions.measured("asked to be sent"):
            assert await sending.send_due() == planned
        ids = await server.fetch("SELECT id FROM daily_messages ORDER BY random() LIMIT 2000")
        with transactions.measured("2,000 sent, a hundred at a time"):
            for start in range(0, 2000, 100):
                await sending.send_batch([row["id"] for row in ids[start : start + 100]])
    assert await server.fetchval("SELECT count(*) FROM notifications") == 2000
