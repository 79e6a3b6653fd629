"""What an app hands in: a signed transaction or a purchase token, to be decided by a job that asks the store.

Rules: api, "Subscriptions"; semantics, "Subscriptions": a purchase that is another person's moves only by an explicit
restore (transfers.py), and while the store is away a claim waits.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.billing import app_store, google_play
from domain.billing.applying import Applied, apply, apply_alone, counts_for, give
from domain.billing.google_answers import NOT_FOUND
from domain.billing.jobs import AskStore, DecideClaim
from domain.billing.report import Store, StoreReport
from domain.billing.subscription import SubscriptionView, read_subscription
from domain.billing.transfers import TransferLimit, move
from domain.kit import signals
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, fetch_value, transaction
from domain.kit.errors import InvalidRequest, NotFound, RuleBroken, TooMany, Unauthenticated
from domain.kit.idempotency import IdempotencyKey, Outcome, once
from domain.kit.ids import new_id
from domain.kit.limits import Window, limiter
from domain.kit.outbox import enqueue
from domain.kit.outbox.rows import Lease
from domain.kit.providers import Answer
from domain.kit.providers import Outcome as Ending

Purpose = Literal["purchase", "restore"]
Status = Literal["pending", "accepted", "rejected"]

INVALID = "purchase_invalid"
OWNED_BY_OTHER = "purchase_owned_by_other"
TRANSFER_LIMIT = "transfer_limit"

# A signed transaction carries three certificates: some six thousand letters.
_LONGEST_TOKEN = 16_384
_TOKEN = re.compile(r"[\x21-\x7e]+")
_PRODUCT = re.compile(r"[\w.\-]{1,200}")
# Google answers only so many questions a day, and each of these is some.
_HAND_INS = Window("purchases", 100, 3600)
# How long Google may not know a purchase that it has just sold, and how often we look meanwhile.
_FRESH = timedelta(seconds=30)
_FRESH_PAUSE = 3.0


class ClaimView(msgspec.Struct, frozen=True):
    """What came of it. `code` says why it was rejected; `subscription` is all that the person has by now."""

    id: UUID
    status: Status
    code: str | None
    subscription: SubscriptionView

    @property
    def is_open(self) -> bool:
        return self.status == "pending"


def topic(claim_id: UUID) -> str:
    """Where the decision is told."""
    return f"claim:{claim_id}"


# -- handing in and looking ----------------------------------------------------------------------------------------


async def hand_in(
    user_id: UUID, store: Store, product_id: str, token: str, key: IdempotencyKey | None, purpose: Purpose = "purchase"
) -> Outcome:
    """Note what the app hands in, and ask for its decision. Raises InvalidRequest, Unauthenticated for a person who is
    gone, TooMany after a hundred an hour, and as `once`."""
    if len(token) > _LONGEST_TOKEN or not _TOKEN.fullmatch(token):
        raise InvalidRequest(f"must have 1 to {_LONGEST_TOKEN} printable characters without spaces", field="token")
    if product_id and not _PRODUCT.fullmatch(product_id):
        raise InvalidRequest("must be a product of the store", field="product_id")
    verdict = await limiter().hit(_HAND_INS, str(user_id))
    if not verdict.allowed:
        raise TooMany(retry_after=verdict.reset)

    async def create() -> UUID:
        claim_id = await fetch_value(
            """INSERT INTO purchase_claims (id, user_id, purpose, store, product_id, token, status, created_at)
               SELECT $1, id, $3, $4, $5, $6, 'pending', $7 FROM users WHERE id = $2 RETURNING id""",
            new_id(), user_id, purpose, store, product_id, token, clock.now(),
        )  # fmt: skip
        if claim_id is None:
            raise Unauthenticated
        await enqueue(DecideClaim(claim_id=claim_id))
        made: UUID = claim_id
        return made

    return await once(key, 202, create)


async def hand_in_to_restore(
    user_id: UUID, store: Store, product_id: str, token: str, key: IdempotencyKey | None, *, confirm: bool
) -> Outcome:
    """The same for a purchase that may be another account's: it moves here. Raises RuleBroken `confirmation_required`
    unless the person has said so, and as `hand_in`."""
    if not confirm:
        raise RuleBroken(
            "Restoring may take the subscription from another account. Confirm that.", code="confirmation_required"
        )
    return await hand_in(user_id, store, product_id, token, key, "restore")


async def read_claim(user_id: UUID, claim_id: UUID) -> ClaimView:
    """Raises NotFound for a claim that is not the person's."""
    row = await fetch_row(
        "SELECT id, status, code FROM purchase_claims WHERE id = $1 AND user_id = $2", claim_id, user_id
    )
    if row is None:
        raise NotFound
    return ClaimView(row["id"], row["status"], row["code"], await read_subscription(user_id))


async def is_decided(user_id: UUID, claim_id: UUID) -> bool | None:
    """True once it is; None before, and if it is not there."""
    decided: bool | None = await fetch_value(
        "SELECT true FROM purchase_claims WHERE id = $1 AND user_id = $2 AND status <> 'pending'", claim_id, user_id
    )
    return decided


