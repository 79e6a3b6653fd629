"""Notifications that never reached us, found in the App Store's own list."""

import pytest

from domain.billing.app_store_history import ask_for_history, read_history
from domain.kit.database import fetch_value
from domain.kit.providers import Answer, Outcome
from tests.billing.shop import AppleShop, hand_in, state_of


@pytest.fixture
def shop(sandbox, stranger) -> AppleShop:
    return AppleShop(sandbox, stranger)


@pytest.mark.parametrize("environment", ["Production", "Sandbox"])
async def test_a_lost_notification_is_found(person, shop, drain, environment):
    bought = await shop.buy(person, environment=environment)
    await hand_in(person, bought, drain)
    await shop.happens(bought, "REFUND")
    assert await state_of(person) == "active"
    await ask_for_history()
    await ask_for_history()
    done = await drain()
    # One job for each environment, however often it was asked for.
    assert [name for name, _ in done].count("billing.read_history") == 2
    assert await state_of(person) == "revoked"
    assert await fetch_value("SELECT count(*) FROM store_notifications") == 1


async def test_what_came_already_is_not_looked_into_again(shop, drain):
    bought = await shop.buy()
    payloads = [await shop.happens(bought, "PRICE_INCREASE") for _ in range(25)]
    await shop.bring(payloads[3])
    await drain()
    # More than a page of them.
    assert await read_history("sandbox") == 24
    assert await read_history("sandbox") == 0
    assert await read_history("production") == 0
    assert await fetch_value("SELECT count(*) FROM store_notifications") == 25


async def test_what_apple_did_not_sign_for_us_is_left(shop):
    bought = await shop.buy()
    await shop.happens(bought, "DID_RENEW", flaw="root")
    await shop.happens(bought, "DID_RENEW", bundle_id="app.other.ios")
    await shop.happens(bought, "DID_RENEW")
    assert await read_history("sandbox") == 1


async def test_the_store_away(shop, drain):
    await shop.fails(status=503)
    answer = await read_history("sandbox")
    assert isinstance(answer, Answer)
    assert answer.outcome is Outcome.TRANSIENT
    await ask_for_history()
    assert {outcome for _, outcome in await drain(allow=("retry",))} == {"retry"}
