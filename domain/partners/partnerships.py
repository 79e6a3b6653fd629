"""One's partners: each with what they share, what is unread and what was said last. Ended ones can still be read.

A partner is seen under their present name, whatever it was when they were asked. With the end that ends: the name of
that moment stays, as a name on something written then would. Rules: api, `GET /v1/partners`; semantics, "Partners".
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.accounts.ages import same_age_group
from domain.accounts.authors import Author, author_columns, author_in, written_by
from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_row
from domain.kit.errors import InvalidRequest, NotFound
from domain.kit.pagination import Page, decode_cursor, page_of
from domain.partners.messages import COLUMNS as MESSAGE_COLUMNS
from domain.partners.messages import Message
from domain.partners.messages import view as message_in
from domain.partners.reading import LAST_MESSAGE, unread_count
from domain.partners.sharing import SharedStreak, shared_streak, streak_in
from domain.partners.talk import in_sight, other_than, shown_to_partner

State = Literal["partners", "ended"]

_VIEWER = "$1::uuid"
_SHOWN = shown_to_partner(other_than(_VIEWER))


class Partnership(msgspec.Struct, frozen=True):
    """A partnership as one of the two sees it. `partner` is null once their account is gone for good.

    `streak` is null unless the partner shares it.
    """

    id: UUID
    state: State
    partner: Author | None
    since: datetime
    ended_at: datetime | None
    streak: SharedStreak | None
    unread_count: int
    last_message: Message | None


# Also where no job has ended it yet that one of the two has come of age.
_STATE = f"""CASE WHEN partnerships.state = 'partners'
    AND {same_age_group("me", "author_person", "$2::timestamptz")} THEN 'partners' ELSE 'ended' END"""
_SELECT = f"""
SELECT partnerships.id AS partnership_id, {_STATE} AS state, partnerships.accepted_at, partnerships.closed_at,
       {unread_count(_VIEWER)} AS unread, {MESSAGE_COLUMNS}, {author_columns(_VIEWER)}, shared.*
FROM partnerships JOIN users AS me ON me.id = {_VIEWER} {written_by(_SHOWN, join="LEFT JOIN")} {LAST_MESSAGE}
{shared_streak(f"CASE WHEN ({_STATE}) = 'partners' THEN author_person.id END")}
{in_sight(_VIEWER)}"""

_ONE = f"{_SELECT} AND partnerships.id = $3"


def _list(order: str) -> str:
    # There are ten partners at most, and not many more who once were: what there is of one person is sorted as it is.
    return f"""
SELECT * FROM (SELECT {order} AS sorted, listed.* FROM ({_SELECT}) AS listed WHERE state = $3) AS listed
WHERE $4::timestamptz IS NULL OR (sorted, partnership_id) < ($4, $5::uuid)
ORDER BY sorted DESC, partnership_id DESC LIMIT $6"""


_LISTS = {
    "partners": _list("COALESCE(sent_at, accepted_at)"),
    "ended": _list("COALESCE(closed_at, accepted_at)"),
}


def _view(row: Any, viewer: UUID) -> Partnership:
    return Partnership(
        row["partnership_id"],
        row["state"],
        author_in(row) if row["author_id"] is not None else None,
        row["accepted_at"],
        row["closed_at"],
        streak_in(row),
        row["unread"],
        message_in(row, viewer) if row["id"] is not None else None,
    )


async def list_partnerships(viewer: UUID, state: str | None, limit: int, cursor: str | None) -> Page[Partnership]:
    """Present partners (`partners`, or nothing said), the newest talk first, or former ones (`ended`), the newest end
    first. One round trip. Raises InvalidRequest for another state or a cursor that is not ours.
    """
    state = state or "partners"
    if state not in _LISTS:
        raise InvalidRequest("must be partners or ended", field="state")
    at, last = decode_cursor(cursor, tuple[datetime, UUID]) or (None, None)
    rows = await fetch(_LISTS[state], viewer, clock.now(), state, at, last, limit + 1)
    return page_of(
        rows, limit, lambda row: _view(row, viewer), lambda row: (row["sorted"], row["partnership_id"])
    )  # fmt: skip


async def read_partnership(viewer: UUID, partnership_id: UUID) -> Partnership:
    """One partnership, an ended one too. Raises NotFound for others' and what is out of sight."""
    row = await fetch_row(_ONE, viewer, clock.now(), partnership_id)
    if row is None:
        raise NotFound
    return _view(row, viewer)
