"""What the stores told us of their own accord: kept once, looked into by a job, settled (table store_notifications).

The same for both stores; what a notification says is read by google_webhook.py and app_store_webhook.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from domain.billing.jobs import ApplyNotification
from domain.billing.report import Environment, Store, StoreReport
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, transaction
from domain.kit.ids import new_id
from domain.kit.outbox import enqueue


class Notification(msgspec.Struct, frozen=True):
    """One notification to keep. `store_id` is what the store knows it by; `word` is its word for what happened.

    `code` says in a word why there is nothing to look into; None asks for a look.
    """

    store_id: str
    word: str
    body: str
    code: str | None = None

    def __repr__(self) -> str:
        # Reprs end up in logs and tracebacks; a purchase token must not.
        return f"Notification({self.word})"


class Waiting(msgspec.Struct, frozen=True):
    """A notification that nobody has looked into yet."""

    id: UUID
    store: Store
    word: str
    body: str
    received_at: datetime

    def __repr__(self) -> str:
        return f"Waiting({self.store}, {self.word})"


class About(msgspec.Struct, frozen=True, kw_only=True):
    """The subscription that a notification is about, and what only the notification can tell of it.

    `refunded_at` is when money of it went back (business time), of a store that does not say so when it is asked.
    `signed` is what the notification says under the store's signature, good for as long as the store cannot be asked.
    """

    store_key: str
    environment: Environment = "production"
    refunded_at: datetime | None = None
    signed: StoreReport | None = None

    def __repr__(self) -> str:
        return "About()"


async def keep(store: Store, notifications: Sequence[Notification]) -> int:
    """Write them down and ask for a look at each, in a transaction of their own; returns how many were new."""
    async with transaction():
        new = await fetch(
            """INSERT INTO store_notifications (id, store, notification_id, word, body, state, code, received_at,
                   settled_at)
               SELECT id, $1, store_id, word, body, CASE WHEN code IS NULL THEN 'waiting' ELSE 'ignored' END, code,
                      $7::timestamptz, CASE WHEN code IS NOT NULL THEN $7 END
               FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
                    AS given (id, store_id, word, body, code)
               ON CONFLICT (store, notification_id) DO NOTHING RETURNING id, state""",
            store, [new_id() for _ in notifications], [one.store_id for one in notifications],
            [one.word for one in notifications], [one.body for one in notifications],
            [one.code for one in notifications], clock.now(),
        )  # fmt: skip
        for row in new:
            if row["state"] == "waiting":
                await enqueue(ApplyNotification(notification_id=row["id"]))
    return len(new)


async def waiting(notification_id: UUID) -> Waiting | None:
    """None for one that is settled, or gone."""
    row = await fetch_row(
        "SELECT id, store, word, body, received_at FROM store_notifications WHERE id = $1 AND state = 'waiting'",
        notification_id,
    )
    return Waiting(row["id"], row["store"], row["word"] or "", row["body"], row["received_at"]) if row else None


async def settle(notification_id: UUID, code: str | None = None) -> None:
    """Note, in the caller's transaction, that it was looked into; `code` says why nothing came of it."""
    await execute(
        """UPDATE store_notifications SET state = CASE WHEN $2::text IS NULL THEN 'applied' ELSE 'ignored' END,
               code = $2, settled_at = $3
           WHERE id = $1 AND state = 'waiting'""",
        notification_id, code, clock.now(),
    )  # fmt: skip


async def look_later(older_than: datetime, limit: int = 200) -> int:
    """Ask again for a look into notifications of before `older_than` that no job is about to look into; returns how
    many."""
    async with transaction():
        rows = await fetch(
            """SELECT id FROM store_notifications
               WHERE state = 'waiting' AND received_at < $1
                 AND NOT EXISTS (SELECT FROM jobs WHERE name = $2 AND state = 'live'
                                   AND dedupe_key = store_notifications.id::text)
               ORDER BY received_at LIMIT $3 FOR UPDATE SKIP LOCKED""",
            older_than, ApplyNotification.name, limit,
        )  # fmt: skip
        for row in rows:
            await enqueue(ApplyNotification(notification_id=row["id"]))
    return len(rows)
