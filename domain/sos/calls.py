"""The panic button: what helps at once. It asks for nothing, no consent and no input, and needs only the database.

Partners who are to hear of it are told by a job: nothing that they do, or that goes wrong with it, keeps help waiting.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec

from domain.kit.clock import clock
from domain.kit.database import fetch_row
from domain.kit.errors import NotFound
from domain.kit.idempotency import IdempotencyKey, once
from domain.kit.ids import new_id
from domain.partners.alerts import listeners_to, tell_of_call
from domain.safety.resources import Resource, resources_for
from domain.sos.steps import STEPS, Step

_MOST_HELPED = 5
# How many of the newest resisted urges are looked through for different words.
_LOOKED_THROUGH = 200


class Help(msgspec.Struct, frozen=True):
    """What a call for help answers.

    `helped_before` is what the person wrote of how they came through, newest first; `why` what it is all for.
    `partners_told` counts the partners who hear of the call; whoever calls again and again is told of once.
    """

    id: UUID
    called_at: datetime
    steps: list[Step]
    helped_before: list[str]
    why: str | None
    resources: list[Resource]
    partners_told: int


_CALL = f"""
INSERT INTO sos_calls (id, user_id, called_at) SELECT $1, id, $3 FROM users WHERE id = $2
RETURNING {listeners_to("$2::uuid", "$3::timestamptz")} AS listeners"""

_READ = f"""
SELECT call.called_at, users.why, users.country, users.locale, users.timezone,
    {listeners_to("$2::uuid", "$3::timestamptz")} AS listeners,
    ARRAY(SELECT coping FROM urges WHERE user_id = users.id AND outcome = 'resisted' AND coping IS NOT NULL
          ORDER BY occurred_at DESC LIMIT {_LOOKED_THROUGH}) AS coping
FROM sos_calls AS call JOIN users ON users.id = call.user_id WHERE call.id = $1 AND users.id = $2"""


async def call_for_help(user_id: UUID, key: IdempotencyKey | None) -> Help:
    """Note that the person called for help, and answer with what may help. Two round trips beside BEGIN and COMMIT,
    and one more if partners are to hear of it.

    Repeated with the same key it is the same call. Raises NotFound if the person is gone.
    """

    async def create() -> UUID:
        call_id = new_id()
        noted = await fetch_row(_CALL, call_id, user_id, clock.now())
        if noted is None:
            raise NotFound
        if noted["listeners"]:
            await tell_of_call(user_id, call_id)
        return call_id

    outcome = await once(key, 200, create)
    row = await fetch_row(_READ, outcome.resource_id, user_id, clock.now())
    if row is None:
        raise NotFound
    return Help(
        id=outcome.resource_id,
        called_at=row["called_at"],
        steps=STEPS,
        helped_before=_different(row["coping"]),
        why=row["why"],
        resources=resources_for(row["country"], row["locale"], row["timezone"]),
        partners_told=row["listeners"],
    )


def _different(texts: Iterable[str]) -> list[str]:
    """The first few that differ in more than capitals."""
    found: dict[str, str] = {}
    for text in texts:
        found.setdefault(text.casefold(), text)
    return list(found.values())[:_MOST_HELPED]
