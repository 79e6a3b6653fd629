"""The talk of two partners: who may read it, and who may write in it.

It can be read by the two while both are there and neither has blocked the other, also after its end; of somebody purged
the other keeps a copy. Rules: semantics, "Partners" (Chat) and "Identity and privacy".
"""

from __future__ import annotations

from uuid import UUID

from domain.accounts.admission import active
from domain.accounts.ages import same_age_group
from domain.accounts.blocks import blocked_between
from domain.kit.database import fetch_row
from domain.kit.errors import Conflict, DomainError, NotFound


def other_than(viewer: str) -> str:
    """SQL for a row of partnerships: the one of the two who is not the viewer (SQL of a user's id)."""
    return f"CASE WHEN partnerships.from_id = {viewer} THEN partnerships.to_id ELSE partnerships.from_id END"


def read_by(viewer: str) -> str:
    """SQL for a row of partnerships: how far the viewer, who is one of the two, has read."""
    return f"CASE WHEN partnerships.from_id = {viewer} THEN partnerships.from_read ELSE partnerships.to_read END"


def shown_to_partner(person: str) -> str:
    """SQL for a row of partnerships: the persona under which one of the two (SQL of a user's id) is seen by the other,
    for `written_by`. Of partners it is the present one; of a request that of the asking; after the end, the one of then
    (see ending.py). Null for somebody who was purged."""
    return f"""CASE WHEN partnerships.state = 'partners' THEN (SELECT persona_id FROM users WHERE users.id = {person})
        WHEN partnerships.from_id = {person} THEN partnerships.from_persona_id
        WHEN partnerships.to_id = {person} THEN partnerships.to_persona_id END"""


def in_sight(viewer: str) -> str:
    """The joins and the condition, to follow FROM partnerships, under which the viewer may read the talk.

    They add `other` (of users), which is null once that person was purged.
    """
    return f"""LEFT JOIN users AS other ON other.id = {other_than(viewer)}
        WHERE {viewer} IN (partnerships.from_id, partnerships.to_id) AND partnerships.state IN ('partners', 'ended')
          AND (other.id IS NULL OR ({active("other")} AND NOT {blocked_between("other.id", viewer)}))"""


def open_between(one: str, other: str, now: str) -> str:
    """SQL for a row of partnerships: whether these two, both names of `users` in the statement, may write to each other
    at the business instant `now` (SQL). `one` is taken for being there: they ask.
    """
    return f"""partnerships.state = 'partners' AND {active(other)} AND {same_age_group(one, other, now)}
        AND NOT {blocked_between(f"{one}.id", f"{other}.id")}"""


_SEEN = f"SELECT partnerships.id FROM partnerships {in_sight('$2::uuid')} AND partnerships.id = $1"


async def check_in_sight(viewer: UUID, partnership_id: UUID) -> None:
    """Raises NotFound unless the viewer may read the talk."""
    if await fetch_row(_SEEN, partnership_id, viewer) is None:
        raise NotFound


async def refusal(viewer: UUID, partnership_id: UUID) -> DomainError:
    """Why a talk takes no message: NotFound if it is out of sight, else Conflict `partnership_ended`."""
    if await fetch_row(_SEEN, partnership_id, viewer) is None:
        return NotFound()
    return Conflict("This partnership has ended: it can be read, nothing more.", code="partnership_ended")
