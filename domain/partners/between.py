"""Between two people: holding it while it is changed, and the limits on how many partners and requests one has.

Block, request, accept, withdraw and end of a pair come one after another under the lock of the pair (blocks.py). That
never two rows are open for the same two people is for the index `partnerships_one_open` to say. Rules: semantics,
"Partners".
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.accounts.blocks import lock_pair
from domain.kit.database import execute, fetch_value
from domain.kit.errors import Conflict

MOST_PARTNERS = 10
MOST_REQUESTS = 20

# The open row of $1 and $2, whoever asked whom: as the index says it, or PostgreSQL does not take it.
OPEN_ROW = """
    LEAST(partnerships.from_id, partnerships.to_id) = LEAST($1::uuid, $2::uuid)
    AND GREATEST(partnerships.from_id, partnerships.to_id) = GREATEST($1::uuid, $2::uuid)
    AND partnerships.from_id IS NOT NULL AND partnerships.to_id IS NOT NULL
    AND partnerships.state IN ('pending', 'partners')"""

_HOLD = "SELECT FROM users WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE"
_PARTNERS = "SELECT count(*) FROM partnerships WHERE $1 IN (from_id, to_id) AND state = 'partners'"
_REQUESTS = "SELECT count(*) FROM partnerships WHERE from_id = $1 AND state = 'pending' AND expires_at > $2"


async def hold_both(one: UUID, other: UUID) -> None:
    """Nobody else changes what is between the two, nor the number of partners and requests of either, until the
    caller's transaction ends. What is read in a statement after this one is what the holder before has left.

    First the pair and then its people, in one order for everybody, so that no two wait for each other in a circle.
    """
    await lock_pair(one, other)
    await execute(_HOLD, [one, other])


async def refuse_more_partners(*people: UUID) -> None:
    """Raises Conflict `too_many_partners` if one of the people, whom the caller holds, has ten."""
    for user_id in people:
        if await fetch_value(_PARTNERS, user_id) >= MOST_PARTNERS:
            raise Conflict(f"Nobody has more than {MOST_PARTNERS} partners.", code="too_many_partners")


async def refuse_more_requests(user_id: UUID, now: datetime) -> None:
    """Raises Conflict `too_many_requests_open` if the person, whom the caller holds, waits for twenty answers."""
    if await fetch_value(_REQUESTS, user_id, now) >= MOST_REQUESTS:
        raise Conflict(
            f"At most {MOST_REQUESTS} requests may wait for an answer. Withdraw one, or wait.",
            code="too_many_requests_open",
        )
