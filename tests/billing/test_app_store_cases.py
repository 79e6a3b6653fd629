"""What happens to a subscription of the App Store: the cases of semantics, "Subscriptions", in the sandbox's store."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, fetch_value
from tasks import actors  # noqa: F401  binds every actor
from tasks.actor import bindings
from tests.billing.shop import MONTHLY, YEARLY, AppleShop, Bought, hand_in, has_access, state_of, subscription
from tests.conftest import PASSWORD, drop_mails


@pytest.fixture
def shop(sandbox, stranger) -> AppleShop:
    return AppleShop(sandbox, stranger)


@pytest.fixture
async def bought(person, shop, drain) -> Bought:
    """A month that `person` has bought and handed in."""
    made = await shop.buy(person)
    assert (await hand_in(person, made, drain))["status"] == "accepted"
    return made


async def test_a_purchase_gives_access(person, shop, drain):
    assert not await has_access(person)
    decided = await hand_in(person, await shop.buy(person), drain)
    assert (decided["status"], decided["code"]) == ("accepted", None)
    seen = await subscription(person)
    assert (seen["state"], seen["plan"], seen["store"], seen["will_renew"]) == ("active", "monthly", "app_store", True)
    assert "apple.com" in seen["management_url"]
    assert await has_access(person)
    row = await fetch_row("SELECT * FROM purchases")
    assert (row["price"], row["currency"], row["environment"]) == (3_990_000, "USD", "sandbox")
    assert str(row["account_token"]) == person.user["store_account_token"]


async def test_a_year_and_a_trial(person, sign_up, shop, drain):
    await hand_in(person, await shop.buy(person, product_id=YEARLY), drain, product_id=YEARLY)
    assert (await subscription(person))["plan"] == "yearly"
    other = await sign_up()
    await hand_in(other, await shop.buy(other, trial=True), drain)
    assert await state_of(other) == "trial"
    assert await has_access(other)


@pytest.mark.parametrize("environment", ["Production", "Sandbox"])
async def test_sandbox_and_production_both_work(person, shop, drain, environment):
    await hand_in(person, await shop.buy(person, environment=environment), drain)
    assert await has_access(person)
    prefix = "/app-store/" if environment == "Production" else "/app-store-sandbox/"
    assert all(path.startswith(prefix) for path in await shop.asked())
    assert await fetch_value("SELECT environment FROM purchases") == environment.lower()


@pytest.mark.parametrize(
    "order",
    # Each flaw: test_app_store_asking.py.
    [{"flaw": "root"}, {"environment": "Xcode"}, {"family_shared": True}],
)
async def test_what_apple_did_not_sell_to_this_person_here_is_refused(person, shop, drain, order):
    decided = await hand_in(person, await shop.buy(person, **order), drain)
    assert (decided["status"], decided["code"]) == ("rejected", "purchase_invalid")
    assert not await has_access(person)
    assert await fetch("SELECT FROM purchases") == []


async def test_renewals_go_on(person, shop, drain, bought):
    before = (await subscription(person))["expires_at"]
    await shop.tells(drain, bought, "DID_RENEW")
    after = await subscription(person)
    assert after["expires_at"] > before
    assert after["state"] == "active"


async def test_cancel_and_uncancel_without_a_gap(person, shop, drain, bought):
    ends = (await subscription(person))["expires_at"]
    await shop.tells(drain, bought, "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED")
    seen = await subscription(person)
    assert (seen["state"], seen["will_renew"], seen["expires_at"]) == ("cancelled", False, ends)
    assert await has_access(person)
    await shop.tells(drain, bought, "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_ENABLED")
    seen = await subscription(person)
    assert (seen["state"], seen["will_renew"], seen["expires_at"]) == ("active", True, ends)
    assert await has_access(person)


async def test_a_refund_of_the_latest_period_ends_access_and_its_reversal_gives_it_back(person, shop, drain, bought):
    await shop.tells(drain, bought, "REFUND")
    assert await state_of(person) == "revoked"
    assert not await has_access(person)
    await shop.tells(drain, bought, "REFUND_REVERSED")
    assert await state_of(person) == "active"
    assert await has_access(person)


async def test_a_refund_of_an_earlier_period_ends_nothing(person, shop, drain, bought):
    await shop.tells(drain, bought, "DID_RENEW")
    before = await subscription(person)
    # The first transaction is the original one.
    await shop.tells(drain, bought, "REFUND", transaction_id=bought.id)
    assert await subscription(person) == before
    assert await has_access(person)


async def test_a_refund_that_is_declined_ends_nothing(person, shop, drain, bought):
    await shop.tells(drain, bought, "CONSUMPTION_REQUEST")
    await shop.tells(drain, bought, "REFUND_DECLINED")
    assert await has_access(person)


async def test_monthly_to_yearly_at_once_and_back_at_the_end(person, shop, drain, bought):
    await shop.tells(drain, bought, "DID_CHANGE_RENEWAL_PREF", "UPGRADE")
    assert (await subscription(person))["plan"] == "yearly"
    await shop.tells(drain, bought, "DID_CHANGE_RENEWAL_PREF", "DOWNGRADE")
    assert (await subscription(person))["plan"] == "yearly"
    row = await fetch_row("SELECT product_id, next_product_id FROM purchases")
    assert (row["product_id"], row["next_product_id"]) == (YEARLY, MONTHLY)
    await shop.tells(drain, bought, "DID_RENEW")
    assert (await subscription(person))["plan"] == "monthly"
    assert await fetch_value("SELECT count(*) FROM purchases") == 1
    assert await has_access(person)


async def test_grace_gives_access_and_billing_retry_does_not_until_recovery(person, shop, drain, bought):
    await shop.tells(drain, bought, "DID_FAIL_TO_RENEW", "GRACE_PERIOD")
    seen = await subscription(person)
    assert (seen["state"], seen["in_grace"]) == ("grace", True)
    assert datetime.fromisoformat(seen["expires_at"]) > datetime.now(UTC)
    assert await has_access(person)
    await shop.tells(drain, bought, "GRACE_PERIOD_EXPIRED")
    assert await state_of(person) == "billing_retry"
    assert not await has_access(person)
    await shop.tells(drain, bought, "DID_RENEW", "BILLING_RECOVERY")
    assert await state_of(person) == "active"
    assert await has_access(person)


async def test_a_failure_without_grace_ends_access_at_once(person, shop, drain, bought):
    await shop.tells(drain, bought, "DID_FAIL_TO_RENEW")
    assert await state_of(person) == "billing_retry"
    assert not await has_access(person)
    await shop.tells(drain, bought, "EXPIRED", "BILLING_RETRY")
    assert await state_of(person) == "expired"


@pytest.mark.parametrize("subtype", ["VOLUNTARY", "PRODUCT_NOT_FOR_SALE"])
async def test_it_expires_and_may_be_bought_again(person, shop, drain, bought, subtype):
    await shop.tells(drain, bought, "EXPIRED", subtype)
    assert await state_of(person) == "expired"
    assert not await has_access(person)
    await shop.tells(drain, bought, "SUBSCRIBED", "RESUBSCRIBE")
    assert await state_of(person) == "active"
    assert await fetch_value("SELECT count(*) FROM purchases") == 1


async def test_a_price_increase_declined(person, shop, drain, bought):
    await shop.tells(drain, bought, "PRICE_INCREASE", "PENDING")
    assert await has_access(person)
    await shop.tells(drain, bought, "EXPIRED", "PRICE_INCREASE")
    assert await state_of(person) == "expired"
    assert not await has_access(person)


async def test_other_words_of_the_store(person, shop, drain, bought):
    ends = (await subscription(person))["expires_at"]
    await shop.tells(drain, bought, "RENEWAL_EXTENDED")
    assert (await subscription(person))["expires_at"] > ends
    await shop.tells(drain, bought, "OFFER_REDEEMED")
    await shop.tells(drain, bought, "SOMETHING_OF_NEXT_YEAR", "AND_MORE")
    assert await has_access(person)
    await shop.tells(drain, bought, "REVOKE")
    assert await state_of(person) == "revoked"


async def test_a_notification_before_the_purchase_call(person, shop, drain):
    made = await shop.buy(person)
    await shop.tells(drain, made, "SUBSCRIBED")
    # The app named the person when it was bought.
    assert await has_access(person)
    assert (await hand_in(person, made, drain))["status"] == "accepted"
    assert await fetch_value("SELECT count(*) FROM purchases") == 1


async def test_a_notification_before_the_purchase_call_of_nobody_named(person, shop, drain):
    made = await shop.buy()
    await shop.tells(drain, made, "SUBSCRIBED")
    assert not await has_access(person)
    assert (await hand_in(person, made, drain))["status"] == "accepted"
    assert await has_access(person)


async def test_notifications_in_any_order_come_to_the_same(person, shop, drain, bought):
    payloads = [
        await shop.happens(bought, "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED"),
        await shop.happens(bought, "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_ENABLED"),
        await shop.happens(bought, "DID_RENEW"),
    ]
    ends = set()
    for order in list(permutations(payloads))[::2]:
        await execute("DELETE FROM store_notifications")
        for payload in order:
            assert (await shop.bring(payload)).status_code == 200
            await drain()
        seen = await subscription(person)
        ends.add((seen["state"], seen["expires_at"], seen["will_renew"]))
    assert len(ends) == 1
    assert ends.pop()[0] == "active"


async def test_the_store_away_a_signed_notification_counts_by_its_date(person, shop, drain, bought):
    ends = (await subscription(person))["expires_at"]
    off = await shop.happens(bought, "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED")
    renewed = await shop.happens(bought, "DID_RENEW")
    await shop.fails(status=503)
    for payload in (renewed, off):
        await shop.bring(payload)
        await drain(allow=("retry",))
        # The older of the two comes last, and says nothing new.
        seen = await subscription(person)
        assert (seen["state"], seen["will_renew"]) == ("active", True)
        assert seen["expires_at"] > ends
    assert await fetch_value("SELECT count(*) FROM store_notifications WHERE state = 'waiting'") == 2
    await shop.works_again()
    await _due()
    await drain()
    assert await fetch_value("SELECT count(*) FROM store_notifications WHERE state = 'waiting'") == 0
    assert (await subscription(person))["state"] == "active"


async def test_the_store_away_a_refund_of_an_earlier_period_ends_nothing(person, shop, drain, bought):
    await shop.tells(drain, bought, "DID_RENEW")
    refund = await shop.happens(bought, "REFUND", transaction_id=bought.id)
    await shop.fails(status=500)
    await shop.bring(refund)
    await drain(allow=("retry",))
    assert await has_access(person)


async def test_the_store_away_the_signed_transaction_stands_for_itself(person, shop, drain):
    made = await shop.buy(person)
    await shop.fails(drop=True)
    decided = await hand_in(person, made, drain, allow=("retry",))
    assert decided["status"] == "accepted"
    assert await has_access(person)
    # As soon as the store can be asked, it is.
    await shop.happens(made, "REFUND")
    await shop.works_again()
    await _due()
    await drain()
    assert await state_of(person) == "revoked"


async def test_an_old_signature_changes_nothing_that_is_known_better(person, shop, drain, bought):
    await shop.tells(drain, bought, "REFUND")
    await shop.fails(status=503)
    await hand_in(person, bought, drain, allow=("retry",))
    assert await state_of(person) == "revoked"


async def test_fifty_claims_of_one_purchase(person, shop, drain):
    made = await shop.buy(person)
    body = {"store": "app_store", "product_id": MONTHLY, "token": made.signed}
    claims = await asyncio.gather(*[person.ok("POST", "/v1/billing/purchases", json=body) for _ in range(50)])
    await drain(at_most=2000)
    assert await fetch_value("SELECT count(*) FROM purchases") == 1
    assert await fetch_value("SELECT count(*) FROM purchase_claims WHERE status = 'accepted'") == len(claims) == 50
    assert await has_access(person)


async def test_somebody_elses_purchase_is_refused(person, sign_up, shop, drain, bought):
    other = await sign_up()
    decided = await hand_in(other, bought, drain)
    assert (decided["status"], decided["code"]) == ("rejected", "purchase_owned_by_other")
    assert not await has_access(other)
    assert await has_access(person)


async def test_many_notifications_looked_into_at_once(person, shop, drain, bought):
    """As several workers do: whichever answer is written last, the one to the latest question stays."""
    for number in range(10):
        await shop.bring(await shop.happens(bought, "DID_CHANGE_RENEWAL_STATUS"))
        await shop.bring(await shop.happens(bought, "DID_RENEW" if number % 2 else "PRICE_INCREASE"))
    await shop.bring(await shop.happens(bought, "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED"))
    jobs = [row["id"] for row in await fetch("SELECT id FROM jobs WHERE name = 'billing.notification'")]
    assert len(jobs) == 21
    run = bindings["billing.notification"].run
    assert set(await asyncio.gather(*[run(str(job)) for job in jobs])) == {"done"}
    assert await state_of(person) == "cancelled"
    assert await fetch_value("SELECT count(*) FROM store_notifications WHERE state = 'applied'") == 21
    assert await fetch_value("SELECT count(*) FROM purchases") == 1
    await drain()


async def restore(person: Any, bought: Bought, drain: Any) -> dict[str, Any]:
    body = {"store": "app_store", "token": bought.signed, "confirm": True}
    made = await person.ok("POST", "/v1/billing/restore", json=body)
    await drain()
    decided: dict[str, Any] = await person.ok("GET", f"/v1/billing/purchases/{made['id']}")
    return decided


async def test_it_moves_by_explicit_restore_at_most_twice_in_90_days(person, sign_up, shop, drain, bought):
    other = await sign_up()
    assert (await restore(other, bought, drain))["status"] == "accepted"
    assert (await has_access(other), await has_access(person)) == (True, False)
    # What the store tells later concerns the one who has it now, whoever was named at the sale.
    await shop.tells(drain, bought, "DID_RENEW")
    assert (await has_access(other), await has_access(person)) == (True, False)
    assert (await restore(person, bought, drain))["status"] == "accepted"
    decided = await restore(other, bought, drain)
    assert (decided["status"], decided["code"]) == ("rejected", "transfer_limit")
    assert (await has_access(other), await has_access(person)) == (False, True)


async def test_the_purchase_of_a_deleted_account_can_be_claimed(person, sign_up, shop, drain, bought):
    await person.ok("DELETE", "/v1/me", json={"password": PASSWORD})
    await drop_mails()
    other = await sign_up()
    assert (await hand_in(other, bought, drain))["status"] == "accepted"
    assert await has_access(other)


async def test_the_store_away_a_known_subscriber_keeps_access_for_a_day(person, shop, drain):
    await hand_in(person, await shop.buy(person, expires_in=3600), drain)
    await shop.fails(status=503)
    now = clock.now()
    for hours, expected in ((0.5, True), (1.5, True), (24.9, True), (25.1, False)):
        with clock.frozen(now + timedelta(hours=hours)):
            assert await has_access(person) is expected, hours


async def test_the_store_away_one_that_was_cancelled_ends_in_time(person, shop, drain):
    made = await shop.buy(person, expires_in=3600)
    await hand_in(person, made, drain)
    await shop.tells(drain, made, "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED")
    await shop.fails(status=503)
    with clock.frozen(clock.now() + timedelta(hours=1, minutes=1)):
        assert not await has_access(person)


async def _due() -> Any:
    """Have what waits for another try tried now."""
    await execute("UPDATE jobs SET run_at = now(), next_send_at = now() WHERE state = 'live'")
