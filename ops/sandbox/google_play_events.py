"""What may happen to a purchase in Google Play: each type of notification, and what it does to the state.

An event that in earnest comes at the end of a period (a failed renewal, an expiry) brings that end about, so that
nobody has to travel through time to see it. Types that say nothing of the state, unknown ones too, change nothing; nor
does an event that cannot happen any more: a purchase that never came about, or whose place another took, stays so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from ops.sandbox.google_play_purchase import TRIAL, Purchase, State, Voided

GRACE = timedelta(days=7)
PAUSE = timedelta(days=30)
DEFERRAL = timedelta(days=7)
# What a price increase adds.
_INCREASE = 1_000_000

TYPES = {
    1: "RECOVERED",
    2: "RENEWED",
    3: "CANCELED",
    4: "PURCHASED",
    5: "ON_HOLD",
    6: "IN_GRACE_PERIOD",
    7: "RESTARTED",
    8: "PRICE_CHANGE_CONFIRMED",
    9: "DEFERRED",
    10: "PAUSED",
    11: "PAUSE_SCHEDULE_CHANGED",
    12: "REVOKED",
    13: "EXPIRED",
    17: "ITEMS_CHANGED",
    18: "CANCELLATION_SCHEDULED",
    19: "PRICE_CHANGE_UPDATED",
    20: "PENDING_PURCHASE_CANCELED",
    22: "PRICE_STEP_UP_CONSENT_UPDATED",
}
_EVENT_OF: dict[State, str] = {
    "ACTIVE": "PURCHASED",
    "IN_GRACE_PERIOD": "IN_GRACE_PERIOD",
    "CANCELED": "CANCELED",
    "PAUSED": "PAUSED",
    "ON_HOLD": "ON_HOLD",
    "EXPIRED": "EXPIRED",
    "PENDING_PURCHASE_CANCELED": "PENDING_PURCHASE_CANCELED",
}


def begin(purchase: Purchase, state: State, now: datetime) -> None:
    """Bring a new purchase into `state`. What comes weeks after a purchase only comes to one that was acknowledged."""
    if state not in ("PENDING", "PENDING_PURCHASE_CANCELED"):
        _purchased(purchase, now)
    if state in _EVENT_OF:
        happen(purchase, _EVENT_OF[state], now)
    purchase.acknowledged = state in ("IN_GRACE_PERIOD", "PAUSED", "ON_HOLD", "EXPIRED")


def happen(purchase: Purchase, name: str, now: datetime) -> Voided | None:
    """Move the state as the event `name` does; returns the refund that it is, if it is one."""
    rule = _RULES.get(name)
    if rule is None or not _can_happen(purchase, name):
        return None
    purchase.version += 1
    return rule(purchase, now)


def refund(purchase: Purchase, now: datetime, order_id: str | None = None) -> Voided:
    """Money back: for the latest period access ends, for an earlier one (`order_id`) it stays."""
    if order_id in (None, purchase.order_id) and _can_happen(purchase, "REVOKED"):
        purchase.expire(now, "developer")
    return purchase.voided(now, source=1, reason=0, order_id=order_id)


def _can_happen(purchase: Purchase, name: str) -> bool:
    if purchase.state == "PENDING":
        return name in ("PURCHASED", "PENDING_PURCHASE_CANCELED")
    if purchase.state == "PENDING_PURCHASE_CANCELED" or purchase.replaced:
        return False
    return name != "PENDING_PURCHASE_CANCELED"


def _purchased(purchase: Purchase, now: datetime) -> None:
    if purchase.state != "PENDING":
        return
    purchase.state, purchase.started_at = "ACTIVE", now
    purchase.paid_until = purchase.expires_at = now + TRIAL if purchase.trial else purchase.period_after(now)


def _renewed(purchase: Purchase, now: datetime) -> None:
    """The next period, and those after it until one lasts: whoever travelled far has renewed more than once."""
    until = purchase.paid_until or now
    while True:
        until = purchase.period_after(until)
        purchase.renewals += 1
        if until > now:
            break
    _runs(purchase, until)


def _recovered(purchase: Purchase, now: datetime) -> None:
    """Paid at last: in grace the period runs on from where it stood, after that it begins anew."""
    if purchase.state == "IN_GRACE_PERIOD":
        _renewed(purchase, now)
        return
    purchase.renewals += 1
    _runs(purchase, purchase.period_after(now))


def _runs(purchase: Purchase, until: datetime) -> None:
    purchase.paid_until = purchase.expires_at = until
    purchase.trial = False
    if purchase.price_change == "CONFIRMED" and purchase.new_price is not None:
        purchase.price, purchase.price_change = purchase.new_price, "APPLIED"
    _goes_on(purchase)


def _goes_on(purchase: Purchase) -> None:
    purchase.state, purchase.auto_renew = "ACTIVE", True
    purchase.canceled_by = purchase.canceled_at = purchase.resumes_at = None
    purchase.ends_by_installment = False


def _restarted(purchase: Purchase, now: datetime) -> None:
    """The cancellation is taken back. What has ended begins anew, as after a refund that was reversed."""
    if purchase.expires_at is None or purchase.expires_at <= now:
        _recovered(purchase, now)
    else:
        _goes_on(purchase)


def _canceled(purchase: Purchase, now: datetime) -> None:
    if purchase.state == "EXPIRED":
        return
    purchase.state, purchase.auto_renew = "CANCELED", False
    purchase.canceled_by, purchase.canceled_at, purchase.resumes_at = "user", now, None
    if purchase.paid_until is not None:
        purchase.expires_at = min(purchase.expires_at or purchase.paid_until, purchase.paid_until)
        if purchase.expires_at <= now:
            purchase.state = "EXPIRED"


def _unpaid(purchase: Purchase, now: datetime) -> None:
    """The renewal is due, and nothing was paid."""
    purchase.paid_until = min(purchase.paid_until or now, now)
    purchase.canceled_by = purchase.canceled_at = purchase.resumes_at = None
    purchase.auto_renew, purchase.trial = True, False


def _in_grace(purchase: Purchase, now: datetime) -> None:
    _unpaid(purchase, now)
    purchase.state, purchase.expires_at = "IN_GRACE_PERIOD", now + GRACE


def _on_hold(purchase: Purchase, now: datetime) -> None:
    _unpaid(purchase, now)
    purchase.state, purchase.expires_at = "ON_HOLD", min(purchase.expires_at or now, now)


def _paused(purchase: Purchase, now: datetime) -> None:
    _unpaid(purchase, now)
    purchase.state, purchase.expires_at = "PAUSED", min(purchase.expires_at or now, now)
    purchase.resumes_at = now + PAUSE


def _pause_changed(purchase: Purchase, now: datetime) -> None:
    """Nothing is seen of a pause that has not begun; one that has lasts longer."""
    if purchase.state == "PAUSED":
        purchase.resumes_at = (purchase.resumes_at or now) + PAUSE


def _deferred(purchase: Purchase, now: datetime) -> None:
    purchase.paid_until = purchase.expires_at = max(purchase.expires_at or now, now) + DEFERRAL


def _revoked(purchase: Purchase, now: datetime) -> Voided:
    return refund(purchase, now)


def _expired(purchase: Purchase, now: datetime) -> None:
    """Also how a price increase ends to which nobody agreed."""
    purchase.expire(now, "system")


def _price_changed(purchase: Purchase, _: datetime) -> None:
    purchase.new_price, purchase.price_change = purchase.price + _INCREASE, "OUTSTANDING"


def _price_confirmed(purchase: Purchase, _: datetime) -> None:
    purchase.new_price = purchase.new_price or purchase.price + _INCREASE
    purchase.price_change = "CONFIRMED"


def _stepped_up(purchase: Purchase, _: datetime) -> None:
    purchase.step_up = "CONFIRMED" if purchase.step_up == "PENDING" else "PENDING"


def _cancellation_scheduled(purchase: Purchase, _: datetime) -> None:
    purchase.ends_by_installment = True


def _purchase_canceled(purchase: Purchase, _: datetime) -> None:
    purchase.state, purchase.auto_renew = "PENDING_PURCHASE_CANCELED", False


_RULES: dict[str, Callable[[Purchase, datetime], Voided | None]] = {
    "RECOVERED": _recovered,
    "RENEWED": _renewed,
    "CANCELED": _canceled,
    "PURCHASED": _purchased,
    "ON_HOLD": _on_hold,
    "IN_GRACE_PERIOD": _in_grace,
    "RESTARTED": _restarted,
    "PRICE_CHANGE_CONFIRMED": _price_confirmed,
    "DEFERRED": _deferred,
    "PAUSED": _paused,
    "PAUSE_SCHEDULE_CHANGED": _pause_changed,
    "REVOKED": _revoked,
    "EXPIRED": _expired,
    "CANCELLATION_SCHEDULED": _cancellation_scheduled,
    "PRICE_CHANGE_UPDATED": _price_changed,
    "PENDING_PURCHASE_CANCELED": _purchase_canceled,
    "PRICE_STEP_UP_CONSENT_UPDATED": _stepped_up,
}
