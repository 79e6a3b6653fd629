"""Writing in the talk: each message gets the next place in it, and the two hear of it at once.

The place (`seq`) is given while the partnership's row is held until the COMMIT: so places follow one another without a
gap, and nobody sees a later one before an earlier one. That row also stands for the lock of the pair (see blocks.py): a
block ends the partnership, so it comes before the message or after it. Rules: semantics, "Partners" (Chat).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kit.clock import clock
from domain.kit.database import fetch_row
from domain.kit.errors import NotFound
from domain.kit.events import Event, tell
from domain.kit.idempotency import IdempotencyKey, once
from domain.kit.ids import check_client_id, new_id
from domain.kit.text import clean_text
from domain.partners.talk import check_in_sight, in_sight, open_between, other_than, refusal
from domain.partners.telling import tell_of_messages
from domain.safety.support import Support, with_support
from domain.safety.text_filter import refuse_objectionable

_LONGEST = 2000


class Message(msgspec.Struct, frozen=True):
    """A message as one of the two sees it. `seq` is its place in the talk: 1, 2, 3 …

    `client_id` is there for whoever sent it alone, and so is `support`, in the answer to the sending: null unless their
    words say that somebody may be in danger. Of somebody whose account is gone, `body` is empty.
    """

    id: UUID
    seq: int
    body: str
    is_mine: bool
    client_id: str | None
    sent_at: datetime
    support: Support | None = None


COLUMNS = (
    "partner_messages.id, partner_messages.seq, partner_messages.body, partner_messages.sender_id, "
    "partner_messages.client_id, partner_messages.sent_at"
)

_OTHER = other_than("$2::uuid")


def _moved(side: str) -> str:
    """Whoever has read everything has also read what they now add themselves."""
    read = f"partnerships.{side}_read"
    return f"""{side}_read = CASE WHEN {side}_id = $2 AND {read} = partnerships.last_seq THEN {read} + 1
                                  ELSE {read} END"""


# A retry finds its message (`known`) and takes no place. One that runs at the same moment does not see it yet: it takes
# a place, writes nothing, and is rolled back.
_WRITE = f"""
WITH known AS (
    SELECT {COLUMNS} FROM partner_messages WHERE partnership_id = $1 AND sender_id = $2 AND client_id = $5
), talk AS (
    UPDATE partnerships SET last_seq = partnerships.last_seq + 1, {_moved("from")}, {_moved("to")}
    FROM users AS other, users AS writer
    WHERE partnerships.id = $1 AND $2 IN (partnerships.from_id, partnerships.to_id) AND writer.id = $2
      AND other.id = {_OTHER} AND {open_between("writer", "other", "$6::timestamptz")}
      AND NOT EXISTS (SELECT FROM known)
    RETURNING partnerships.id, partnerships.last_seq, other.id AS other_id
), written AS (
    INSERT INTO partner_messages (id, partnership_id, seq, sender_id, body, client_id, sent_at)
    SELECT $3, id, last_seq, $2, $4, $5, $6 FROM talk
    ON CONFLICT ON CONSTRAINT partner_messages_client_unique DO NOTHING RETURNING {COLUMNS}
)
SELECT message.*, talk.other_id
FROM (VALUES (true)) AS always LEFT JOIN talk ON true
LEFT JOIN (SELECT * FROM known UNION ALL SELECT * FROM written) AS message ON true"""

_ONE = f"""
SELECT {COLUMNS} FROM partnerships JOIN partner_messages ON partner_messages.partnership_id = partnerships.id
{in_sight("$1::uuid")} AND partner_messages.id = $2"""


class _SentJustNow(Exception):
    """The same message was being written by another request: it is there now."""


def view(row: Any, viewer: UUID) -> Message:
    """The message in a row of COLUMNS."""
    mine = row["sender_id"] == viewer
    return Message(
        row["id"], row["seq"], row["body"], mine, row["client_id"] if mine else None, row["sent_at"]
    )  # fmt: skip


@with_support("partner_message", "body")
async def write_message(
    user_id: UUID, partnership_id: UUID, body: str, *, client_id: str | None, key: IdempotencyKey | None
) -> Message:
    """Write to the partner. The same `client_id` again is the same message. Two round trips beside BEGIN and COMMIT.

    Raises InvalidRequest for the text's length or the client_id, RuleBroken `content_refused`, NotFound for a talk that
    is not in sight, Conflict `partnership_ended`.
    """
    text = clean_text(body, field="body", longest=_LONGEST)
    check_client_id(client_id)
    refuse_objectionable(text)
    made: Message | None = None

    async def create() -> UUID:
        nonlocal made
        row: Any = await fetch_row(_WRITE, partnership_id, user_id, new_id(), text, client_id, clock.now())
        if row["id"] is None:
            if row["other_id"] is None:
                raise await refusal(user_id, partnership_id)
            raise _SentJustNow
        made = view(row, user_id)
        if row["other_id"] is None:
            await check_in_sight(user_id, partnership_id)
        else:
            await tell_of_messages(partnership_id, row["other_id"])
            for each in (user_id, row["other_id"]):
                # The writer's own other phone wants it, too.
                tell(each, Event("partner.message", made.id))
        return made.id

    try:
        written = await once(key, 201, create)
    except _SentJustNow:
        written = await once(key, 201, create)
    return made if made is not None else await read_message(user_id, written.resource_id)


async def read_message(viewer: UUID, message_id: UUID) -> Message:
    """One message of a talk that the viewer may read. Raises NotFound."""
    row = await fetch_row(_ONE, viewer, message_id)
    if row is None:
        raise NotFound
    return view(row, viewer)
