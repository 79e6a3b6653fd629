"""Google Play's Developer API on the wire: what it answers in each state, and what it refuses."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.kit.clock import move
from tests.sandbox.conftest import Sandbox
from tests.sandbox.play import SCOPE, Play, Travel, days_left, instant, line, said

MADE_UP = "abcdefghijklmnopqrstuvwx.AO-J1O" + "x" * 100


@pytest.fixture
def play(sandbox: Sandbox) -> Play:
    return Play(sandbox)


@pytest.fixture
def travel(sandbox: Sandbox) -> Iterator[Travel]:
    """Moves the business clock of the sandbox, and puts it back in the end."""
    data_dir = Path(sandbox.env["GOOGLE_SERVICE_ACCOUNT"]).parents[1]
    yield lambda by: (move(data_dir, by), None)[1]
    (data_dir / "clock").unlink(missing_ok=True)


def test_a_new_purchase_is_shown_as_google_shows_it(play: Play):
    token = play.buy(account_id="8f14e45f-ea2a-4b0c-9d3b-1c2d3e4f5a6b")
    shown = play.shown(token)
    started = instant(shown["startTime"])
    assert abs(started - datetime.now(UTC)) < timedelta(seconds=10)
    item = line(shown)
    order = item["latestSuccessfulOrderId"]
    assert order.startswith("GPA.")
    assert shown == {
        "kind": "androidpublisher#subscriptionPurchaseV2",
        "startTime": shown["startTime"],
        "regionCode": "US",
        "etag": shown["etag"],
        "subscriptionState": "SUBSCRIPTION_STATE_ACTIVE",
        "acknowledgementState": "ACKNOWLEDGEMENT_STATE_PENDING",
        "externalAccountIdentifiers": {"obfuscatedExternalAccountId": "8f14e45f-ea2a-4b0c-9d3b-1c2d3e4f5a6b"},
        "lineItems": [
            {
                "productId": "kuitter_plus",
                "expiryTime": item["expiryTime"],
                "latestSuccessfulOrderId": order,
                "autoRenewingPlan": {
                    "autoRenewEnabled": True,
                    "recurringPrice": {"currencyCode": "USD", "units": "3", "nanos": 990_000_000},
                },
                "offerDetails": {"basePlanId": "monthly"},
                "offerPhase": {"basePrice": {}},
            }
        ],
    }
    assert 27.9 < days_left(shown) < 31.1


def test_plans_trials_and_testers(play: Play):
    yearly = play.shown(play.buy(base_plan="yearly", is_test=True))
    price = line(yearly)["autoRenewingPlan"]["recurringPrice"]
    assert (price["units"], price["nanos"], yearly["testPurchase"]) == ("29", 990_000_000, {})
    assert 364.9 < days_left(yearly) < 366.1
    trial = play.buy(state="trial")
    shown = play.shown(trial)
    assert (line(shown)["offerPhase"], line(shown)["offerDetails"]["offerId"]) == ({"freeTrial": {}}, "free-trial")
    assert 6.9 < days_left(shown) < 7.1
    play.event(trial, "RENEWED")
    assert line(play.shown(trial))["offerPhase"] == {"basePrice": {}}
    assert "externalAccountIdentifiers" not in shown


@pytest.mark.parametrize(
    ("state", "context"),
    [
        ("active", None),
        ("in_grace_period", "inGracePeriodStateContext"),
        ("SUBSCRIPTION_STATE_ON_HOLD", "onHoldStateContext"),
        ("paused", "pausedStateContext"),
        ("cancelled", "canceledStateContext"),
        ("expired", "canceledStateContext"),
        ("pending", None),
        ("pending_purchase_canceled", None),
    ],
)
def test_a_purchase_can_begin_in_any_state(play: Play, state: str, context: str | None):
    shown = play.shown(play.buy(state=state))
    name = state.upper().removeprefix("SUBSCRIPTION_STATE_").replace("LL", "L")
    assert shown["subscriptionState"] == f"SUBSCRIPTION_STATE_{name}"
    assert [key for key in shown if key.endswith("Context")] == ([context] if context else [])
    begun = not name.startswith("PENDING")
    assert ("startTime" in shown, "expiryTime" in line(shown)) == (begun, begun)
    entitled = name in ("ACTIVE", "IN_GRACE_PERIOD", "CANCELED")
    assert not begun or (days_left(shown) > 0) == entitled
    # What is false is not there.
    renews = name in ("ACTIVE", "IN_GRACE_PERIOD", "ON_HOLD", "PAUSED", "PENDING")
    assert line(shown)["autoRenewingPlan"].get("autoRenewEnabled") is (True if renews else None)


def test_acknowledging_is_idempotent_and_answers_nothing(play: Play):
    token = play.buy()
    for _ in range(2):
        answer = play.acknowledge(token)
        assert (answer.status_code, answer.content) == (204, b"")
    assert play.shown(token)["acknowledgementState"] == "ACKNOWLEDGEMENT_STATE_ACKNOWLEDGED"
    stranger = play.buy()
    body = {"externalAccountIds": {"obfuscatedAccountId": "from outside"}}
    assert play.post(f"subscriptions/kuitter_plus/tokens/{stranger}:acknowledge", body).status_code == 204
    assert play.shown(stranger)["externalAccountIdentifiers"] == {"obfuscatedExternalAccountId": "from outside"}


def test_what_cannot_be_acknowledged(play: Play):
    token = play.buy()
    assert play.acknowledge(token, "another_product").status_code == 400
    assert play.post(f"subscriptions/kuitter_plus/tokens/{token}:acknowledge", {"surprise": 1}).status_code == 400
    wrong = {"externalAccountIds": {"obfuscatedAccountId": 1}}
    assert play.post(f"subscriptions/kuitter_plus/tokens/{token}:acknowledge", wrong).status_code == 400
    for state in ("pending", "expired"):
        answer = play.acknowledge(play.buy(state=state))
        assert answer.json()["error"]["errors"][0]["reason"] == "subscriptionNotOwnedByUser"


def test_what_nobody_acknowledges_is_refunded_after_three_days(play: Play, travel: Travel):
    kept, lost, pending = play.buy(), play.buy(), play.buy(state="pending")
    order = line(play.shown(lost))["latestSuccessfulOrderId"]
    play.acknowledge(kept)
    travel(timedelta(days=2, hours=23))
    assert play.state(lost) == "ACTIVE"
    travel(timedelta(hours=2))
    assert (play.state(kept), play.state(lost), play.state(pending)) == ("ACTIVE", "EXPIRED", "PENDING")
    (record,) = [one for one in play.voided() if one["purchaseToken"] == lost]
    assert (record["voidedReason"], record["voidedSource"], record["orderId"]) == (8, 2, order)
    assert [one["purchaseToken"] for one in play.voided()].count(kept) == 0


def test_time_goes_by_the_business_clock(play: Play, travel: Travel):
    token = play.buy()
    play.acknowledge(token)
    until = line(play.shown(token))["expiryTime"]
    travel(timedelta(days=40))
    # A store that has not renewed yet: nothing moves by itself.
    assert (play.state(token), line(play.shown(token))["expiryTime"]) == ("ACTIVE", until)
    note = play.event(token, "RENEWED")
    assert 40 < days_left(play.shown(token)) < 72
    at = int(said(note["push"]["body"])["eventTimeMillis"]) / 1000
    assert 39 < (at - datetime.now(UTC).timestamp()) / 86_400 < 41
    play.event(token, "CANCELED")
    assert play.state(token) == "CANCELED"
    travel(timedelta(days=33))
    assert play.state(token) == "EXPIRED"
    assert "userInitiatedCancellation" in play.shown(token)["canceledStateContext"]
    travel(timedelta(days=61))
    answer = play.get(f"subscriptionsv2/tokens/{token}")
    assert answer.status_code == 410
    assert answer.json()["error"]["errors"][0]["reason"] == "subscriptionPurchaseNoLongerAvailable"


def test_cancel_and_revoke_by_the_developer(play: Play):
    token = play.buy()
    path = f"subscriptionsv2/tokens/{token}"
    for body in ({}, {"cancellationContext": {}}, {"cancellationContext": {"cancellationType": "X"}}):
        assert play.post(f"{path}:cancel", body).status_code == 400
    stop = {"cancellationContext": {"cancellationType": "DEVELOPER_REQUESTED_STOP_PAYMENTS"}}
    assert play.post(f"{path}:cancel", stop).json() == {}
    shown = play.shown(token)
    assert shown["canceledStateContext"] == {"developerInitiatedCancellation": {}}
    assert (play.state(token), line(shown)["autoRenewingPlan"], days_left(shown) > 27) == ("CANCELED", {}, True)
    assert play.post(f"{path}:revoke", {"revocationContext": {}}).status_code == 400
    assert play.post(f"{path}:revoke", {"revocationContext": {"fullRefund": {}}}).json() == {}
    assert (play.state(token), days_left(play.shown(token)) < 0) == ("EXPIRED", True)
    assert play.post(f"{path}:revoke", {"revocationContext": {"fullRefund": {}}}).status_code == 400
    assert [one["voidedSource"] for one in play.voided() if one["purchaseToken"] == token] == [1]


def test_voided_purchases_are_listed_in_pages_and_for_thirty_days(play: Play, travel: Travel):
    tokens = [play.buy(state="in_grace_period") for _ in range(3)]
    start = int(datetime.now(UTC).timestamp() * 1000) - 60_000
    for token in tokens:
        play.event(token, "voided")
    found, page = [], None
    while True:
        more = {"token": page} if page else {}
        answer = play.get("voidedpurchases", type=1, maxResults=2, startTime=start, **more).json()
        found += answer["voidedPurchases"]
        page = answer.get("tokenPagination", {}).get("nextPageToken")
        if page is None:
            break
    mine = [one for one in found if one["purchaseToken"] in tokens]
    assert [one["purchaseToken"] for one in mine] == tokens
    assert mine[0].keys() == {
        "kind", "purchaseToken", "purchaseTimeMillis", "voidedTimeMillis", "orderId", "voidedSource", "voidedReason",
    }  # fmt: skip
    assert play.get("voidedpurchases").json() == {}  # without `type` there are no subscriptions
    old = start - 31 * 86_400_000
    assert play.get("voidedpurchases", type=1, startTime=old).status_code == 400
    assert play.get("voidedpurchases", type=1, startTime="x").status_code == 400
    travel(timedelta(days=31))
    assert not [one for one in play.voided() if one["purchaseToken"] in tokens]


def test_who_may_ask(play: Play, sandbox: Sandbox):
    token = play.buy()
    url = play.base + f"subscriptionsv2/tokens/{token}"
    for headers, status, reason in (
        ({}, 401, "required"),
        ({"authorization": "Bearer ya29.c.made-up"}, 401, "authError"),
        ({"authorization": f"Bearer {sandbox.access_token()}"}, 403, "insufficientPermissions"),
    ):
        answer = sandbox.http.get(url, headers=headers)
        assert answer.status_code == answer.json()["error"]["code"] == status
        assert answer.json()["error"]["errors"][0]["reason"] == reason
    assert SCOPE.endswith("androidpublisher")
    other = url.replace("app.kuitter.android", "app.other")
    answer = sandbox.http.get(other, headers=play.headers)
    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (404, "applicationNotFound")


@pytest.mark.parametrize("token", [MADE_UP, "made-up", "x", "a.b.c", "%F0%9F%98%80", "x" * 2000])
def test_a_token_that_was_never_made_is_refused(play: Play, token: str):
    for answer in (play.get(f"subscriptionsv2/tokens/{token}"), play.acknowledge(token)):
        assert answer.status_code == 400
        assert answer.json()["error"]["errors"] == [
            {
                "message": "Invalid Value",
                "domain": "androidpublisher",
                "reason": "invalidValue",
                "location": "token",
                "locationType": "parameter",
            }
        ]


def test_a_token_that_was_made_and_is_lost_is_not_found(play: Play, sandbox: Sandbox):
    import hashlib

    from ops.sandbox.google_play_purchase import new_token

    secret = hashlib.sha256(sandbox.account()["private_key"].encode()).digest()
    answer = play.get(f"subscriptionsv2/tokens/{new_token(secret)}")
    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (404, "purchaseTokenNotFound")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "invalidValue"),
        (401, "authError"),
        (403, "userInsufficientPermission"),
        (404, "purchaseTokenNotFound"),
        (409, "concurrentUpdate"),
        (410, "subscriptionPurchaseNoLongerAvailable"),
        (429, "rateLimitExceeded"),
        (503, "backendError"),
    ],
)
def test_faults_speak_as_google_does(play: Play, sandbox: Sandbox, status: int, reason: str):
    token = play.buy()
    sandbox.fault("google-play", status=status, times=1, headers={"Retry-After": "3"})
    answer = play.get(f"subscriptionsv2/tokens/{token}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["errors"][0]["reason"]) == (status, status, reason)
    assert answer.headers["retry-after"] == "3"
    assert play.state(token) == "ACTIVE"
    assert [item["status"] for item in sandbox.sent("google-play")] == [status, 200]


def test_paths_that_are_none_of_googles(play: Play):
    token = play.buy()
    assert play.get(f"subscriptions/kuitter_plus/tokens/{token}").status_code == 404  # the old way to ask
    assert play.post(f"subscriptionsv2/tokens/{token}:explode").status_code == 404
    assert play.post("voidedpurchases").status_code == 404
    assert play.get("elsewhere").status_code == 404


def test_forgetting_leaves_what_was_bought(play: Play, sandbox: Sandbox):
    token = play.buy()
    page = sandbox.http.get("/_page/state").json()["shops"]
    (shop,) = [shop for shop in page if shop["title"] == "Google Play"]
    assert shop["sales"][0]["token"] == token
    sandbox.http.delete("/_control").raise_for_status()
    page = sandbox.http.get("/_page/state").json()["shops"]
    assert [shop["sales"] for shop in page if shop["title"] == "Google Play"] == [[]]
    assert play.state(token) == "ACTIVE"


def test_the_buttons_of_the_page_work(play: Play, sandbox: Sandbox):
    def shop() -> dict:
        shops = sandbox.http.get("/_page/state").json()["shops"]
        return next(shop for shop in shops if shop["title"] == "Google Play")

    for button in shop()["buttons"]:
        sandbox.http.post(button["path"], json=button["body"]).raise_for_status()
    seen = {sale["state"] for sale in shop()["sales"]}
    assert seen == {"active", "pending"}
    labels = {button["label"] for sale in shop()["sales"] for button in sale["buttons"]}
    assert labels >= {"renew", "cancel", "refund", "billing fails", "grace", "hold", "pause", "expire"}
    for sale in shop()["sales"]:
        button = sale["buttons"][-1]
        sandbox.http.post(button["path"], json=button["body"] | {"deliver": False}).raise_for_status()
    assert {sale["state"] for sale in shop()["sales"]} == {"expired", "pending purchase canceled"}
