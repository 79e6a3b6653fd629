"""Telling Google that a purchase arrived: what is not acknowledged within three days is refunded, and access with it.

Only once the entitlement is committed, and only for what gives access (spec: providers.md 6.2). A job does it; the
sweep here asks again for those whose job came to nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from prometheus_client import Gauge

from domain.billing.jobs import Acknowledge, AskStore
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, fetch_value, transaction
from domain.kit.log import log
from domain.kit.outbox import enqueue
from domain.kit.providers import Answer, Outcome

ALARM = timedelta(hours=24)
# A job of its own was asked for with the purchase; it gets this long before the sweep asks for another.
_GRACE = timedelta(minutes=10)
_BATCH = 500

# Purchases that Google waits to hear of: paid, somebody's, of the index purchases_unacknowledged.
_OPEN = """
needs_acknowledgement AND acknowledged_at IS NULL AND store = 'google_play' AND user_id IS NOT NULL
AND state IN ('trial', 'active', 'grace', 'cancelled')
"""

_late = Gauge(
    "kuitter_google_play_unacknowledged", "Purchases that Google has not been told of for 24 hours; at 72 it refunds"
)


class Unacknowledged(msgspec.Struct, frozen=True):
    """A purchase that Google is to be told of."""

    purchase_id: UUID
    token: str
    product_id: str

    def __repr__(self) -> str:
        # Reprs end up in logs and tracebacks; a purchase token must not.
        return f"Unacknowledged({self.purchase_id})"


async def unacknowledged(purchase_id: UUID) -> Unacknowledged | None:
    """None if Google knows already, or does not have to (any more)."""
    row = await fetch_row(f"SELECT id, store_key, product_id FROM purchases WHERE id = $1 AND {_OPEN}", purchase_id)
    return Unacknowledged(row["id"], row["store_key"], row["product_id"]) if row else None


async def record(purchase: Unacknowledged, answer: Answer) -> None:
    """Write a final answer down, in the transaction that settles the job.

    Google refuses for what has ended meanwhile, or was refunded: then it is asked how the purchase stands.
    """
    if answer.outcome is Outcome.OK:
        await execute(
            "UPDATE purchases SET acknowledged_at = $2 WHERE id = $1 AND acknowledged_at IS NULL",
            purchase.purchase_id, clock.now(),
        )  # fmt: skip
        return
    log().error("billing.acknowledgement_refused", purchase_id=str(purchase.purchase_id), code=answer.code)
    await enqueue(AskStore(purchase_id=purchase.purchase_id, cause="acknowledgement"))


async def acknowledge_late() -> int:
    """Ask again for all that Google still has not been told of, and raise the alarm for those of more than 24 hours.

    Safe to do at once in several places: jobs for the same purchase are one. Returns how many jobs it asked for.
    """
    now = clock.now()
    asked, after = 0, None
    while True:
        rows = await _open_ones(now - _GRACE, after)
        async with transaction():
            for row in rows:
                await enqueue(Acknowledge(purchase_id=row["id"]))
        asked += len(rows)
        if len(rows) < _BATCH:
            break
        after = (rows[-1]["created_at"], rows[-1]["id"])
    # Google counts from when it was paid: later than we heard of it, or earlier.
    late = await fetch_value(
        f"""SELECT count(*) FROM purchases
            WHERE {_OPEN} AND coalesce(started_at, created_at) <= $1 AND created_at <= $2""",
        now - ALARM, now - _GRACE,
    )  # fmt: skip
    _late.set(late)
    if late:
        log().error("billing.unacknowledged", purchases=late)
    return asked


async def _open_ones(before: datetime, after: tuple[datetime, UUID] | None) -> list[Any]:
    created_at, purchase_id = after or (None, None)
    return await fetch(
        f"""SELECT id, created_at FROM purchases
            WHERE {_OPEN} AND created_at <= $1 AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid))
            ORDER BY created_at, id LIMIT {_BATCH}""",
        before, created_at, purchase_id,
    )  # fmt: skip
