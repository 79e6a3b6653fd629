"""Writing down what a store said of a subscription: once for all who ask, whatever made them ask.

Rules: semantics, "Subscriptions". Reports arrive in any order, twice, before the app has handed the purchase in: only
the answer to a later question changes the row, so the end is the same. What is shown and what gives access follows from
the rows (entitlement.py), never from the way there.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.billing.checking import next_check
from domain.billing.entitlement import honours
from domain.billing.jobs import Acknowledge
from domain.billing.report import Environment, Store, StoreReport
from domain.billing.telling import changed, tell_of_change
from domain.kit.clock import clock, real_now
from domain.kit.database import current_transaction, execute, fetch, fetch_row, fetch_value
from domain.kit.ids import new_id
from domain.kit.log import log
from domain.kit.outbox import enqueue

# By how much the clocks of our machines may differ.
_SKEW = timedelta(minutes=1)
_ENTITLED = ("trial", "active", "grace", "cancelled")


class Applied(msgspec.Struct, frozen=True):
    """The purchase that a report was about, and whose it is now. `fresh` is off for what was known better already."""

    purchase_id: UUID
    user_id: UUID | None
    fresh: bool


def key_hash(store_key: str) -> bytes:
    """What a purchase is found by: a token may be longer than an index takes."""
    return hashlib.sha256(store_key.encode()).digest()


async def apply(report: StoreReport, cause: str) -> Applied:
    """Write the report down, in the caller's transaction, unless the row answers a later question already.

    `cause` says what made us ask, for the history: "claim", "reconciliation", a notification's word. A purchase that is
    nobody's goes to whom the app named when it was bought, or to whose purchase it takes the place of; it is never
    taken from anybody here. Raises OutsideTransaction when there is no transaction.
    """
    key = key_hash(report.store_key)
    linked = key_hash(report.linked_key) if report.linked_key else None
    chain = [name for one in report.predecessors for name in (one.store_key, one.linked_key) if name]
    await hold(report.store, key, linked, *(key_hash(name) for name in chain))
    for one in report.predecessors:
        await apply(one, cause)
    before = await fetch_row(
        "SELECT * FROM purchases WHERE store = $1 AND store_key_hash = $2 FOR UPDATE", report.store, key
    )
    # A store's clock may be ahead of ours; what it signs must not shut out our own next question.
    now = real_now()
    asked_at = min(report.asked_at, now)
    # Nor must a machine of ours whose clock was wrong: what was asked in the future counts as never asked.
    if before is not None and asked_at <= before["asked_at"] <= now + _SKEW:
        return Applied(before["id"], before["user_id"], fresh=False)
    if (
        before is not None
        and before["state"] == "revoked"
        and (report.store, report.state) == ("google_play", "expired")
    ):
        # Google has no word for a refund but in its notification, and says later that it has expired.
        report = msgspec.structs.replace(report, state="revoked")
    if report.plan is None:
        log().error("billing.unknown_product", store=report.store)
    purchase_id = before["id"] if before else new_id()
    owner, named = await _owner(report, linked, before["user_id"] if before else None)
    after = await _write(report, purchase_id, key, linked, owner, named, asked_at)
    if changed(before, after):
        await note(after, cause)
        if owner is not None:
            await tell_of_change(owner["id"], None if report.replaced else before, after)
    await _replace(purchase_id, report, linked, is_new=before is None)
    if wants_acknowledgement(after) and not (before and wants_acknowledgement(before)):
        await enqueue(Acknowledge(purchase_id=purchase_id))
    return Applied(purchase_id, after["user_id"], fresh=True)


async def apply_alone(report: StoreReport, cause: str) -> Applied:
    """The same for what one signed transaction says by itself, the store being away.

    An app hands in earlier periods too, signed anew, some of them refunded or upgraded. So of a purchase that we know
    it can tell but one thing: that it goes on for longer.
    """
    key = key_hash(report.store_key)
    await hold(report.store, key)
    known = await fetch_row(
        "SELECT id, user_id, expires_at FROM purchases WHERE store = $1 AND store_key_hash = $2", report.store, key
    )
    if known is None:
        return await apply(report, cause)
    ends, known_end = report.expires_at, known["expires_at"]
    if report.state in _ENTITLED and ends is not None and (known_end is None or ends > known_end):
        return await apply(report, cause)
    return Applied(known["id"], known["user_id"], fresh=False)


async def hold(store: Store, *keys: bytes | None) -> None:
    """Keep everybody else from these subscriptions until the transaction ends, whether or not their rows are there.

    Always in the same order, so that two who hold a chain of purchases from its two ends do not wait in a circle.
    """
    current_transaction()
    for key in sorted({key for key in keys if key is not None}):
        await execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 31))", f"{store}:{key.hex()}")


async def _owner(report: StoreReport, linked: bytes | None, owner_id: UUID | None) -> tuple[Any | None, UUID | None]:
    """Whose the purchase is (id, and e-mail if it is proven), and the account token if it names anybody."""
    people = await fetch(
        """SELECT id, CASE WHEN email_verified_at IS NOT NULL THEN email END AS email, state, store_account_token
           FROM users
           WHERE id = $1 OR store_account_token = $2
              OR id = (SELECT user_id FROM purchases WHERE store = $3 AND store_key_hash = $4)""",
        owner_id, report.account_token, report.store, linked,
    )  # fmt: skip
    named = next((one for one in people if one["store_account_token"] == report.account_token), None)
    if owner_id is not None:
        owner = next((one for one in people if one["id"] == owner_id), None)
    elif named is not None:
        owner = named if named["state"] != "deleting" else None
    else:
        owner = next((one for one in people if one["state"] != "deleting"), None)
    return owner, report.account_token if named is not None else None


async def _write(
    report: StoreReport, purchase_id: UUID, key: bytes, linked: bytes | None, owner: Any | None, named: UUID | None,
    asked_at: Any,
) -> Any:  # fmt: skip
    now = clock.now()
    # The business clock may have been moved away from the real one, by which the question was timed.
    answered_at = asked_at + (now - real_now())
    return await fetch_row(
        """INSERT INTO purchases (id, user_id, store, environment, store_key, store_key_hash, account_token, product_id,
               plan, state, started_at, expires_at, will_renew, next_product_id, resumes_at, price, currency,
               linked_key_hash, needs_acknowledgement, asked_at, answered_at, honoured, check_at, created_at,
               updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                   $23, $24, $24)
           ON CONFLICT (store, store_key_hash) DO UPDATE SET user_id = EXCLUDED.user_id,
               environment = EXCLUDED.environment, account_token = EXCLUDED.account_token,
               product_id = EXCLUDED.product_id, plan = EXCLUDED.plan, state = EXCLUDED.state,
               started_at = EXCLUDED.started_at, expires_at = EXCLUDED.expires_at, will_renew = EXCLUDED.will_renew,
               next_product_id = EXCLUDED.next_product_id, resumes_at = EXCLUDED.resumes_at,
               price = coalesce(EXCLUDED.price, purchases.price),
               currency = coalesce(EXCLUDED.currency, purchases.currency),
               linked_key_hash = coalesce(EXCLUDED.linked_key_hash, purchases.linked_key_hash),
               needs_acknowledgement = EXCLUDED.needs_acknowledgement, asked_at = EXCLUDED.asked_at,
               answered_at = EXCLUDED.answered_at, honoured = EXCLUDED.honoured, check_at = EXCLUDED.check_at,
               updated_at = EXCLUDED.updated_at
           RETURNING *""",
        purchase_id, owner["id"] if owner else None, report.store, report.environment, report.store_key, key, named,
        report.product_id, report.plan, report.state, report.started_at, report.expires_at, report.will_renew,
        report.next_product_id, report.resumes_at, report.price, report.currency, linked, report.needs_acknowledgement,
        asked_at, answered_at, honours(report.environment, owner["email"] if owner else None),
        next_check(report, now), now,
    )  # fmt: skip


async def note(row: Any, cause: str) -> None:
    """Add a line to the history of the purchase `row`, as it is now."""
    await execute(
        """INSERT INTO purchase_changes (id, purchase_id, state, product_id, expires_at, will_renew, cause, at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8)""",
        new_id(), row["id"], row["state"], row["product_id"], row["expires_at"], row["will_renew"], cause, clock.now(),
    )  # fmt: skip


def wants_acknowledgement(row: Any) -> bool:
    """Whether Google waits to hear that the purchase arrived: not before it is somebody's, and paid."""
    return (
        row["needs_acknowledgement"]
        and row["acknowledged_at"] is None
        and row["user_id"] is not None
        and row["state"] in _ENTITLED
    )


