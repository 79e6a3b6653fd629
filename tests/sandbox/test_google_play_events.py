"""What happens to a purchase in Google Play: each event, what subscriptionsv2 says then, and what the app is told."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import jwt
import pytest

from tests.sandbox.conftest import Sandbox, Webhooks
from tests.sandbox.play import Play, days_left, instant, line, said

Check = Callable[[dict[str, Any], dict[str, Any]], bool]


@pytest.fixture
def play(sandbox: Sandbox) -> Play:
    return Play(sandbox)


def auto_renews(shown: dict[str, Any]) -> bool:
    return line(shown)["autoRenewingPlan"].get("autoRenewEnabled", False)


def longer(days: float) -> Check:
    """Access ends so many days later than before, give or take two."""

    def check(before: dict[str, Any], after: dict[str, Any]) -> bool:
        return abs(days_left(after) - days_left(before) - days) < 2

    return check


def until(days: float) -> Check:
    return lambda _, after: abs(days_left(after) - days) < 2


def unmoved(before: dict[str, Any], after: dict[str, Any]) -> bool:
    return line(before)["expiryTime"] == line(after)["expiryTime"]


def context(name: str, inner: str) -> Check:
    return lambda _, after: inner in after[name]


def price_change(state: str) -> Check:
    return lambda _, after: line(after)["autoRenewingPlan"]["priceChangeDetails"]["priceChangeState"] == state


EVENTS: list[tuple[int | str, str, str, list[Check]]] = [
    (1, "on_hold", "ACTIVE", [until(30), lambda _, a: auto_renews(a)]),
    (1, "in_grace_period", "ACTIVE", [until(30)]),
    (1, "paused", "ACTIVE", [until(30)]),
    (2, "active", "ACTIVE", [longer(30), lambda _, a: line(a)["latestSuccessfulOrderId"].endswith("..0")]),
    (3, "active", "CANCELED", [unmoved, context("canceledStateContext", "userInitiatedCancellation")]),
    (3, "on_hold", "EXPIRED", [lambda _, a: not auto_renews(a)]),
    (4, "pending", "ACTIVE", [lambda b, a: "startTime" not in b and days_left(a) > 27]),
    (4, "active", "ACTIVE", [unmoved]),
    (5, "active", "ON_HOLD", [until(0), context("onHoldStateContext", "renewalDeclined")]),
    (6, "active", "IN_GRACE_PERIOD", [until(7), context("inGracePeriodStateContext", "renewalDeclined")]),
    (7, "canceled", "ACTIVE", [unmoved, lambda _, a: auto_renews(a), lambda _, a: "canceledStateContext" not in a]),
    (7, "expired", "ACTIVE", [until(30)]),
    (8, "active", "ACTIVE", [unmoved, price_change("CONFIRMED")]),
    (9, "active", "ACTIVE", [longer(7)]),
    (10, "active", "PAUSED", [until(0), context("pausedStateContext", "autoResumeTime")]),
    (11, "active", "ACTIVE", [unmoved]),
    (12, "active", "EXPIRED", [until(0), context("canceledStateContext", "developerInitiatedCancellation")]),
    (13, "active", "EXPIRED", [until(0), context("canceledStateContext", "systemInitiatedCancellation")]),
    (13, "canceled", "EXPIRED", [until(0), context("canceledStateContext", "userInitiatedCancellation")]),
    (17, "active", "ACTIVE", [unmoved]),
    (18, "active", "ACTIVE", [unmoved, lambda _, a: "installmentDetails" in line(a)["autoRenewingPlan"]]),
    (19, "active", "ACTIVE", [unmoved, price_change("OUTSTANDING")]),
    (20, "pending", "PENDING_PURCHASE_CANCELED", [lambda _, a: "startTime" not in a]),
    (22, "active", "ACTIVE", [unmoved, lambda _, a: "priceStepUpConsentDetails" in line(a)["autoRenewingPlan"]]),
    ("voided", "active", "EXPIRED", [until(0)]),
    # Of these Google has not said what they are.
    *[(number, "active", "ACTIVE", [unmoved]) for number in (14, 15, 16, 21, 23, 99)],
    ("pending_refund_review", "active", "ACTIVE", [unmoved]),
    ("one_time_product", "active", "ACTIVE", [unmoved]),
    # What cannot happen any more changes nothing.
    (2, "pending", "PENDING", []),
    (1, "pending_purchase_canceled", "PENDING_PURCHASE_CANCELED", []),
    (20, "active", "ACTIVE", [unmoved]),
]


@pytest.mark.parametrize(("kind", "state", "then", "checks"), EVENTS, ids=[f"{e[0]}-{e[1]}" for e in EVENTS])
def test_each_event_moves_the_state(play: Play, kind: int | str, state: str, then: str, checks: list[Check]):
    token = play.buy(state=state)
    before = play.shown(token)
    answer = play.event(token, kind)
    after = play.shown(token)
    assert (answer["state"], after["subscriptionState"]) == (then, f"SUBSCRIPTION_STATE_{then}")
    for number, check in enumerate(checks):
        assert check(before, after), number
    notice = said(answer["push"]["body"])
    assert (notice["version"], notice["packageName"]) == ("1.0", "app.kuitter.android")
    if isinstance(kind, int):
        about = {"version": "1.0", "notificationType": kind, "purchaseToken": token}
        assert notice["subscriptionNotification"] == about


def test_events_by_name(play: Play):
    token = play.buy()
    for name, then in (
        ("ON_HOLD", "ON_HOLD"),
        ("SUBSCRIPTION_RECOVERED", "ACTIVE"),
        ("grace", "IN_GRACE_PERIOD"),
        ("renewed", "ACTIVE"),
        ("cancelled", "CANCELED"),
        ("7", "ACTIVE"),
        ("voidedPurchaseNotification", "EXPIRED"),
    ):
        assert play.event(token, name)["state"] == then, name


def test_each_period_has_an_order_of_its_own(play: Play):
    token = play.buy()
    orders = [line(play.shown(token))["latestSuccessfulOrderId"]]
    for kind in ("RENEWED", "ON_HOLD", "RECOVERED", "RENEWED"):
        play.event(token, kind)
        orders.append(line(play.shown(token))["latestSuccessfulOrderId"])
    first = orders[0]
    assert orders == [first, f"{first}..0", f"{first}..0", f"{first}..1", f"{first}..2"]


def test_a_raised_price_is_paid_once_it_is_agreed_to(play: Play):
    token = play.buy()
    play.event(token, "PRICE_CHANGE_UPDATED")
    details = line(play.shown(token))["autoRenewingPlan"]["priceChangeDetails"]
    assert details["newPrice"] == {"currencyCode": "USD", "units": "4", "nanos": 990_000_000}
    play.event(token, "PRICE_CHANGE_CONFIRMED")
    play.event(token, "RENEWED")
    plan = line(play.shown(token))["autoRenewingPlan"]
    assert (plan["recurringPrice"]["units"], plan["priceChangeDetails"]["priceChangeState"]) == ("4", "APPLIED")
    declined = play.buy()
    play.event(declined, "PRICE_CHANGE_UPDATED")
    play.event(declined, "EXPIRED")
    assert play.shown(declined)["canceledStateContext"] == {"systemInitiatedCancellation": {}}


def test_a_refund_of_an_earlier_period_takes_nothing_away(play: Play):
    token = play.buy()
    first = line(play.shown(token))["latestSuccessfulOrderId"]
    play.event(token, "RENEWED")
    note = play.event(token, "voided", order_id=first)
    assert (note["state"], play.state(token)) == ("ACTIVE", "ACTIVE")
    assert said(note["push"]["body"])["voidedPurchaseNotification"] == {
        "purchaseToken": token, "orderId": first, "productType": 1, "refundType": 1,
    }  # fmt: skip
    latest = play.event(token, "voided")
    assert (latest["state"], days_left(play.shown(token)) < 0) == ("EXPIRED", True)
    orders = [one["orderId"] for one in play.voided() if one["purchaseToken"] == token]
    assert orders == [first, f"{first}..0"]
    # A refund that was reversed: access comes back.
    assert play.event(token, "RESTARTED")["state"] == "ACTIVE"
    assert play.event(token, "RENEWED")["state"] == "ACTIVE"


def test_a_linked_purchase_takes_the_place_of_the_old_one(play: Play):
    old = play.buy(account_id="me")
    new = play.buy(base_plan="yearly", linked_purchase_token=old, account_id="me")
    shown = play.shown(old)
    assert shown["canceledStateContext"] == {"replacementCancellation": {}}
    assert (play.state(old), days_left(shown) < 0) == ("EXPIRED", True)
    assert (play.shown(new)["linkedPurchaseToken"], play.state(new)) == (old, "ACTIVE")
    # A late word about the old one changes nothing, and a third may follow the second.
    assert play.event(old, "RENEWED")["state"] == "EXPIRED"
    third = play.buy(linked_purchase_token=new)
    assert (play.state(new), play.shown(third)["linkedPurchaseToken"]) == ("EXPIRED", new)


def test_a_linked_purchase_in_cash_waits_until_it_is_paid(play: Play):
    old = play.buy()
    new = play.buy(state="pending", linked_purchase_token=old)
    assert (play.state(old), play.state(new)) == ("ACTIVE", "PENDING")
    play.event(new, "PURCHASED")
    assert (play.state(old), play.state(new)) == ("EXPIRED", "ACTIVE")
    never = play.buy(state="pending", linked_purchase_token=new)
    play.event(never, "PENDING_PURCHASE_CANCELED")
    assert (play.state(new), play.shown(never)["linkedPurchaseToken"]) == ("ACTIVE", new)


def test_the_end_of_a_period_can_be_set(play: Play):
    token = play.buy(expires_in=60)
    assert abs(days_left(play.shown(token))) < 0.01
    play.event(token, "RENEWED", expires_in=3600)
    assert abs(days_left(play.shown(token)) - 1 / 24) < 0.01
    play.event(token, "CANCELED", expires_in=-5)
    assert play.state(token) == "EXPIRED"


def test_a_push_is_signed_as_google_signs_it(play: Play, sandbox: Sandbox, webhooks: Webhooks):
    token = play.buy()
    answer = play.event(token, "RENEWED", deliver=True)
    ((path, body),) = webhooks.got
    assert (path, answer["statuses"]) == ("/webhooks/google-play", [200])
    assert body["message"]["messageId"] == body["message"]["message_id"] == answer["message_id"]
    assert answer["message_id"].isdecimal()
    assert instant(body["message"]["publishTime"]) <= datetime.now(UTC) + timedelta(seconds=1)
    assert body["subscription"].startswith("projects/kuitter-dev/subscriptions/")
    bearer = webhooks.heads[0]["authorization"].removeprefix("Bearer ")
    keys = jwt.PyJWKSet.from_dict(sandbox.http.get("/google/v3/certs").json())
    audience = sandbox.env["GOOGLE_PLAY_PUSH_AUDIENCE"]
    key = keys[jwt.get_unverified_header(bearer)["kid"]]
    claims = jwt.decode(bearer, key, algorithms=["RS256"], audience=audience, issuer="https://accounts.google.com")
    assert (claims["email"], claims["email_verified"]) == (sandbox.env["GOOGLE_PLAY_PUSH_ACCOUNT"], True)
    assert claims["exp"] - claims["iat"] == 3600
    assert claims.keys() >= {"azp", "sub"}


def test_a_push_can_be_forged(play: Play):
    token = play.buy()
    for wrong in ({"audience": "x"}, {"email": "a@b.example"}, {"email_verified": False}, {"expires_in": -60}):
        headers = play.event(token, 17, push=wrong)["push"]["headers"]
        claims = jwt.decode(headers["Authorization"].removeprefix("Bearer "), options={"verify_signature": False})
        (name, value), *_ = wrong.items()
        seen = claims["aud"] if name == "audience" else claims.get(name)
        assert seen == value or claims["exp"] < time.time()
    kid = {
        key: jwt.get_unverified_header(play.event(token, 17, push={"key": key})["push"]["headers"]["Authorization"][7:])
        for key in ("unknown", "foreign")
    }
    published = {key["kid"] for key in play.sandbox.http.get("/google/v3/certs").json()["keys"]}
    assert {name: header["kid"] in published for name, header in kid.items()} == {"unknown": False, "foreign": True}


def test_copies_bear_one_id_and_a_message_can_come_late(play: Play, webhooks: Webhooks):
    token = play.buy()
    first = play.event(token, "ON_HOLD")
    second = play.event(token, "RECOVERED", deliver=True, copies=3)
    assert (first["statuses"], second["statuses"]) == ([], [200, 200, 200])
    late = play.sandbox.control("google-play/messages", message_id=first["message_id"], copies=2)
    assert late["statuses"] == [200, 200]
    ids = [body["message"]["messageId"] for _, body in webhooks.got]
    assert ids == [second["message_id"]] * 3 + [first["message_id"]] * 2
    # What is brought late still says what it said.
    assert said(webhooks.got[-1][1])["subscriptionNotification"]["notificationType"] == 5
    assert play.state(token) == "ACTIVE"


def test_other_notices(play: Play, webhooks: Webhooks):
    token = play.buy(account_id="me")
    play.event("", "test", deliver=True)
    play.event(token, "pendingRefundReview", deliver=True)
    play.event(token, "one_time_product", deliver=True)
    test, review, product = (said(body) for _, body in webhooks.got)
    assert test["testNotification"] == {"version": "1.0"}
    asked = review["pendingRefundReviewNotification"]
    order = line(play.shown(token))["latestSuccessfulOrderId"]
    assert (asked["orderId"], asked["refundReason"], asked["obfuscatedAccountId"]) == (order, 7, "me")
    assert product["oneTimeProductNotification"]["purchaseToken"] == token


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_what_the_app_does_not_take_comes_again_until_it_does(play: Play, webhooks: Webhooks):
    webhooks.status = 503
    answer = play.event(play.buy(), "RENEWED", deliver=True)
    assert answer["statuses"] == [503]
    wait_for(lambda: len(webhooks.got) == 3)
    webhooks.status = 204
    wait_for(lambda: len(webhooks.got) == 4)
    assert {body["message"]["messageId"] for _, body in webhooks.got} == {answer["message_id"]}


async def test_it_does_not_come_for_ever_nor_after_forgetting():
    from ops.sandbox.webhooks import Redelivery

    brought: list[str] = []

    async def refuse(path: str, body: Any, copies: int, headers: Any = None) -> list[int | None]:
        brought.append(path)
        return [None] * copies

    redelivery = Redelivery(refuse, pause=0.0001, tries=4)
    assert await redelivery.bring("/a", {}, 1) == [None]
    async with asyncio.timeout(5):
        while len(brought) < 5:
            await asyncio.sleep(0.001)
        while redelivery._running:
            await asyncio.sleep(0.001)
    assert brought == ["/a"] * 5
    patient = Redelivery(refuse, pause=60)
    await patient.bring("/b", {}, 2)
    running = set(patient._running)
    patient.stop()
    await asyncio.wait(running, timeout=5)
    assert (len(running), brought.count("/b"), patient._running) == (2, 1, set())


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("purchases", b"{}", 400),
        ("purchases", b'{"product_id":"kuitter_plus","state":"sideways"}', 400),
        ("purchases", b'{"product_id":"kuitter_plus","surprise":1}', 400),
        ("purchases", b'{"product_id":"kuitter_plus","linked_purchase_token":"nobody"}', 404),
        ("events", b"[]", 400),
        ("events", b'{"purchase_token":"nobody","type":2}', 404),
        ("events", b'{"type":2}', 404),
        ("messages", b'{"message_id":"1"}', 404),
    ],
)
def test_bad_orders_are_refused(sandbox: Sandbox, path: str, body: bytes, status: int):
    answer: httpx2.Response = sandbox.http.post(f"/_control/google-play/{path}", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_bad_events_are_refused(play: Play, sandbox: Sandbox):
    token = play.buy()
    for more in ({"type": "EXPLODED"}, {"type": "voided", "order_id": "GPA.0"}, {"type": 2, "copies": 0}):
        body = {"purchase_token": token, "deliver": False} | more
        assert sandbox.http.post("/_control/google-play/events", json=body).status_code in (400, 404)
    assert play.state(token) == "ACTIVE"
