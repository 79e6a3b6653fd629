"""What a person is entitled to: the union of everything that gives them access decides (semantics: Subscriptions).

The rule stands twice, for Python and for SQL (the view `entitlements`, kuitter_0031), and a property test holds the two
together. Nothing is written down by it: access ends when its time is over, whether or not anybody looks.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from domain.billing.report import Environment, PurchaseState, Store
from domain.billing.report import Plan as StorePlan
from domain.kit.clock import clock
from domain.kit.database import fetch_value
from domain.kit.settings import EVERYBODY, settings

Plan = Literal["free", "subscriber"]
ShownState = Literal[
    "none", "pending", "trial", "active", "grace", "billing_retry", "on_hold", "paused", "cancelled", "expired",
    "revoked",
]  # fmt: skip

FREE: Plan = "free"
SUBSCRIBER: Plan = "subscriber"

# How long a known subscriber keeps access while the store has not answered a question asked since the expiry.
PATIENCE = timedelta(hours=24)
_ENTITLED = ("trial", "active", "grace", "cancelled")
_RENEWING = ("trial", "active")
_NO_TIME = timedelta()


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """One subscription as its row has it. What a field means stands with its column (kuitter_0031)."""

    id: UUID
    store: Store
    product_id: str
    plan: StorePlan | None
    state: PurchaseState
    expires_at: datetime | None
    will_renew: bool
    next_product_id: str | None
    resumes_at: datetime | None
    replaced_by: UUID | None
    answered_at: datetime
    honoured: bool


class Grant(msgspec.Struct, frozen=True):
    """What an administrator gave: access from `starts_at` until `ends_at`, that instant excluded."""

    starts_at: datetime
    ends_at: datetime


class Entitlement(msgspec.Struct, frozen=True):
    """The one thing that all of a person's purchases and grants come to.

    `shown` is what `state` is about: the purchase that gives access the longest; without any that does, and without a
    grant, the one with the latest expiry. `with_access` are all purchases that give access now.
    """

    has_access: bool
    state: ShownState
    shown: Purchase | None
    granted_until: datetime | None
    with_access: tuple[Purchase, ...]

    @property
    def plan(self) -> Plan:
        return SUBSCRIBER if self.has_access else FREE


def access_ends(purchase: Purchase) -> datetime | None:
    """Until when the purchase gives access, that instant excluded; None if it gives none, whenever that is."""
    if (
        purchase.state not in _ENTITLED
        or purchase.plan is None
        or purchase.expires_at is None
        or purchase.replaced_by is not None
        or not purchase.honoured
    ):
        return None
    waits = purchase.will_renew and purchase.state in _RENEWING and purchase.answered_at < purchase.expires_at
    return purchase.expires_at + (PATIENCE if waits else _NO_TIME)


def state_at(purchase: Purchase, now: datetime) -> ShownState:
    """How the purchase stands at `now`, told apart from what the store said last: its time may be over since."""
    ends = access_ends(purchase)
    if purchase.state not in _ENTITLED or (ends is not None and now < ends):
        return purchase.state
    if purchase.state == "grace" and purchase.replaced_by is None and purchase.honoured:
        # The store goes on trying without access; what that is called differs.
        return "billing_retry" if purchase.store == "app_store" else "on_hold"
    return "expired"


def entitlement(purchases: Iterable[Purchase], grants: Iterable[Grant], now: datetime) -> Entitlement:
    """What they come to at the business instant `now`. Purchases that are not honoured count for nothing."""
    real = [purchase for purchase in purchases if purchase.honoured]
    open_ = [purchase for purchase in real if (ends := access_ends(purchase)) is not None and now < ends]
    granted = max((grant.ends_at for grant in grants if grant.starts_at <= now < grant.ends_at), default=None)
    open_.sort(key=_latest, reverse=True)
    if open_:
        return Entitlement(True, state_at(open_[0], now), open_[0], None, tuple(open_))
    if granted is not None:
        return Entitlement(True, "active", None, granted, ())
    standing = [purchase for purchase in real if purchase.replaced_by is None] or real
    if not standing:
        return Entitlement(False, "none", None, None, ())
    last = max(standing, key=_latest)
    return Entitlement(False, state_at(last, now), last, None, ())


def _latest(purchase: Purchase) -> tuple[float, str]:
    if purchase.expires_at is not None:
        return purchase.expires_at.timestamp(), str(purchase.id)
    # A payment that is pending has no expiry yet, and is what the person waits for.
    return float("inf" if purchase.state == "pending" else "-inf"), str(purchase.id)


def honours(environment: Environment, email: str | None) -> bool:
    """Whether a purchase of that environment counts for the account with this proven e-mail (SANDBOX_PURCHASERS)."""
    if environment == "production":
        return True
    allowed = settings().sandbox_purchasers
    return EVERYBODY in allowed or (email is not None and email.lower() in allowed)


def plan_sql(user: str, now: str) -> str:
    """A scalar SQL expression for the plan of the person `user` at `now`; both are SQL, such as `$1` or `users.id`."""
    return (
        f"CASE WHEN EXISTS (SELECT FROM entitlements AS given WHERE given.user_id = {user} "
        f"AND given.starts_at <= {now} AND given.ends_at > {now}) THEN '{SUBSCRIBER}' ELSE '{FREE}' END"
    )


async def plan_of(user_id: UUID, now: datetime | None = None) -> Plan:
    """The plan that the person is on at the business instant `now`, which is the present one if left out."""
    plan: Plan = await fetch_value(f"SELECT {plan_sql('$1', '$2')}", user_id, now or clock.now())
    return plan
