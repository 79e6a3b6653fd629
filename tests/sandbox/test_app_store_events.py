"""What happens to a subscription: each event, and how Apple's client and the notification then see it."""

import time
from datetime import timedelta
from typing import Any

import httpx2
import msgspec
import pytest
from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.models.JWSRenewalInfoDecodedPayload import JWSRenewalInfoDecodedPayload
from appstoreserverlibrary.models.JWSTransactionDecodedPayload import JWSTransactionDecodedPayload
from appstoreserverlibrary.models.NotificationTypeV2 import NotificationTypeV2
from appstoreserverlibrary.models.Subtype import Subtype

from domain.kit.clock import Clock, move
from ops.sandbox.app_store_events import GRACE_PERIOD
from tests.sandbox.conftest import Sandbox
from tests.sandbox.store import MONTHLY, YEARLY, ask, bearer, buy, event, verifier

ACTIVE, EXPIRED, RETRY, GRACE, REVOKED = 1, 2, 3, 4, 5
DAY = 86_400_000


class Seen(msgspec.Struct):
    """A subscription as the API shows it."""

    status: int
    last: JWSTransactionDecodedPayload
    renewal: JWSRenewalInfoDecodedPayload
    history: list[JWSTransactionDecodedPayload]


def look(sandbox: Sandbox, original: str, environment: Environment = Environment.SANDBOX) -> Seen:
    checked = verifier(sandbox, environment)
    (group,) = ask(sandbox, f"v1/subscriptions/{original}", environment)["data"]
    (last,) = group["lastTransactions"]
    signed = ask(sandbox, f"v2/history/{original}", environment)["signedTransactions"]
    return Seen(
        last["status"],
        checked.verify_and_decode_signed_transaction(last["signedTransactionInfo"]),
        checked.verify_and_decode_renewal_info(last["signedRenewalInfo"]),
        [checked.verify_and_decode_signed_transaction(one) for one in signed],
    )


def after(sandbox: Sandbox, *events: tuple[Any, ...], **order: Any) -> Seen:
    """How a purchase stands after these events, each a type, perhaps a subtype, perhaps more."""
    original = buy(sandbox, **order)["original_transaction_id"]
    for kind, *rest in events:
        subtype = next((one for one in rest if isinstance(one, str)), None)
        more = next((one for one in rest if isinstance(one, dict)), {})
        event(sandbox, original, kind, subtype, deliver=False, **more)
    return look(sandbox, original)


