"""Reading the facts of many people at once, heavy ones among them: how long it takes, and by which indexes."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from domain.anchor import snapshot_rows, snapshot_words, tokens
from domain.anchor.snapshot import facts_of
from domain.kit.database import execute, fetch
from tests.urges.plans import scans

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PEOPLE = 15
TABLES = ("urges", "slips", "check_ins", "journal_entries", "goals", "earned_achievements", "anchor_memories")


@pytest.fixture
async def heavy(app: Any) -> list[UUID]:
    """Some people with 300 entries, 1000 urges, 500 check-ins and 50 open goals each, who consent, among others."""
    await execute(
        """INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at, why)
           SELECT gen_random_uuid(), gen_random_uuid() || '@example.org', 'anonymous', '1990-01-01', 'Europe/Berlin',
                  gen_random_uuid(), '2025-01-01', 'To be awake' FROM generate_series(1, $1)""",
        PEOPLE,
    )  # fmt: skip
    await execute(
        """INSERT INTO consents (id, user_id, kind, version, granted, changed_at)
           SELECT gen_random_uuid(), id, 'third_party_ai', '1', true, $1 FROM users""",
        NOW,
    )  # fmt: skip
    await execute(
        """INSERT INTO urges (id, user_id, occurred_at, timezone, local_date, local_hour, intensity, triggers, outcome,
                              coping, created_at, updated_at)
           SELECT gen_random_uuid(), users.id, at, 'Europe/Berlin', at::date, 5, 5, '{stress,Boss,rain}', 'resisted',
                  'Went out ' || n, at, at
           FROM users, generate_series(1, 1000) AS n,
                LATERAL (SELECT $1::timestamptz - n * interval '3 hours' AS at) AS past""",
        NOW,
    )  # fmt: skip
    await execute(
        """INSERT INTO check_ins (user_id, local_date, timezone, mood, urge_level, triggers, note, created_at,
                                  updated_at)
           SELECT users.id, $1::date - n, 'Europe/Berlin', 3, 4, '{stress,Sunday}', 'It was day ' || n || ' of many.',
                  $2, $2
           FROM users, generate_series(0, 499) AS n""",
        NOW.date(), NOW,
    )  # fmt: skip
    await execute(
        """INSERT INTO journal_entries (id, user_id, timezone, local_date, title, body, created_at, updated_at, search)
           SELECT gen_random_uuid(), users.id, 'Europe/Berlin', at::date, 'Entry ' || n,
                  repeat('On day ' || n || ' I was tired and went for a walk, and so it went on. ', 40), at, at, ''
           FROM users, generate_series(1, 300) AS n,
                LATERAL (SELECT $1::timestamptz - n * interval '1 day' AS at) AS past""",
        NOW,
    )  # fmt: skip
    await execute(
        """INSERT INTO goals (id, user_id, kind, title, target, starts_on, created_at, updated_at)
           SELECT gen_random_uuid(), users.id, 'urges_resisted', 'Goal ' || n, 2000, '2026-01-01', $1, $1
           FROM users, generate_series(1, 50) AS n""",
        NOW,
    )  # fmt: skip
    await execute(
        """INSERT INTO earned_achievements (user_id, achievement, earned_at)
           SELECT users.id, slug, $1 FROM users, achievements""",
        NOW,
    )  # fmt: skip
    await execute(
        """INSERT INTO slips (id, user_id, occurred_at, timezone, local_date, local_hour, triggers, created_at)
           SELECT gen_random_uuid(), users.id, at, 'Europe/Berlin', at::date, 5, '{stress}', at
           FROM users, generate_series(1, 20) AS n,
                LATERAL (SELECT $1::timestamptz - n * interval '9 days' AS at) AS past""",
        NOW,
    )  # fmt: skip
    await execute(
        """INSERT INTO anchor_memories (id, user_id, body, origin, entry_id, created_at, updated_at)
           SELECT gen_random_uuid(), entry.user_id, 'Fact of ' || title, 'journal', entry.id, $1::timestamptz, $1
           FROM journal_entries AS entry WHERE created_at > $1::timestamptz - interval '60 days'""",
        NOW,
    )  # fmt: skip
    # All of them: a table that others have left empty would be read whole.
    await execute(f"ANALYZE {', '.join(TABLES)}, users, consents")
    return [row["id"] for row in await fetch("SELECT id FROM users")]


async def test_a_batch_of_heavy_people_is_read_at_once(heavy: list[UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    trips = 0
    plain = snapshot_rows.fetch

    async def counting(*arguments: Any) -> Any:
        nonlocal trips
        trips += 1
        return await plain(*arguments)

    monkeypatch.setattr(snapshot_rows, "fetch", counting)
    snapshot_words._known.clear()
    tokens._known.clear()
    longest, stop = 0.0, asyncio.Event()

    async def beat() -> None:
        nonlocal longest
        while not stop.is_set():
            begun = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - begun)

    beating = asyncio.create_task(beat())
    begun = time.perf_counter()
    facts = await facts_of(heavy, NOW)
    first = time.perf_counter() - begun
    begun = time.perf_counter()
    await facts_of(heavy, NOW)
    again = time.perf_counter() - begun
    stop.set()
    await beating
    print(
        f"\n{PEOPLE} heavy people: {1000 * first / PEOPLE:.1f} ms each, {1000 * again / PEOPLE:.1f} ms the second "
        f"time; others on the loop waited {1000 * longest:.0f} ms at most"
    )
    assert trips == 4  # and one more of the quizzes, each time
    assert len(facts) == PEOPLE
    one = facts[heavy[0]].snapshot
    assert one.urges is not None
    assert (one.urges.count, len(one.goals) > 3, len(one.journal) > 1, len(one.check_ins)) == (236, True, True, 7)
    assert first < 0.2 * PEOPLE


async def test_only_the_persons_own_and_newest_rows_are_touched(heavy: list[UUID]) -> None:
    some = heavy[:5]
    people = await scans(snapshot_rows.PEOPLE, some, NOW.date())
    urges = await scans(snapshot_rows.URGES, some, [NOW.date()] * len(some))
    assert {scan.table for scan in (*people, *urges)} >= set(TABLES)
    for scan in (*people, *urges):
        if scan.table in TABLES and "entry_id" not in scan.condition:
            assert "user_id = " in scan.condition, scan
    touched = {
        table: sum(scan.rows for scan in people if scan.table == table and "entry_id" not in scan.condition)
        for table in TABLES
    }
    # Of each person: the newest 8 entries; the last 7 check-ins; of urges the newest that passed, and those in the
    # window of every goal that is shown.
    assert touched["journal_entries"] <= 5 * 8
    assert touched["check_ins"] <= 5 * 7
    assert touched["urges"] <= 5 * (10 * 1000 + 5)
