"""What happens to a subscription of Google Play: the cases of semantics, "Subscriptions", against the sandbox."""

import random
import time

import pytest

from domain.kit.database import execute, fetch, fetch_row, fetch_value
from tests.billing.play import Play, claim, has_access, retry_at_once, subscription


@pytest.fixture
async def play(sandbox, stranger) -> Play:
    return Play(sandbox, stranger)


async def forget():
    """The person has bought nothing yet."""
    for table in ("purchases", "purchase_claims", "store_notifications"):
        await execute(f"DELETE FROM {table}")


async def purchase():
    return await fetch_row("SELECT * FROM purchases")


async def state_and_access(person):
    return (await subscription(person))["state"], await has_access(person)


# -- states and access ---------------------------------------------------------------------------------------------


async def test_a_purchase_gives_access(person, play, drain):
    token = await play.buy(person)
    decided = await claim(person, token, drain)
    assert (decided["status"], decided["code"]) == ("accepted", None)
    seen = await subscription(person)
    assert (seen["state"], seen["plan"], seen["store"], seen["will_renew"]) == (
        "active",
        "monthly",
        "google_play",
        True,
    )
    assert "play.google.com" in seen["management_url"]
    assert await has_access(person)


async def test_a_token_that_google_never_made_is_rejected(person, drain):
    decided = await claim(person, "made-up", drain)
    assert (decided["status"], decided["code"]) == ("rejected", "purchase_invalid")
    assert await state_and_access(person) == ("none", False)


STATES = [
    ("trial", "trial", True), ("active", "active", True), ("in_grace_period", "grace", True),
    ("canceled", "cancelled", True), ("pending", "pending", False), ("on_hold", "on_hold", False),
    ("paused", "paused", False), ("expired", "expired", False), ("pending_purchase_canceled", "expired", False),
]  # fmt: skip


async def test_each_state_and_its_access(person, play, drain):
    for bought, state, access in STATES:
        await claim(person, await play.buy(person, state=bought), drain)
        assert await state_and_access(person) == (state, access), bought
        await forget()


async def lives_through(person, play, drain, histories):
    """What `person` has after each history of events, told by notifications as they happen."""
    ends = {}
    for what, events in histories.items():
        token = await play.buy(person)
        await claim(person, token, drain)
        for event in events:
            await play.happens(token, event, copies=1)
            await drain()
        ends[what] = await state_and_access(person)
        assert await fetch_value("SELECT cause FROM purchase_changes ORDER BY id LIMIT 1") == "purchase"
        assert await fetch_value("SELECT count(*) FROM store_notifications WHERE state <> 'applied'") == 0
        await forget()
    return ends


async def test_cancel_and_uncancel_renewal_and_expiry(person, play, drain):
    histories = {
        "renewed": ["RENEWED"],
        "cancelled": ["CANCELED"],
        "taken back": ["CANCELED", "RESTARTED"],
        "over": ["CANCELED", "EXPIRED"],
        "deferred by the store": ["DEFERRED"],
        "says nothing of the state": [14, 15, 16, 17, 18, 21, 22, 23, 99],
    }
    assert await lives_through(person, play, drain, histories) == {
        "renewed": ("active", True),
        "cancelled": ("cancelled", True),
        "taken back": ("active", True),
        "over": ("expired", False),
        "deferred by the store": ("active", True),
        "says nothing of the state": ("active", True),
    }


async def test_grace_hold_recovery_and_pause(person, play, drain):
    histories = {
        "grace": ["IN_GRACE_PERIOD"],
        "paid in grace": ["IN_GRACE_PERIOD", "RECOVERED"],
        "hold": ["IN_GRACE_PERIOD", "ON_HOLD"],
        "paid on hold": ["ON_HOLD", "RECOVERED"],
        "pause": ["PAUSED"],
        "a longer pause": ["PAUSED", "PAUSE_SCHEDULE_CHANGED"],
        "resumed": ["PAUSED", "RECOVERED"],
    }
    assert await lives_through(person, play, drain, histories) == {
        "grace": ("grace", True),
        "paid in grace": ("active", True),
        "hold": ("on_hold", False),
        "paid on hold": ("active", True),
        "pause": ("paused", False),
        "a longer pause": ("paused", False),
        "resumed": ("active", True),
    }


