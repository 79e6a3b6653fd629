"""What time alone ends: requests that nobody answered, and pairs of which one has come of age.

Nothing that people see waits for it: whoever reads asks for the time, and for the ages, as well. Rules: semantics,
"Partners" (expired after 30 days) and "Identity and privacy" (minors).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any

from domain.accounts.ages import same_age_group
from domain.kit.clock import clock
from domain.kit.database import fetch, transaction
from domain.partners.ending import NAMES_OF_NOW, take_back
from domain.partners.news import withdraw_request

Rows = Sequence[Any]

# So few that nobody waits for their rows.
_BATCH = 500
# Who came of age longer ago was found by an earlier look, unless no clock ran all this time; reads are right even then.
_LOOKED_BACK = timedelta(days=90)

_EXPIRE = """
UPDATE partnerships SET state = 'expired', closed_at = expires_at
WHERE state = 'pending' AND id = ANY (ARRAY(
    SELECT id FROM partnerships WHERE state = 'pending' AND expires_at <= $1
    ORDER BY expires_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED))
RETURNING id"""

# From the few people who may just have had their birthday to what is open between them and others.
_PART_AGES = f"""
UPDATE partnerships SET closed_at = $1, state = CASE partnerships.state WHEN 'partners' THEN 'ended' ELSE 'expired' END,
    {NAMES_OF_NOW}
WHERE state IN ('pending', 'partners') AND id = ANY (ARRAY(
    SELECT mine.id FROM users AS grown
    CROSS JOIN LATERAL (
        SELECT id, to_id AS other_id FROM partnerships WHERE from_id = grown.id AND state IN ('pending', 'partners')
        UNION ALL
        SELECT id, from_id FROM partnerships WHERE to_id = grown.id AND state IN ('pending', 'partners')
    ) AS mine
    JOIN users AS other ON other.id = mine.other_id
    WHERE grown.birth_date > ($1::timestamptz AT TIME ZONE 'UTC')::date - interval '18 years' - $3::interval
      AND grown.birth_date <= ($1::timestamptz AT TIME ZONE 'UTC')::date + 1 - interval '18 years'
      AND NOT {same_age_group("grown", "other", "$1::timestamptz")}
    ORDER BY mine.id LIMIT $2))
RETURNING id, from_id, to_id"""


async def expire_requests() -> int:
    """Note that requests have expired; returns of how many. Safe at any time, in any number of clocks."""

    async def told(rows: Rows) -> None:
        await withdraw_request(*(row["id"] for row in rows))

    return await _in_batches(_EXPIRE, told)


async def part_ages() -> int:
    """End what is open between an adult and a minor, since one of them came of age; returns how many. Silent."""

    async def told(rows: Rows) -> None:
        for row in rows:
            await take_back(row["from_id"], row["to_id"], [row["id"]])

    return await _in_batches(_PART_AGES, told, _LOOKED_BACK)


async def _in_batches(statement: str, withdraw: Callable[[Rows], Awaitable[None]], *more: timedelta) -> int:
    ended = 0
    while True:
        async with transaction():
            rows = await fetch(statement, clock.now(), _BATCH, *more)
            if rows:
                await withdraw(rows)
        ended += len(rows)
        if len(rows) < _BATCH:
            return ended
