"""People who leave, and their purchases, which go on billing: claimable at once, kept without the person after."""

from __future__ import annotations

from typing import Any

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, fetch_value
from domain.leaving import purge
from tests.billing.conftest import Counter, hand_in
from tests.billing.reports import applied, id_of, plan, report, token_of
from tests.leaving.conftest import GRACE, leave, restore


async def test_a_deleted_account_s_purchase_can_be_claimed_by_a_new_one(
    counter: Counter, sign_up: Any, drain: Any
) -> None:
    old, new = await sign_up(), await sign_up()
    body = await counter.buy(old)
    await hand_in(old, body, drain)
    await leave(old)
    assert (await hand_in(new, body, drain))["status"] == "accepted"
    assert await plan(new) == "subscriber"
    assert await fetch_value("SELECT user_id FROM purchases") == id_of(new)
    # It is no move of somebody else's.
    assert await fetch_value("SELECT count(*) FROM purchase_transfers") == 0


async def test_a_restored_account_keeps_what_nobody_claimed(
    counter: Counter, person: Any, stranger: Any, drain: Any
) -> None:
    await hand_in(person, await counter.buy(person), drain)
    token = (await leave(person))["restore_token"]
    back = (await restore(stranger, token)).json()
    assert back["user"]["plan"] == "subscriber"


async def test_a_purge_keeps_the_purchase_and_not_the_person(counter: Counter, sign_up: Any, drain: Any) -> None:
    old, new = await sign_up(), await sign_up()
    body = await counter.buy(old)
    await hand_in(old, body, drain)
    await leave(old)
    with clock.frozen(clock.now() + GRACE):
        await purge.plan_purges()
        await drain(allow=("skipped",))
    assert await fetch_value("SELECT count(*) FROM users WHERE id = $1", id_of(old)) == 0
    row = await fetch_row("SELECT user_id, account_token, state FROM purchases")
    assert row is not None
    assert tuple(row) == (None, None, "active")
    assert await fetch_value("SELECT count(*) FROM purchase_claims") == 0
    assert await fetch_value("SELECT count(*) FROM purchase_changes") > 0
    # The store still knows whom the app named; we do not write it down again.
    await execute("UPDATE purchases SET asked_at = asked_at - interval '1 day'")
    assert (await hand_in(new, body, drain))["status"] == "accepted"
    assert await fetch_value("SELECT account_token FROM purchases") is None
    assert await plan(new) == "subscriber"


async def test_a_purchase_that_an_account_in_its_grace_was_named_for_waits(sign_up: Any) -> None:
    person = await sign_up()
    token = token_of(person)
    await leave(person)
    bought = report(account_token=token)
    assert (await applied(bought)).user_id is None


async def test_an_export_holds_the_purchases_and_nothing_that_opens_them(person: Any) -> None:
    from domain.leaving.columns import readable_tables

    await applied(report(account_token=token_of(person), store_key="the-secret-token"))
    texts = {}
    for table in await readable_tables():
        texts[table.name] = str([dict(row) for row in await fetch(table.sql, id_of(person))])
    assert "kuitter_plus" in texts["purchases"]
    assert "active" in texts["purchase_changes"]
    assert "the-secret-token" not in "".join(texts.values())