async def test_refund_of_the_latest_period_and_its_reversal(person, play, drain):
    histories = {
        "revoked": ["REVOKED"],
        "refunded": ["RENEWED", "VOIDED"],
        "reversed": ["VOIDED", "RESTARTED"],
        "over after a reversal": ["VOIDED", "RESTARTED", "CANCELED", "EXPIRED"],
    }
    assert await lives_through(person, play, drain, histories) == {
        "revoked": ("revoked", False),
        "refunded": ("revoked", False),
        "reversed": ("active", True),
        "over after a reversal": ("expired", False),
    }


async def test_price_increase_agreed_to_and_declined(person, play, drain):
    histories = {
        "agreed to": ["PRICE_CHANGE_UPDATED", "PRICE_CHANGE_CONFIRMED", "RENEWED"],
        "declined": ["PRICE_CHANGE_UPDATED", "EXPIRED"],
    }
    assert await lives_through(person, play, drain, histories) == {
        "agreed to": ("active", True),
        "declined": ("expired", False),
    }


async def test_a_refund_of_an_earlier_period_changes_nothing(person, play, drain):
    token = await play.buy(person)
    await play.happens(token, "RENEWED")
    await claim(person, token, drain)
    before = await purchase()
    await play.happens(token, "VOIDED", order_id=await play.first_order(token), copies=1)
    await drain()
    assert await state_and_access(person) == ("active", True)
    assert (await purchase())["expires_at"] == before["expires_at"]
    assert await fetch_value("SELECT state FROM store_notifications WHERE word = 'VOIDED_PURCHASE'") == "applied"


async def test_a_cancelled_subscription_lasts_until_it_was_paid_for(person, play, drain, travel):
    token = await play.buy(person)
    await claim(person, token, drain)
    await play.happens(token, "CANCELED", copies=1)
    await drain()
    travel(days=20)
    assert await state_and_access(person) == ("cancelled", True)
    travel(days=20)
    assert not await has_access(person)


async def test_cash_that_is_paid_later(person, play, drain):
    token = await play.buy(person, state="pending")
    await claim(person, token, drain)
    assert await state_and_access(person) == ("pending", False)
    assert await play.asked(":acknowledge") == []
    await play.happens(token, "PURCHASED", copies=1)
    await drain()
    assert await state_and_access(person) == ("active", True)
    assert len(await play.asked(":acknowledge")) == 1


async def test_cash_that_is_never_paid(person, play, drain):
    token = await play.buy(person, state="pending")
    await claim(person, token, drain)
    await play.happens(token, "PENDING_PURCHASE_CANCELED", copies=1)
    await drain()
    assert await state_and_access(person) == ("expired", False)


# -- one purchase takes the place of another -----------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new"), [("monthly", "yearly"), ("yearly", "monthly")])
async def test_another_plan_takes_the_place_of_the_old_one(old, new, person, play, drain):
    first = await play.buy(person, base_plan=old)
    await claim(person, first, drain)
    second = await play.buy(person, base_plan=new, linked_purchase_token=first)
    await claim(person, second, drain)
    seen = await subscription(person)
    assert (seen["state"], seen["plan"], seen["warning"]) == ("active", new, None)
    rows = await fetch("SELECT id, replaced_by FROM purchases ORDER BY created_at")
    assert [row["replaced_by"] for row in rows] == [rows[1]["id"], None]
    # A late word about the old one gives nothing back, whatever it says.
    await play.happens(first, "RENEWED", copies=1)
    await drain()
    assert (await subscription(person))["plan"] == new


