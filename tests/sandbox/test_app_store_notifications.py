"""Notifications: brought to the app, brought again, lost, and found again in the history."""

import time
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from appstoreserverlibrary.models.Environment import Environment
from appstoreserverlibrary.signed_data_verifier import VerificationException, VerificationStatus

from domain.kit.clock import move
from tests.sandbox.conftest import Sandbox, Webhooks
from tests.sandbox.store import bearer, buy, event, verifier

PATH = "/webhooks/app-store"


def search(sandbox: Sandbox, place: str = "SANDBOX", token: str | None = None, **body: Any) -> httpx2.Response:
    name = "APP_STORE_SANDBOX_URL" if place == "SANDBOX" else "APP_STORE_URL"
    now = int(time.time() * 1000)
    asked = {"startDate": now - 3_600_000, "endDate": now + 3_600_000} | body
    return sandbox.http.post(
        f"{sandbox.env[name]}/inApps/v1/notifications/history",
        json={key: value for key, value in asked.items() if value is not None},
        headers=bearer(sandbox.env),
        params={"paginationToken": token} if token else {},
    )


def found(sandbox: Sandbox, **body: Any) -> list[dict[str, Any]]:
    return search(sandbox, **body).raise_for_status().json()["notificationHistory"]


def uuid_of(sandbox: Sandbox, item: dict[str, Any]) -> str:
    return str(verifier(sandbox).verify_and_decode_notification(item["signedPayload"]).notificationUUID)


