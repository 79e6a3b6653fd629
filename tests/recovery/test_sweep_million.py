"""The sweep over a million people: right to the last of them, and its figures printed. A benchmark is no test: nothing
here fails on a time. Seen with `pytest -m slow -s`."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from domain.achievements.metrics import SOURCES, _measure
from domain.kit.clock import clock
from domain.kit.database import KuitterTransaction
from domain.kit.days import local_date
from domain.recovery import expiry
from domain.sweep import days, reminders

pytestmark = pytest.mark.slow

PEOPLE = 1_000_000
YESTERDAY = datetime(2026, 5, 9, 21, tzinfo=UTC)
TODAY = YESTERDAY + timedelta(days=1)
ZONES = (
    "Pacific/Honolulu", "America/Anchorage", "America/Los_Angeles", "America/Denver", "America/Chicago",
    "America/New_York", "America/Havana", "America/Sao_Paulo", "America/St_Johns", "Atlantic/Azores", "Europe/London",
    "Europe/Berlin", "Europe/Athens", "Europe/Istanbul", "Africa/Nairobi", "Asia/Tehran", "Asia/Karachi",
    "Asia/Kolkata", "Asia/Dhaka", "Asia/Bangkok", "Asia/Shanghai", "Asia/Tokyo", "Australia/Lord_Howe",
    "Pacific/Kiritimati",
)  # fmt: skip

# The same numbers in every run. Every third person has slipped before.
BUILD = f"""
SELECT setseed(0.5);
CREATE TEMP TABLE made AS
SELECT uuidv7() AS id, (ARRAY{list(ZONES)})[1 + floor(24 * random() * random())::integer] AS timezone,
       floor(200 * random())::integer AS days, n
FROM generate_series(1, {PEOPLE}) AS n;
INSERT INTO users (id, email, visibility, birth_date, timezone, state, store_account_token, created_at)
SELECT id, n || '@example.org', 'anonymous', '1990-01-01', timezone,
       CASE n % 100 WHEN 0 THEN 'suspended' ELSE 'active' END, id, '2026-01-01' FROM made;
INSERT INTO attempts (id, user_id, started_on)
SELECT gen_random_uuid(), id, date '2026-05-09' - days FROM made;
INSERT INTO attempts (id, user_id, started_on, ended_on)
SELECT gen_random_uuid(), id, date '2026-05-09' - days - n % 40, date '2026-05-09' - days FROM made WHERE n % 3 = 0;
INSERT INTO goals (id, user_id, kind, title, target, level, starts_on, due_on, created_at, updated_at)
SELECT gen_random_uuid(), id,
       (ARRAY['clean_days', 'check_ins', 'journal_entries', 'urges_resisted', 'fewer_urges', 'fewer_slips', 'mood_days',
              'custom'])[1 + place % 8], 'a goal', 5 + n % 50, CASE WHEN place % 8 = 6 THEN 3 END,
       date '2026-05-09' - n % 45, CASE WHEN place % 8 IN (4, 5) THEN date '2026-05-09' + n % 20 END, '2026-03-01',
       '2026-03-01'
FROM (SELECT *, n / 10 AS place FROM made WHERE n % 10 < 3) AS with_goal;
INSERT INTO check_in_streaks (user_id, days, best, last_check_in, last_check_in_on, expires_at, remind_at)
SELECT id, 2 + n % 30, 40, '2026-05-08 12:00Z', last, (last + 2)::timestamp AT TIME ZONE timezone,
       CASE WHEN n % 40 = 1 THEN (last + interval '44 hours') AT TIME ZONE timezone END
FROM (SELECT *, date '2026-05-10' - n % 4 AS last FROM made WHERE n % 10 < 7) AS with_streak;
-- Some have travelled.
UPDATE check_in_streaks SET expires_at = NULL, remind_at = NULL WHERE user_id IN (SELECT id FROM made WHERE n % 50 = 3);
INSERT INTO consents (id, user_id, kind, version, granted, changed_at)
SELECT gen_random_uuid(), id, kind, '2026-11', true, '2026-01-01'
FROM made, unnest(ARRAY['terms', 'sensitive_data']) AS kind WHERE n % 40 = 1;
"""

MEASURED = " UNION ALL ".join(_measure(source) for source in SOURCES if source.by_time)
# What people have been awarded for their days as of the day in `zone_days`.
PASSED = f"""
WITH person_day AS (SELECT id AS user_id, today FROM users JOIN zone_days USING (timezone) WHERE state = 'active'),
     measured AS ({MEASURED})
