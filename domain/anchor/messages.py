"""The messages of the talk as the app sees them, and reading them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.kit.database import fetch, fetch_row
from domain.kit.errors import NotFound
from domain.kit.pagination import Page, decode_cursor, page_of

COLUMNS = "id, seq, role, kind, status, body, reply_to, attempt, error_code, helpful, created_at, finished_at"

# Failures that the app can tell the person apart; whatever else went wrong is not theirs to know.
# With what the app may say to them; nobody has to know a code to know that their reply is not lost.
_UNAVAILABLE = "anchor_unavailable"
DETAILS = {
    _UNAVAILABLE: "Anchor could not answer just now. It did not count as one of your replies; please try again soon.",
    "consent_required": "Anchor needs your consent before anything of yours may go to its model.",
}

Role = Literal["person", "anchor"]
Kind = Literal["chat", "daily", "support", "notice"]
Status = Literal["pending", "streaming", "done", "failed"]


class MessageView(msgspec.Struct, frozen=True):
    """One message. An answer names the message that it answers in `reply_to`, and if it failed, why: in `code` for the
    app, in `detail` for the person."""

    id: UUID
    role: Role
    kind: Kind
    status: Status
    body: str
    reply_to: UUID | None
    code: str | None
    detail: str | None
    helpful: bool | None
    created_at: datetime
    finished_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether the answer is still to come, or to end."""
        return self.status in ("pending", "streaming")


class Followed(msgspec.Struct, frozen=True):
    """A message that an app follows, with the number of its present try; `view` is None once it was deleted.

    `signed_in`: whether the session that follows it may still act.
    """

    signed_in: bool
    view: MessageView | None
    attempt: int


def view(row: Any) -> MessageView:
    """The message in a row of COLUMNS."""
    code = _public_code(row["error_code"]) if row["status"] == "failed" else None
    return MessageView(
        id=row["id"],
        role=row["role"],
        kind=row["kind"],
        status=row["status"],
        body=row["body"],
        reply_to=row["reply_to"],
        code=code,
        detail=DETAILS[code] if code else None,
        helpful=row["helpful"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
    )


def _public_code(code: str | None) -> str:
    return code if code in DETAILS and code is not None else _UNAVAILABLE


async def history(user_id: UUID, limit: int, cursor: str | None) -> Page[MessageView]:
    """A page of the talk, newest first. Raises InvalidRequest for a cursor that is not ours."""
    after = decode_cursor(cursor, tuple[int])
    rows = await fetch(
        f"""SELECT {COLUMNS} FROM anchor_messages WHERE user_id = $1 AND ($2::bigint IS NULL OR seq < $2)
            ORDER BY seq DESC LIMIT $3""",
        user_id, after[0] if after else None, limit + 1,
    )  # fmt: skip
    return page_of(rows, limit, view, lambda row: (row["seq"],))


# The session's part says the same as domain/accounts/sessions.py:lives.
_FOLLOWED = f"""
SELECT signed_in, {COLUMNS}
FROM (SELECT EXISTS (SELECT FROM sessions JOIN users ON users.id = sessions.user_id
                     WHERE sessions.id = $3 AND sessions.user_id = $2 AND sessions.revoked_at IS NULL
                       AND users.state = 'active') AS signed_in) AS follower
LEFT JOIN anchor_messages ON anchor_messages.id = $1 AND anchor_messages.user_id = $2
"""


async def get_followed(user_id: UUID, session_id: UUID, message_id: UUID) -> Followed:
    """One message of the person's own as it is, and whether the session that asks still lives."""
    row = await fetch_row(_FOLLOWED, message_id, user_id, session_id)
    assert row is not None
    gone = row["id"] is None
    return Followed(row["signed_in"], None if gone else view(row), 0 if gone else row["attempt"])


async def get_message(user_id: UUID, message_id: UUID) -> MessageView:
    """One message of the person's own. Raises NotFound."""
    row = await fetch_row(f"SELECT {COLUMNS} FROM anchor_messages WHERE id = $1 AND user_id = $2", message_id, user_id)
    if row is None:
        raise NotFound
    return view(row)


async def read_some(user_id: UUID, message_ids: Sequence[UUID]) -> list[MessageView]:
    """Those of the messages that are the person's own, in no order."""
    rows = await fetch(
        f"SELECT {COLUMNS} FROM anchor_messages WHERE id = ANY($2) AND user_id = $1", user_id, message_ids
    )
    return [view(row) for row in rows]


async def set_feedback(user_id: UUID, message_id: UUID, *, helpful: bool) -> MessageView:
    """Note whether a message of Anchor's helped; the last word counts. Raises NotFound for anything else, a notice
    included: it is none of Anchor's words."""
    row = await fetch_row(
        f"""UPDATE anchor_messages SET helpful = $3
            WHERE id = $1 AND user_id = $2 AND role = 'anchor' AND kind <> 'notice' AND status = 'done'
            RETURNING {COLUMNS}""",
        message_id, user_id, helpful,
    )  # fmt: skip
    if row is None:
        raise NotFound
    return view(row)
