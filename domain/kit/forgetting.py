"""Removing what has been kept long enough."""

from __future__ import annotations

from typing import Any

from domain.kit.database import execute

_BATCH = 2000


async def forget(table: str, where: str, *args: Any) -> int:
    """Remove the rows of `table` for which `where` holds; returns how many.

    In small batches, each a transaction of its own, so that no lock is held for long; rows that somebody holds wait
    for the next time. `table` and `where` are ours, only `args` are values. Safe in several processes at once.
    """
    statement = f"""DELETE FROM {table} WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM {table} WHERE {where} LIMIT {_BATCH} FOR UPDATE SKIP LOCKED))"""
    removed = 0
    while True:
        batch = int((await execute(statement, *args)).removeprefix("DELETE "))
        removed += batch
        if batch < _BATCH:
            return removed
