"""What follows from what a store says: in any order, twice, before anybody has handed the purchase in."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from domain.billing.applying import apply
from domain.kit.clock import clock, real_now
from domain.kit.database import OutsideTransaction, execute, fetch, fetch_value
from tests.billing.reports import (
    MONTH,
    NOW,
    applied,
    id_of,
    later,
    owner_of,
    plan,
    report,
    row_of,
    subscription,
    token_of,
)

pytestmark = pytest.mark.usefixtures("app")

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _at_noon() -> Any:
    with clock.frozen(NOW):
        yield


async def test_it_needs_a_transaction() -> None:
    with pytest.raises(OutsideTransaction):
        await apply(report(), "test")


async def test_only_the_answer_to_a_later_question_counts_in_whatever_order(person: Any) -> None:
    bought = report(account_token=token_of(person))
    same = {"store_key": bought.store_key, "account_token": bought.account_token}
    said = [
        bought,
        report(**same, state="cancelled", will_renew=False),
        report(**same, state="expired", will_renew=False, expires_at=NOW - DAY),
    ]
    for order in permutations([0, 1, 2]):
        await execute("DELETE FROM purchases")
        for number in (*order, *order):
            await applied(said[number])
        row = await row_of(bought.store_key)
        assert (row["state"], row["expires_at"]) == ("expired", NOW - DAY), order
        assert row["asked_at"] == said[2].asked_at
        assert await plan(person) == "free"


async def test_the_same_answer_again_leaves_no_second_line_in_the_history(person: Any) -> None:
    first = report(account_token=token_of(person))
    assert (await applied(first)).fresh
    again = await applied(report(store_key=first.store_key, account_token=first.account_token))
    assert again.fresh
    assert not (await applied(first)).fresh
    assert await fetch_value("SELECT count(*) FROM purchase_changes") == 1


async def test_a_store_whose_clock_is_ahead_does_not_shut_out_the_next_question() -> None:
    ahead = report(asked_at=real_now() + timedelta(hours=1))
    await applied(ahead)
    assert (await row_of(ahead.store_key))["asked_at"] <= real_now()
    await applied(report(store_key=ahead.store_key, state="cancelled", asked_at=real_now()))
    assert (await row_of(ahead.store_key))["state"] == "cancelled"


async def test_fifty_reports_at_once_are_one_purchase_in_its_latest_state(person: Any) -> None:
    first = report(account_token=token_of(person))
    said = [
        report(store_key=first.store_key, account_token=first.account_token, expires_at=NOW + number * DAY)
        for number in range(1, 50)
    ]
    await asyncio.gather(*(applied(one) for one in (*said, first)))
    [row] = await fetch("SELECT * FROM purchases")
    assert row["expires_at"] == NOW + 49 * DAY
    assert row["user_id"] == id_of(person)


async def test_a_notification_before_the_app_hands_it_in_finds_whom_the_app_named(person: Any) -> None:
    known, unknown = report(account_token=token_of(person)), report(account_token=uuid4())
    await applied(known)
    await applied(unknown)
    assert await plan(person) == "subscriber"
    # A token that names nobody is not worth keeping.
    row = await row_of(unknown.store_key)
    assert (row["user_id"], row["account_token"]) == (None, None)


async def test_no_report_takes_a_purchase_from_anybody(person: Any, sign_up: Any) -> None:
    other = await sign_up()
    bought = report(account_token=token_of(person))
    await applied(bought)
    await applied(report(store_key=bought.store_key, account_token=token_of(other)))
    assert await owner_of(bought.store_key) == id_of(person)


async def test_an_upgrade_ends_the_old_purchase_in_the_same_breath(person: Any) -> None:
    old = report(account_token=token_of(person))
    await applied(old)
    new = report(plan="yearly", linked_key=old.store_key, expires_at=NOW + 365 * DAY)
    result = await applied(new)
    # Without a name of its own it is whose the old one was.
    assert result.user_id == id_of(person)
    assert (await row_of(old.store_key))["replaced_by"] == result.purchase_id
    view = await subscription(person)
    assert (view["plan"], view["warning"]) == ("yearly", None)
    # A late word that the old one lives gives nothing back.
    await applied(report(store_key=old.store_key, expires_at=NOW + 900 * DAY))
    assert (await subscription(person))["plan"] == "yearly"


async def test_an_upgrade_that_is_heard_of_first_ends_the_old_one_all_the_same(person: Any) -> None:
    old = report(account_token=token_of(person))
    new = report(account_token=token_of(person), linked_key=old.store_key)
    result = await applied(new)
    await applied(old)
    assert (await row_of(old.store_key))["replaced_by"] == result.purchase_id


async def test_both_ends_of_a_chain_at_once_are_one_subscription(person: Any) -> None:
    for _ in range(10):
        old = report(account_token=token_of(person))
        new = report(account_token=token_of(person), linked_key=old.store_key)
        await asyncio.gather(applied(old), applied(new))
        assert (await row_of(old.store_key))["replaced_by"] == (await row_of(new.store_key))["id"]


async def test_a_cash_payment_that_is_pending_replaces_nothing_until_it_is_paid(person: Any) -> None:
    old = report(account_token=token_of(person))
    await applied(old)
    cash = report(state="pending", started_at=None, expires_at=None, will_renew=False, linked_key=old.store_key)
    await applied(cash)
    assert (await row_of(old.store_key))["replaced_by"] is None
    assert await plan(person) == "subscriber"
    await applied(report(store_key=cash.store_key, linked_key=old.store_key))
    assert (await row_of(old.store_key))["replaced_by"] is not None


async def test_a_product_that_is_not_ours_is_kept_and_gives_nothing(person: Any) -> None:
    await applied(report(account_token=token_of(person), product_id="something.else", plan=None))
    assert await plan(person) == "free"


async def test_a_refund_that_google_only_calls_expired_later_stays_a_refund(person: Any) -> None:
    bought = report(account_token=token_of(person))
    same = {"store_key": bought.store_key, "account_token": bought.account_token}
    await applied(bought)
    await applied(report(**same, state="revoked", expires_at=NOW))
    await applied(report(**same, state="expired", expires_at=NOW))
    assert (await subscription(person))["state"] == "revoked"
    # Reversed: access is back.
    await applied(report(**same))
    assert await plan(person) == "subscriber"


# -- what the person hears of it ------------------------------------------------------------------------------------


async def notices(person: Any) -> list[str]:
    page = await person.ok("GET", "/v1/notifications")
    return [item["title"] for item in page["items"] if item["kind"] == "subscription"]


async def test_a_failing_payment_is_told_once_whatever_the_store_calls_it(person: Any) -> None:
    bought = report(account_token=token_of(person))
    same = {"store_key": bought.store_key, "account_token": bought.account_token}
    await applied(bought)
    for state in ("grace", "grace", "on_hold", "on_hold"):
        await applied(report(**same, state=state))
    assert await notices(person) == ["Your payment did not go through"]
    # It recovers, and fails again a month later: that is another time.
    await applied(report(**same))
    await applied(report(**same, state="grace"))
    assert len(await notices(person)) == 2


async def test_the_end_is_told_unless_something_else_gives_access(person: Any) -> None:
    one, two = report(account_token=token_of(person)), report(account_token=token_of(person), store="app_store")
    await applied(one)
    await applied(two)
    await applied(report(store_key=one.store_key, state="expired", expires_at=NOW, will_renew=False))
    assert await notices(person) == []
    await applied(report(store="app_store", store_key=two.store_key, state="expired", expires_at=NOW, will_renew=False))
    assert await notices(person) == ["Your subscription has ended"]


async def test_what_google_waits_to_hear_is_told_once_and_only_when_it_is_somebodys(person: Any) -> None:
    async def jobs() -> int:
        count: int = await fetch_value("SELECT count(*) FROM jobs WHERE name = 'billing.acknowledge'")
        return count

    nobodys = report(needs_acknowledgement=True)
    await applied(nobodys)
    assert await jobs() == 0
    await applied(report(store_key=nobodys.store_key, needs_acknowledgement=True, account_token=token_of(person)))
    assert await jobs() == 1
    await applied(report(store_key=nobodys.store_key, needs_acknowledgement=True, asked_at=later()))
    assert await jobs() == 1


async def test_expiry_is_compared_with_the_business_clock_even_when_that_was_moved(person: Any) -> None:
    bought = report(account_token=token_of(person), asked_at=real_now())
    await applied(bought)
    with clock.frozen(NOW + MONTH + timedelta(hours=1)):
        # Nobody has asked since: a day's patience.
        assert await plan(person) == "subscriber"
        await applied(report(store_key=bought.store_key, account_token=bought.account_token, asked_at=real_now()))
        assert await plan(person) == "free"
