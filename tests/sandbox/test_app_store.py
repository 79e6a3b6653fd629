"""The App Store's server API and what it signs, asked and checked by Apple's own library."""

import os
import time
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from appstoreserverlibrary.api_client import (
    APIException,
    AsyncAppStoreServerAPIClient,
    BaseAppStoreServerAPIClient,
    GetTransactionHistoryVersion,
)
from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.models.JWSTransactionDecodedPayload import JWSTransactionDecodedPayload
from appstoreserverlibrary.models.OfferDiscountType import OfferDiscountType
from appstoreserverlibrary.models.OfferType import OfferType
from appstoreserverlibrary.models.Status import Status
from appstoreserverlibrary.models.TransactionHistoryRequest import Order, TransactionHistoryRequest
from appstoreserverlibrary.models.UpdateAppAccountTokenRequest import UpdateAppAccountTokenRequest
from appstoreserverlibrary.signed_data_verifier import SignedDataVerifier, VerificationException, VerificationStatus

from domain.kit.settings import read_settings
from tests.sandbox.conftest import Sandbox
from tests.sandbox.store import MONTHLY, YEARLY, bearer, buy, event, verifier

V2 = GetTransactionHistoryVersion.V2


class Client(AsyncAppStoreServerAPIClient):
    """Apple's client, at our address."""

    def __init__(self, env: dict[str, str], environment: Environment, http: httpx2.AsyncClient) -> None:
        BaseAppStoreServerAPIClient.__init__(
            self,
            Path(env["APP_STORE_KEY"]).read_bytes(),
            env["APP_STORE_KEY_ID"],
            env["APP_STORE_ISSUER_ID"],
            env["APP_STORE_BUNDLE_ID"],
            environment,
        )
        name = "APP_STORE_URL" if environment is Environment.PRODUCTION else "APP_STORE_SANDBOX_URL"
        self._base_url, self.http_client = env[name], http


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False, timeout=10) as client:
        yield client


@pytest.fixture
def store(sandbox: Sandbox, http: httpx2.AsyncClient) -> Client:
    return Client(sandbox.env, Environment.SANDBOX, http)


async def code_of(asked: Any) -> tuple[int, int | None]:
    with pytest.raises(APIException) as refused:
        await asked
    return refused.value.http_status_code, refused.value.raw_api_error


def decoded(sandbox: Sandbox, signed: str | None) -> JWSTransactionDecodedPayload:
    assert signed is not None
    return verifier(sandbox).verify_and_decode_signed_transaction(signed)


def test_a_purchase_is_signed_as_apple_signs(sandbox: Sandbox):
    person = str(uuid.uuid4())
    bought = buy(sandbox, app_account_token=person.upper())
    seen = decoded(sandbox, bought["signed_transaction"])
    assert seen.originalTransactionId == seen.transactionId == bought["original_transaction_id"]
    assert (seen.productId, seen.appAccountToken) == (MONTHLY, person)
    assert (seen.price, seen.currency, seen.offerType) == (3990, "USD", None)
    assert seen.rawType == "Auto-Renewable Subscription"
    start = datetime.fromtimestamp(seen.purchaseDate / 1000, UTC)
    end = datetime.fromtimestamp(seen.expiresDate / 1000, UTC)
    assert timedelta(days=28) <= end - start <= timedelta(days=31)
    assert abs(seen.signedDate / 1000 - time.time()) < 60
    again = decoded(sandbox, buy(sandbox, product_id=YEARLY)["signed_transaction"])
    assert (again.price, again.expiresDate - again.purchaseDate >= 365 * 86_400_000) == (29_990, True)
    assert again.appAccountToken is None


def test_a_trial_is_free_and_short(sandbox: Sandbox):
    seen = decoded(sandbox, buy(sandbox, trial=True)["signed_transaction"])
    assert (seen.price, seen.offerType) == (0, OfferType.INTRODUCTORY_OFFER)
    assert seen.offerDiscountType is OfferDiscountType.FREE_TRIAL
    assert seen.expiresDate - seen.purchaseDate == 7 * 86_400_000


def test_production_is_another_environment(sandbox: Sandbox):
    bought = buy(sandbox, environment="Production")["signed_transaction"]
    seen = verifier(sandbox, Environment.PRODUCTION).verify_and_decode_signed_transaction(bought)
    assert seen.environment is Environment.PRODUCTION
    assert decoded(sandbox, buy(sandbox, environment="sandbox")["signed_transaction"]).productId == MONTHLY
    with pytest.raises(VerificationException) as refused:
        decoded(sandbox, bought)
    assert refused.value.status is VerificationStatus.INVALID_ENVIRONMENT