SELECT user_id, slug FROM measured JOIN achievements USING (metric) WHERE active AND level <= value
"""
# What was awarded and should not have been, or the other way round.
WRONG_AWARDS = f"""
WITH passed AS ({PASSED}),
     held AS (SELECT user_id, achievement FROM earned_achievements JOIN achievements ON slug = achievement
              WHERE metric IN ('best_clean_days', 'total_clean_days', 'comebacks'))
SELECT count(*) FROM ((TABLE passed EXCEPT TABLE held) UNION ALL (TABLE held EXCEPT TABLE passed)) AS wrong
"""
# A goal of clean days is reached by an attempt long enough within it, one of fewer slips or urges (there are none) at
# its end; none of the others.
WRONG_GOALS = """
SELECT count(*) FROM goals JOIN users ON users.id = user_id JOIN zone_days USING (timezone)
WHERE (completed_at IS NOT NULL) <> (users.state = 'active' AND CASE
    WHEN kind = 'clean_days' THEN EXISTS (
        SELECT FROM attempts WHERE attempts.user_id = goals.user_id
          AND greatest(started_on, starts_on) + target <= coalesce(ended_on, today))
    WHEN kind IN ('fewer_urges', 'fewer_slips') THEN due_on < today ELSE false END)
"""


@pytest.fixture
async def server(app: object) -> AsyncIterator[Any]:
    """A connection of its own, without a limit of time, that empties the tables at the end."""
    connection = await asyncpg.connect(
        os.environ["DATABASE_URL"], server_settings={"search_path": "kuitter", "timezone": "UTC"}
    )
    yield connection
    await connection.execute("TRUNCATE users, jobs, day_sweeps CASCADE")
    await connection.close()


# Nobody is to have daily messages, and references are checked all at once: one by one they would take minutes.
LOOSEN = """
SELECT conrelid::regclass::text AS "table", conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
WHERE contype = 'f' AND conrelid = ANY (ARRAY['attempts', 'goals', 'check_in_streaks', 'consents',
                                              'earned_achievements']::regclass[])
