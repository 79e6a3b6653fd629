"""Requests to be partners, as each of the two sees them: under the names of the asking until it is accepted.

Rules: api, `GET /v1/partners/requests`; semantics, "Partners" and "Identity and privacy" (Persona).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NoReturn
from uuid import UUID

import msgspec

from domain.accounts.ages import same_age_group
from domain.accounts.authors import Author, author_columns, author_in, written_by
from domain.accounts.blocks import blocked_between
from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_row
from domain.kit.errors import Conflict, Forbidden, NotFound
from domain.kit.pagination import ABOVE_ALL_IDS, Page, decode_cursor, page_of
from domain.partners.talk import other_than, shown_to_partner
from domain.safety.support import Support

Direction = Literal["incoming", "outgoing"]
Status = Literal["pending", "partners", "declined", "withdrawn", "expired", "closed"]


class Request(msgspec.Struct, frozen=True):
    """A request as one of the two sees it. `author` is the other: whom they asked, or who asked them.

    `status` is `closed` where it was the other who ended it, however. `partnership_id` is there once they are, or were,
    partners. `support` is for the answer to whoever wrote the message; null unless their words say that somebody may be
    in danger.
    """

    id: UUID
    direction: Direction
    status: Status
    author: Author
    message: str | None
    requested_at: datetime
    expires_at: datetime
    partnership_id: UUID | None = None
    support: Support | None = None


_COLUMNS = f"""
    partnerships.id, partnerships.from_id = $1 AS outgoing, partnerships.state, partnerships.message,
    partnerships.requested_at, partnerships.expires_at, {author_columns("$1::uuid")}"""


def in_sight(persona: str) -> str:
    """The joins and the condition, to follow FROM partnerships, under which $1 may see a request at the instant $2:
    the other is there, none has blocked the other, and no adult sees a minor's or the other way round."""
    return f"""JOIN users AS me ON me.id = $1 {written_by(persona)}
        WHERE NOT {blocked_between("author_person.id", "$1::uuid")}
          AND {same_age_group("me", "author_person", "$2::timestamptz")}"""


_ONE = f"""
SELECT {_COLUMNS} FROM partnerships {in_sight(shown_to_partner(other_than("$1::uuid")))}
  AND partnerships.id = $3 AND $1 IN (partnerships.from_id, partnerships.to_id)"""


def _list(own: str, others: str) -> str:
    # The length is written in: PostgreSQL would plan a parameter for a tenth of the list.
    return f"""
SELECT {_COLUMNS} FROM partnerships {in_sight(f"partnerships.{others}_persona_id")}
  AND partnerships.{own}_id = $1 AND partnerships.state = 'pending' AND partnerships.expires_at > $2
  AND partnerships.id < $3
ORDER BY partnerships.id DESC LIMIT {{}}"""


_LISTS: dict[Direction, str] = {"incoming": _list("to", "from"), "outgoing": _list("from", "to")}


def _view(row: Any, now: datetime) -> Request:
    outgoing, state = row["outgoing"], row["state"]
    status: Status = state if state in ("pending", "partners", "expired") else "closed"
    if state == ("withdrawn" if outgoing else "declined"):
        status = state
    elif state == "pending" and row["expires_at"] <= now:
        status = "expired"
    return Request(
        row["id"], "outgoing" if outgoing else "incoming", status, author_in(row), row["message"], row["requested_at"],
        row["expires_at"], row["id"] if state in ("partners", "ended") else None,
    )  # fmt: skip


async def list_requests(viewer: UUID, direction: Direction, limit: int, cursor: str | None) -> Page[Request]:
    """What waits for an answer, newest first. Raises InvalidRequest for a cursor that is not ours."""
    before = decode_cursor(cursor, tuple[UUID])
    now = clock.now()
    rows = await fetch(
        _LISTS[direction].format(limit + 1), viewer, now, before[0] if before else ABOVE_ALL_IDS
    )  # fmt: skip
    return page_of(rows, limit, lambda row: _view(row, now), lambda row: (row["id"],))


async def read_request(viewer: UUID, request_id: UUID) -> Request:
    """One request of the viewer's, in whatever state. Raises NotFound for others' and what is out of sight."""
    now = clock.now()
    row = await fetch_row(_ONE, viewer, now, request_id)
    if row is None:
        raise NotFound
    return _view(row, now)


async def refuse_the_other(viewer: UUID, request_id: UUID) -> NoReturn:
    """For what only the other of the two may do. Raises Forbidden; NotFound for what is out of the viewer's sight."""
    await read_request(viewer, request_id)
    raise Forbidden("Only the other of you two may do this.")


def request_closed() -> Conflict:
    """For what only a request that waits for its answer allows."""
    return Conflict("This request does not wait for an answer any more.", code="request_closed")