async def test_an_upgrade_that_is_to_be_paid_in_cash_takes_nothing_away(person, play, drain):
    first = await play.buy(person)
    await claim(person, first, drain)
    second = await play.buy(person, base_plan="yearly", linked_purchase_token=first, state="pending")
    await claim(person, second, drain)
    assert await state_and_access(person) == ("active", True)
    await play.happens(second, "PURCHASED", copies=1)
    await drain()
    assert (await subscription(person))["plan"] == "yearly"
    assert await fetch_value("SELECT count(*) FROM purchases WHERE replaced_by IS NOT NULL") == 1


async def test_the_new_purchase_is_heard_of_before_the_old_one(person, play, drain):
    first = await play.buy(person)
    second = await play.buy(person, base_plan="yearly", linked_purchase_token=first)
    await play.happens(second, "PURCHASED", copies=1)
    await drain()
    await claim(person, first, drain)
    assert (await subscription(person))["plan"] == "yearly"
    assert await fetch_value("SELECT count(*) FROM purchases WHERE replaced_by IS NOT NULL") == 1


async def test_an_upgrade_of_an_upgrade_that_nobody_heard_of(person, play, drain):
    first = await play.buy(person)
    await claim(person, first, drain)
    tokens = [first]
    for plan in ("yearly", "monthly", "yearly"):
        tokens.append(await play.buy(base_plan=plan, linked_purchase_token=tokens[-1]))
    asked = len(await play.asked("/subscriptionsv2/"))
    await play.happens(tokens[-1], "PURCHASED", copies=1)
    await drain()
    assert len(await play.asked("/subscriptionsv2/")) - asked == 3, (
        "the last one and the two between; the first is known"
    )
    rows = await fetch("SELECT id, user_id, store_key, replaced_by FROM purchases")
    by_token = {row["store_key"]: row for row in rows}
    ids = [by_token[token]["id"] for token in tokens]
    assert [by_token[token]["replaced_by"] for token in tokens] == [*ids[1:], None]
    assert {str(row["user_id"]) for row in rows} == {str(by_token[first]["user_id"])}
    assert ((await subscription(person))["plan"], (await subscription(person))["warning"]) == ("yearly", None)


async def test_a_predecessor_that_cannot_be_asked_delays_nobody(person, play, drain):
    first = await play.buy(person)
    second = await play.buy(base_plan="yearly", linked_purchase_token=first)
    await play.fails(status=503, match=first)
    assert (await claim(person, second, drain))["status"] == "accepted"
    assert await state_and_access(person) == ("active", True)


# -- notifications are hints ---------------------------------------------------------------------------------------


async def test_in_any_order_twice_and_before_the_purchase_is_handed_in(sign_up, play, drain):
    events = ["CANCELED", "RESTARTED", "IN_GRACE_PERIOD", "ON_HOLD", "RECOVERED", "PAUSED", "RECOVERED", "CANCELED"]
    chance = random.Random(8)
    ends = []
    for _ in range(4):
        person = await sign_up()
        token = await play.buy(person)
        pushes = [await play.happens(token, event) for event in events] * 2
        chance.shuffle(pushes)
        for number, push in enumerate(pushes):
            assert (await play.bring(push)).status_code == 204
            if chance.random() < 0.3:
                await drain()
            if number == 5:
                await claim(person, token, drain)
        await drain()
        ends.append((await state_and_access(person), (await subscription(person))["will_renew"]))
    assert ends == [(("cancelled", True), False)] * 4
    assert await fetch_value("SELECT count(*) FROM store_notifications") == 4 * len(events)
    assert await fetch_value("SELECT count(*) FROM purchases") == 4


async def test_a_notification_before_the_purchase_call_finds_its_person(person, play, drain):
    token = await play.buy(person)
    await play.happens(token, "PURCHASED", copies=1)
    await drain()
    assert await state_and_access(person) == ("active", True)
    assert (await claim(person, token, drain))["status"] == "accepted"
    assert await fetch_value("SELECT count(*) FROM purchases") == 1


