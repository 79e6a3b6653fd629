"""Answering a request: only whoever was asked can."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, transaction
from domain.partners.between import hold_both
from domain.partners.making import make_partners
from domain.partners.news import withdraw_request
from domain.partners.requests import Request, in_sight, read_request, refuse_the_other, request_closed

# Of a request to $1, as far as it is in sight at the instant $2.
_LOOK = f"""
SELECT partnerships.state, partnerships.from_id, partnerships.expires_at <= $2 AS late
FROM partnerships {in_sight("partnerships.from_persona_id")} AND partnerships.id = $3 AND partnerships.to_id = $1"""
_DECLINE = "UPDATE partnerships SET state = 'declined', closed_at = $2 WHERE id = $1 AND state = 'pending'"


async def accept(user_id: UUID, request_id: UUID) -> Request:
    """Become partners; again it changes nothing.

    Raises NotFound for others' requests and what is out of sight, Forbidden for one's own, Conflict `request_closed` or
    `too_many_partners`.
    """
    async with transaction():
        asker = (await _request_to(user_id, request_id))["from_id"]
        await hold_both(user_id, asker)
        row = await _request_to(user_id, request_id)
        if row["state"] != "partners":
            if row["state"] != "pending" or row["late"]:
                raise request_closed()
            await make_partners(request_id, asker=asker, accepter=user_id, tell_both=False)
    return await read_request(user_id, request_id)


async def decline(user_id: UUID, request_id: UUID) -> Request:
    """Say no, silently; again it changes nothing. Raises as accept, but for `too_many_partners`."""
    async with transaction():
        asker = (await _request_to(user_id, request_id))["from_id"]
        await hold_both(user_id, asker)
        row = await _request_to(user_id, request_id)
        if row["state"] != "declined":
            if row["state"] != "pending" or row["late"]:
                raise request_closed()
            await execute(_DECLINE, request_id, clock.now())
            await withdraw_request(request_id)
    return await read_request(user_id, request_id)


async def _request_to(user_id: UUID, request_id: UUID) -> Any:
    row = await fetch_row(_LOOK, user_id, clock.now(), request_id)
    if row is None:
        await refuse_the_other(user_id, request_id)
    return row
