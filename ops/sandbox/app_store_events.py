"""What may happen to a subscription in the App Store: each type of notification, and what it does to the state.

An event that in earnest comes at the end of a period (a failed renewal, an expiry) brings that end about, so that no
tester has to travel through time to see it. Types that say nothing of the state, unknown ones too, change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from ops.sandbox.app_store_chain import Flaw
from ops.sandbox.app_store_subscription import (
    ACTIVE,
    BILLING_RETRY,
    CODE,
    EXPIRED,
    GRACE,
    REVOKED,
    EnvironmentName,
    Period,
    Subscription,
    end_of,
    sibling_of,
)

GRACE_PERIOD = timedelta(days=16)
_DECADE = 315_360_000
_EXTENSION = timedelta(days=7)
_INTENTS = {"VOLUNTARY": 1, "BILLING_RETRY": 2, "PRICE_INCREASE": 3, "PRODUCT_NOT_FOR_SALE": 4}


class Event(msgspec.Struct, forbid_unknown_fields=True):
    """Something that happens in the store, as a tester asks for it."""

    type: Annotated[str, Meta(min_length=1, max_length=64)]
    original_transaction_id: str = ""
    """May be left out for what concerns no purchase (TEST)."""
    subtype: Annotated[str, Meta(max_length=64)] | None = None
    """If left out where Apple always gives one, it is the one that fits."""
    deliver: bool = True
    copies: Annotated[int, Meta(ge=1, le=50)] = 1
    product_id: str | None = None
    """What an upgrade, downgrade or new subscription turns to; by default the other length of time."""
    transaction_id: str | None = None
    """The period that is refunded, if it is not the latest."""
    expires_in: Annotated[int, Meta(ge=-_DECADE, le=_DECADE)] | None = None
    """Seconds from now to the end of the latest period, when all is done."""
    environment: EnvironmentName = "Sandbox"
    """Where a TEST comes from; anything else comes from where the purchase was made."""
    bundle_id: str | None = None
    """The app that the notification speaks of, if it shall be a wrong one."""
    app_apple_id: int | None = None
    """The same by its number."""
    flaw: Flaw | Literal["inner"] | None = None
    """What is wrong with the notification's signature; `inner` spoils only the transaction inside."""


class UnknownTransactionError(LookupError):
    """The subscription has no such period."""


def happen(subscription: Subscription, event: Event, now: datetime) -> tuple[str | None, Period]:
    """Move the state. Returns the subtype that the notification bears, and the period that it is about.

    Raises UnknownTransactionError if the event names a period that there is not.
    """
    subtype = event.subtype or _fitting(subscription, event.type, now)
    rule = _RULES.get(event.type)
    period = subscription.latest if rule is None else rule(subscription, subtype, event, now)
    if event.expires_in is not None:
        subscription.latest.expires_at = now + timedelta(seconds=event.expires_in)
    return subtype, period


def _fitting(subscription: Subscription, kind: str, now: datetime) -> str | None:
    match kind:
        case "SUBSCRIBED":
            runs = subscription.auto_renew or subscription.latest.expires_at > now
            return "INITIAL_BUY" if runs and subscription.status not in (EXPIRED, REVOKED) else "RESUBSCRIBE"
        case "DID_CHANGE_RENEWAL_STATUS":
            return "AUTO_RENEW_DISABLED" if subscription.auto_renew else "AUTO_RENEW_ENABLED"
        case "EXPIRED":
            return "BILLING_RETRY" if subscription.status in (GRACE, BILLING_RETRY) else "VOLUNTARY"
        case "PRICE_INCREASE":
            return "PENDING"
    return None


def _subscribed(subscription: Subscription, subtype: str | None, event: Event, now: datetime) -> Period:
    if subtype != "RESUBSCRIBE":
        return subscription.latest
    return subscription.begin(event.product_id or subscription.renews_as, now, "PURCHASE")


def _renewed(subscription: Subscription, subtype: str | None, event: Event, now: datetime) -> Period:
    product = event.product_id or subscription.renews_as
    # After a gap a period begins now. Without one it follows the last, however many have gone by unseen.
    start = subscription.latest.expires_at if subscription.status in (ACTIVE, GRACE) else now
    while end_of(product, start) <= now:
        start = end_of(product, start)
    offer = subscription.renewal_offer
    return subscription.begin(product, start, "RENEWAL", paid_at=min(start, now), offer=offer)


def _preference(subscription: Subscription, subtype: str | None, event: Event, now: datetime) -> Period:
    current = subscription.latest
    if subtype == "UPGRADE":
        current.is_upgraded = True
        return subscription.begin(event.product_id or sibling_of(current.product_id), now, "PURCHASE")
    if subtype == "DOWNGRADE":
        subscription.renews_as = event.product_id or sibling_of(current.product_id)
    else:
        subscription.renews_as = current.product_id
    return current