async def _replace(purchase_id: UUID, report: StoreReport, linked: bytes | None, *, is_new: bool) -> None:
    """End what this purchase takes the place of, and this one if another, known before it, has taken its place.

    One that is still to be paid takes nobody's place: until then the old one goes on.
    """
    if linked is not None and report.started_at is not None and report.state != "pending":
        old = await fetch_row(
            """UPDATE purchases SET replaced_by = $1, updated_at = $4
               WHERE store = $2 AND store_key_hash = $3 AND id <> $1 AND replaced_by IS NULL RETURNING *""",
            purchase_id, report.store, linked, clock.now(),
        )  # fmt: skip
        if old is not None:
            await note(old, "replaced")
    if is_new:
        await fetch_value(
            """UPDATE purchases SET replaced_by = later.id FROM purchases AS later
               WHERE purchases.id = $1 AND later.store = purchases.store AND later.id <> purchases.id
                 AND later.linked_key_hash = purchases.store_key_hash
                 AND later.started_at IS NOT NULL AND later.state <> 'pending' RETURNING true""",
            purchase_id,
        )


async def give(purchase_id: UUID, user_id: UUID, cause: str) -> None:
    """Make the purchase the person's own, in the caller's transaction, which must `hold` it. Whether they may have it
    is the caller's to know."""
    before = await fetch_row("SELECT * FROM purchases WHERE id = $1 FOR UPDATE", purchase_id)
    assert before is not None
    after = await fetch_row(
        "UPDATE purchases SET user_id = $2, honoured = $3, updated_at = $4 WHERE id = $1 RETURNING *",
        purchase_id, user_id, await counts_for(user_id, before["environment"]), clock.now(),
    )  # fmt: skip
    assert after is not None
    await note(after, cause)
    await tell_of_change(user_id, None, after)
    if wants_acknowledgement(after) and not wants_acknowledgement(before):
        await enqueue(Acknowledge(purchase_id=purchase_id))


async def counts_for(user_id: UUID, environment: Environment) -> bool:
    """Whether a purchase of that environment would give the person anything. An address that somebody has only typed
    is not theirs."""
    email = await fetch_value("SELECT email FROM users WHERE id = $1 AND email_verified_at IS NOT NULL", user_id)
    return honours(environment, email)
