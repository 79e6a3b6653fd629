"""How PostgreSQL reads if every table is large: which rows a statement touches, and by which index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from domain.kit.database import execute, fetch_value, transaction


class Scan(NamedTuple):
    """One reading of a table. `rows` are those that were touched, with those that a filter then dropped."""

    table: str
    how: str
    condition: str
    rows: int


async def scans(statement: str, *arguments: Any) -> list[Scan]:
    """The readings of tables that running `statement` takes."""
    async with transaction():
        await execute("SET LOCAL enable_seqscan = off")
        return _scans(await fetch_value(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", *arguments))


async def generic_scans(statement: str, *arguments: str) -> list[Scan]:
    """The same by the plan that PostgreSQL keeps for any arguments; these are written as SQL."""
    async with transaction():
        await execute("SET LOCAL enable_seqscan = off; SET LOCAL plan_cache_mode = force_generic_plan")
        await execute(f"PREPARE read_by_plan AS {statement}")
        plan = await fetch_value(f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE read_by_plan ({', '.join(arguments)})")
        await execute("DEALLOCATE read_by_plan")
    return _scans(plan)


def _scans(plan: str) -> list[Scan]:
    return list(_walk(json.loads(plan)[0]["Plan"]))


def _walk(node: dict[str, Any]) -> Iterator[Scan]:
    if "Relation Name" in node:
        below = node.get("Plans", [])
        dropped = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        rows = round((node["Actual Rows"] + dropped) * node["Actual Loops"])
        conditions = [each.get("Index Cond", "") for each in (node, *below)]
        yield Scan(node["Relation Name"], node["Node Type"], " ".join(filter(None, conditions)), rows)
    for below in node.get("Plans", []):
        yield from _walk(below)