@pytest.mark.parametrize(
    ("order", "status"),
    [
        ({"flaw": "root"}, VerificationStatus.VERIFICATION_FAILURE),
        ({"flaw": "oid"}, VerificationStatus.VERIFICATION_FAILURE),
        ({"flaw": "payload"}, VerificationStatus.VERIFICATION_FAILURE),
        ({"flaw": "chain"}, VerificationStatus.INVALID_CHAIN_LENGTH),
        ({"flaw": "algorithm"}, VerificationStatus.VERIFICATION_FAILURE),
        ({"bundle_id": "app.other.ios"}, VerificationStatus.INVALID_APP_IDENTIFIER),
        ({"environment": "Xcode"}, VerificationStatus.INVALID_ENVIRONMENT),
        ({"environment": "LocalTesting"}, VerificationStatus.INVALID_ENVIRONMENT),
    ],
)
async def test_what_has_to_be_refused_is_refused(sandbox: Sandbox, store: Client, order: dict[str, Any], status: Any):
    bought = buy(sandbox, **order)
    with pytest.raises(VerificationException) as refused:
        decoded(sandbox, bought["signed_transaction"])
    assert refused.value.status is status
    # The store would not tell our app of it either.
    assert await code_of(store.get_all_subscription_statuses(bought["original_transaction_id"])) == (404, 4040010)


def test_a_bad_order_is_refused(sandbox: Sandbox):
    for body in ({}, {"product_id": MONTHLY, "app_account_token": "me"}, {"product_id": MONTHLY, "store": "mine"}):
        assert sandbox.http.post("/_control/app-store/purchases", json=body).status_code == 400
    for body, status in (({"type": "REFUND", "original_transaction_id": "1"}, 404), ({"subtype": "VOLUNTARY"}, 400)):
        assert sandbox.http.post("/_control/app-store/events", json=body).status_code == status


async def test_statuses(sandbox: Sandbox, store: Client):
    bought = buy(sandbox)
    original = bought["original_transaction_id"]
    answer = await store.get_all_subscription_statuses(original)
    assert (answer.environment, answer.bundleId) == (Environment.SANDBOX, sandbox.env["APP_STORE_BUNDLE_ID"])
    assert answer.appAppleId is None
    (group,) = answer.data
    (last,) = group.lastTransactions
    assert (last.status, last.originalTransactionId) == (Status.ACTIVE, original)
    first = decoded(sandbox, last.signedTransactionInfo)
    assert first.subscriptionGroupIdentifier == group.subscriptionGroupIdentifier
    renewal = verifier(sandbox).verify_and_decode_renewal_info(last.signedRenewalInfo)
    assert (renewal.rawAutoRenewStatus, renewal.autoRenewProductId) == (1, MONTHLY)
    assert renewal.renewalDate == first.expiresDate
    assert (await store.get_all_subscription_statuses(original, [Status.ACTIVE])).data
    assert (await store.get_all_subscription_statuses(original, [Status.EXPIRED, Status.REVOKED])).data == []
    # Any id of the customer's finds it.
    for known in (first.appTransactionId, first.transactionId):
        assert (await store.get_all_subscription_statuses(known)).data


async def test_each_environment_knows_its_own(sandbox: Sandbox, store: Client, http: httpx2.AsyncClient):
    production = Client(sandbox.env, Environment.PRODUCTION, http)
    real = buy(sandbox, environment="Production")["original_transaction_id"]
    assert (await production.get_all_subscription_statuses(real)).appAppleId == int(sandbox.env["APP_STORE_APP_ID"])
    assert await code_of(store.get_all_subscription_statuses(real)) == (404, 4040010)
    tried = buy(sandbox)["original_transaction_id"]
    assert await code_of(production.get_transaction_info(tried)) == (404, 4040010)


async def test_history_and_refunds(sandbox: Sandbox, store: Client):
    original = buy(sandbox)["original_transaction_id"]
    for _ in range(24):
        event(sandbox, original, "DID_RENEW")
    wish = TransactionHistoryRequest(sort=Order.DESCENDING)
    page = await store.get_transaction_history(original, None, wish, V2)
    assert (page.hasMore, len(page.signedTransactions)) == (True, 20)
    rest = await store.get_transaction_history(original, page.revision, wish, V2)
    assert (rest.hasMore, len(rest.signedTransactions)) == (False, 5)
    ids = [decoded(sandbox, one).transactionId for one in (*page.signedTransactions, *rest.signedTransactions)]
    assert len(set(ids)) == 25
    assert ids[-1] == original
    assert (await store.get_refund_history(original, None)).signedTransactions == []
    for one in (ids[3], ids[0]):
        event(sandbox, original, "REFUND", transaction_id=one)
    refunds = await store.get_refund_history(original, None)
    assert [decoded(sandbox, one).transactionId for one in refunds.signedTransactions] == [ids[3], ids[0]]
    revoked = await store.get_transaction_history(original, None, TransactionHistoryRequest(revoked=True), V2)
    assert len(revoked.signedTransactions) == 2
    none = TransactionHistoryRequest(productIds=[YEARLY])
    assert (await store.get_transaction_history(original, None, none, V2)).signedTransactions == []
    info = await store.get_transaction_info(ids[3])
    assert decoded(sandbox, info.signedTransactionInfo).revocationDate is not None
    assert await code_of(store.get_transaction_history(original, "?", TransactionHistoryRequest(), V2)) == (
        400,
        4000005,
    )


