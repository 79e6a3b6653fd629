"""What a person is told: the inbox in the app, from which the pushes follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, fetch_value
from domain.kit.errors import NotFound
from domain.kit.events import Event, tell
from domain.kit.ids import new_id
from domain.kit.outbox import Job, enqueue
from domain.kit.pagination import ABOVE_ALL_IDS, decode_cursor, page_of
from domain.push.preferences import Kind

_COLUMNS = "id, kind, title, body, deep_link, created_at, read_at"


class SendNotification(Job, frozen=True, kw_only=True):
    """Push a notification to the devices of its person."""

    name: ClassVar[str] = "push.notification"
    queue: ClassVar[str] = "push"

    notification_id: UUID


class NotificationView(msgspec.Struct, frozen=True):
    """An entry of the inbox. `deep_link` opens the place in the app that it is about."""

    id: UUID
    kind: str
    title: str
    body: str
    deep_link: str
    created_at: datetime
    read_at: datetime | None


class Inbox(msgspec.Struct, frozen=True):
    """A page of the inbox, newest first; `unread_count` counts all of it."""

    items: list[NotificationView]
    next_cursor: str | None
    unread_count: int


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What one person is told. See `notify` for the fields."""

    user_id: UUID
    cause: str
    title: str
    body: str
    discreet_body: str
    deep_link: str
    expires_at: datetime


async def notify(
    user_id: UUID,
    *,
    kind: Kind,
    cause: str,
    title: str,
    body: str,
    discreet_body: str,
    deep_link: str,
    expires_at: datetime,
) -> UUID:
    """Tell a person something, in the caller's transaction: it stands in the inbox, and pushes follow.

    `cause` names what it is about: the same kind and cause again is the same notification, and no second push.
    `discreet_body` is what a lock screen may show to anyone. After `expires_at` (business time) no push is sent.
    Returns the notification's id. Raises OutsideTransaction when there is no transaction.
    """
    own_id = new_id()
    # Not DO NOTHING: that would not tell the id of the one that is there.
    notification_id: UUID = await fetch_value(
        """INSERT INTO notifications (id, user_id, kind, cause, title, body, discreet_body, deep_link, collapse_id,
                                      created_at, expires_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
           ON CONFLICT (user_id, kind, cause) DO UPDATE SET cause = notifications.cause
           RETURNING id""",
        own_id, user_id, kind, cause, title, body, discreet_body, deep_link,
        # A phone shows one for each collapse id: repeats of this notification, and nothing else, replace each other.
        str(own_id), clock.now(), expires_at,
    )  # fmt: skip
    if notification_id == own_id:
        await enqueue(SendNotification(notification_id=own_id), not_after=expires_at)
        tell(user_id, Event("notification", own_id))
    return notification_id


async def notify_all(kind: Kind, notices: Sequence[Notice]) -> int:
    """Tell many people something, in the caller's transaction, as `notify` does for one; returns how many are new."""
    if not notices:
        return 0
    ends = {(notice.user_id, notice.cause): notice.expires_at for notice in notices}
    new = await fetch(
        """INSERT INTO notifications (id, user_id, kind, cause, title, body, discreet_body, deep_link, collapse_id,
                                      created_at, expires_at)
           SELECT id, user_id, $1, cause, title, body, discreet_body, deep_link, id::text, $2, expires_at
           FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
                       $10::timestamptz[])
                AS told (id, user_id, cause, title, body, discreet_body, deep_link, expires_at)
           ON CONFLICT (user_id, kind, cause) DO NOTHING RETURNING id, user_id, cause""",
        kind,
        clock.now(),
        [new_id() for _ in notices],
        [notice.user_id for notice in notices],
        [notice.cause for notice in notices],
        [notice.title for notice in notices],
        [notice.body for notice in notices],
        [notice.discreet_body for notice in notices],
        [notice.deep_link for notice in notices],
        [notice.expires_at for notice in notices],
    )
    for row in new:
        await enqueue(SendNotification(notification_id=row["id"]), not_after=ends[row["user_id"], row["cause"]])
        tell(row["user_id"], Event("notification", row["id"]))
    return len(new)


async def inbox(user_id: UUID, limit: int, cursor: str | None) -> Inbox:
    """A page of up to `limit` notifications. Raises InvalidRequest for a cursor that is not ours."""
    after = decode_cursor(cursor, tuple[UUID])
    rows = await fetch(
        f"""SELECT {_COLUMNS} FROM notifications
            WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3""",
        user_id, after[0] if after else ABOVE_ALL_IDS, limit + 1,
    )  # fmt: skip
    page = page_of(rows, limit, _view, lambda row: (row["id"],))
    return Inbox(page.items, page.next_cursor, await unread_count(user_id))


async def read_some(user_id: UUID, notification_ids: Sequence[UUID]) -> list[NotificationView]:
    """Those of the notifications that are the person's, in no order."""
    rows = await fetch(
        f"SELECT {_COLUMNS} FROM notifications WHERE id = ANY($2) AND user_id = $1", user_id, notification_ids
    )
    return [_view(row) for row in rows]


async def unread_count(user_id: UUID) -> int:
    """How many notifications the person has not read."""
    count: int = await fetch_value("SELECT count(*) FROM notifications WHERE user_id = $1 AND read_at IS NULL", user_id)
    return count


async def mark_read(user_id: UUID, notification_id: UUID) -> NotificationView:
    """Note that the person read it; the first time counts. Raises NotFound if it is not theirs."""
    row = await fetch_row(
        f"""UPDATE notifications SET read_at = COALESCE(read_at, $3) WHERE id = $1 AND user_id = $2
            RETURNING {_COLUMNS}""",
        notification_id, user_id, clock.now(),
    )  # fmt: skip
    if row is None:
        raise NotFound
    return _view(row)


async def mark_all_read(user_id: UUID) -> int:
    """Note that the person read all that there is; returns how many are unread now."""
    await execute("UPDATE notifications SET read_at = $2 WHERE user_id = $1 AND read_at IS NULL", user_id, clock.now())
    return await unread_count(user_id)


async def take_back(user_id: UUID, kind: Kind) -> None:
    """Remove all that a person was told of a kind, in the caller's transaction: they want it gone everywhere."""
    await execute("DELETE FROM notifications WHERE user_id = $1 AND kind = $2", user_id, kind)


def _view(row: Any) -> NotificationView:
    return NotificationView(
        row["id"], row["kind"], row["title"], row["body"], row["deep_link"], row["created_at"], row["read_at"]
    )
