"""Many people at once, and what should have become of them, by statements over sets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, fetch_value
from domain.sweep import days


async def crowd(people: int, zone: str, started_on: date) -> list[UUID]:
    """So many people in `zone` whose attempt began then; their ids, in order."""
    made = await fetch(
        """WITH made AS (
               INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
               SELECT gen_random_uuid(), gen_random_uuid() || '@example.org', 'anonymous', '1990-01-01', $2,
                      gen_random_uuid(), '2026-01-01' FROM generate_series(1, $1)
               RETURNING id)
           INSERT INTO attempts (id, user_id, started_on) SELECT gen_random_uuid(), id, $3 FROM made
           RETURNING user_id""",
        people, zone, started_on,
    )  # fmt: skip
    return sorted(row["user_id"] for row in made)


async def give_goal(
    user_ids: Sequence[UUID], kind: str, target: int, starts_on: date, due_on: date | None = None
) -> None:
    await execute(
        """INSERT INTO goals (id, user_id, kind, title, target, starts_on, due_on, created_at, updated_at)
           SELECT gen_random_uuid(), user_id, $2, 'a goal', $3, $4, $5, '2026-01-01', '2026-01-01'
           FROM unnest($1::uuid[]) AS given (user_id)""",
        user_ids, kind, target, starts_on, due_on,
    )  # fmt: skip


async def sweep(at: datetime) -> int:
    """What the clock does at an instant."""
    with clock.frozen(at):
        return await days.sweep_days()


async def earned(user_id: UUID) -> dict[str, datetime]:
    """What was awarded, and the instant that it bears."""
    rows = await fetch("SELECT achievement, earned_at FROM earned_achievements WHERE user_id = $1", user_id)
    return {row["achievement"]: row["earned_at"] for row in rows}


async def all_rows() -> dict[str, Any]:
    """Every row that a sweep could write, with its version."""
    tables = ("earned_achievements", "goals", "notifications", "jobs", "day_sweeps")
    return {table: await fetch(f"SELECT xmin::text, t::text FROM {table} AS t ORDER BY 2") for table in tables}


async def mark(zone: str) -> tuple[date | None, date | None, UUID | None]:
    """Of a zone: the newest day that was swept, the one under way, and the last person done."""
    row = await fetch_row("SELECT swept_on, sweeping_on, last_user_id FROM day_sweeps WHERE timezone = $1", zone)
    assert row is not None
    return tuple(row)


async def slug_of(level: int) -> str:
    """The achievement for so many clean days in a row."""
    slug: str = await fetch_value(
        "SELECT slug FROM achievements WHERE metric = 'best_clean_days' AND level = $1", level
    )
    return slug
