"""Reading the talk: its history, how far each has read, and what is unread.

Rules: semantics, "Partners" (the cursor only moves forward, unread is never negative).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.kit.database import fetch, fetch_row, fetch_value, transaction
from domain.kit.errors import InvalidRequest, NotFound
from domain.kit.pagination import Page, decode_cursor, page_of
from domain.partners.messages import COLUMNS, Message, view
from domain.partners.talk import check_in_sight, in_sight, read_by
from domain.partners.telling import tell_of_messages, withdraw_read

_Direction = Literal["older", "newer"]
LARGEST_SEQ = 2**63 - 1

_VIEWER = "$1::uuid"


def unread_count(viewer: str) -> str:
    """SQL for a row of partnerships: how many messages of the other the viewer (SQL) has not read."""
    return f"""(SELECT count(*) FROM partner_messages
        WHERE partner_messages.partnership_id = partnerships.id AND partner_messages.seq > {read_by(viewer)}
          AND partner_messages.sender_id IS DISTINCT FROM {viewer})"""


# The newest message of a row of partnerships, null while there is none.
LAST_MESSAGE = """LEFT JOIN partner_messages
    ON partner_messages.partnership_id = partnerships.id AND partner_messages.seq = partnerships.last_seq"""


def _history(beyond: str, order: str) -> str:
    """A talk that can be read without a message in this part of it is one row without a message. The length is written
    in: PostgreSQL would plan a parameter for a tenth of the talk."""
    return f"""
SELECT message.* FROM partnerships
LEFT JOIN LATERAL (
    SELECT {COLUMNS} FROM partner_messages
    WHERE partner_messages.partnership_id = partnerships.id AND partner_messages.seq {beyond} $3
    ORDER BY partner_messages.seq {order} LIMIT {{}}
) AS message ON true
{in_sight(_VIEWER)} AND partnerships.id = $2 ORDER BY message.seq {order}"""


_HISTORY: dict[_Direction, str] = {"older": _history("<", "DESC"), "newer": _history(">", "ASC")}


async def list_messages(
    viewer: UUID, partnership_id: UUID, *, after: int | None, limit: int, cursor: str | None
) -> Page[Message]:
    """Newest first; with `after`, a place in the talk, what came later than that, oldest first. One round trip.

    Raises NotFound for a talk that is not in sight, InvalidRequest for a cursor that is not ours or of another order.
    """
    direction: _Direction = "older" if after is None else "newer"
    if after is not None and not 0 <= after <= LARGEST_SEQ:
        raise InvalidRequest("must be the place of a message, or 0", field="after")
    begin = LARGEST_SEQ if after is None else after
    began = decode_cursor(cursor, tuple[_Direction, int])
    if began is not None:
        # The cursor alone is enough: it knows which way it goes.
        if after is not None and began[0] != direction:
            raise InvalidRequest("is not a cursor of this order", field="cursor")
        direction, begin = began
    rows = await fetch(_HISTORY[direction].format(limit + 1), viewer, partnership_id, begin)
    if not rows:
        raise NotFound
    if rows[0]["id"] is None:
        return Page([], None)
    return page_of(rows, limit, lambda row: view(row, viewer), lambda row: (direction, row["seq"]))


class Arrived(msgspec.Struct, frozen=True):
    """A message and the talk that it is in, of which the viewer has not read `unread_count`."""

    partnership_id: UUID
    message: Message
    unread_count: int


_SOME = f"""
SELECT {COLUMNS}, partnerships.id AS partnership_id, {unread_count(_VIEWER)} AS unread_count
FROM partnerships JOIN partner_messages ON partner_messages.partnership_id = partnerships.id
{in_sight(_VIEWER)} AND partner_messages.id = ANY($2)"""


async def read_some(viewer: UUID, message_ids: Sequence[UUID]) -> list[Arrived]:
    """Those of the messages that the viewer may read, in no order."""
    rows = await fetch(_SOME, viewer, message_ids)
    return [Arrived(row["partnership_id"], view(row, viewer), row["unread_count"]) for row in rows]


# Only forwards, and never beyond what there is.
_READ = f"""
UPDATE partnerships
SET from_read = CASE WHEN from_id = $1 THEN LEAST($3, last_seq) ELSE from_read END,
    to_read = CASE WHEN to_id = $1 THEN LEAST($3, last_seq) ELSE to_read END
WHERE id = (SELECT partnerships.id FROM partnerships {in_sight(_VIEWER)} AND partnerships.id = $2)
  AND LEAST($3, last_seq) > {read_by(_VIEWER)}
RETURNING {read_by(_VIEWER)} AS read_up_to, last_seq"""
_SEQ = "SELECT seq FROM partner_messages WHERE id = $1 AND partnership_id = $2"


async def mark_read(viewer: UUID, partnership_id: UUID, up_to: int | UUID) -> None:
    """Note that the viewer has read up to a message, given by its place in the talk or its id; less than before is
    nothing. Notifications of what is read now go.

    Raises NotFound for a talk that is not in sight, or a message that is not in it; InvalidRequest for no place.
    """
    if isinstance(up_to, int) and not 0 <= up_to <= LARGEST_SEQ:
        raise InvalidRequest("must be the place of a message, or 0", field="up_to")
    async with transaction():
        place = up_to if isinstance(up_to, int) else await _place(viewer, partnership_id, up_to)
        moved: Any = await fetch_row(_READ, viewer, partnership_id, place)
        if moved is None:
            await check_in_sight(viewer, partnership_id)
            return
        await withdraw_read(viewer, partnership_id, moved["read_up_to"])
        if moved["read_up_to"] < moved["last_seq"]:
            # What is left is told with another number.
            await tell_of_messages(partnership_id, viewer)


async def _place(viewer: UUID, partnership_id: UUID, message_id: UUID) -> int:
    await check_in_sight(viewer, partnership_id)
    place: int | None = await fetch_value(_SEQ, message_id, partnership_id)
    if place is None:
        raise NotFound
    return place
