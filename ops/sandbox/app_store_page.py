"""The App Store on the page for people: what can be bought, and what can happen to it then."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ops.sandbox.app_store_subscription import ACTIVE, BILLING_RETRY, EXPIRED, GRACE, REVOKED, Subscription
from ops.sandbox.wire import Button, Sale, Shop

MONTHLY = "app.kuitter.plus.monthly"
YEARLY = "app.kuitter.plus.yearly"

_STATES = {
    ACTIVE: "active", EXPIRED: "expired", BILLING_RETRY: "billing retry", GRACE: "grace", REVOKED: "revoked"
}  # fmt: skip
# Each label with the event that it brings about. Of pauses and holds the App Store knows nothing.
_EVENTS = (
    ("renew", "DID_RENEW", None),
    ("cancel", "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED"),
    ("un-cancel", "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_ENABLED"),
    ("upgrade", "DID_CHANGE_RENEWAL_PREF", "UPGRADE"),
    ("refund", "REFUND", None),
    ("refund reversed", "REFUND_REVERSED", None),
    ("billing fails", "DID_FAIL_TO_RENEW", None),
    ("grace", "DID_FAIL_TO_RENEW", "GRACE_PERIOD"),
    ("grace ends", "GRACE_PERIOD_EXPIRED", None),
    ("billing recovers", "DID_RENEW", "BILLING_RECOVERY"),
    ("expire", "EXPIRED", None),
    ("subscribe again", "SUBSCRIBED", "RESUBSCRIBE"),
)


def shop(sold: Iterable[Subscription]) -> Shop:
    """The store with these purchases, given oldest first."""
    offers: list[tuple[str, dict[str, Any]]] = [
        ("Buy a month", {"product_id": MONTHLY}),
        ("Buy a year", {"product_id": YEARLY}),
        ("Start a free week", {"product_id": MONTHLY, "trial": True}),
        ("Buy a month in earnest", {"product_id": MONTHLY, "environment": "Production"}),
    ]
    buttons = [Button(label, "/_control/app-store/purchases", body) for label, body in offers]
    return Shop("App Store", buttons, [_sale(subscription) for subscription in reversed(list(sold))])


def _sale(subscription: Subscription) -> Sale:
    latest = subscription.latest
    buttons = [
        Button(
            label,
            "/_control/app-store/events",
            {"original_transaction_id": subscription.original_transaction_id, "type": kind}
            | ({"subtype": subtype} if subtype else {}),
        )
        for label, kind, subtype in _EVENTS
    ]
    return Sale(
        token=subscription.on_phone,
        product=latest.product_id,
        state=_STATES[subscription.status],
        at=subscription.periods[0].purchased_at,
        expires_at=subscription.grace_until if subscription.status == GRACE else latest.expires_at,
        will_renew=subscription.auto_renew,
        account=subscription.app_account_token,
        buttons=buttons,
    )
