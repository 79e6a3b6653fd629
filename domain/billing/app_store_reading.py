"""What the App Store says of a subscription, in our words (spec: providers.md 7.1).

Apple tells it by a status and two signed parts: the latest transaction, and what happens at its end. Everything in them
may be left out. Dates are milliseconds.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

from appstoreserverlibrary.models.JWSRenewalInfoDecodedPayload import JWSRenewalInfoDecodedPayload as Renewal
from appstoreserverlibrary.models.JWSTransactionDecodedPayload import JWSTransactionDecodedPayload as Transaction

from domain.billing.products import app_store_plan
from domain.billing.report import Environment, PurchaseState, StoreReport

ACTIVE, EXPIRED, BILLING_RETRY, GRACE, REVOKED = 1, 2, 3, 4, 5

_STATES: dict[int, PurchaseState] = {
    ACTIVE: "active", EXPIRED: "expired", BILLING_RETRY: "billing_retry", GRACE: "grace", REVOKED: "revoked",
}  # fmt: skip
_SUBSCRIPTION = "Auto-Renewable Subscription"
_FAMILY = "FAMILY_SHARED"
_FREE = "FREE_TRIAL"
_INTRODUCTORY = 1
_WILL_RENEW = 1
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MILLIS = 10**14


class UnknownStatus(Exception):
    """Apple says a status that we have no word for. `args[0]` is Apple's, safe to log."""


class NotASubscription(Exception):
    """Nothing that gives anybody access here. `args[0]` says in a word why."""


def read_subscription(
    environment: Environment, status: int | None, latest: Transaction, renewal: Renewal | None, asked_at: datetime
) -> StoreReport:
    """What status, latest transaction and renewal come to, asked at (or signed at) the real instant `asked_at`.

    An earlier transaction that was refunded is not in it, and changes nothing. Raises UnknownStatus, NotASubscription.
    """
    if status not in _STATES:
        raise UnknownStatus(str(status))
    state = _STATES[status]
    renews = renewal is not None and renewal.rawAutoRenewStatus == _WILL_RENEW
    expires_at = instant(latest.expiresDate)
    if latest.revocationDate is not None:
        state = "revoked"
    elif state == "active":
        # Without word of the renewal it is taken to come: that only ever gives a day's patience.
        renews = renews or renewal is None
        state = "cancelled" if not renews else "trial" if _is_trial(latest) else "active"
    elif state == "grace" and renewal is not None:
        expires_at = instant(renewal.gracePeriodExpiresDate) or expires_at
    product, next_product = latest.productId or "", renewal.autoRenewProductId if renewal else None
    return _report(
        environment, latest, asked_at, state, expires_at,
        will_renew=renews and state in ("trial", "active", "grace", "billing_retry"),
        next_product_id=next_product if renews and next_product != product else None,
        token=latest.appAccountToken or (renewal.appAccountToken if renewal else None),
        started_at=instant(renewal.recentSubscriptionStartDate) if renewal else None,
    )  # fmt: skip


def read_transaction(environment: Environment, bought: Transaction, now: datetime) -> StoreReport:
    """What one transaction alone says, at the business instant `now`: for when Apple cannot be asked.

    It counts as asked for when it was signed, so that whatever Apple says later is better known.
    Raises NotASubscription.
    """
    expires_at = instant(bought.expiresDate)
    state: PurchaseState = "trial" if _is_trial(bought) else "active"
    if bought.revocationDate is not None:
        state = "revoked"
    elif expires_at is None or expires_at <= now or bought.isUpgraded:
        state = "expired"
    return _report(
        environment, bought, instant(bought.signedDate) or _EPOCH, state, expires_at,
        will_renew=state in ("trial", "active"), token=bought.appAccountToken,
    )  # fmt: skip


def _report(
    environment: Environment, bought: Transaction, asked_at: datetime, state: PurchaseState,
    expires_at: datetime | None, *, will_renew: bool, token: str | None, next_product_id: str | None = None,
    started_at: datetime | None = None,
) -> StoreReport:  # fmt: skip
    if bought.rawType != _SUBSCRIPTION or not bought.originalTransactionId:
        raise NotASubscription("not_a_subscription")
    if bought.rawInAppOwnershipType == _FAMILY:
        # What is written here is one person's own; the products are not to be shared in App Store Connect either.
        raise NotASubscription("family_shared")
    price, currency = _price(bought)
    revoked_at = instant(bought.revocationDate)
    return StoreReport(
        store="app_store",
        environment=environment,
        # For ever the same, whatever is bought, renewed or begun again in the group.
        store_key=bought.originalTransactionId,
        account_token=_account(token),
        product_id=bought.productId or "",
        plan=app_store_plan(bought.productId or ""),
        state=state,
        started_at=started_at or instant(bought.originalPurchaseDate) or instant(bought.purchaseDate),
        expires_at=min(revoked_at, expires_at) if revoked_at and expires_at else expires_at,
        will_renew=will_renew,
        asked_at=asked_at,
        next_product_id=next_product_id,
        price=price,
        currency=currency,
    )


def instant(millis: int | None) -> datetime | None:
    """None for what is left out, or makes no sense as a date."""
    if not isinstance(millis, int | float) or not 0 < millis < _LATEST_MILLIS:
        return None
    return _EPOCH + timedelta(milliseconds=int(millis))


def _is_trial(bought: Transaction) -> bool:
    """Whether the period costs nothing. Transactions of some years ago name only the kind of offer."""
    if bought.rawOfferDiscountType is None:
        return bought.rawOfferType == _INTRODUCTORY and bought.price == 0
    return bought.rawOfferDiscountType == _FREE


def _price(bought: Transaction) -> tuple[int | None, str | None]:
    """Apple counts in thousandths of the currency's unit."""
    if not isinstance(bought.price, int) or not 0 <= bought.price * 1000 < 2**63:
        return None, None
    return (bought.price * 1000, bought.currency) if _CURRENCY.match(bought.currency or "") else (None, None)


def _account(token: str | None) -> UUID | None:
    """Whom the app named when it sold this."""
    try:
        return UUID(token) if token else None
    except ValueError:
        return None
