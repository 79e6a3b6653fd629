"""A purchase that moves from one account to another, because whoever holds it in the store said so.

Rules: semantics, "Subscriptions" (both sides in one transaction, logged, at most twice in 90 days). The one who loses
it is told: it may not have been them.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from domain.accounts import audit
from domain.billing.applying import give
from domain.billing.telling import tell_of_move
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value
from domain.kit.ids import new_id

MOST_MOVES = 2
WITHIN = timedelta(days=90)


class TransferLimit(Exception):
    """The purchase has moved as often as it may."""


async def move(purchase_id: UUID, from_id: UUID, to_id: UUID) -> None:
    """Take the purchase from one person and give it to another, in the caller's transaction, which must `hold` it.

    Raises TransferLimit; then nothing has changed.
    """
    now = clock.now()
    # With those whose place it took: who cancels and subscribes again has another token, and the same subscription.
    moves = await fetch_value(
        """WITH RECURSIVE line AS (
               SELECT $1::uuid AS id
               UNION SELECT purchases.id FROM purchases JOIN line ON purchases.replaced_by = line.id
           )
           SELECT count(*) FROM purchase_transfers WHERE purchase_id IN (SELECT id FROM line) AND at > $2""",
        purchase_id, now - WITHIN,
    )  # fmt: skip
    if moves >= MOST_MOVES:
        raise TransferLimit
    transfer_id = new_id()
    await execute(
        "INSERT INTO purchase_transfers (id, purchase_id, from_id, to_id, at) VALUES ($1, $2, $3, $4, $5)",
        transfer_id, purchase_id, from_id, to_id, now,
    )  # fmt: skip
    await give(purchase_id, to_id, "transfer")
    await tell_of_move(from_id, transfer_id)
    await audit.record("purchase_moved", from_id, purchase=str(purchase_id), side="from")
    await audit.record("purchase_moved", to_id, purchase=str(purchase_id), side="to")
