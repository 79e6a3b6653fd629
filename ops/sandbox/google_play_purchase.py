"""A subscription as Google Play keeps it, and what is answered about it (purchases.subscriptionsv2).

Its times go by the business clock, which `kuitter time travel` moves. What happens to it stands in
`google_play_events`; two things only come with time: a cancelled one expires, and one that nobody acknowledged is
refunded.
"""

from __future__ import annotations

import base64
import calendar
import hmac
import secrets
import string
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, TypeAlias

import msgspec

State: TypeAlias = Literal[
    "PENDING", "ACTIVE", "IN_GRACE_PERIOD", "CANCELED", "PAUSED", "ON_HOLD", "EXPIRED", "PENDING_PURCHASE_CANCELED"
]
CanceledBy: TypeAlias = Literal["user", "developer", "system", "replacement"]

ACKNOWLEDGE_WITHIN = timedelta(days=3)
TRIAL = timedelta(days=7)
# A longer one is asked about in vain (spec: providers.md 6.2).
KEPT_AFTER_EXPIRY = timedelta(days=60)
PRICES = {False: 3_990_000, True: 29_990_000}
"""Millionths of a dollar, by whether it is for a year."""
UNACKNOWLEDGED = 8

_SEAL = 40

_ENTITLED = ("ACTIVE", "IN_GRACE_PERIOD", "CANCELED")
_CANCELED = {
    "developer": "developerInitiatedCancellation",
    "system": "systemInitiatedCancellation",
    "replacement": "replacementCancellation",
}


class Voided(msgspec.Struct, frozen=True):
    """Money that went back: which order, when, who asked for it (0 the person, 1 us, 2 Google), and why."""

    token: str
    order_id: str
    purchased_at: datetime
    at: datetime
    source: int
    reason: int


