"""The App Store's notifications as they come: who may bring them, how often, and how fast they are answered."""

import asyncio
import threading
import time

import jwt
import pytest

from domain.billing import app_store_verifier
from domain.billing.app_store_webhook import opened
from domain.kit.database import fetch, fetch_row, fetch_value
from tests.billing.shop import WEBHOOK, AppleShop, hand_in, state_of


@pytest.fixture
def shop(sandbox, stranger) -> AppleShop:
    return AppleShop(sandbox, stranger)


@pytest.mark.parametrize("flaw", ["root", "oid", "payload", "chain", "algorithm", "inner"])
async def test_a_bad_signature_is_refused(shop, flaw):
    bought = await shop.buy()
    answer = await shop.bring(await shop.happens(bought, "DID_RENEW", flaw=flaw))
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert await fetch("SELECT FROM store_notifications") == []
    assert await fetch("SELECT FROM jobs") == []


@pytest.mark.parametrize(
    ("order", "event"),
    [
        ({"bundle_id": "app.other.ios"}, {}),
        ({}, {"bundle_id": "app.other.ios"}),
        ({"environment": "Production"}, {"app_apple_id": 1}),
        ({"environment": "Xcode"}, {}),
        ({"environment": "LocalTesting"}, {}),
    ],
)
async def test_a_notification_for_another_app_or_from_nowhere_is_refused(shop, order, event):
    bought = await shop.buy(**order)
    assert (await shop.bring(await shop.happens(bought, "DID_RENEW", **event))).status_code == 401
    assert await fetch("SELECT FROM store_notifications") == []


async def test_what_is_no_notification(shop, stranger):
    unsigned = jwt.encode({"data": {"environment": "Sandbox"}}, "a secret of thirty two bytes and more")
    nowhere = jwt.encode({"notificationUUID": "1"}, "a secret of thirty two bytes and more")
    for payload in ("", "x", "a.b.c", unsigned, nowhere, unsigned.rsplit(".", 1)[0] + ".", "ä.ö.ü", "e30.e30.e30"):
        assert (await shop.bring(payload)).status_code == 401, payload
    for body in (b"", b"[]", b"{}", b'{"signedPayload": 5}', b"\xff", b"[" * 50_000):
        answer = await stranger("POST", WEBHOOK, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400, body[:20]


async def test_it_is_kept_as_it_came(shop):
    bought = await shop.buy()
    payload = await shop.happens(bought, "DID_FAIL_TO_RENEW", "GRACE_PERIOD")
    assert (await shop.bring(payload)).status_code == 200
    row = await fetch_row("SELECT * FROM store_notifications")
    assert (row["word"], row["state"], row["body"]) == ("DID_FAIL_TO_RENEW.GRACE_PERIOD", "waiting", payload)
    claims = jwt.decode(payload, options={"verify_signature": False})
    assert row["notification_id"] == claims["notificationUUID"]
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'billing.notification'") == 1


async def test_fifty_copies_at_once_are_one(person, shop, drain):
    bought = await shop.buy(person)
    await hand_in(person, bought, drain)
    payload = await shop.happens(bought, "REFUND")
    answers = await asyncio.gather(*[shop.bring(payload) for _ in range(50)])
    assert {answer.status_code for answer in answers} == {200}
    assert await fetch_value("SELECT count(*) FROM store_notifications") == 1
    await drain()
    assert await state_of(person) == "revoked"
    assert (await shop.bring(payload)).status_code == 200
    assert await drain() == []


async def test_it_is_answered_at_once_while_the_store_is_down(shop, drain):
    bought = await shop.buy()
    payload = await shop.happens(bought, "DID_RENEW")
    await shop.fails(delay_ms=5000, status=500)
    began = time.monotonic()
    assert (await shop.bring(payload)).status_code == 200
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("kind", ["TEST", "EXTERNAL_PURCHASE_TOKEN", "RESCIND_CONSENT"])
async def test_what_is_about_no_purchase_is_kept_and_left(shop, drain, kind):
    assert (await shop.bring(await shop.happens(None if kind == "TEST" else await shop.buy(), kind))).status_code == 200
    row = await fetch_row("SELECT word, state, code FROM store_notifications")
    assert tuple(row.values()) == (kind, "ignored", "nothing_to_ask")
    assert await drain() == []


async def test_a_summary_of_many(shop, drain):
    assert (await shop.bring(await shop.happens(await shop.buy(), "RENEWAL_EXTENSION", "SUMMARY"))).status_code == 200
    assert await fetch_value("SELECT state FROM store_notifications") == "ignored"


async def test_a_purchase_of_the_family_is_passed_over(shop, drain):
    await shop.tells(drain, await shop.buy(family_shared=True), "SUBSCRIBED")
    row = await fetch_row("SELECT state, code FROM store_notifications")
    assert tuple(row.values()) == ("ignored", "family_shared")
    assert await fetch("SELECT FROM purchases") == []


async def test_certificates_that_cannot_be_checked(shop, monkeypatch):
    payload = await shop.happens(await shop.buy(), "DID_RENEW")

    def away(signed: str, environment: object) -> None:
        raise app_store_verifier.StoreAway

    monkeypatch.setattr(app_store_verifier, "notification", away)
    assert (await shop.bring(payload)).status_code == 503
    assert await fetch("SELECT FROM store_notifications") == []


async def test_a_check_that_hangs_gives_the_request_back_and_holds_no_loop(shop, monkeypatch):
    payload = await shop.happens(await shop.buy(), "DID_RENEW")
    until = threading.Event()
    monkeypatch.setattr(app_store_verifier, "notification", lambda signed, environment: until.wait(20))
    monkeypatch.setattr(app_store_verifier, "_SECONDS", 0.2)
    try:
        assert (await shop.bring(payload)).status_code == 503
    finally:
        until.set()


async def test_what_apple_signed_and_nobody_can_read_is_not_sent_again(shop, monkeypatch):
    payload = await shop.happens(await shop.buy(), "DID_RENEW")

    def unreadable(signed: str, environment: object) -> None:
        raise app_store_verifier.Unreadable

    monkeypatch.setattr(app_store_verifier, "notification", unreadable)
    assert (await shop.bring(payload)).status_code == 200
    row = await fetch_row("SELECT state, code FROM store_notifications")
    assert tuple(row.values()) == ("ignored", "unreadable")


async def test_its_reprs_tell_nothing(shop):
    payload = await shop.happens(await shop.buy(), "DID_RENEW")
    assert payload[:20] not in repr(opened(payload))
