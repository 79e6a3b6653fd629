"""A subscription as the App Store keeps it, and what the App Store signs about it.

It never changes by itself: `app_store_events` moves it, and time passes. Dates of a subscription go by the business
clock, which `kuitter time travel` moves; the moment of a signature is the machine's.
"""

from __future__ import annotations

import calendar
import secrets
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias

import msgspec

ACTIVE, EXPIRED, BILLING_RETRY, GRACE, REVOKED = 1, 2, 3, 4, 5
GROUP = "21500001"
CURRENCY = "USD"

Environment: TypeAlias = Literal["Production", "Sandbox", "Xcode", "LocalTesting"]
EnvironmentName: TypeAlias = Literal[Environment, "production", "sandbox"]
"""As a tester may write it."""

_PRICES = {"monthly": 3_990, "yearly": 29_990}
_TRIAL = timedelta(days=7)


class Offer(msgspec.Struct, frozen=True):
    """What made a period cheaper. Types: 1 introductory, 3 code."""

    type: int
    discount: str
    period: str
    identifier: str | None = None

    def claims(self) -> dict[str, Any]:
        """As transactions and renewals name it."""
        named = {"offerIdentifier": self.identifier} if self.identifier else {}
        return {"offerType": self.type, "offerDiscountType": self.discount, "offerPeriod": self.period} | named


FREE_TRIAL = Offer(1, "FREE_TRIAL", "P1W")
CODE = Offer(3, "PAY_UP_FRONT", "P1M", "welcome-back")


class Period(msgspec.Struct, kw_only=True):
    """One transaction: what was bought, until when it lasts, and whether it was taken back."""

    transaction_id: str
    line_item_id: str
    product_id: str
    purchased_at: datetime
    expires_at: datetime
    price: int
    """Thousandths of the currency's unit."""
    reason: Literal["PURCHASE", "RENEWAL"]
    offer: Offer | None = None
    revoked_at: datetime | None = None
    revocation: tuple[int, str] | None = None
    """Apple's reason and type."""
    is_upgraded: bool = False


class Subscription(msgspec.Struct, kw_only=True):
    """All that one customer bought of the group, and what will happen at its end."""

    original_transaction_id: str
    app_transaction_id: str
    environment: Environment
    bundle_id: str
    app_account_token: str | None
    family_shared: bool
    periods: list[Period]
    renews_as: str
    """The product that the next period will be of."""
    status: int = ACTIVE
    auto_renew: bool = True
    expiration_intent: int | None = None
    in_billing_retry: bool = False
    grace_until: datetime | None = None
    price_consent: int | None = None
    """Whether the customer agreed to a higher price: 0 not yet, 1 yes."""
    renewal_offer: Offer | None = None
    on_phone: str = ""
    """The signed transaction that the app on the phone has: that of the last change."""
    before_refund: tuple[int, bool] | None = None
    """Status and renewal before the latest period was taken back."""

    @property
    def latest(self) -> Period:
        """The period that counts."""
        return self.periods[-1]

    def begin(
        self,
        product_id: str,
        at: datetime,
        reason: Literal["PURCHASE", "RENEWAL"],
        *,
        paid_at: datetime | None = None,
        offer: Offer | None = None,
    ) -> Period:
        """Add a period that lasts from `at` and was paid for then or at `paid_at`; all is well after that."""
        period = new_period(product_id, at, reason, _new_id(self.environment), paid_at=paid_at, offer=offer)
        self.periods.append(period)
        self.status, self.auto_renew, self.renews_as = ACTIVE, True, product_id
        self.expiration_intent = self.grace_until = self.price_consent = self.before_refund = self.renewal_offer = None
        self.in_billing_retry = False
        return period

    def transaction(self, period: Period, signed_at: int) -> dict[str, Any]:
        """The claims of `signedTransactionInfo` (JWSTransactionDecodedPayload)."""
        claims: dict[str, Any] = {
            "transactionId": period.transaction_id,
            "originalTransactionId": self.original_transaction_id,
            "webOrderLineItemId": period.line_item_id,
            "bundleId": self.bundle_id,
            "productId": period.product_id,
            "subscriptionGroupIdentifier": GROUP,
            "purchaseDate": milliseconds(period.purchased_at),
            "originalPurchaseDate": milliseconds(self.periods[0].purchased_at),
            "expiresDate": milliseconds(period.expires_at),
            "quantity": 1,
            "type": "Auto-Renewable Subscription",
            "inAppOwnershipType": "FAMILY_SHARED" if self.family_shared else "PURCHASED",
            "signedDate": signed_at,
            "environment": self.environment,
            "transactionReason": period.reason,
            "storefront": "USA",
            "storefrontId": "143441",
            "price": period.price,
            "currency": CURRENCY,
            "appTransactionId": self.app_transaction_id,
        }
        if self.app_account_token is not None:
            claims["appAccountToken"] = self.app_account_token
        if period.offer is not None:
            claims |= period.offer.claims()
        if period.revoked_at is not None and period.revocation is not None:
            reason, kind = period.revocation
            claims |= {
                "revocationDate": milliseconds(period.revoked_at),
                "revocationReason": reason,
                "revocationType": kind,
            }
            if kind == "REFUND_FULL":
                claims["revocationPercentage"] = 100_000
        if period.is_upgraded:
            claims["isUpgraded"] = True
        return claims

    def renewal(self, signed_at: int) -> dict[str, Any]:
        """The claims of `signedRenewalInfo` (JWSRenewalInfoDecodedPayload)."""
        claims: dict[str, Any] = {
            "originalTransactionId": self.original_transaction_id,
            "productId": self.latest.product_id,
            "autoRenewProductId": self.renews_as,
            "autoRenewStatus": int(self.auto_renew),
            "isInBillingRetryPeriod": self.in_billing_retry,
            "signedDate": signed_at,
            "environment": self.environment,
            "recentSubscriptionStartDate": milliseconds(self.periods[0].purchased_at),
            "renewalDate": milliseconds(self.latest.expires_at),
            "currency": CURRENCY,
            "appTransactionId": self.app_transaction_id,
        }
        if self.app_account_token is not None:
            claims["appAccountToken"] = self.app_account_token
        if self.auto_renew:
            claims["renewalPrice"] = price_of(self.renews_as)
        if self.expiration_intent is not None:
            claims["expirationIntent"] = self.expiration_intent
        if self.grace_until is not None:
            claims["gracePeriodExpiresDate"] = milliseconds(self.grace_until)
        if self.price_consent is not None:
            claims["priceIncreaseStatus"] = self.price_consent
        if self.renewal_offer is not None:
            claims |= self.renewal_offer.claims()
        return claims


