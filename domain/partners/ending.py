"""The end of a partnership, and what a block ends between two people. Both are silent.

With the end each keeps the name under which the other knew them last: later switches do not reach who was a partner
once. Rules: semantics, "Partners" and "Community" (Blocking); "Identity and privacy" (Persona).
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from domain.accounts.blocks import lock_pair
from domain.community import parting as community
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, transaction
from domain.kit.errors import NotFound
from domain.partners.between import OPEN_ROW
from domain.partners.news import withdraw_news
from domain.partners.talk import in_sight
from domain.partners.telling import withdraw_all


def _name_of_now(side: str) -> str:
    return f"""{side}_persona_id = CASE WHEN partnerships.state = 'partners'
        THEN (SELECT persona_id FROM users WHERE users.id = partnerships.{side}_id)
        ELSE partnerships.{side}_persona_id END"""


# What an UPDATE of a row of partnerships sets beside its state when it ends. A request keeps the names of the asking.
NAMES_OF_NOW = f"{_name_of_now('from')}, {_name_of_now('to')}"

_LOOK = f"""
SELECT other.id AS other_id FROM partnerships {in_sight("$1::uuid")} AND partnerships.id = $2"""
_END = f"UPDATE partnerships SET state = 'ended', closed_at = $2, {NAMES_OF_NOW} WHERE id = $1 AND state = 'partners'"

# To the one who is blocked it looks as if the other had declined, withdrawn or ended it.
_PART = f"""
UPDATE partnerships SET state = CASE WHEN state = 'partners' THEN 'ended'
                                     WHEN from_id = $1 THEN 'withdrawn' ELSE 'declined' END,
                        closed_at = CASE WHEN state = 'partners' THEN $3 ELSE LEAST($3, expires_at) END, {NAMES_OF_NOW}
WHERE {OPEN_ROW}"""
_ALL = "SELECT id FROM partnerships WHERE (from_id = $1 AND to_id = $2) OR (from_id = $2 AND to_id = $1)"


async def end(user_id: UUID, partnership_id: UUID) -> None:
    """Part from a partner; again it changes nothing. Both can still read what they wrote; what either was told of the
    other and has not read is taken back. Raises NotFound."""
    async with transaction():
        row = await fetch_row(_LOOK, user_id, partnership_id)
        if row is None:
            raise NotFound
        other: UUID | None = row["other_id"]
        if other is None:
            # They were purged, and the partnership has ended with that.
            return
        await lock_pair(user_id, other)
        await execute(_END, partnership_id, clock.now())
        await take_back(user_id, other, [partnership_id])


async def part(user_id: UUID, other: UUID) -> None:
    """What a block by `user_id` ends between the two, as partners and in the community; in the block's transaction,
    under the lock of the pair. What either was told of the other and has not read is taken back."""
    await execute(_PART, user_id, other, clock.now())
    await take_back(user_id, other, [row["id"] for row in await fetch(_ALL, user_id, other)])
    await community.part(user_id, other)


async def take_back(one: UUID, other: UUID, partnership_ids: Sequence[UUID]) -> None:
    """Take back what these two were told of each other and have not read; in the transaction that ends it, after the
    end: whoever tells holds the row (telling.py, alerts.py), so it was told before and goes, or is not told."""
    if partnership_ids:
        await withdraw_news(partnership_ids)
    for partnership_id in partnership_ids:
        await withdraw_all(one, other, partnership_id)