@pytest.mark.parametrize(
    ("events", "status", "renews", "intent"),
    [
        ([("SUBSCRIBED",)], ACTIVE, 1, None),
        ([("DID_RENEW",), ("SUBSCRIBED",)], ACTIVE, 1, None),
        ([("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED")], ACTIVE, 0, None),
        ([("DID_CHANGE_RENEWAL_STATUS",), ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_ENABLED")], ACTIVE, 1, None),
        ([("DID_FAIL_TO_RENEW",)], RETRY, 1, 2),
        ([("DID_FAIL_TO_RENEW", "GRACE_PERIOD")], GRACE, 1, 2),
        ([("DID_FAIL_TO_RENEW", "GRACE_PERIOD"), ("GRACE_PERIOD_EXPIRED",)], RETRY, 1, 2),
        ([("DID_FAIL_TO_RENEW",), ("DID_RENEW", "BILLING_RECOVERY")], ACTIVE, 1, None),
        ([("EXPIRED", "VOLUNTARY")], EXPIRED, 0, 1),
        ([("DID_FAIL_TO_RENEW",), ("EXPIRED",)], EXPIRED, 0, 2),
        ([("PRICE_INCREASE",), ("EXPIRED", "PRICE_INCREASE")], EXPIRED, 0, 3),
        ([("EXPIRED", "PRODUCT_NOT_FOR_SALE")], EXPIRED, 0, 4),
        ([("EXPIRED",), ("SUBSCRIBED",)], ACTIVE, 1, None),
        ([("EXPIRED",), ("OFFER_REDEEMED",)], ACTIVE, 1, None),
        ([("REFUND",)], REVOKED, 0, None),
        ([("REFUND",), ("REFUND_REVERSED",)], ACTIVE, 1, None),
        ([("DID_CHANGE_RENEWAL_STATUS",), ("REFUND",), ("REFUND_REVERSED",)], ACTIVE, 0, None),
        ([("REFUND",), ("SUBSCRIBED", "RESUBSCRIBE")], ACTIVE, 1, None),
        ([("REVOKE",)], REVOKED, 0, None),
        ([("REFUND_DECLINED",)], ACTIVE, 1, None),
        ([("CONSUMPTION_REQUEST",)], ACTIVE, 1, None),
        ([("PRICE_CHANGE",)], ACTIVE, 1, None),
        ([("NEW_IN_2027", "SOMETHING")], ACTIVE, 1, None),
    ],
)
def test_state(sandbox: Sandbox, events: list[tuple[str, ...]], status: int, renews: int, intent: int | None):
    seen = after(sandbox, *events)
    assert (seen.status, seen.renewal.rawAutoRenewStatus, seen.renewal.rawExpirationIntent) == (status, renews, intent)
    assert seen.renewal.isInBillingRetryPeriod is (status in (RETRY, GRACE))
    assert (seen.last.revocationDate is not None) is (status == REVOKED)
    assert (seen.last.expiresDate / 1000 > time.time()) is (status in (ACTIVE, REVOKED))


def test_a_renewal_follows_the_period_before(sandbox: Sandbox):
    seen = after(sandbox, ("DID_RENEW",), trial=True)
    first, second = seen.history
    assert second.expiresDate - first.expiresDate >= 28 * DAY
    assert (second.price, second.rawTransactionReason, second.offerType) == (3990, "RENEWAL", None)
    assert second.transactionId != first.transactionId == second.originalTransactionId
    assert seen.last.transactionId == second.transactionId
    assert seen.renewal.renewalDate == second.expiresDate


def test_subscribing_again_is_a_period_and_buying_at_first_is_none(sandbox: Sandbox):
    ended = ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", {"expires_in": -1})
    assert len(after(sandbox, ("DID_RENEW",), ("SUBSCRIBED",)).history) == 2
    again = after(sandbox, ended, ("SUBSCRIBED",))
    assert (len(again.history), again.last.rawTransactionReason, again.renewal.rawAutoRenewStatus) == (2, "PURCHASE", 1)


def test_grace_ends_after_its_days(sandbox: Sandbox):
    seen = after(sandbox, ("DID_FAIL_TO_RENEW", "GRACE_PERIOD"))
    assert seen.renewal.gracePeriodExpiresDate - seen.last.expiresDate == GRACE_PERIOD // timedelta(milliseconds=1)
    assert after(sandbox, ("DID_FAIL_TO_RENEW",)).renewal.gracePeriodExpiresDate is None


def test_recovery_after_a_gap_begins_now(sandbox: Sandbox):
    gap = {"expires_in": -5 * 86_400}
    seen = after(sandbox, ("DID_FAIL_TO_RENEW", gap), ("DID_RENEW", "BILLING_RECOVERY"))
    old, new = seen.history
    assert new.purchaseDate - old.expiresDate >= 5 * DAY - 1000
    assert new.expiresDate / 1000 > time.time() + 27 * 86_400


def test_an_upgrade_is_at_once_and_a_downgrade_is_not(sandbox: Sandbox):
    up = after(sandbox, ("DID_CHANGE_RENEWAL_PREF", "UPGRADE"))
    old, new = up.history
    assert (old.isUpgraded, old.productId, new.isUpgraded, new.productId) == (True, MONTHLY, None, YEARLY)
    assert (up.last.productId, up.renewal.autoRenewProductId) == (YEARLY, YEARLY)
    wish = ("DID_CHANGE_RENEWAL_PREF", "DOWNGRADE")
    down = after(sandbox, wish, product_id=YEARLY)
    assert (down.last.productId, down.renewal.autoRenewProductId, len(down.history)) == (YEARLY, MONTHLY, 1)
    assert after(sandbox, wish, ("DID_RENEW",), product_id=YEARLY).last.productId == MONTHLY
    back = after(sandbox, wish, ("DID_CHANGE_RENEWAL_PREF",), product_id=YEARLY)
    assert back.renewal.autoRenewProductId == YEARLY


def test_a_refund_of_an_earlier_period_leaves_the_latest(sandbox: Sandbox):
    original = buy(sandbox)["original_transaction_id"]
    event(sandbox, original, "DID_RENEW", deliver=False)
    event(sandbox, original, "REFUND", transaction_id=original, deliver=False)
    seen = look(sandbox, original)
    assert (seen.status, seen.last.revocationDate) == (ACTIVE, None)
    assert [one.revocationDate is not None for one in seen.history] == [True, False]
    assert (seen.history[0].rawRevocationReason, seen.history[0].rawRevocationType) == (1, "REFUND_FULL")
    bad = {"original_transaction_id": original, "type": "REFUND", "transaction_id": "7"}
    assert sandbox.http.post("/_control/app-store/events", json=bad).status_code == 404


def test_prices_extensions_offers_and_families(sandbox: Sandbox):
    asked = after(sandbox, ("PRICE_INCREASE", "PENDING"))
    agreed = after(sandbox, ("PRICE_INCREASE", "PENDING"), ("PRICE_INCREASE", "ACCEPTED"))
    assert (asked.renewal.rawPriceIncreaseStatus, agreed.renewal.rawPriceIncreaseStatus) == (0, 1)
    original = buy(sandbox)["original_transaction_id"]
    before = look(sandbox, original).last.expiresDate
    event(sandbox, original, "RENEWAL_EXTENDED", deliver=False)
    assert look(sandbox, original).last.expiresDate == before + 7 * DAY
    assert after(sandbox, ("OFFER_REDEEMED",)).renewal.offerIdentifier == "welcome-back"
    assert after(sandbox, ("OFFER_REDEEMED", "UPGRADE")).last.rawOfferType == 3
    assert after(sandbox, family_shared=True).last.rawInAppOwnershipType == "FAMILY_SHARED"
    assert after(sandbox, ("REVOKE",), family_shared=True).last.rawRevocationType == "FAMILY_REVOKE"


def test_nothing_moves_by_itself_but_time_does(sandbox: Sandbox):
    short = look(sandbox, buy(sandbox, expires_in=-3600)["original_transaction_id"])
    assert (short.status, short.renewal.rawAutoRenewStatus) == (ACTIVE, 1)
    assert short.last.purchaseDate < short.last.expiresDate < time.time() * 1000


def test_dates_go_by_the_business_clock_and_signatures_by_the_real_one(sandbox: Sandbox):
    clock = Clock()
    clock.follow(sandbox.data_dir)
    original = buy(sandbox)["original_transaction_id"]
    move(sandbox.data_dir, timedelta(days=100))
    try:
        event(sandbox, original, "DID_RENEW", deliver=False)
        seen = look(sandbox, original)
        assert abs(seen.last.signedDate / 1000 - time.time()) < 60
        # The renewals that nobody saw are made up for: the period is the one that runs.
        assert seen.last.purchaseDate <= clock.now().timestamp() * 1000 < seen.last.expiresDate
    finally:
        (sandbox.data_dir / "clock").unlink()


NOTIFIED = [
    ("SUBSCRIBED", "INITIAL_BUY"), ("SUBSCRIBED", "RESUBSCRIBE"), ("DID_RENEW", None),
    ("DID_RENEW", "BILLING_RECOVERY"), ("DID_CHANGE_RENEWAL_PREF", "UPGRADE"),
    ("DID_CHANGE_RENEWAL_PREF", "DOWNGRADE"), ("DID_CHANGE_RENEWAL_PREF", None),
    ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED"), ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_ENABLED"),
    ("DID_FAIL_TO_RENEW", None), ("DID_FAIL_TO_RENEW", "GRACE_PERIOD"), ("GRACE_PERIOD_EXPIRED", None),
    ("EXPIRED", "VOLUNTARY"), ("EXPIRED", "BILLING_RETRY"), ("EXPIRED", "PRICE_INCREASE"),
    ("EXPIRED", "PRODUCT_NOT_FOR_SALE"), ("REFUND", None), ("REFUND_DECLINED", None), ("REFUND_REVERSED", None),
    ("REVOKE", None), ("PRICE_INCREASE", "PENDING"), ("PRICE_INCREASE", "ACCEPTED"), ("RENEWAL_EXTENDED", None),
    ("RENEWAL_EXTENSION", "FAILURE"), ("OFFER_REDEEMED", None), ("OFFER_REDEEMED", "UPGRADE"),
    ("OFFER_REDEEMED", "DOWNGRADE"), ("CONSUMPTION_REQUEST", None), ("ONE_TIME_CHARGE", None), ("MIGRATION", None),
    ("METADATA_UPDATE", None), ("PRICE_CHANGE", None),
]  # fmt: skip


@pytest.mark.parametrize("environment", [Environment.SANDBOX, Environment.PRODUCTION])
def test_every_notification_is_accepted_by_apples_library(sandbox: Sandbox, environment: Environment):
    checked = verifier(sandbox, environment)
    for kind, subtype in NOTIFIED:
        original = buy(sandbox, environment=environment.value)["original_transaction_id"]
        made = event(sandbox, original, kind, subtype, deliver=False)
        seen = checked.verify_and_decode_notification(made["signed_payload"])
        assert (seen.notificationType, seen.subtype) == (NotificationTypeV2(kind), subtype and Subtype(subtype))
        assert (seen.notificationUUID, seen.version) == (made["notification_uuid"], "2.0")
        assert (
            checked.verify_and_decode_signed_transaction(seen.data.signedTransactionInfo).originalTransactionId
            == original
        )
        assert checked.verify_and_decode_renewal_info(seen.data.signedRenewalInfo).originalTransactionId == original
        assert seen.data.rawStatus == look(sandbox, original, environment).status


def test_notifications_without_a_purchase(sandbox: Sandbox):
    checked = verifier(sandbox)
    original = buy(sandbox)["original_transaction_id"]

    def told(kind: str, subtype: str | None = None) -> Any:
        payload = event(sandbox, original, kind, subtype, deliver=False)["signed_payload"]
        return checked.verify_and_decode_notification(payload)

    assert told("RENEWAL_EXTENSION", "SUMMARY").summary.succeededCount == 1
    assert told("EXTERNAL_PURCHASE_TOKEN", "UNREPORTED").externalPurchaseToken.externalPurchaseId.startswith("SANDBOX")
    assert told("RESCIND_CONSENT").appData.environment is Environment.SANDBOX
    unknown = told("NEW_IN_2027")
    assert (unknown.notificationType, unknown.rawNotificationType) == (None, "NEW_IN_2027")
    test = sandbox.control("app-store/events", type="TEST", deliver=False)["signed_payload"]
    assert checked.verify_and_decode_notification(test).data.signedTransactionInfo is None


def test_the_api_is_down_and_the_store_goes_on(sandbox: Sandbox):
    original = buy(sandbox)["original_transaction_id"]
    sandbox.fault("app-store", status=503)
    assert event(sandbox, original, "REFUND", deliver=False)["notification_uuid"]
    url = f"{sandbox.env['APP_STORE_SANDBOX_URL']}/inApps/v1/subscriptions/{original}"
    assert sandbox.http.get(url, headers=bearer(sandbox.env)).status_code == 503
    sandbox.fault("app-store", drop=True)
    with pytest.raises(httpx2.TransportError):
        sandbox.http.get(url, headers=bearer(sandbox.env))
    sandbox.http.delete("/_control/faults/app-store")
    assert look(sandbox, original).status == REVOKED