async def test_a_notification_of_nobodys_purchase_waits_for_the_claim(person, play, drain):
    token = await play.buy()
    await play.happens(token, "PURCHASED", copies=1)
    await drain()
    assert (await purchase())["user_id"] is None
    assert (await claim(person, token, drain))["status"] == "accepted"
    assert await state_and_access(person) == ("active", True)


async def test_a_purchase_made_for_another_account_is_not_taken(sign_up, play, drain):
    buyer, other = await sign_up(), await sign_up()
    token = await play.buy(buyer)
    decided = await claim(other, token, drain)
    assert (decided["status"], decided["code"]) == ("rejected", "purchase_owned_by_other")
    assert not await has_access(other)
    await claim(buyer, token, drain)
    assert await has_access(buyer)


async def test_the_webhook_answers_at_once_with_the_store_down_and_nothing_is_lost(person, play, drain):
    token = await play.buy(person)
    await claim(person, token, drain)
    pushes = [await play.happens(token, event) for event in ("IN_GRACE_PERIOD", "ON_HOLD")]
    await play.fails(delay_ms=3000, status=503)
    for push in pushes:
        began = time.monotonic()
        assert (await play.bring(push)).status_code == 204
        assert time.monotonic() - began < 1
    await play.fails(status=503, headers={"Retry-After": "1"})
    await drain(allow=("retry",))
    assert await fetch_value("SELECT count(*) FROM store_notifications WHERE state = 'waiting'") == 2
    assert await state_and_access(person) == ("active", True)
    await play.works_again()
    await retry_at_once()
    await drain()
    assert await state_and_access(person) == ("on_hold", False)
    assert await fetch_value("SELECT count(*) FROM store_notifications WHERE state = 'waiting'") == 0


async def test_what_is_no_subscription_of_ours_is_kept_and_passed_over(person, play, drain):
    token = await play.buy(person)
    for kind in ("TEST", "ONE_TIME_PRODUCT", "PENDING_REFUND_REVIEW"):
        await play.happens(token, kind, copies=2)
    assert await drain() == []
    rows = await fetch("SELECT word, state, code FROM store_notifications ORDER BY word")
    assert [tuple(row) for row in rows] == [
        (word, "ignored", "nothing_to_ask") for word in ("ONE_TIME_PRODUCT", "PENDING_REFUND_REVIEW", "TEST")
    ]


# -- the store is away ---------------------------------------------------------------------------------------------


async def test_a_purchase_waits_while_the_store_is_down(person, play, drain):
    token = await play.buy(person)
    await play.fails(status=503)
    body = {"store": "google_play", "product_id": "kuitter_plus", "token": token}
    made = await person.ok("POST", "/v1/billing/purchases", json=body)
    await drain(allow=("retry",))
    assert (await person.ok("GET", f"/v1/billing/purchases/{made['id']}"))["status"] == "pending"
    await play.works_again()
    await retry_at_once()
    await drain()
    assert (await person.ok("GET", f"/v1/billing/purchases/{made['id']}"))["status"] == "accepted"
    assert await has_access(person)


async def test_a_known_subscriber_keeps_access_for_a_day(person, play, drain, travel):
    token = await play.buy(person)
    await claim(person, token, drain)
    await play.fails(status=503)
    expiry = (await purchase())["expires_at"] - (await purchase())["created_at"]
    travel(seconds=expiry.total_seconds() + 3600)
    assert await has_access(person)
    travel(hours=24)
    assert not await has_access(person)
    await play.works_again()
    await play.happens(token, "RENEWED", copies=1)
    await drain()
    assert await state_and_access(person) == ("active", True)


async def test_what_google_has_forgotten_is_over(person, play, drain, travel):
    token = await play.buy(person)
    await claim(person, token, drain)
    await play.happens(token, "CANCELED")
    travel(days=120)
    push = await play.happens(token, "EXPIRED")
    await play.bring(push)
    await drain()
    assert await state_and_access(person) == ("expired", False)
    row = await purchase()
    assert (row["will_renew"], row["check_at"]) == (False, None)
