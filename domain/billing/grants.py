"""Subscriptions that administrators give: for a tester, for a mistake of ours, for somebody who cannot pay."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.accounts import audit
from domain.kit.clock import clock
from domain.kit.database import fetch_value, transaction
from domain.kit.errors import NotFound, RuleBroken
from domain.kit.events import Event, tell
from domain.kit.ids import new_id
from domain.kit.text import clean_text

_LONGEST_REASON = 200


async def grant(user_id: UUID, until: datetime, reason: str, by: str) -> UUID:
    """Give the person access from now until the business instant `until`; returns the grant's id.

    `reason` is for support, 1 to 200 characters; `by` names who gives it, a word of ours or an id. Raises NotFound for
    a person who is gone, RuleBroken for a time that is over, InvalidRequest for the reason.
    """
    now = clock.now()
    if until <= now:
        raise RuleBroken("A grant must end in the future.")
    words = clean_text(reason, field="reason", longest=_LONGEST_REASON)
    async with transaction():
        grant_id: UUID | None = await fetch_value(
            """INSERT INTO grants (id, user_id, starts_at, ends_at, reason)
               SELECT $1, id, $3, $4, $5 FROM users WHERE id = $2 RETURNING id""",
            new_id(), user_id, now, until, words,
        )  # fmt: skip
        if grant_id is None:
            raise NotFound
        await audit.record("grant_given", user_id, grant=str(grant_id), by=by)
        tell(user_id, Event("subscription"))
    return grant_id