class Purchase(msgspec.Struct, kw_only=True):
    """One purchase token."""

    token: str
    order: str
    product_id: str
    base_plan: str
    created_at: datetime
    state: State = "PENDING"
    account_id: str | None = None
    linked: str | None = None
    """The token whose place this one takes."""
    is_test: bool = False
    trial: bool = False
    """Whether the present period is a free one."""
    started_at: datetime | None = None
    paid_until: datetime | None = None
    """The end of what was paid for; grace does not move it."""
    expires_at: datetime | None = None
    auto_renew: bool = True
    acknowledged: bool = False
    renewals: int = 0
    replaced: bool = False
    """Whether another token took its place: nothing brings it back."""
    canceled_by: CanceledBy | None = None
    canceled_at: datetime | None = None
    resumes_at: datetime | None = None
    price: int
    """Millionths of a dollar for each period."""
    new_price: int | None = None
    price_change: str | None = None
    step_up: str | None = None
    ends_by_installment: bool = False
    version: int = 0
    """Rises with each change; the etag."""

    @property
    def is_yearly(self) -> bool:
        """Whether a period is a year. A base plan with another name is for a month."""
        return "year" in self.base_plan or "annual" in self.base_plan

    @property
    def order_id(self) -> str:
        """The order of the latest period."""
        return f"{self.order}..{self.renewals - 1}" if self.renewals else self.order

    def period_after(self, moment: datetime) -> datetime:
        """Where a period ends that begins at `moment`."""
        months = moment.month - 1 + (12 if self.is_yearly else 1)
        year, month = moment.year + months // 12, months % 12 + 1
        return moment.replace(year=year, month=month, day=min(moment.day, calendar.monthrange(year, month)[1]))

    def settle(self, now: datetime) -> Voided | None:
        """What time alone does; returns the refund that it brought, if any. To be called before anybody looks."""
        since = self.started_at
        if not self.acknowledged and since and self.state in _ENTITLED and now >= since + ACKNOWLEDGE_WITHIN:
            at = since + ACKNOWLEDGE_WITHIN
            self.expire(at, "system")
            return self.voided(at, source=2, reason=UNACKNOWLEDGED)
        if self.state == "CANCELED" and self.expires_at is not None and now >= self.expires_at:
            self.state = "EXPIRED"
            self.version += 1
        return None

    def expire(self, at: datetime, by: CanceledBy) -> None:
        """Access ends at `at`, unless it has ended already. Who cancelled first stays named."""
        self.state, self.auto_renew, self.trial = "EXPIRED", False, False
        self.expires_at = min(self.expires_at or at, at)
        self.canceled_by = self.canceled_by or by
        self.version += 1

    def voided(self, at: datetime, source: int, reason: int, order_id: str | None = None) -> Voided:
        """The record of a refund, of the latest period unless another order is named."""
        return Voided(self.token, order_id or self.order_id, self.started_at or self.created_at, at, source, reason)

    def is_forgotten(self, now: datetime) -> bool:
        """Whether Google has stopped answering about it."""
        return self.state == "EXPIRED" and self.expires_at is not None and now > self.expires_at + KEPT_AFTER_EXPIRY

    def shown(self) -> dict[str, Any]:
        """The answer of subscriptionsv2.get. What is false or unknown is left out, as Google leaves it out."""
        done = "ACKNOWLEDGED" if self.acknowledged else "PENDING"
        answer: dict[str, Any] = {
            "kind": "androidpublisher#subscriptionPurchaseV2",
            "startTime": _text(self.started_at),
            "regionCode": "US",
            "etag": f'"{self.order.removeprefix("GPA.")}-{self.version}"',
            "subscriptionState": f"SUBSCRIPTION_STATE_{self.state}",
            "acknowledgementState": f"ACKNOWLEDGEMENT_STATE_{done}",
            "linkedPurchaseToken": self.linked,
            "testPurchase": {} if self.is_test else None,
            "externalAccountIdentifiers": self.account_id and {"obfuscatedExternalAccountId": self.account_id},
            "lineItems": [self._line_item()],
        }
        if self.state == "PAUSED":
            answer["pausedStateContext"] = {"autoResumeTime": _text(self.resumes_at)}
        elif self.state in ("IN_GRACE_PERIOD", "ON_HOLD"):
            name = "inGracePeriodStateContext" if self.state == "IN_GRACE_PERIOD" else "onHoldStateContext"
            answer[name] = {"renewalDeclined": {"pendingOrderId": f"{self.order}..{self.renewals}"}}
        elif self.state in ("CANCELED", "EXPIRED") and self.canceled_by is not None:
            answer["canceledStateContext"] = self._canceled(self.canceled_by)
        return {name: value for name, value in answer.items() if value is not None}

    def _line_item(self) -> dict[str, Any]:
        offer = {"basePlanId": self.base_plan} | ({"offerId": "free-trial"} if self.trial else {})
        item: dict[str, Any] = {
            "productId": self.product_id,
            "expiryTime": _text(self.expires_at),
            "latestSuccessfulOrderId": self.order_id if self.started_at else None,
            "autoRenewingPlan": self._plan() if self.auto_renew else {},
            "offerDetails": offer,
            "offerPhase": {"freeTrial" if self.trial else "basePrice": {}} if self.started_at else None,
        }
        return {name: value for name, value in item.items() if value is not None}

    def _plan(self) -> dict[str, Any]:
        plan: dict[str, Any] = {"autoRenewEnabled": True, "recurringPrice": _money(self.price)}
        if self.price_change is not None:
            plan["priceChangeDetails"] = {
                "newPrice": _money(self.new_price or self.price),
                "priceChangeMode": "PRICE_INCREASE",
                "priceChangeState": self.price_change,
            }
        if self.step_up is not None:
            deadline = _text(self.paid_until)
            plan["priceStepUpConsentDetails"] = {"state": self.step_up} | (
                {"consentDeadlineTime": deadline} if deadline else {}
            )
        if self.ends_by_installment:
            plan["installmentDetails"] = {"pendingCancellation": {}}
        return plan

    def _canceled(self, by: CanceledBy) -> dict[str, Any]:
        if by == "user":
            reason = {"cancelSurveyResult": {"reason": "CANCEL_SURVEY_REASON_COST_RELATED"}}
            return {"userInitiatedCancellation": reason | {"cancelTime": _text(self.canceled_at)}}
        return {_CANCELED[by]: {}}


def new_token(secret: bytes) -> str:
    """A purchase token of Google's shape, which only whoever knows `secret` can make."""
    head = "".join(secrets.choice(string.ascii_lowercase) for _ in range(24)) + ".AO-J1O" + secrets.token_urlsafe(48)
    return head + _seal(head, secret)


def is_ours(token: str, secret: bytes) -> bool:
    """Whether a token was made with `secret`, by this process or by one before it."""
    head, seal = token[:-_SEAL], token[-_SEAL:]
    return hmac.compare_digest(seal.encode(), _seal(head, secret).encode())


def _seal(head: str, secret: bytes) -> str:
    return base64.urlsafe_b64encode(hmac.digest(secret, head.encode(), "sha256")[:30]).decode()


def new_order() -> str:
    """An order number of Google's shape."""
    digits = "".join(secrets.choice(string.digits) for _ in range(17))
    return f"GPA.{digits[:4]}-{digits[4:8]}-{digits[8:12]}-{digits[12:]}"


def _text(moment: datetime | None) -> str | None:
    """RFC 3339 with milliseconds and a Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _money(price: int) -> dict[str, Any]:
    units, rest = divmod(price, 1_000_000)
    return {"currencyCode": "USD", "units": str(units)} | ({"nanos": rest * 1000} if rest else {})