"""


async def build(server: Any) -> None:
    references = await server.fetch(LOOSEN)
    async with server.transaction():
        await server.execute("ALTER TABLE users DISABLE TRIGGER USER")
        for row in references:
            await server.execute(f"ALTER TABLE {row['table']} DROP CONSTRAINT {row['conname']}")
        await server.execute(BUILD)
        await set_day(server, YESTERDAY)
        await server.execute(
            f"INSERT INTO earned_achievements SELECT user_id, slug, '2026-05-01' FROM ({PASSED}) AS passed"
        )
        for row in references:
            await server.execute(f"ALTER TABLE {row['table']} ADD CONSTRAINT {row['conname']} {row['definition']}")
        await server.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE users ENABLE TRIGGER USER")
    await server.execute("VACUUM ANALYZE")


async def set_day(server: Any, at: datetime) -> None:
    await server.execute("DELETE FROM zone_days")
    await server.executemany("INSERT INTO zone_days VALUES ($1, $2)", [(zone, local_date(at, zone)) for zone in ZONES])


def _stat(process: str) -> list[str]:
    """Of a process, what follows its name in /proc/<pid>/stat: state, parent, …; nothing if it is gone."""
    try:
        return Path("/proc", process, "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def used_by(postmaster: int) -> float:
    """Processor seconds of PostgreSQL since it started, with all that works for it: a machine that others use too
    stretches the time that something takes, and hardly this."""
    ticks = sum(int(value) for value in _stat(str(postmaster))[11:15])
    for process in Path("/proc").glob("[0-9]*"):
        found = _stat(process.name)
        if found and int(found[1]) == postmaster:
            ticks += int(found[11]) + int(found[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Transactions:
    """How long each one was open, in seconds."""

    def __init__(self, postmaster: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.postmaster = postmaster
        self.seconds: list[float] = []
        begun: dict[int, float] = {}
        enter, leave = KuitterTransaction.__aenter__, KuitterTransaction.__aexit__

        async def begin(transaction: KuitterTransaction) -> KuitterTransaction:
            entered = await enter(transaction)
            begun[id(transaction)] = time.perf_counter()
            return entered

        async def end(transaction: KuitterTransaction, *error: Any) -> Any:
            try:
                return await leave(transaction, *error)
            finally:
                self.seconds.append(time.perf_counter() - begun.pop(id(transaction)))

        monkeypatch.setattr(KuitterTransaction, "__aenter__", begin)
        monkeypatch.setattr(KuitterTransaction, "__aexit__", end)

    @contextmanager
    def measured(self, what: str) -> Iterator[None]:
        self.seconds.clear()
        begun, busy, served = time.perf_counter(), time.process_time(), used_by(self.postmaster)
        yield
        took, busy = time.perf_counter() - begun, time.process_time() - busy
        served = used_by(self.postmaster) - served
        each = sorted(self.seconds) or [0.0]
        print(
            f"{what}: {took:.2f} s, of a processor {busy:.2f} s here and {served:.2f} s in PostgreSQL; "
            f"{len(each)} transactions, "
            f"median {1000 * each[len(each) // 2]:.1f} ms, 99 % {1000 * each[int(0.99 * len(each))]:.1f} ms, "
            f"longest {1000 * each[-1]:.1f} ms"
        )


async def test_a_million_people(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = time.perf_counter()
    await server.execute("CREATE TABLE zone_days (timezone text PRIMARY KEY, today date)")
    try:
        await build(server)
        print(f"\nbuilt in {time.perf_counter() - begun:.0f} s")
        parent = int(_stat(str(await server.fetchval("SELECT pg_backend_pid()")))[1])
        await _nights(server, Transactions(parent, monkeypatch))
    finally:
        await server.execute("DROP TABLE zone_days")


async def _nights(server: Any, transactions: Transactions) -> None:
    active = await server.fetchval("SELECT count(*) FROM users WHERE state = 'active'")
    with clock.frozen(YESTERDAY):
        with transactions.measured("ends placed of those who travelled"):
            await expiry.place()
        with transactions.measured("ends noted for the first time"):
            await expiry.note_ended()
        with transactions.measured("first night, with the goals of the days before"):
            assert await days.sweep_days(longest=600) == active
        await reminders.remind()
    assert await server.fetchval(WRONG_AWARDS) == 0
    assert await server.fetchval(WRONG_GOALS) == 0

    await set_day(server, TODAY)
    missing = await server.fetchval(WRONG_AWARDS)
    assert missing > PEOPLE / 100, "something is to be awarded"
    await server.execute("VACUUM ANALYZE")
    with clock.frozen(TODAY):
        with transactions.measured("a night: sweep of all zones"):
            assert await days.sweep_days(longest=600) == active
        with transactions.measured("a night: ends"):
            ended = await expiry.note_ended()
        with transactions.measured("an evening: reminders"):
            reminded = await reminders.remind()
        with transactions.measured("a look without anything due"):
            assert await days.sweep_days() == 0
    assert await server.fetchval(WRONG_AWARDS) == 0
    assert await server.fetchval(WRONG_GOALS) == 0
    completed = await server.fetchval("SELECT count(*) FROM goals WHERE completed_at IS NOT NULL")
    print(f"awarded {missing}, ended {ended}, reminded {reminded}, goals completed in all {completed}")
    assert min(completed, ended, reminded) > 0

    written = "SELECT count(*), count(*) FILTER (WHERE xmin::text::bigint >= $1) FROM {}"
    newest = int(await server.fetchval("SELECT pg_current_xact_id()::text")) % 2**32
    with clock.frozen(TODAY):
        await server.execute("DELETE FROM day_sweeps")
        with transactions.measured("the same night again"):
            assert await days.sweep_days(longest=600) == active
        assert await expiry.note_ended() == 0
        assert await reminders.remind() == 0
    for table in ("earned_achievements", "goals", "notifications", "check_in_streaks", "jobs"):
        assert (await server.fetchrow(written.format(table), newest))[1] == 0, table
    assert date(2026, 5, 10) in {row["swept_on"] for row in await server.fetch("SELECT swept_on FROM day_sweeps")}
