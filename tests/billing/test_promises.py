"""Every promise of semantics, "Subscriptions", and the tests that hold it at each store.

Most stand where the rest of their subject is tested; PROMISES says where. Those that were missing are below.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from domain.kit.clock import clock
from domain.kit.database import fetch_value
from tests.billing.conftest import Counter, hand_in
from tests.billing.play import PRODUCT
from tests.billing.reports import plan, subscription
from tests.billing.shop import MONTHLY, YEARLY

# What is promised: the tests at the App Store, those at Google Play ("module.test", with `counter` at both).
BOTH, NONE = "both", ""
PROMISES: dict[str, tuple[str, str]] = {
    "one entitlement, whatever the store": ("promises.test_two_stores_are_one_entitlement_and_one_that_ends", BOTH),
    "several purchases in one store": ("promises.test_several_purchases_in_one_store_are_one_entitlement", BOTH),
    "each state and its access": ("app_store_reading.test_states", "google_cases.test_each_state_and_its_access"),
    "access by state and time, for both": ("entitlement.test_which_states_give_access_and_until_when", BOTH),
    "none, for who has nothing": ("subscription.test_who_has_nothing_gets_none", BOTH),
    "signed for us, inside and outside": ("app_store_webhook.test_a_bad_signature_is_refused", NONE),
    "bundle and environment": ("app_store_asking.test_what_apple_did_not_sign_for_us", NONE),
    "sandbox and production both work": ("app_store_cases.test_sandbox_and_production_both_work", NONE),
    "sandbox never counts as revenue": (
        "alarms.test_entitlements_by_store_and_state_without_sandbox_purchases",
        BOTH,
    ),
    "a sandbox purchase in production": ("claims.test_a_sandbox_purchase_counts_for_those_who_are_named", BOTH),
    "subscriptionsv2 decides": (NONE, "google_webhook.test_every_type_asks_about_its_purchase"),
    "linked tokens end the old one": (NONE, "google_cases.test_an_upgrade_of_an_upgrade_that_nobody_heard_of"),
    "in the same transaction": (NONE, "applying.test_an_upgrade_ends_the_old_purchase_in_the_same_breath"),
    "acknowledged after the commit": (NONE, "acknowledging.test_a_purchase_is_acknowledged_once_it_gives_access"),
    "by a durable job": (NONE, "acknowledging.test_the_sweep_asks_again_for_those_whose_job_came_to_nothing"),
    "the raw row is kept": ("app_store_webhook.test_it_is_kept_as_it_came",
                            "google_webhook.test_what_was_kept_is_what_came"),
    "unique by the store's id": ("app_store_webhook.test_fifty_copies_at_once_are_one",
                                 "google_webhook.test_fifty_copies_at_once_are_one"),
    "answered at once with the store down": (
        "app_store_webhook.test_it_is_answered_at_once_while_the_store_is_down",
        "google_cases.test_the_webhook_answers_at_once_with_the_store_down_and_nothing_is_lost",
    ),
    "only the answer to a later question": (
        "applying.test_only_the_answer_to_a_later_question_counts_in_whatever_order", BOTH,
    ),
    "a signed payload by its date": (
        "app_store_cases.test_the_store_away_a_signed_notification_counts_by_its_date", NONE,
    ),
    "out of order, twice, before the claim": (
        "any_order.test_a_history_on_the_wire_ends_as_the_store_says", BOTH,
    ),
    "any history at all": ("any_order.test_any_history_ends_as_the_stores_say", BOTH),
    "another person's purchase is not taken": ("claims.test_a_purchase_that_names_another_account_is_theirs", BOTH),
    "it moves by restore, both sides": ("restore.test_it_moves_both_sides_and_tells_the_one_who_loses_it", BOTH),
    "at most twice in 90 days": ("restore.test_a_third_time_within_90_days_is_refused", BOTH),
    "a deleted account's is claimable": ("leaving.test_a_deleted_account_s_purchase_can_be_claimed_by_a_new_one", BOTH),
    "cancel and un-cancel without a gap": ("promises.test_cancel_and_uncancel_leave_no_gap", BOTH),
    "cancelled, until it was paid for": ("promises.test_what_is_cancelled_lasts_until_it_was_paid_for", BOTH),
    "refund of the latest period, reversed": ("promises.test_a_refund_of_the_latest_period_and_its_reversal", BOTH),
    "refund of an earlier period": ("promises.test_a_refund_of_an_earlier_period_ends_nothing", BOTH),
    "monthly to yearly and back": ("promises.test_from_monthly_to_yearly_there_is_one_subscription", BOTH),
    "yearly to monthly": ("app_store_cases.test_monthly_to_yearly_at_once_and_back_at_the_end",
                          "google_cases.test_another_plan_takes_the_place_of_the_old_one"),
    "grace gives access, and says so": ("promises.test_grace_gives_access_and_ends", BOTH),
    "hold and recovery": ("promises.test_a_failed_payment_ends_access_and_recovery_gives_it_back", BOTH),
    "a failing payment is told once": ("applying.test_a_failing_payment_is_told_once_whatever_the_store_calls_it",
                                       BOTH),
    "pause": (NONE, "promises.test_a_pause_has_no_access_and_says_when_it_ends"),
    "price increase declined": ("promises.test_a_price_increase_that_is_declined_ends_it", BOTH),
    "cash that is pending": (NONE, "google_cases.test_cash_that_is_paid_later"),
    "an upgrade to be paid in cash": (
        NONE, "google_cases.test_an_upgrade_that_is_to_be_paid_in_cash_takes_nothing_away",
    ),
    "the reconciliation asks": ("reconciling.test_a_renewal_that_nobody_told_is_found", BOTH),
    "the store away, a purchase waits": ("claims.test_while_the_store_is_away_it_waits_and_is_decided_later", BOTH),
    "a known subscriber keeps a day": ("promises.test_a_known_subscriber_keeps_access_for_a_day_and_no_longer", BOTH),
}  # fmt: skip


@pytest.mark.parametrize("promise", PROMISES)
def test_each_promise_has_a_test_at_each_store(promise: str) -> None:
    app_store, google_play = PROMISES[promise]
    names = [name for name in (app_store, google_play) if name not in (NONE, BOTH)]
    assert names
    for name in names:
        module, _, test = name.partition(".")
        found = getattr(import_module(f"tests.billing.test_{module}"), test)
        assert callable(found)


# -- one subscription, in the words of both stores -----------------------------------------------------------------

# What happens, as each store calls it.
_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "app_store": {
        "renew": ("DID_RENEW",), "cancel": ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED"),
        "uncancel": ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_ENABLED"), "refund": ("REFUND",),
        "reverse": ("REFUND_REVERSED",), "grace": ("DID_FAIL_TO_RENEW", "GRACE_PERIOD"),
        "hold": ("DID_FAIL_TO_RENEW",), "recover": ("DID_RENEW", "BILLING_RECOVERY"),
        "price": ("PRICE_INCREASE", "PENDING"), "decline": ("EXPIRED", "PRICE_INCREASE"), "expire": ("EXPIRED",),
    },
    "google_play": {
        "renew": ("RENEWED",), "cancel": ("CANCELED",), "uncancel": ("RESTARTED",), "refund": ("VOIDED",),
        "reverse": ("RESTARTED",), "grace": ("IN_GRACE_PERIOD",), "hold": ("ON_HOLD",), "recover": ("RECOVERED",),
        "price": ("PRICE_CHANGE_UPDATED",), "decline": ("EXPIRED",), "expire": ("EXPIRED",), "pause": ("PAUSED",),
    },
}  # fmt: skip


class Subscriber:
    """A person with a subscription of which every notification arrives."""

    def __init__(self, counter: Counter, person: Any, drain: Any) -> None:
        self.counter = counter
        self.person = person
        self._drain = drain
        self._shop: Any = counter.shop
        self.bought: Any = None

    async def buys(self, **order: Any) -> Subscriber:
        self.bought = await self._shop.buy(self.person, **order)
        google = isinstance(self.bought, str)
        product = PRODUCT if google else order.get("product_id", MONTHLY)
        body = {
            "store": self.counter.store,
            "product_id": product,
            "token": self.bought if google else self.bought.signed,
        }
        assert (await hand_in(self.person, body, self._drain))["status"] == "accepted"
        return self

    async def happens(self, *words: str, **event: Any) -> None:
        for word in words:
            what = await self._shop.happens(self.bought, *_WORDS[self.counter.store][word], **event)
            assert (await self._shop.bring(what)).status_code < 300
            await self._drain()

    async def stands(self, state: str, access: bool) -> dict[str, Any]:
        """Check state and access, wherever they are shown; returns what the person sees."""
        seen: dict[str, Any] = await subscription(self.person)
        assert (seen["state"], seen["has_access"]) == (state, access)
        assert await plan(self.person) == ("subscriber" if access else "free")
        return seen


@pytest.fixture
async def subscriber(counter: Counter, person: Any, drain: Any) -> Subscriber:
    return await Subscriber(counter, person, drain).buys()


async def test_cancel_and_uncancel_leave_no_gap(subscriber: Subscriber, travel: Any) -> None:
    before = await subscriber.stands("active", True)
    await subscriber.happens("cancel")
    seen = await subscriber.stands("cancelled", True)
    assert (seen["will_renew"], seen["expires_at"]) == (False, before["expires_at"])
    travel(days=10)
    await subscriber.happens("uncancel")
    seen = await subscriber.stands("active", True)
    assert (seen["will_renew"], seen["expires_at"]) == (True, before["expires_at"])


async def test_what_is_cancelled_lasts_until_it_was_paid_for(subscriber: Subscriber, travel: Any) -> None:
    await subscriber.happens("cancel")
    travel(days=27)
    await subscriber.stands("cancelled", True)
    travel(days=5)
    assert (await subscriber.stands("expired", False))["will_renew"] is False


async def test_a_refund_of_the_latest_period_and_its_reversal(subscriber: Subscriber) -> None:
    await subscriber.happens("renew", "refund")
    await subscriber.stands("revoked", False)
    await subscriber.happens("reverse")
    await subscriber.stands("active", True)


async def test_a_refund_of_an_earlier_period_ends_nothing(subscriber: Subscriber) -> None:
    shop: Any = subscriber.counter.shop
    if subscriber.counter.store == "google_play":
        earlier = {"order_id": await shop.first_order(subscriber.bought)}
    else:
        earlier = {"transaction_id": subscriber.bought.id}
    await subscriber.happens("renew")
    before = await subscriber.stands("active", True)
    await subscriber.happens("refund", **earlier)
    assert await subscriber.stands("active", True) == before


async def test_from_monthly_to_yearly_there_is_one_subscription(subscriber: Subscriber, drain: Any) -> None:
    shop: Any = subscriber.counter.shop
    if subscriber.counter.store == "google_play":
        await subscriber.buys(base_plan="yearly", linked_purchase_token=subscriber.bought)
    else:
        what = await shop.happens(subscriber.bought, "DID_CHANGE_RENEWAL_PREF", "UPGRADE", product_id=YEARLY)
        await shop.bring(what)
        await drain()
    seen = await subscriber.stands("active", True)
    assert (seen["plan"], seen["warning"], len(seen["management_urls"])) == ("yearly", None, 1)


async def test_grace_gives_access_and_ends(subscriber: Subscriber, travel: Any) -> None:
    await subscriber.happens("grace")
    assert (await subscriber.stands("grace", True))["in_grace"] is True
    travel(days=40)
    after = "on_hold" if subscriber.counter.store == "google_play" else "billing_retry"
    assert (await subscriber.stands(after, False))["in_grace"] is False


async def test_a_failed_payment_ends_access_and_recovery_gives_it_back(subscriber: Subscriber) -> None:
    await subscriber.happens("grace", "hold")
    await subscriber.stands("on_hold" if subscriber.counter.store == "google_play" else "billing_retry", False)
    await subscriber.happens("recover")
    await subscriber.stands("active", True)
    # However often the store tried, the person was told once that a payment failed.
    assert len((await subscriber.person.ok("GET", "/v1/notifications"))["items"]) == 1


@pytest.mark.parametrize("counter", ["google_play"], indirect=True)
async def test_a_pause_has_no_access_and_says_when_it_ends(subscriber: Subscriber) -> None:
    await subscriber.happens("pause")
    assert (await subscriber.stands("paused", False))["resumes_at"] > clock.now().isoformat()
    await subscriber.happens("recover")
    await subscriber.stands("active", True)


async def test_a_price_increase_that_is_declined_ends_it(subscriber: Subscriber) -> None:
    await subscriber.happens("price")
    await subscriber.stands("active", True)
    await subscriber.happens("decline")
    await subscriber.stands("expired", False)


async def test_a_known_subscriber_keeps_access_for_a_day_and_no_longer(
    counter: Counter, person: Any, drain: Any, travel: Any
) -> None:
    known = await Subscriber(counter, person, drain).buys(expires_in=3600)
    await counter.away()
    travel(hours=2)
    await known.stands("active", True)
    travel(hours=22, minutes=50)
    await known.stands("active", True)
    travel(minutes=20)
    await known.stands("expired", False)
    # As soon as the store can be asked it counts what it says.
    await counter.back()
    await known.happens("renew")
    await known.stands("active", True)


# -- several subscriptions of one person ---------------------------------------------------------------------------


async def test_two_stores_are_one_entitlement_and_one_that_ends(
    counter: Counter, sandbox: Any, stranger: Any, person: Any, drain: Any
) -> None:
    """The one of `counter` ends; then the one of the other store counts."""
    ends = await Subscriber(counter, person, drain).buys()
    other_store = "google_play" if counter.store == "app_store" else "app_store"
    stays = await Subscriber(Counter(other_store, sandbox, stranger), person, drain).buys()
    seen = await ends.stands("active", True)
    assert seen["warning"] == "duplicate_subscription"
    assert set(seen["management_urls"]) == {"app_store", "google_play"}
    # Cancelled, it does not go on billing: nothing to be warned of.
    await ends.happens("cancel")
    assert (await ends.stands("active", True))["warning"] is None
    await ends.happens("expire")
    seen = await ends.stands("active", True)
    assert (seen["store"], seen["warning"], list(seen["management_urls"])) == (other_store, None, [other_store])
    await stays.happens("refund")
    await stays.stands("revoked", False)


async def test_several_purchases_in_one_store_are_one_entitlement(
    counter: Counter, person: Any, drain: Any, travel: Any
) -> None:
    yearly = {"product_id": YEARLY} if counter.store == "app_store" else {"base_plan": "yearly"}
    short = await Subscriber(counter, person, drain).buys()
    long = await Subscriber(counter, person, drain).buys(**yearly)
    seen = await short.stands("active", True)
    assert (seen["plan"], seen["warning"], list(seen["management_urls"])) == (
        "yearly", "duplicate_subscription", [counter.store],
    )  # fmt: skip
    await long.happens("refund")
    seen = await long.stands("active", True)
    assert (seen["plan"], seen["warning"]) == ("monthly", None)
    travel(days=40)
    await short.stands("expired", False)
    assert await fetch_value("SELECT count(*) FROM purchases") == 2