def _renewal_switched(subscription: Subscription, subtype: str | None, _: Event, __: datetime) -> Period:
    subscription.auto_renew = subtype == "AUTO_RENEW_ENABLED"
    return subscription.latest


def _failed_to_renew(subscription: Subscription, subtype: str | None, _: Event, now: datetime) -> Period:
    end = _end_now(subscription, now)
    subscription.in_billing_retry, subscription.expiration_intent = True, 2
    if subtype == "GRACE_PERIOD":
        subscription.status, subscription.grace_until = GRACE, end.expires_at + GRACE_PERIOD
    else:
        subscription.status = BILLING_RETRY
    return end


def _grace_over(subscription: Subscription, _: str | None, __: Event, now: datetime) -> Period:
    subscription.status = BILLING_RETRY
    subscription.in_billing_retry, subscription.expiration_intent = True, 2
    subscription.grace_until = min(subscription.grace_until or now, now)
    return _end_now(subscription, now)


def _expired(subscription: Subscription, subtype: str | None, _: Event, now: datetime) -> Period:
    subscription.status, subscription.auto_renew, subscription.in_billing_retry = EXPIRED, False, False
    subscription.expiration_intent = _INTENTS.get(subtype or "", 5)
    if subtype == "PRICE_INCREASE":
        subscription.price_consent = 0
    if subscription.grace_until is not None:
        subscription.grace_until = min(subscription.grace_until, now)
    return _end_now(subscription, now)


def _refunded(subscription: Subscription, _: str | None, event: Event, now: datetime) -> Period:
    return _take_back(subscription, event, now, (1, "REFUND_FULL"))


def _revoked(subscription: Subscription, _: str | None, event: Event, now: datetime) -> Period:
    return _take_back(subscription, event, now, (0, "FAMILY_REVOKE"))


def _take_back(subscription: Subscription, event: Event, now: datetime, revocation: tuple[int, str]) -> Period:
    period = _named(subscription, event) or subscription.latest
    if period is subscription.latest and period.revoked_at is None:
        subscription.before_refund = (subscription.status, subscription.auto_renew)
        subscription.status, subscription.auto_renew = REVOKED, False
    period.revoked_at, period.revocation = period.revoked_at or now, revocation
    return period


def _refund_reversed(subscription: Subscription, _: str | None, event: Event, __: datetime) -> Period:
    revoked = [period for period in subscription.periods if period.revoked_at is not None]
    period = _named(subscription, event) or (revoked or subscription.periods)[-1]
    period.revoked_at = period.revocation = None
    if period is subscription.latest and subscription.before_refund is not None:
        subscription.status, subscription.auto_renew = subscription.before_refund
        subscription.before_refund = None
    return period


def _price_raised(subscription: Subscription, subtype: str | None, _: Event, __: datetime) -> Period:
    subscription.price_consent = int(subtype == "ACCEPTED")
    return subscription.latest


def _extended(subscription: Subscription, _: str | None, __: Event, ___: datetime) -> Period:
    subscription.latest.expires_at += _EXTENSION
    return subscription.latest


def _offer_redeemed(subscription: Subscription, subtype: str | None, event: Event, now: datetime) -> Period:
    if subtype in ("UPGRADE", "DOWNGRADE"):
        period = _preference(subscription, subtype, event, now)
    elif subscription.status in (EXPIRED, REVOKED):
        period = subscription.begin(event.product_id or subscription.renews_as, now, "PURCHASE")
    else:
        subscription.renewal_offer = CODE
        return subscription.latest
    if subtype == "DOWNGRADE":
        subscription.renewal_offer = CODE
    else:
        period.offer = CODE
    return period


def _end_now(subscription: Subscription, now: datetime) -> Period:
    subscription.latest.expires_at = min(subscription.latest.expires_at, now)
    return subscription.latest


def _named(subscription: Subscription, event: Event) -> Period | None:
    if event.transaction_id is None:
        return None
    for period in subscription.periods:
        if period.transaction_id == event.transaction_id:
            return period
    raise UnknownTransactionError(event.transaction_id)


Rule: TypeAlias = Callable[[Subscription, str | None, Event, datetime], Period]

_RULES: Mapping[str, Rule] = {
    "SUBSCRIBED": _subscribed,
    "DID_RENEW": _renewed,
    "DID_CHANGE_RENEWAL_PREF": _preference,
    "DID_CHANGE_RENEWAL_STATUS": _renewal_switched,
    "DID_FAIL_TO_RENEW": _failed_to_renew,
    "GRACE_PERIOD_EXPIRED": _grace_over,
    "EXPIRED": _expired,
    "REFUND": _refunded,
    "REFUND_REVERSED": _refund_reversed,
    "REVOKE": _revoked,
    "PRICE_INCREASE": _price_raised,
    "RENEWAL_EXTENDED": _extended,
    "OFFER_REDEEMED": _offer_redeemed,
}
