"""Google's words in ours (spec: providers.md 6.1, 6.2); no store is asked here."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx2
import msgspec
import pytest

from domain.billing.google_answers import answer_to_refusal
from domain.billing.google_reading import UnknownState, as_refunded, read_purchase
from domain.kit.providers import Outcome

ASKED = datetime(2026, 11, 23, 12, tzinfo=UTC)
EXPIRY = datetime(2026, 12, 1, 10, 0, 0, 123000, tzinfo=UTC)
ACCOUNT = "0198c0de-1111-4222-8333-444455556666"
LINE = {
    "productId": "kuitter_plus",
    "expiryTime": "2026-12-01T10:00:00.123Z",
    "latestSuccessfulOrderId": "GPA.3345-1111-2222-33333",
    "autoRenewingPlan": {
        "autoRenewEnabled": True,
        "recurringPrice": {"currencyCode": "USD", "units": "3", "nanos": 990000000},
    },
    "offerDetails": {"basePlanId": "monthly"},
    "offerPhase": {"basePrice": {}},
}
PURCHASE = {
    "kind": "androidpublisher#subscriptionPurchaseV2",
    "startTime": "2026-11-01T10:00:00.000Z",
    "regionCode": "US",
    "subscriptionState": "SUBSCRIPTION_STATE_ACTIVE",
    "acknowledgementState": "ACKNOWLEDGEMENT_STATE_ACKNOWLEDGED",
    "externalAccountIdentifiers": {"obfuscatedExternalAccountId": ACCOUNT},
    "lineItems": [LINE],
}


def read(**changes):
    said = {name: value for name, value in {**PURCHASE, **changes}.items() if value is not None}
    return read_purchase("token", msgspec.json.encode(said), ASKED)


def line(**changes):
    return {name: value for name, value in {**LINE, **changes}.items() if value is not None}


def test_a_whole_answer():
    report = read(testPurchase={}, linkedPurchaseToken="before")
    assert msgspec.structs.asdict(report) == {
        "store": "google_play",
        "environment": "sandbox",
        "store_key": "token",
        "account_token": UUID(ACCOUNT),
        "product_id": "kuitter_plus",
        "plan": "monthly",
        "state": "active",
        "started_at": datetime(2026, 11, 1, 10, tzinfo=UTC),
        "expires_at": EXPIRY,
        "will_renew": True,
        "asked_at": ASKED,
        "next_product_id": None,
        "resumes_at": None,
        "price": 3_990_000,
        "currency": "USD",
        "linked_key": "before",
        "needs_acknowledgement": False,
        "replaced": False,
        "predecessors": (),
    }
    assert read().environment == "production"


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("PENDING", "pending"), ("ACTIVE", "active"), ("IN_GRACE_PERIOD", "grace"), ("CANCELED", "cancelled"),
        ("PAUSED", "paused"), ("ON_HOLD", "on_hold"), ("EXPIRED", "expired"), ("PENDING_PURCHASE_CANCELED", "expired"),
    ],
)  # fmt: skip
def test_each_state(said, state):
    assert read(subscriptionState=f"SUBSCRIPTION_STATE_{said}").state == state


@pytest.mark.parametrize("said", ["SUBSCRIPTION_STATE_UNSPECIFIED", "SUBSCRIPTION_STATE_MADE_UP", ""])
def test_a_state_without_a_word_for_it_is_no_guess(said):
    with pytest.raises(UnknownState):
        read(subscriptionState=said)


def test_a_trial_is_one_while_it_is_active():
    free = [line(offerPhase={"freeTrial": {}})]
    assert read(lineItems=free).state == "trial"
    assert read(lineItems=free, subscriptionState="SUBSCRIPTION_STATE_CANCELED").state == "cancelled"
    assert read(lineItems=[line(offerPhase={"introductoryPrice": {}})]).state == "active"


def test_what_is_absent_is_false():
    assert not read(lineItems=[line(autoRenewingPlan={})]).will_renew
    assert not read(lineItems=[line(autoRenewingPlan=None, prepaidPlan={})]).will_renew
    assert not read(subscriptionState="SUBSCRIPTION_STATE_CANCELED").will_renew
    bare = read_purchase("token", b'{"subscriptionState": "SUBSCRIPTION_STATE_PENDING"}', ASKED)
    assert (bare.state, bare.plan, bare.product_id, bare.started_at, bare.expires_at) == (
        "pending",
        None,
        "",
        None,
        None,
    )
    assert (bare.account_token, bare.price, bare.linked_key) == (None, None, None)


def test_plans_are_products_with_their_base_plans():
    assert read(lineItems=[line(offerDetails={"basePlanId": "yearly"})]).plan == "yearly"
    for unknown in (line(offerDetails=None), line(offerDetails={"basePlanId": "weekly"}), line(productId="other")):
        report = read(lineItems=[unknown], acknowledgementState="ACKNOWLEDGEMENT_STATE_PENDING")
        assert report.plan is None
        assert not report.needs_acknowledgement, "what gives nothing had better be refunded"


def test_of_several_items_the_known_one_that_lasts_longest_counts():
    later = line(offerDetails={"basePlanId": "yearly"}, expiryTime="2027-12-01T10:00:00Z")
    foreign = line(productId="other", expiryTime="2030-01-01T00:00:00Z")
    unset = line(expiryTime=None)
    for items in ([LINE, later, foreign, unset], [unset, foreign, later, LINE]):
        report = read(lineItems=items)
        assert (report.plan, report.expires_at) == ("yearly", datetime(2027, 12, 1, 10, tzinfo=UTC))


def test_what_it_will_be_renewed_as_and_when_a_pause_ends():
    report = read(
        lineItems=[line(deferredItemReplacement={"productId": "kuitter_next"})],
        subscriptionState="SUBSCRIPTION_STATE_PAUSED",
        pausedStateContext={"autoResumeTime": "2027-01-05T00:00:00Z"},
    )
    assert (report.next_product_id, report.resumes_at) == ("kuitter_next", datetime(2027, 1, 5, tzinfo=UTC))
    assert report.will_renew


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ("ACTIVE", True), ("IN_GRACE_PERIOD", True), ("CANCELED", True), ("PENDING", False), ("ON_HOLD", False),
        ("PAUSED", False), ("EXPIRED", False), ("PENDING_PURCHASE_CANCELED", False),
    ],
)  # fmt: skip
def test_only_what_gives_access_is_to_be_acknowledged(state, wanted):
    report = read(subscriptionState=f"SUBSCRIPTION_STATE_{state}", acknowledgementState="ACKNOWLEDGEMENT_STATE_PENDING")
    assert report.needs_acknowledgement is wanted


@pytest.mark.parametrize("state", ["PENDING", "PENDING_PURCHASE_CANCELED"])
def test_what_is_not_paid_takes_nobodys_place(state):
    assert read(subscriptionState=f"SUBSCRIPTION_STATE_{state}", linkedPurchaseToken="before").linked_key is None


def test_bought_again_in_googles_own_app_it_belongs_to_whom_it_was_before():
    report = read(
        externalAccountIdentifiers=None,
        outOfAppPurchaseContext={
            "expiredPurchaseToken": "before",
            "expiredExternalAccountIdentifiers": {"obfuscatedExternalAccountId": ACCOUNT},
        },
    )
    assert (report.account_token, report.linked_key) == (UUID(ACCOUNT), "before")


@pytest.mark.parametrize("said", ["", "somebody", "0198c0de"])
def test_an_account_that_is_none_of_our_tokens_is_nobody(said):
    assert read(externalAccountIdentifiers={"obfuscatedExternalAccountId": said}).account_token is None


@pytest.mark.parametrize(
    "price", [{"currencyCode": "usd", "units": "3"}, {"units": "3"}, {"currencyCode": "USD", "units": "-1"}, {}]
)
def test_a_price_that_makes_no_sense_is_none(price):
    report = read(lineItems=[line(autoRenewingPlan={"autoRenewEnabled": True, "recurringPrice": price})])
    assert (report.price, report.currency, report.will_renew) == (None, None, True)


def test_a_refund_shows_on_what_ended_with_it_alone():
    gone = read(subscriptionState="SUBSCRIPTION_STATE_EXPIRED")
    assert as_refunded(gone, EXPIRY).state == "revoked"
    assert as_refunded(gone, EXPIRY + timedelta(days=2)).state == "revoked"
    assert as_refunded(gone, EXPIRY - timedelta(days=2)) == gone, "an earlier period; this end has another cause"
    assert as_refunded(read(), EXPIRY) == read(), "it goes on: an earlier period was refunded"


def test_nothing_secret_in_a_repr():
    assert "token" not in repr(read())


def refusal(status, reason=None, headers=None):
    body = {
        "error": {"code": status, "message": "secret", "errors": [{"domain": "androidpublisher", "reason": reason}]}
    }
    content = msgspec.json.encode(body) if reason else b"<html>"
    return answer_to_refusal(httpx2.Response(status, headers=headers, content=content))


@pytest.mark.parametrize(
    ("status", "reason", "outcome", "code"),
    [
        (400, "invalidValue", Outcome.REJECTED, "invalidValue"),
        (401, "authError", Outcome.CONFIG, "UNAUTHENTICATED"),
        (403, "userInsufficientPermission", Outcome.CONFIG, "userInsufficientPermission"),
        (403, "rateLimitExceeded", Outcome.TRANSIENT, "rateLimitExceeded"),
        (404, "purchaseTokenNotFound", Outcome.REJECTED, "purchaseTokenNotFound"),
        (404, "notFound", Outcome.REJECTED, "notFound"),
        (404, "applicationNotFound", Outcome.CONFIG, "applicationNotFound"),
        (404, None, Outcome.CONFIG, "http_404"),
        (409, "concurrentUpdate", Outcome.TRANSIENT, "concurrentUpdate"),
        (410, "subscriptionPurchaseNoLongerAvailable", Outcome.TOKEN_DEAD, "subscriptionPurchaseNoLongerAvailable"),
        (429, None, Outcome.TRANSIENT, "http_429"),
        (500, "backendError", Outcome.TRANSIENT, "backendError"),
        (503, None, Outcome.TRANSIENT, "http_503"),
        (302, None, Outcome.TRANSIENT, "http_302"),
    ],
)
def test_each_refusal(status, reason, outcome, code):
    answer = refusal(status, reason)
    assert (answer.outcome, answer.code) == (outcome, code)


def test_google_says_when_to_come_again():
    assert refusal(503, headers={"retry-after": "7"}).retry_after == 7
    assert refusal(429).retry_after == 60