async def test_an_account_can_be_named_later(sandbox: Sandbox, store: Client):
    original, person = buy(sandbox)["original_transaction_id"], str(uuid.uuid4())
    await store.set_app_account_token(original, UpdateAppAccountTokenRequest(person))
    info = await store.get_transaction_info(original)
    assert decoded(sandbox, info.signedTransactionInfo).appAccountToken == person
    assert await code_of(store.set_app_account_token(original, UpdateAppAccountTokenRequest("me"))) == (400, 4000183)


async def test_errors_are_as_the_library_reads_them(sandbox: Sandbox, store: Client):
    assert await code_of(store.get_transaction_info("no number")) == (400, 4000006)
    assert await code_of(store.get_transaction_info("2000000000000001")) == (404, 4040010)
    original = buy(sandbox)["original_transaction_id"]
    for status, code in ((429, 4290000), (500, 5000000), (503, 5000001), (401, None)):
        sandbox.fault("app-store", status=status, times=1)
        assert await code_of(store.get_transaction_info(original)) == (status, code)
    url = f"{sandbox.env['APP_STORE_SANDBOX_URL']}/inApps/v1/subscriptions/{original}"
    sandbox.fault("app-store", status=429, times=1)
    limited = sandbox.http.get(url, headers=bearer(sandbox.env))
    assert limited.headers["content-type"] == "application/json"
    assert int(limited.headers["retry-after"]) / 1000 > time.time()
    assert sandbox.http.get(f"{url}?status=9", headers=bearer(sandbox.env)).json()["errorCode"] == 4000031
    assert sandbox.http.get(url.replace("v1", "v9"), headers=bearer(sandbox.env)).status_code == 404


def test_only_our_key_opens(sandbox: Sandbox):
    original = buy(sandbox)["original_transaction_id"]
    url = f"{sandbox.env['APP_STORE_SANDBOX_URL']}/inApps/v1/transactions/{original}"
    other = Path(sandbox.env["APNS_KEY"]).read_text()
    now = int(time.time())
    assert sandbox.http.get(url, headers=bearer(sandbox.env)).status_code == 200
    assert sandbox.http.get(url, headers=bearer(sandbox.env, iat=None)).status_code == 200
    for bad in (
        {},
        bearer(sandbox.env, key=other),
        bearer(sandbox.env, kid="ANOTHERKEY"),
        bearer(sandbox.env, iss=str(uuid.uuid4())),
        bearer(sandbox.env, aud="appstoreconnect-v2"),
        bearer(sandbox.env, bid="app.other.ios"),
        bearer(sandbox.env, exp=now - 1),
        bearer(sandbox.env, exp=None),
        bearer(sandbox.env, exp=now + 7200),
        bearer(sandbox.env, iat=now + 600),
    ):
        answer = sandbox.http.get(url, headers=bad)
        assert (answer.status_code, answer.content) == (401, b"")


def test_the_settings_take_the_root(sandbox: Sandbox):
    chosen = read_settings(os.environ | sandbox.env)
    bought = buy(sandbox)["signed_transaction"]
    roots = list(chosen.apple_root_certs)
    one = SignedDataVerifier(roots, False, Environment.SANDBOX, chosen.app_store_bundle_id)
    assert one.verify_and_decode_signed_transaction(bought).productId == MONTHLY
    assert chosen.app_store_environments == ("production", "sandbox")
    assert not chosen.apple_online_checks


def test_the_page_shows_what_was_sold(sandbox: Sandbox):
    bought = buy(sandbox)
    event(sandbox, bought["original_transaction_id"], "DID_FAIL_TO_RENEW", "GRACE_PERIOD", deliver=False)
    (shop,) = [one for one in sandbox.http.get("/_page/state").json()["shops"] if one["title"] == "App Store"]
    (sale,) = shop["sales"]
    assert (sale["state"], sale["product"]) == ("grace", MONTHLY)
    assert decoded(sandbox, sale["token"]).originalTransactionId == bought["original_transaction_id"]
    for button in (*shop["buttons"], *sale["buttons"]):
        body = button["body"] | ({"deliver": False} if "type" in button["body"] else {})
        assert sandbox.http.post(button["path"], json=body).status_code == 200, button["label"]


def test_certificates_can_be_asked_about_online(sandbox: Sandbox):
    signed = buy(sandbox)["signed_transaction"]

    def check() -> VerificationStatus:
        try:
            # A verifier of its own each time: it remembers for a quarter of an hour what it was told.
            verifier(sandbox, online=True).verify_and_decode_signed_transaction(signed)
        except VerificationException as refused:
            return refused.status
        return VerificationStatus.OK

    assert check() is VerificationStatus.OK
    assert len(sandbox.sent("app-store")) == 2
    sandbox.fault("app-store", status=503, match="/ocsp")
    assert check() is VerificationStatus.RETRYABLE_VERIFICATION_FAILURE
    sandbox.http.delete("/_control/faults/app-store")
    sandbox.http.put("/_control/app-store/certificates", json={"revoked": True}).raise_for_status()
    assert check() is VerificationStatus.VERIFICATION_FAILURE
    sandbox.http.delete("/_control")
    assert check() is VerificationStatus.OK