def subscribe(
    product_id: str,
    at: datetime,
    environment: Environment,
    bundle_id: str,
    *,
    app_account_token: str | None = None,
    trial: bool = False,
    family_shared: bool = False,
) -> Subscription:
    """A customer's first purchase."""
    original = _new_id(environment)
    first = new_period(product_id, at, "PURCHASE", original, offer=FREE_TRIAL if trial else None)
    return Subscription(
        original_transaction_id=original,
        app_transaction_id="70" + _digits(16),
        environment=environment,
        bundle_id=bundle_id,
        app_account_token=app_account_token,
        family_shared=family_shared,
        periods=[first],
        renews_as=product_id,
    )


def environment_of(name: EnvironmentName) -> Environment:
    """The environment as Apple spells it."""
    match name:
        case "production":
            return "Production"
        case "sandbox":
            return "Sandbox"
    return name


def new_period(
    product_id: str,
    at: datetime,
    reason: Literal["PURCHASE", "RENEWAL"],
    transaction_id: str,
    *,
    paid_at: datetime | None = None,
    offer: Offer | None = None,
) -> Period:
    """A period of `product_id` from `at` on."""
    is_free = offer is FREE_TRIAL
    return Period(
        transaction_id=transaction_id,
        line_item_id="1" + _digits(14),
        product_id=product_id,
        purchased_at=paid_at or at,
        expires_at=at + _TRIAL if is_free else end_of(product_id, at),
        price=0 if is_free else price_of(product_id),
        reason=reason,
        offer=offer,
    )


def end_of(product_id: str, start: datetime) -> datetime:
    """When a period of `product_id` that begins at `start` ends: a calendar month or year later."""
    months = start.month if _plan(product_id) == "monthly" else start.month + 11
    year, month = start.year + months // 12, months % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, calendar.monthrange(year, month)[1]))


def price_of(product_id: str) -> int:
    """The price of one period, in thousandths."""
    return _PRICES[_plan(product_id)]


def sibling_of(product_id: str) -> str:
    """The same product for the other length of time, as far as its name tells."""
    one, other = ("monthly", "yearly") if _plan(product_id) == "monthly" else ("yearly", "monthly")
    return product_id.replace(one, other)


def milliseconds(at: datetime) -> int:
    """As all dates of Apple's are written."""
    return round(at.timestamp() * 1000)


def _plan(product_id: str) -> str:
    # Whatever is called by a year lasts one; the store sells anything else by the month.
    return "yearly" if "year" in product_id.lower() else "monthly"


def _new_id(environment: Environment) -> str:
    return ("42000" + _digits(10)) if environment == "Production" else ("2000000" + _digits(9))


def _digits(count: int) -> str:
    return f"{secrets.randbelow(10**count):0{count}}"
