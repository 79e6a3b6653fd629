"""A person's subscription as they see it: one answer for all stores, read in one statement (api: Subscriptions)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from domain.billing.entitlement import Entitlement, Grant, Purchase, ShownState, entitlement
from domain.billing.products import app_store_plan
from domain.billing.report import Plan, Store
from domain.kit.clock import clock
from domain.kit.database import fetch_row
from domain.kit.settings import settings

# Where a subscription is cancelled or paid for otherwise: each store does that itself.
MANAGE_SUBSCRIPTIONS: dict[str, str] = {
    "app_store": "https://apps.apple.com/account/subscriptions",
    "google_play": "https://play.google.com/store/account/subscriptions",
}
DUPLICATE: Literal["duplicate_subscription"] = "duplicate_subscription"

_FIELDS = msgspec.structs.fields(Purchase)
_COLUMNS = ", ".join(field.name for field in _FIELDS)
_READ = f"""
SELECT ARRAY(SELECT ROW({_COLUMNS}) FROM purchases WHERE user_id = $1) AS purchases,
       ARRAY(SELECT ROW(starts_at, ends_at) FROM grants
             WHERE user_id = $1 AND starts_at <= $2 AND ends_at > $2) AS grants
"""


class SubscriptionView(msgspec.Struct, frozen=True):
    """What the person has. `expires_at`: until when it is paid, or when the grace ends. `next_plan`: what it will
    be renewed as, if that is another plan. `resumes_at`: when a pause ends.

    `warning` is `duplicate_subscription` while more than one subscription goes on billing; `management_urls` lead to
    where each that gives access is managed.
    """

    state: ShownState
    has_access: bool
    plan: Plan | None
    expires_at: datetime | None
    will_renew: bool
    store: Store | None
    in_grace: bool
    next_plan: Plan | None
    resumes_at: datetime | None
    management_url: str | None
    management_urls: dict[str, str]
    warning: Literal["duplicate_subscription"] | None


async def read_entitlement(user_id: UUID, now: datetime) -> Entitlement:
    """What the person's purchases and grants come to at the business instant `now`."""
    row: Any = await fetch_row(_READ, user_id, now)
    purchases = [
        Purchase(**dict(zip((field.name for field in _FIELDS), one, strict=True)))
        for one in row["purchases"]
    ]  # fmt: skip
    return entitlement(purchases, [Grant(*one) for one in row["grants"]], now)


async def read_subscription(user_id: UUID) -> SubscriptionView:
    """The person's subscription now; `none` for somebody who has nothing."""
    return view_of(await read_entitlement(user_id, clock.now()))


def view_of(entitled: Entitlement) -> SubscriptionView:
    """An entitlement as the app shows it."""
    shown = entitled.shown
    urls: dict[str, str] = {one.store: management_url(one) for one in reversed(entitled.with_access)}
    going_on = [one for one in entitled.with_access if one.will_renew]
    return SubscriptionView(
        state=entitled.state,
        has_access=entitled.has_access,
        plan=shown.plan if shown else None,
        expires_at=shown.expires_at if shown else entitled.granted_until,
        # What has ended is not renewed, whatever the store said last.
        will_renew=shown.will_renew and entitled.state not in ("expired", "revoked") if shown else False,
        store=shown.store if shown else None,
        in_grace=entitled.state == "grace",
        next_plan=_next_plan(shown) if shown else None,
        resumes_at=shown.resumes_at if shown else None,
        management_url=management_url(shown) if shown else None,
        management_urls=urls,
        warning=DUPLICATE if len(going_on) > 1 else None,
    )


def management_url(purchase: Purchase) -> str:
    """Where the person manages this subscription."""
    base = MANAGE_SUBSCRIPTIONS[purchase.store]
    if purchase.store == "app_store":
        return base
    return f"{base}?{urlencode({'sku': purchase.product_id, 'package': settings().google_play_package})}"


def _next_plan(purchase: Purchase) -> Plan | None:
    # Google names the product alone, and ours differ by their base plans.
    if purchase.store != "app_store" or purchase.next_product_id is None:
        return None
    plan = app_store_plan(purchase.next_product_id)
    return plan if plan != purchase.plan else None
