"""A purchase that moves to another account: only when asked to, both sides at once, at most twice in 90 days."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.billing.applying import hold, key_hash
from domain.billing.transfers import TransferLimit, move
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from tests.billing.conftest import Counter, hand_in
from tests.billing.reports import applied, id_of, plan, report, subscription, token_of
from tests.conftest import Api

PATH = "/v1/billing/restore"


async def restore(person: Api, body: dict[str, Any], drain: Any) -> Any:
    return await hand_in(person, {**body, "confirm": True}, drain, "restore")


async def test_it_needs_the_person_s_word(person: Any) -> None:
    body = {"store": "google_play", "token": "t"}
    for said in ({}, {"confirm": False}):
        answer = await person("POST", PATH, json={**body, **said})
        assert (answer.status_code, answer.json()["code"]) == (422, "confirmation_required")
    assert await fetch_value("SELECT count(*) FROM purchase_claims") == 0


async def test_it_moves_both_sides_and_tells_the_one_who_loses_it(counter: Counter, sign_up: Any, drain: Any) -> None:
    old, new = await sign_up(), await sign_up()
    body = await counter.buy(old)
    await hand_in(old, body, drain)
    claim = await restore(new, body, drain)
    assert (claim["status"], claim["code"]) == ("accepted", None)
    assert (await plan(old), await plan(new)) == ("free", "subscriber")
    assert (await subscription(old))["state"] == "none"
    titles = [item["title"] for item in (await old.ok("GET", "/v1/notifications"))["items"]]
    assert titles == ["Your subscription moved to another account"]
    assert (await new.ok("GET", "/v1/notifications"))["items"] == []
    [moved] = await fetch("SELECT from_id, to_id FROM purchase_transfers")
    assert tuple(moved) == (id_of(old), id_of(new))
    noted = await fetch("SELECT user_id FROM audit_events WHERE kind = 'purchase_moved'")
    assert {row["user_id"] for row in noted} == {id_of(old), id_of(new)}
    # Its apps hand it in again and again; it stays where it was moved to.
    assert (await hand_in(new, body, drain))["status"] == "accepted"
    assert (await hand_in(old, body, drain))["code"] == "purchase_owned_by_other"


async def test_the_loser_is_told_by_mail(sandbox: Any, stranger: Any, sign_up: Any, drain: Any) -> None:
    counter = Counter("google_play", sandbox, stranger)
    old, new = await sign_up(), await sign_up()
    body = await counter.buy(old)
    await hand_in(old, body, drain)
    await restore(new, body, drain)
    mails = (await sandbox.get("/_control/sent", params={"provider": "smtp"})).json()["items"]
    told = [mail for mail in mails if "subscription" in mail["body"]["subject"].lower()]
    assert [mail["body"]["to"] for mail in told] in ([[old.user["email"]]], [old.user["email"]])


async def test_restoring_what_is_one_s_own_moves_nothing(counter: Counter, person: Any, drain: Any) -> None:
    body = await counter.buy(person)
    assert (await restore(person, body, drain))["status"] == "accepted"
    assert (await restore(person, body, drain))["status"] == "accepted"
    assert await fetch_value("SELECT count(*) FROM purchase_transfers") == 0


async def test_a_third_time_within_90_days_is_refused(counter: Counter, sign_up: Any, drain: Any) -> None:
    people = [await sign_up(), await sign_up()]
    body = await counter.buy(people[0])
    await hand_in(people[0], body, drain)
    for number in (1, 0):
        assert (await restore(people[number], body, drain))["status"] == "accepted"
    refused = await restore(people[1], body, drain)
    assert (refused["status"], refused["code"]) == ("rejected", "transfer_limit")
    assert await plan(people[0]) == "subscriber"
    # Ninety days later it may.
    await execute("UPDATE purchase_transfers SET at = at - interval '91 days'")
    assert (await restore(people[1], body, drain))["status"] == "accepted"


async def test_many_restores_at_once_move_it_no_more_than_twice(counter: Counter, sign_up: Any, drain: Any) -> None:
    from tasks.actor import bindings

    people = [await sign_up() for _ in range(5)]
    body = await counter.buy(people[0])
    await hand_in(people[0], body, drain)
    await asyncio.gather(*(one.ok("POST", PATH, json={**body, "confirm": True}) for one in people[1:] * 3))
    jobs = await fetch("SELECT id FROM jobs WHERE name = 'billing.decide_claim'")
    ended = await asyncio.gather(*(bindings["billing.decide_claim"].run(str(job["id"])) for job in jobs))
    assert set(ended) == {"done"}
    assert await fetch_value("SELECT count(*) FROM purchase_transfers") == 2
    assert sorted([await plan(one) for one in people]) == ["free"] * 4 + ["subscriber"]
    await drain()


async def test_a_move_a_claim_and_a_report_at_once_end_in_one_owner(sign_up: Any) -> None:
    """The three that lock the same purchase, each from another side."""
    old, new = await sign_up(), await sign_up()
    for _ in range(8):
        bought = report(account_token=token_of(old))
        result = await applied(bought)

        async def moved(purchase_id: Any = result.purchase_id, key: bytes = key_hash(bought.store_key)) -> None:
            async with transaction():
                await hold("google_play", key)
                await move(purchase_id, id_of(old), id_of(new))

        newer = [report(store_key=bought.store_key, account_token=token_of(old)) for _ in range(4)]
        await asyncio.gather(*(applied(one) for one in newer[:2]), moved(), *(applied(one) for one in newer[2:]))
        owner = await fetch_value("SELECT user_id FROM purchases WHERE id = $1", result.purchase_id)
        assert owner == id_of(new)


async def test_a_refused_move_changes_nothing(sign_up: Any) -> None:
    old, new = await sign_up(), await sign_up()
    result = await applied(report(account_token=token_of(old)))
    for _ in range(2):
        await execute(
            "INSERT INTO purchase_transfers (id, purchase_id, at) VALUES (gen_random_uuid(), $1, $2)",
            result.purchase_id, clock.now() - timedelta(days=89),
        )  # fmt: skip
    async with transaction():
        with pytest.raises(TransferLimit):
            await move(result.purchase_id, id_of(old), id_of(new))
    assert await fetch_value("SELECT user_id FROM purchases") == id_of(old)
    assert await fetch_value("SELECT count(*) FROM notifications") == 0
