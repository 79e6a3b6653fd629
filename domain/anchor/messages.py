"""The messages of the talk as the app sees them, and reading them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.kit.database import fetch, fetch_row
from domain.kit.errors import NotFound
from domain.kit.pagination import Page, decode_cursor, page_of

COLUMNS = "id, seq, role, kind, status, body, reply_to, attempt, error_code, helpful, created_at, finished_at"

# Failures that the app can tell the person apart; whatever else went wrong is not theirs to know.
_PUBLIC_CODES = frozenset({"consent_required"})

Role = Literal["person", "anchor"]
Kind = Literal["chat", "daily", "support"]
Status = Literal["pending", "streaming", "done", "failed"]


class MessageView(msgspec.Struct, frozen=True):
    """One message. An answer names the message that it answers in `reply_to`, and in `code` why it failed."""

    id: UUID
    role: Role
    kind: Kind
    status: Status
    body: str
    reply_to: UUID | None
    code: str | None
    helpful: bool | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether the answer is still to come, or to end."""
        return self.status in ("pending", "streaming")


class Stored(msgspec.Struct, frozen=True):
    """A message with the number of its present try."""

    view: MessageView
    attempt: int


def view(row: Any) -> MessageView:
    """The message in a row of COLUMNS."""
    return MessageView(
        id=row["id"],
        role=row["role"],
        kind=row["kind"],
        status=row["status"],
        body=row["body"],
        reply_to=row["reply_to"],
        code=_public_code(row["error_code"]) if row["status"] == "failed" else None,
        helpful=row["helpful"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )


def _public_code(code: str | None) -> str:
    return code if code in _PUBLIC_CODES else "anchor_unavailable"


async def history(user_id: UUID, limit: int, cursor: str | None) -> Page[MessageView]:
    """A page of the talk, newest first. Raises InvalidRequest for a cursor that is not ours."""
    after = decode_cursor(cursor, tuple[int])
    rows = await fetch(
        f"""SELECT {COLUMNS} FROM anchor_messages WHERE user_id = $1 AND ($2::bigint IS NULL OR seq < $2)
            ORDER BY seq DESC LIMIT $3""",
        user_id, after[0] if after else None, limit + 1,
    )  # fmt: skip
    return page_of(rows, limit, view, lambda row: (row["seq"],))


async def get_stored(user_id: UUID, message_id: UUID) -> Stored:
    """One message of the person's own, with its try. Raises NotFound."""
    row = await fetch_row(f"SELECT {COLUMNS} FROM anchor_messages WHERE id = $1 AND user_id = $2", message_id, user_id)
    if row is None:
        raise NotFound
    return Stored(view(row), row["attempt"])


async def get_message(user_id: UUID, message_id: UUID) -> MessageView:
    """One message of the person's own. Raises NotFound."""
    return (await get_stored(user_id, message_id)).view


async def set_feedback(user_id: UUID, message_id: UUID, *, helpful: bool) -> MessageView:
    """Note whether a message of Anchor's helped; the last word counts. Raises NotFound for anything else."""
    row = await fetch_row(
        f"""UPDATE anchor_messages SET helpful = $3
            WHERE id = $1 AND user_id = $2 AND role = 'anchor' AND status = 'done' RETURNING {COLUMNS}""",
        message_id, user_id, helpful,
    )  # fmt: skip
    if row is None:
        raise NotFound
    return view(row)
