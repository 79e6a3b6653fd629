"""Out of a request comes a partnership."""

from __future__ import annotations

from uuid import UUID

from domain.kit.clock import clock
from domain.kit.database import execute
from domain.kit.events import Event, tell
from domain.partners.between import refuse_more_partners
from domain.partners.news import tell_of_partner, withdraw_request
from domain.partners.requests import request_closed

_MAKE = "UPDATE partnerships SET state = 'partners', accepted_at = $2 WHERE id = $1 AND state = 'pending'"


async def make_partners(request_id: UUID, *, asker: UUID, accepter: UUID, tell_both: bool) -> None:
    """Make the two of an open request partners; the caller holds both. Who asked is told, with `tell_both` (both had
    asked) the other as well. Raises Conflict `too_many_partners` if either has ten."""
    await refuse_more_partners(asker, accepter)
    if await execute(_MAKE, request_id, clock.now()) != "UPDATE 1":
        # It has expired between the look and now.
        raise request_closed()
    await withdraw_request(request_id)
    for user_id in (asker, accepter) if tell_both else (asker,):
        await tell_of_partner(user_id, request_id)
    for user_id in (asker, accepter):
        # The accepter's own other phone wants it, too.
        tell(user_id, Event("partner.request", request_id))
