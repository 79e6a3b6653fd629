"""Reading Google Play's notifications, and keeping each once."""

import asyncio
from datetime import UTC, datetime

import pytest

from domain.accounts import connections
from domain.billing.google_webhook import Hint, Unreadable, read
from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_value
from tests.accounts.providers import forger
from tests.billing.play import ACCOUNT, AUDIENCE, notice, other, push

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
MILLIS = int(AT.timestamp() * 1000)
NAMES = {
    1: "RECOVERED", 2: "RENEWED", 3: "CANCELED", 4: "PURCHASED", 5: "ON_HOLD", 6: "IN_GRACE_PERIOD", 7: "RESTARTED",
    8: "PRICE_CHANGE_CONFIRMED", 9: "DEFERRED", 10: "PAUSED", 11: "PAUSE_SCHEDULE_CHANGED", 12: "REVOKED",
    13: "EXPIRED", 14: "14", 15: "15", 16: "16", 17: "ITEMS_CHANGED", 18: "CANCELLATION_SCHEDULED",
    19: "PRICE_CHANGE_UPDATED", 20: "PENDING_PURCHASE_CANCELED", 21: "21", 22: "PRICE_STEP_UP_CONSENT_UPDATED",
    999: "999", 0: "UNKNOWN",
}  # fmt: skip


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("millis", [MILLIS, str(MILLIS)])
def test_every_type_asks_about_its_purchase(kind, millis):
    hint = read(notice(kind, "t-1", eventTimeMillis=millis).decode())
    assert hint == Hint(f"SUBSCRIPTION_{NAMES[kind]}", "t-1", AT if kind == 12 else None)
    assert "t-1" not in repr(hint)


def voided(**said):
    return other(
        "voidedPurchaseNotification", {"purchaseToken": "t-1", "orderId": "GPA.1", **said}, eventTimeMillis=MILLIS
    )


def test_money_back():
    assert read(voided(productType=1, refundType=1).decode()) == Hint("VOIDED_PURCHASE", "t-1", AT)
    assert read(voided(productType=1, refundType=2).decode()) == Hint("VOIDED_PURCHASE", "t-1", None), "a part of it"
    assert read(voided(productType=2, refundType=1).decode()) == Hint("VOIDED_PURCHASE", code="one_time_product")


@pytest.mark.parametrize("millis", [None, 0, -5, 10**17])
def test_without_a_time_it_is_now(millis):
    with clock.frozen(AT):
        assert read(notice(12, eventTimeMillis=millis).decode()).refunded_at == AT


@pytest.mark.parametrize(
    ("field", "word"),
    [
        ("testNotification", "TEST"), ("oneTimeProductNotification", "ONE_TIME_PRODUCT"),
        ("pendingRefundReviewNotification", "PENDING_REFUND_REVIEW"), ("somethingNewNotification", "UNKNOWN"),
    ],
)  # fmt: skip
def test_what_asks_about_no_subscription(field, word):
    assert read(other(field, {"version": "1.0", "unknown": [1]}).decode()) == Hint(word, code="nothing_to_ask")


def test_another_app_is_not_ours():
    assert read(notice(4, packageName="app.other").decode()) == Hint("SUBSCRIPTION_PURCHASED", code="other_app")


@pytest.mark.parametrize("text", ["", "[]", "null", '{"eventTimeMillis": "soon"}', '{"subscriptionNotification": 4}'])
def test_what_is_no_notification(text):
    with pytest.raises(Unreadable):
        read(text)


@pytest.fixture
async def token(sandbox):
    await connections.close()
    made = await forger(sandbox, "google")
    made.claims |= {"aud": AUDIENCE, "email": ACCOUNT, "email_verified": True}
    return made.by_the_provider()


async def test_fifty_copies_at_once_are_one(token, stranger):
    answers = await asyncio.gather(*(push(stranger, notice(4, "t-1"), "m-1", token=token) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {204}
    assert await fetch_value("SELECT count(*) FROM store_notifications") == 1
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'billing.notification'") == 1


async def test_what_was_kept_is_what_came(token, stranger):
    data = notice(2, "t-1", somethingNew={"a": [1, 2]})
    await push(stranger, data, "m-1", token=token)
    await push(stranger, notice(4, "t-2", packageName="app.other"), "m-2", token=token)
    rows = await fetch(
        """SELECT store, notification_id, word, body, state, code, settled_at
           FROM store_notifications ORDER BY received_at"""
    )
    assert tuple(rows[0]) == ("google_play", "m-1", "SUBSCRIPTION_RENEWED", data.decode(), "waiting", None, None)
    assert (rows[1]["state"], rows[1]["code"]) == ("ignored", "other_app")
    assert rows[1]["settled_at"] is not None
