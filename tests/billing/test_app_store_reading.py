"""What status, transaction and renewal of the App Store come to."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from appstoreserverlibrary.models.JWSRenewalInfoDecodedPayload import JWSRenewalInfoDecodedPayload as Renewal
from appstoreserverlibrary.models.JWSTransactionDecodedPayload import JWSTransactionDecodedPayload as Transaction

from domain.billing.app_store_reading import (
    ACTIVE,
    BILLING_RETRY,
    EXPIRED,
    GRACE,
    REVOKED,
    NotASubscription,
    UnknownStatus,
    instant,
    read_subscription,
    read_transaction,
)
from tests.billing.shop import MONTHLY, YEARLY

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENDS = NOW + timedelta(days=20)
TOKEN = "0d5f3c1e-0000-4000-8000-000000000001"


def millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def bought(**changes: Any) -> Transaction:
    fields: dict[str, Any] = {
        "originalTransactionId": "1", "transactionId": "2", "productId": MONTHLY, "expiresDate": millis(ENDS),
        "originalPurchaseDate": millis(NOW - timedelta(days=40)), "rawType": "Auto-Renewable Subscription",
        "rawInAppOwnershipType": "PURCHASED", "signedDate": millis(NOW), "price": 3990, "currency": "USD",
        "appAccountToken": TOKEN,
    }  # fmt: skip
    return Transaction(**(fields | changes))


def renewing(on: int = 1, **changes: Any) -> Renewal:
    return Renewal(**({"rawAutoRenewStatus": on, "autoRenewProductId": MONTHLY} | changes))


def read(status: int | None, latest: Transaction | None = None, renewal: Renewal | None = None) -> Any:
    return read_subscription("production", status, latest or bought(), renewal, NOW)


TRIAL = {"rawOfferDiscountType": "FREE_TRIAL", "price": 0}
OLD_TRIAL = {"rawOfferType": 1, "price": 0}
CHEAP = {"rawOfferType": 1, "price": 990}
PAID_OFFER = {"rawOfferType": 1, "rawOfferDiscountType": "PAY_UP_FRONT", "price": 0}


@pytest.mark.parametrize(
    ("status", "transaction", "on", "state", "will_renew"),
    [
        (ACTIVE, {}, 1, "active", True), (ACTIVE, {}, 0, "cancelled", False), (ACTIVE, TRIAL, 1, "trial", True),
        (ACTIVE, TRIAL, 0, "cancelled", False), (ACTIVE, OLD_TRIAL, 1, "trial", True),
        (ACTIVE, CHEAP, 1, "active", True), (ACTIVE, PAID_OFFER, 1, "active", True),
        (EXPIRED, {}, 0, "expired", False), (EXPIRED, {}, 1, "expired", False),
        (BILLING_RETRY, {}, 1, "billing_retry", True), (GRACE, {}, 1, "grace", True), (GRACE, {}, 0, "grace", False),
        (REVOKED, {}, 1, "revoked", False),
        (ACTIVE, {"revocationDate": millis(NOW)}, 1, "revoked", False),
        (EXPIRED, {"revocationDate": millis(NOW)}, 0, "revoked", False),
    ],
)  # fmt: skip
def test_states(status, transaction, on, state, will_renew):
    report = read(status, bought(**transaction), renewing(on))
    assert (report.state, report.will_renew) == (state, will_renew)


def test_when_access_ends():
    grace = ENDS + timedelta(days=16)
    assert read(ACTIVE, None, renewing()).expires_at == ENDS
    assert read(GRACE, None, renewing(gracePeriodExpiresDate=millis(grace))).expires_at == grace
    assert read(GRACE, None, renewing()).expires_at == ENDS
    # A grace that is over is not what ends the next period.
    assert read(ACTIVE, None, renewing(gracePeriodExpiresDate=millis(grace))).expires_at == ENDS
    assert read(REVOKED, bought(revocationDate=millis(NOW)), renewing(0)).expires_at == NOW


def test_without_word_of_the_renewal():
    report = read(ACTIVE)
    assert (report.state, report.will_renew, report.next_product_id) == ("active", True, None)


@pytest.mark.parametrize("status", [None, 0, 6, "1"])
def test_a_status_of_next_year(status):
    with pytest.raises(UnknownStatus):
        read(status)


def test_what_it_is_renewed_as():
    assert read(ACTIVE, None, renewing(autoRenewProductId=YEARLY)).next_product_id == YEARLY
    assert read(ACTIVE, None, renewing()).next_product_id is None
    assert read(ACTIVE, None, renewing(0, autoRenewProductId=YEARLY)).next_product_id is None


def test_who_bought_it_and_for_how_much():
    report = read(ACTIVE, None, renewing())
    assert (report.account_token, report.price, report.currency) == (UUID(TOKEN), 3_990_000, "USD")
    assert (report.plan, read(ACTIVE, bought(productId="app.other")).plan) == ("monthly", None)
    odd = read(ACTIVE, bought(appAccountToken="me", price=-1, currency="usd"), renewing())
    assert (odd.account_token, odd.price, odd.currency) == (None, None, None)
    by_renewal = read(ACTIVE, bought(appAccountToken=None), renewing(appAccountToken=TOKEN))
    assert by_renewal.account_token == UUID(TOKEN)


@pytest.mark.parametrize(
    "changes",
    [
        {"rawInAppOwnershipType": "FAMILY_SHARED"}, {"rawType": "Consumable"}, {"rawType": None},
        {"originalTransactionId": None},
    ],
)  # fmt: skip
def test_what_is_no_subscription_of_ones_own(changes):
    with pytest.raises(NotASubscription):
        read(ACTIVE, bought(**changes), renewing())
    with pytest.raises(NotASubscription):
        read_transaction("production", bought(**changes), NOW)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "active"), (TRIAL, "trial"), ({"expiresDate": millis(NOW)}, "expired"), ({"expiresDate": None}, "expired"),
        ({"isUpgraded": True}, "expired"), ({"revocationDate": millis(NOW)}, "revoked"),
    ],
)  # fmt: skip
def test_a_transaction_alone(changes, state):
    report = read_transaction("sandbox", bought(**changes), NOW)
    assert (report.state, report.will_renew) == (state, state in ("active", "trial"))
    assert report.asked_at == NOW


def test_dates_that_make_no_sense():
    for odd in (None, 0, -1, 10**15, "1795"):
        assert instant(odd) is None
    assert instant(1_500) == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
