"""What a store says of one subscription, in the same words for both stores."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Store = Literal["app_store", "google_play"]
Environment = Literal["production", "sandbox"]
Plan = Literal["monthly", "yearly"]
PurchaseState = Literal[
    "pending", "trial", "active", "grace", "billing_retry", "on_hold", "paused", "cancelled", "expired", "revoked"
]  # fmt: skip


class StoreReport(msgspec.Struct, frozen=True, kw_only=True):
    """One subscription as its store knows it at one moment.

    `store_key` is what the store is asked by: Apple's original transaction id, Google's purchase token. `plan` is None
    for a product that is not ours. `asked_at` is the real instant at which the question was asked that this answers, or
    at which a payload that stands for itself was signed. `linked_key` names the purchase whose place this one takes.
    """

    store: Store
    environment: Environment
    store_key: str
    account_token: UUID | None
    product_id: str
    plan: Plan | None
    state: PurchaseState
    started_at: datetime | None
    expires_at: datetime | None
    will_renew: bool
    asked_at: datetime
    next_product_id: str | None = None
    resumes_at: datetime | None = None
    price: int | None = None
    """Millionths of the currency's unit."""
    currency: str | None = None
    linked_key: str | None = None
    needs_acknowledgement: bool = False
    replaced: bool = False
    """The store ended it because another purchase took its place: nothing to tell anybody."""
    predecessors: tuple[StoreReport, ...] = ()
    """Purchases before the one that `linked_key` names, and that one, if we had not heard of it; oldest first."""

    def __repr__(self) -> str:
        # Reprs end up in logs and tracebacks; a purchase token must not.
        return f"StoreReport({self.store}, {self.state})"