# -- deciding ------------------------------------------------------------------------------------------------------


class _Found(msgspec.Struct, frozen=True):
    """A purchase that is what it claims to be. `unsure`: the store could not be asked, so it is to be asked again."""

    report: StoreReport
    unsure: bool = False


async def decide(claim_id: UUID, lease: Lease) -> Answer | None:
    """Ask the store about a claim and decide it. Returns the answer after which the same is to be tried again.
    Raises LeaseLost."""
    claim = await fetch_row("SELECT * FROM purchase_claims WHERE id = $1 AND status = 'pending'", claim_id)
    if claim is None:
        return None
    found = await (_from_google(claim) if claim["store"] == "google_play" else _from_apple(claim))
    if isinstance(found, Answer) and found.outcome not in (Ending.REJECTED, Ending.TOKEN_DEAD):
        return found
    async with transaction():
        await lease.settle()
        if isinstance(found, Answer):
            await _end(claim_id, INVALID, None)
        else:
            await _settle(claim, found)
    await signals.publish(topic(claim_id), b"decided")
    return None


async def _from_google(claim: Any) -> _Found | Answer:
    answer = await google_play.ask(claim["token"])
    if isinstance(answer, StoreReport):
        return _Found(answer)
    fresh = clock.now() - claim["created_at"] < _FRESH
    if answer.outcome is Ending.REJECTED and answer.code in NOT_FOUND and fresh:
        return Answer(Ending.TRANSIENT, answer.code, retry_after=_FRESH_PAUSE)
    return answer


async def _from_apple(claim: Any) -> _Found | Answer:
    signed = await app_store.read_transaction(claim["token"])
    if isinstance(signed, Answer):
        return signed
    answer = await app_store.ask(signed.original_transaction_id, signed.environment)
    if isinstance(answer, StoreReport):
        return _Found(answer)
    if answer.outcome in (Ending.REJECTED, Ending.TOKEN_DEAD):
        return answer
    # What Apple has signed is true, for as long as nothing newer is known.
    return _Found(signed.report, unsure=True)


async def _settle(claim: Any, found: _Found) -> None:
    user_id, report, purpose = claim["user_id"], found.report, claim["purpose"]
    applied = await (apply_alone if found.unsure else apply)(report, purpose)
    code: str | None = INVALID
    # Not a product that we know, or bought in a store's sandbox by somebody whose purchases there do not count.
    if report.plan is not None and await counts_for(user_id, report.environment):
        code = await _make_own(applied, user_id, purpose)
        if found.unsure:
            await enqueue(AskStore(purchase_id=applied.purchase_id, cause=purpose))
    await _end(claim["id"], code, applied.purchase_id if code is None else None)


async def _make_own(applied: Applied, user_id: UUID, purpose: Purpose) -> str | None:
    """Give the purchase, which must be held, to the person. Returns a code if it may not be theirs."""
    if applied.user_id == user_id:
        return None
    other = await _living_owner(applied.purchase_id, user_id)
    if other is None:
        await give(applied.purchase_id, user_id, purpose)
        return None
    if purpose == "purchase":
        return OWNED_BY_OTHER
    if await fetch_value("SELECT replaced_by FROM purchases WHERE id = $1", applied.purchase_id):
        # It gives nobody anything; what took its place is to be restored.
        return INVALID
    try:
        await move(applied.purchase_id, other, user_id)
    except TransferLimit:
        return TRANSFER_LIMIT
    return None


async def _living_owner(purchase_id: UUID, claimant: UUID) -> UUID | None:
    """Whose the purchase is, if it is somebody else's who is there: its owner, else whom the app named at its sale."""
    other: UUID | None = await fetch_value(
        """SELECT users.id FROM purchases JOIN users
             ON users.id = purchases.user_id OR users.store_account_token = purchases.account_token
           WHERE purchases.id = $1 AND users.id <> $2 AND users.state <> 'deleting'
           ORDER BY users.id = purchases.user_id DESC LIMIT 1""",
        purchase_id, claimant,
    )  # fmt: skip
    return other


async def _end(claim_id: UUID, code: str | None, purchase_id: UUID | None) -> None:
    await execute(
        """UPDATE purchase_claims SET status = $2, code = $3, purchase_id = $4, token = NULL, decided_at = $5
           WHERE id = $1 AND status = 'pending'""",
        claim_id, "rejected" if code else "accepted", code, purchase_id, clock.now(),
    )  # fmt: skip


async def decide_later(older_than: datetime, limit: int = 100) -> int:
    """Ask again for the decision of claims of before `older_than` that no job is about to decide; returns how many."""
    async with transaction():
        rows = await fetch(
            """SELECT id FROM purchase_claims
               WHERE status = 'pending' AND created_at < $1
                 AND NOT EXISTS (SELECT FROM jobs WHERE name = $2 AND state = 'live'
                                   AND dedupe_key = purchase_claims.id::text)
               ORDER BY created_at LIMIT $3 FOR UPDATE SKIP LOCKED""",
            older_than, DecideClaim.name, limit,
        )  # fmt: skip
        for row in rows:
            await enqueue(DecideClaim(claim_id=row["id"]))
    return len(rows)