def until(wanted: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_event_reaches_the_app(sandbox: Sandbox, webhooks: Webhooks):
    original = buy(sandbox)["original_transaction_id"]
    told = event(sandbox, original, "DID_RENEW", copies=3)
    assert told["statuses"] == [200, 200, 200]
    assert webhooks.got == [(PATH, {"signedPayload": told["signed_payload"]})] * 3
    seen = verifier(sandbox).verify_and_decode_notification(told["signed_payload"])
    assert seen.notificationUUID == told["notification_uuid"]
    later = event(sandbox, original, "REFUND")
    assert later["notification_uuid"] != told["notification_uuid"]
    assert verifier(sandbox).verify_and_decode_notification(later["signed_payload"]).signedDate > seen.signedDate


def test_what_was_not_delivered_is_found_as_a_failure(sandbox: Sandbox, webhooks: Webhooks):
    original = buy(sandbox)["original_transaction_id"]
    fine = event(sandbox, original, "DID_RENEW")
    lost = event(sandbox, original, "REFUND", deliver=False)
    webhooks.status = 500
    refused = event(sandbox, original, "REFUND_REVERSED")
    assert (lost["statuses"], refused["statuses"], len(webhooks.got)) == ([], [500], 2)
    everything = [one["notification_uuid"] for one in (fine, lost, refused)]
    assert [uuid_of(sandbox, item) for item in found(sandbox)] == everything
    failures = found(sandbox, onlyFailures=True)
    assert [uuid_of(sandbox, item) for item in failures] == everything[1:]
    results = [item["sendAttempts"][0]["sendAttemptResult"] for item in failures]
    assert results == ["TIMED_OUT", "UNSUCCESSFUL_HTTP_RESPONSE_CODE"]
    assert found(sandbox, place="PRODUCTION") == []


def test_filters_pages_and_bad_searches(sandbox: Sandbox):
    one, two = (buy(sandbox)["original_transaction_id"] for _ in range(2))
    told = [event(sandbox, one, "DID_RENEW", deliver=False)["notification_uuid"] for _ in range(45)]
    event(sandbox, two, "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED", deliver=False)
    assert len(found(sandbox, transactionId=two)) == 1
    assert len(found(sandbox, notificationType="DID_CHANGE_RENEWAL_STATUS")) == 1
    kind = {"notificationType": "DID_CHANGE_RENEWAL_STATUS", "notificationSubtype": "AUTO_RENEW_ENABLED"}
    assert found(sandbox, **kind) == []
    got, token, pages = [], None, 0
    now = int(time.time() * 1000)
    # The pages of one search have one and the same body.
    same = {"transactionId": one, "startDate": now - 3_600_000, "endDate": now + 3_600_000}
    while pages == 0 or token:
        page = search(sandbox, token=token, **same).raise_for_status().json()
        got += [uuid_of(sandbox, item) for item in page["notificationHistory"]]
        token, pages = page.get("paginationToken"), pages + 1
        assert page["hasMore"] is (token is not None)
        if pages == 1:
            # What comes in meanwhile neither repeats nor hides anything.
            told.append(event(sandbox, one, "REFUND", deliver=False)["notification_uuid"])
            first = token
    assert (got, pages) == (told, 3)
    for body, code in (
        ({"token": first, "transactionId": two}, 4000014),
        ({"token": "!"}, 4000014),
        ({"startDate": now, "endDate": now}, 4000013),
        ({"startDate": now - 181 * 86_400_000}, 4000012),
        ({"startDate": None}, 4000015),
        ({"endDate": None}, 4000016),
        ({"transactionId": one, "notificationType": "REFUND"}, 4000019),
        ({"notificationSubtype": "UPGRADE"}, 4000018),
    ):
        answer = search(sandbox, **body)
        assert (answer.status_code, answer.json()["errorCode"]) == (400, code)


def test_production_is_tried_again_after_hours_and_testers_are_not(sandbox: Sandbox, webhooks: Webhooks):
    webhooks.status = 503
    real = buy(sandbox, environment="Production")["original_transaction_id"]
    tried = buy(sandbox)["original_transaction_id"]
    sent = event(sandbox, real, "DID_RENEW")["signed_payload"]
    event(sandbox, tried, "DID_RENEW")
    assert len(webhooks.got) == 2
    try:
        move(sandbox.data_dir, timedelta(hours=1, seconds=1))
        until(lambda: len(webhooks.got) == 3)
        webhooks.status = 200
        move(sandbox.data_dir, timedelta(hours=12, seconds=1))
        until(lambda: len(webhooks.got) == 4)
        until(lambda: found(sandbox, place="PRODUCTION", onlyFailures=True) == [])
        (kept,) = found(sandbox, place="PRODUCTION")
        move(sandbox.data_dir, timedelta(days=9))
        assert [one["sendAttemptResult"] for one in kept["sendAttempts"]] == [
            *["UNSUCCESSFUL_HTTP_RESPONSE_CODE"] * 2, "SUCCESS"
        ]  # fmt: skip
        assert [body["signedPayload"] == sent for _, body in webhooks.got] == [True, False, True, True]
    finally:
        (sandbox.data_dir / "clock").unlink()


def test_a_test_notification(sandbox: Sandbox, webhooks: Webhooks):
    base = f"{sandbox.env['APP_STORE_SANDBOX_URL']}/inApps/v1/notifications/test"
    token = sandbox.http.post(base, headers=bearer(sandbox.env)).json()["testNotificationToken"]
    until(lambda: webhooks.got)

    def status(which: str) -> httpx2.Response:
        return sandbox.http.get(f"{base}/{which}", headers=bearer(sandbox.env))

    until(lambda: status(token).json()["sendAttempts"])
    answer = status(token).json()
    assert answer["sendAttempts"][0]["sendAttemptResult"] == "SUCCESS"
    assert webhooks.got == [(PATH, {"signedPayload": answer["signedPayload"]})]
    assert (status("nonsense").status_code, status("nonsense").json()["errorCode"]) == (400, 4000020)
    assert (status("a_1").status_code, status("a_1").json()["errorCode"]) == (404, 4040008)


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"flaw": "root"}, VerificationStatus.VERIFICATION_FAILURE),
        ({"flaw": "oid"}, VerificationStatus.VERIFICATION_FAILURE),
        ({"flaw": "payload"}, VerificationStatus.VERIFICATION_FAILURE),
        ({"flaw": "chain"}, VerificationStatus.INVALID_CHAIN_LENGTH),
        ({"flaw": "algorithm"}, VerificationStatus.VERIFICATION_FAILURE),
        ({"bundle_id": "app.other.ios"}, VerificationStatus.INVALID_APP_IDENTIFIER),
        ({"app_apple_id": 1}, VerificationStatus.INVALID_APP_IDENTIFIER),
    ],
)
def test_a_bad_notification_is_refused(sandbox: Sandbox, wrong: dict[str, Any], status: VerificationStatus):
    original = buy(sandbox, environment="Production")["original_transaction_id"]
    payload = event(sandbox, original, "REFUND_DECLINED", deliver=False, **wrong)["signed_payload"]
    with pytest.raises(VerificationException) as refused:
        verifier(sandbox, Environment.PRODUCTION).verify_and_decode_notification(payload)
    assert refused.value.status is status


def test_only_the_inside_may_be_wrong(sandbox: Sandbox):
    original = buy(sandbox)["original_transaction_id"]
    payload = event(sandbox, original, "REFUND_DECLINED", deliver=False, flaw="inner")["signed_payload"]
    seen = verifier(sandbox).verify_and_decode_notification(payload)
    assert verifier(sandbox).verify_and_decode_renewal_info(seen.data.signedRenewalInfo)
    with pytest.raises(VerificationException):
        verifier(sandbox).verify_and_decode_signed_transaction(seen.data.signedTransactionInfo)


def test_forgetting(sandbox: Sandbox):
    original = buy(sandbox)["original_transaction_id"]
    event(sandbox, original, "DID_RENEW", deliver=False)
    sandbox.http.delete("/_control").raise_for_status()
    assert found(sandbox) == []
    # The app holds on to what it was given, so the store goes on knowing it.
    assert event(sandbox, original, "REFUND", deliver=False)["notification_uuid"]
