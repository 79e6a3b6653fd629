"""What the home screen costs a person who uses everything."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

from domain.dashboard.home import read_home
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, transaction
from tests.conftest import Api
from tests.dashboard.heavy import fill

SignUp = Callable[..., Awaitable[Api]]
NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


async def test_a_heavy_life_is_one_statement_on_indexes(sign_up: SignUp, statements: list[str]) -> None:
    people = [UUID((await sign_up()).user["id"]) for _ in range(3)]
    await fill(people, NOW)
    with clock.frozen(NOW):
        await read_home(people[0])  # asyncpg asks for the types of a new statement
        statements.clear()
        home = await read_home(people[0])
    assert len(statements) == 1
    assert (len(home.goals), len(home.check_ins), home.unread_notifications) == (10, 7, 2500)
    assert home.last_seven_days.urges > 50
    arguments = people[0], NOW, NOW.date()
    async with transaction():
        await execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await fetch(f"EXPLAIN {statements[0]}", *arguments))
        counted = [row[0] for row in await fetch(f"EXPLAIN (ANALYZE, BUFFERS) {statements[0]}", *arguments)]
    # The quizzes that are offered are a handful of rows without an index of their own.
    assert set(re.findall(r"Seq Scan on (\w+)", plan)) <= {"quizzes", "achievements"}
    for index in (
        "check_ins_pkey", "urges_days", "journal_entries_days", "slips_days", "notifications_unread", "attempts_user",
        "grants_user", "daily_messages_day_unique", "earned_achievements_",
    ):  # fmt: skip
        # Of the achievements either index serves: which of them follows from how many others have what they have.
        assert index in plan, index
    # Ten goals over up to 10,000 urges each, and all the rest: pages, not milliseconds, are the same on every machine.
    pages = next(int(found.group(1)) for line in counted if (found := re.search(r"shared hit=(\d+)", line)))
    assert pages < 6000
