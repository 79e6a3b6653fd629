"""Many reports, and how PostgreSQL reads them."""

from __future__ import annotations

from domain.kit.database import execute, fetch
from domain.reports import review
from domain.reports.reasons import URGENT


async def many_reports(how_many: int, *, open_ones: int) -> None:
    """Of which the last `open_ones` are open."""
    await execute(
        f"""INSERT INTO reports (id, target_type, target_id, reason, snapshot, state, created_at)
            SELECT gen_random_uuid(), 'post', gen_random_uuid(), 'spam', '{{}}',
                   CASE WHEN n > {how_many - open_ones} THEN 'open' ELSE 'dismissed' END,
                   timestamptz '2026-01-01' + n * interval '1 minute' FROM generate_series(1, {how_many}) AS n"""
    )
    await execute("ANALYZE reports")


async def plan_of_the_queue() -> str:
    """The plan of the statement behind `open_cases`."""
    return "\n".join(row[0] for row in await fetch(f"EXPLAIN {review._CASES}", 50, list(URGENT)))
