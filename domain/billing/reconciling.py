"""Asking without being told to: notifications get lost, jobs come to nothing, clocks stand still.

Rules: semantics, "Subscriptions" (rows near expiry, in grace or hold, or silent); when that is: checking.py. All of it
is level-triggered: what was missed is found by the next look, and several clocks at once do no harm.
"""

from __future__ import annotations

from datetime import timedelta
from typing import get_args

from domain.billing import claims, notified
from domain.billing.jobs import AskStore
from domain.billing.report import Store
from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_value, transaction
from domain.kit.forgetting import forget
from domain.kit.outbox import enqueue

# When to ask again what a job was asked for and nothing was heard of: longer than a job tries.
_LOST = timedelta(hours=6)
# What has a job of its own gets this long before anybody looks whether that job is still there.
_GRACE = timedelta(minutes=5)
# Longer than a store's own lists go back, or what they name would be taken for new.
_KEPT = timedelta(days=90)
_BATCH = 200
# Questions that wait for a store.
_AT_ONCE = 100

_DUE = """
SELECT id FROM purchases WHERE store = $3 AND check_at <= $1 ORDER BY check_at LIMIT $4 FOR UPDATE SKIP LOCKED
"""
_TAKE_DUE = f"UPDATE purchases SET check_at = $2 WHERE id = ANY (ARRAY({_DUE})) RETURNING id"


async def ask_due(limit: int = _AT_ONCE) -> int:
    """Have jobs ask about purchases whose `check_at` has come, those first that wait longest; returns how many came.

    No more than about `limit` such jobs wait for each store, so that what gathers while it is away floods neither the
    store nor the queue. Each is asked about again after some hours, unless an answer says when. Safe in several clocks
    at once.
    """
    return sum([await _ask_due(store, limit) for store in get_args(Store)])


async def _ask_due(store: Store, limit: int) -> int:
    now = clock.now()
    async with transaction():
        waiting = await fetch_value(
            """SELECT count(*) FROM jobs JOIN purchases ON purchases.id = jobs.dedupe_key::uuid
               WHERE jobs.name = $1 AND jobs.state = 'live' AND jobs.dedupe_key IS NOT NULL AND purchases.store = $2""",
            AskStore.name, store,
        )  # fmt: skip
        if waiting >= limit:
            return 0
        rows = await fetch(_TAKE_DUE, now, now + _LOST, store, limit - waiting)
        for row in rows:
            await enqueue(AskStore(purchase_id=row["id"]))
    return len(rows)


async def take_up_again() -> int:
    """Ask again for the work on claims and notifications that wait though their job is dead or lost; returns how many.

    A job that tried for an hour while the store was away is dead; what it was to do is not given up.
    """
    before = clock.now() - _GRACE
    taken = 0
    for later in (claims.decide_later, notified.look_later):
        while True:
            batch = await later(before, _BATCH)
            taken += batch
            if batch < _BATCH:
                break
    return taken


async def forget_settled() -> int:
    """Remove notifications and claims that were settled 90 days ago; returns how many. Purchases stay."""
    before = clock.now() - _KEPT
    return await forget("store_notifications", "settled_at < $1", before) + await forget(
        "purchase_claims", "decided_at < $1", before
    )
