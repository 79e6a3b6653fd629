"""Asking a store how a subscription of ours stands, and writing the answer down."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.billing import app_store, google_play
from domain.billing.applying import apply, hold, key_hash, note
from domain.billing.checking import FORGOTTEN, OVER, SOON
from domain.billing.report import Environment, Store, StoreReport
from domain.billing.telling import changed, tell_of_change
from domain.kit.clock import clock, real_now
from domain.kit.database import execute, fetch_row, transaction
from domain.kit.log import log
from domain.kit.outbox.rows import Lease
from domain.kit.providers import Answer, Outcome

# When to ask again about what the store has known and does not know now.
_UNKNOWN = timedelta(days=1)
# When to ask again what a job tried to ask for an hour, in vain.
_IN_VAIN = timedelta(hours=1)


async def ask(store: Store, store_key: str, environment: Environment) -> StoreReport | Answer:
    """What the store says of it now, or what kept it from us: REJECTED (it knows no such purchase), TOKEN_DEAD (it has
    forgotten it), else to be asked again later."""
    if store == "google_play":
        return await google_play.ask(store_key)
    return await app_store.ask(store_key, environment)


async def ask_again(purchase_id: UUID, cause: str, lease: Lease) -> Answer | None:
    """Ask about a purchase that we know, and write down what comes. Returns the answer after which the same is to be
    tried again. Raises LeaseLost."""
    row = await fetch_row("SELECT store, store_key, environment FROM purchases WHERE id = $1", purchase_id)
    if row is None:
        return None
    asked_at = real_now()
    answer = await ask(row["store"], row["store_key"], row["environment"])
    if isinstance(answer, StoreReport):
        async with transaction():
            await apply(answer, cause)
            # Last: whoever holds a purchase may be asking for this very job, and would wait for its row.
            await lease.settle()
        return None
    if answer.outcome not in (Outcome.TOKEN_DEAD, Outcome.REJECTED):
        return answer
    async with transaction():
        await hold(row["store"], key_hash(row["store_key"]))
        await _not_known(purchase_id, cause, asked_at, answer)
        await lease.settle()
    return None


async def _not_known(purchase_id: UUID, cause: str, asked_at: datetime, answer: Answer) -> None:
    """The store does not know what it has known before, in the transaction that holds the purchase.

    That takes nothing away from anybody before its time is over. Google forgets what has ended long ago and says so
    (TOKEN_DEAD); any other "unknown" is believed once it is as long past.
    """
    before: Any = await fetch_row(
        "SELECT * FROM purchases WHERE id = $1 AND asked_at < $2 FOR UPDATE", purchase_id, asked_at
    )
    if before is None:
        return
    now = clock.now()
    ends = before["expires_at"] or before["started_at"] or before["created_at"]
    over = ends if answer.outcome is Outcome.TOKEN_DEAD else ends + FORGOTTEN
    if before["state"] in OVER or now >= over:
        await _end(before, cause, asked_at, now)
        return
    # A person has to look; meanwhile it stands as it did.
    log().error("billing.purchase_unknown_to_store", store=before["store"], code=answer.code)
    again = min(now + _UNKNOWN, ends + SOON) if now < ends else now + _UNKNOWN
    await execute("UPDATE purchases SET check_at = $2 WHERE id = $1", purchase_id, again)


async def _end(before: Any, cause: str, asked_at: datetime, now: datetime) -> None:
    """It is over, and there is nothing more to be asked."""
    after: Any = await fetch_row(
        """UPDATE purchases SET state = CASE WHEN state = 'revoked' THEN state ELSE 'expired' END, will_renew = false,
                  check_at = NULL, asked_at = $2, answered_at = $3, updated_at = $3
           WHERE id = $1 RETURNING *""",
        before["id"], asked_at, now,
    )  # fmt: skip
    if changed(before, after):
        await note(after, cause)
        if after["user_id"] is not None:
            await tell_of_change(after["user_id"], before, after)


async def ask_sooner(purchase_id: UUID) -> None:
    """The job that was to ask came to nothing. In the transaction that ends it: another asks before long."""
    await execute(
        "UPDATE purchases SET check_at = LEAST(check_at, $2) WHERE id = $1", purchase_id, clock.now() + _IN_VAIN
    )
