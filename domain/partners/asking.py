"""Asking somebody to be a partner, and taking that back.

A request is of two accounts, and its people know each other by the names of the asking: no answer may tell that two
names are one person's. So asking again is the same request only under the same name, and the pause after a refusal is
one towards the name that refused. Two requests that cross are a partnership, as if the second had accepted the first.
Rules: semantics, "Partners" and "Identity and privacy" (Persona).
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from domain.accounts.admission import active
from domain.accounts.ages import same_age_group
from domain.accounts.blocks import blocked_between, lock_pair
from domain.accounts.speaking import may_speak
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, fetch_value, transaction
from domain.kit.errors import Conflict, NotFound, RuleBroken
from domain.kit.events import Event, tell
from domain.kit.idempotency import IdempotencyKey, once
from domain.kit.ids import new_id
from domain.kit.text import clean_optional
from domain.partners.between import OPEN_ROW, hold_both, refuse_more_partners, refuse_more_requests
from domain.partners.making import make_partners
from domain.partners.news import tell_of_request, withdraw_request
from domain.partners.requests import Request, read_request, refuse_the_other, request_closed
from domain.safety.support import listening
from domain.safety.text_filter import refuse_objectionable

_LONGEST_MESSAGE = 300
EXPIRES_AFTER = timedelta(days=30)
PAUSE = timedelta(days=7)

# Two names that others may know to be one person's: the same, or the username and a former one.
_SAME_FACE = """({0} = $3 OR (SELECT kind FROM personas WHERE personas.id = {0}) = 'username'
    AND (SELECT kind FROM personas WHERE personas.id = $3) = 'username')"""

_END_LATE = f"""
UPDATE partnerships SET state = 'expired', closed_at = expires_at
WHERE {OPEN_ROW} AND state = 'pending' AND expires_at <= $3 RETURNING id"""

# What stands between $1 and $2, whom others know as $3, at the instant $4; nothing if one cannot ask the other.
_BETWEEN = f"""
SELECT me.persona_id, open.id, open.state, open.from_id = $1 AS mine,
       {_SAME_FACE.format("open.to_persona_id")} AS same_face,
       EXISTS (SELECT FROM partnerships AS earlier
               WHERE earlier.from_id = $1 AND earlier.to_id = $2
                 AND earlier.state IN ('declined', 'withdrawn', 'expired') AND earlier.closed_at > $5
                 AND {_SAME_FACE.format("earlier.to_persona_id")}) AS pausing
FROM users AS me
JOIN users AS other ON other.id = $2 AND other.persona_id = $3 AND {active("other")}
    AND {same_age_group("me", "other", "$4::timestamptz")}
LEFT JOIN (SELECT * FROM partnerships WHERE {OPEN_ROW}) AS open ON true
WHERE me.id = $1 AND NOT {blocked_between("$1::uuid", "$2::uuid")}"""

_WITHDRAW = """
UPDATE partnerships SET state = 'withdrawn', closed_at = LEAST($2, expires_at) WHERE id = $1 AND state = 'pending'"""
_ADD = """
INSERT INTO partnerships (id, from_id, to_id, from_persona_id, to_persona_id, state, message, requested_at, expires_at)
VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8)"""


async def ask(user_id: UUID, author_id: UUID, message: str | None, key: IdempotencyKey | None) -> tuple[Request, bool]:
    """Ask whoever is `author_id` now to be a partner; returns the request, and whether it is new. If they wait for an
    answer themselves, it is a partnership at once.

    Raises InvalidRequest for a message of over 300 characters, RuleBroken `content_refused` or
    `cannot_partner_oneself`, NotFound for whoever is not known under this id any more, gone, of another age group or
    blocked, Conflict `already_partners`, `request_cooldown`, `too_many_partners` or `too_many_requests_open`, and as
    may_speak.
    """
    fresh = False
    async with listening(user_id, "partner_message", message) as support:
        text = clean_optional(message, field="message", longest=_LONGEST_MESSAGE)
        if text is not None:
            refuse_objectionable(text, field="message")

        async def create() -> UUID:
            nonlocal fresh
            await may_speak(user_id)
            other: UUID | None = await fetch_value("SELECT user_id FROM personas WHERE id = $1", author_id)
            if other is None:
                raise NotFound
            if other == user_id:
                raise RuleBroken("One cannot be one's own partner.", code="cannot_partner_oneself")
            request_id, fresh = await _ask(user_id, other, author_id, text)
            return request_id

        made = await once(key, lambda: 201 if fresh else 200, create)
        request = await read_request(user_id, made.resource_id)
    return msgspec.structs.replace(request, support=support), made.status == 201


async def _ask(user_id: UUID, other: UUID, author_id: UUID, text: str | None) -> tuple[UUID, bool]:
    """The request's id, and whether anything is new."""
    now = clock.now()
    await hold_both(user_id, other)
    if (late := await fetch_value(_END_LATE, user_id, other, now)) is not None:
        await withdraw_request(late)
    row = await fetch_row(_BETWEEN, user_id, other, author_id, now, now - PAUSE)
    if row is None:
        raise NotFound
    open_id: UUID | None = row["id"]
    if row["state"] == "partners":
        raise Conflict("You are partners already.", code="already_partners")
    if open_id is not None and row["mine"]:
        if not row["same_face"]:
            # They were asked under another name of theirs. To say so would join the two.
            raise NotFound
        return open_id, False
    if open_id is not None:
        await make_partners(open_id, asker=other, accepter=user_id, tell_both=True)
        return open_id, True
    if row["pausing"]:
        raise Conflict("It is too early to ask this person again.", code="request_cooldown")
    await refuse_more_partners(user_id)
    await refuse_more_requests(user_id, now)
    request_id = new_id()
    await execute(
        _ADD, request_id, user_id, other, row["persona_id"], author_id, text, now, now + EXPIRES_AFTER
    )  # fmt: skip
    await tell_of_request(other, request_id, now + EXPIRES_AFTER)
    tell(other, Event("partner.request", request_id))
    return request_id, True


async def withdraw(user_id: UUID, request_id: UUID) -> None:
    """Take one's own request back, silently. One that the other has ended meanwhile, or that has expired, is as good:
    nobody is told which. Raises NotFound for others' requests, Forbidden for one to oneself, Conflict `request_closed`
    if they became partners."""
    async with transaction():
        asked = await fetch_row("SELECT to_id FROM partnerships WHERE id = $1 AND from_id = $2", request_id, user_id)
        if asked is None:
            await refuse_the_other(user_id, request_id)
        if asked["to_id"] is not None:
            await lock_pair(user_id, asked["to_id"])
        if await execute(_WITHDRAW, request_id, clock.now()) == "UPDATE 1":
            await withdraw_request(request_id)
        elif await fetch_value("SELECT accepted_at IS NOT NULL FROM partnerships WHERE id = $1", request_id):
            raise request_closed()
