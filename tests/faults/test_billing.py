"""Stores that are away, workers that die, a Redis that forgets: what was paid for is there in the end, once."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest

from tests.faults.conftest import Phone, World

pytestmark = pytest.mark.slow

PURCHASES = "/v1/billing/purchases"
PRODUCTS = {"google_play": "kuitter_plus", "app_store": "app.kuitter.plus.monthly"}
CONTROL = {"google_play": "google-play", "app_store": "app-store"}


async def buy(world: World, phone: Phone, store: str = "google_play") -> tuple[dict[str, Any], str]:
    """What the app hands in, and what the store is asked by."""
    named = {"google_play": "account_id", "app_store": "app_account_token"}[store]
    order = {"product_id": PRODUCTS[store], named: phone.user["store_account_token"]}
    made = (await world.sandbox.post(f"/_control/{CONTROL[store]}/purchases", json=order)).json()
    token = made["purchase_token"] if store == "google_play" else made["signed_transaction"]
    key = token if store == "google_play" else made["original_transaction_id"]
    return {"store": store, "product_id": PRODUCTS[store], "token": token}, key


async def happens(world: World, store: str, key: str, kind: str, subtype: str | None = None) -> dict[str, Any]:
    """At the store, which tells us. Returns what it made of our answer."""
    named = {"google_play": "purchase_token", "app_store": "original_transaction_id"}[store]
    order = {named: key, "type": kind, **({"subtype": subtype} if subtype else {})}
    answer = await world.sandbox.post(f"/_control/{CONTROL[store]}/events", json=order)
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def away(world: World, *stores: str, **fault: Any) -> None:
    for store in stores:
        await world.sandbox.put(f"/_control/faults/{CONTROL[store]}", json=fault or {"status": 503})


async def back(world: World) -> None:
    for store in CONTROL.values():
        await world.sandbox.delete(f"/_control/faults/{store}")
    await at_once(world)


async def at_once(world: World) -> None:
    """What waits for its next try is due now."""
    await world.sql("UPDATE jobs SET run_at = now(), next_send_at = now() WHERE state = 'live' AND run_at > now()")


async def decided(world: World, phone: Phone, claim_id: str) -> str:
    async def look() -> Any:
        return await world.sql("SELECT status FROM purchase_claims WHERE id = $1 AND status <> 'pending'", claim_id)

    await world.until("the claim is decided", look, 40)
    return str((await phone.ok("GET", f"{PURCHASES}/{claim_id}"))["status"])


async def has_access(phone: Phone) -> bool:
    return bool((await phone.ok("GET", "/v1/me"))["plan"] == "subscriber")


async def acknowledged(world: World) -> int:
    return len([one for one in await world.sent("google-play") if one["path"].endswith(":acknowledge")])


async def purchases_of(world: World, phone: Phone) -> list[Any]:
    return await world.sql("SELECT * FROM purchases WHERE user_id = $1", phone.user["id"])


@asynccontextmanager
async def held(world: World, token: str) -> AsyncIterator[asyncpg.Connection]:
    """Nobody can write down what Google says of the purchase, for so long."""
    name = f"google_play:{hashlib.sha256(token.encode()).hexdigest()}"
    connection = await asyncpg.connect(world.stack.database_url)
    try:
        await connection.execute("SELECT pg_advisory_lock(hashtextextended($1, 31))", name)
        yield connection
    finally:
        await connection.close()


async def test_with_both_stores_away_notifications_are_taken_and_claims_wait(world: World) -> None:
    phone, other = await world.sign_up(), await world.sign_up()
    bodies = {}
    for store in CONTROL:
        body, key = await buy(world, phone, store)
        await phone.ok("POST", PURCHASES, json=body, headers={"Prefer": "wait=20"})
        bodies[store] = key
    later, _ = await buy(world, other)
    await away(world, *CONTROL)
    for store, kind in (("google_play", "CANCELED"), ("app_store", "DID_CHANGE_RENEWAL_STATUS")):
        began = time.monotonic()
        subtype = "AUTO_RENEW_DISABLED" if store == "app_store" else None
        said = await happens(world, store, bodies[store], kind, subtype)
        assert time.monotonic() - began < 1
        assert set(said["statuses"]) <= {200, 204}, said
    claim = await other.ok("POST", PURCHASES, json=later)

    async def tried() -> Any:
        return await world.sql("SELECT 1 FROM jobs WHERE name = 'billing.decide_claim' AND error_code IS NOT NULL")

    await world.until("the claim was tried", tried)
    assert (await other.ok("GET", f"{PURCHASES}/{claim['id']}"))["status"] == "pending"
    waiting = await world.sql("SELECT store FROM store_notifications WHERE state = 'waiting'")
    assert {row["store"] for row in waiting} == set(CONTROL)
    # Dead jobs lose nothing: the sweeps ask again, at the latest when some minutes have passed.
    await world.sql("DELETE FROM jobs WHERE name LIKE 'billing.%'")
    await back(world)
    world.travel("+6m")

    async def settled() -> Any:
        open_ones = await world.sql(
            """SELECT 1 FROM store_notifications WHERE state = 'waiting'
               UNION ALL SELECT 1 FROM purchase_claims WHERE status = 'pending'"""
        )
        return not open_ones

    await world.until("all that waited is settled", settled, 150)
    assert await has_access(other)
    assert {row["will_renew"] for row in await purchases_of(world, phone)} == {False}


async def test_a_known_subscriber_has_a_day_while_the_store_is_away(world: World) -> None:
    phones = {store: await world.sign_up() for store in CONTROL}
    for store, phone in phones.items():
        body, _ = await buy(world, phone, store)
        await phone.ok("POST", PURCHASES, json=body, headers={"Prefer": "wait=20"})
        assert await has_access(phone)
    await away(world, *CONTROL)
    [[ends]] = await world.sql(
        "SELECT max(expires_at) FROM purchases WHERE user_id = $1", phones["app_store"].user["id"]
    )
    [[now]] = await world.sql("SELECT now()")
    world.travel(f"+{int((ends - now).total_seconds() / 60) + 23 * 60}m")

    async def asked_in_vain() -> Any:
        rows = await world.sql(
            """SELECT 1 FROM jobs WHERE name = 'billing.ask_store' AND error_code IS NOT NULL
                 AND args ->> 'purchase_id' IN (SELECT id::text FROM purchases WHERE user_id = ANY ($1))""",
            [phone.user["id"] for phone in phones.values()],
        )  # fmt: skip
        return len(rows) == 2

    await world.until("the sweep has the stores asked", asked_in_vain, 40)
    for phone in phones.values():
        assert await has_access(phone)
    world.travel("+2h")
    for store, phone in phones.items():
        assert not await has_access(phone), store
    # The access tokens are of before the journey; what the stores say now counts at once.
    await back(world)
    await world.until_no_jobs(60)


async def test_a_worker_killed_between_the_answer_and_the_commit(world: World) -> None:
    phone = await world.sign_up()
    body, token = await buy(world, phone)
    async with held(world, token) as connection:
        claim = await phone.ok("POST", PURCHASES, json=body)

        async def answer_is_there() -> Any:
            return await connection.fetchval(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            )

        await world.until("the worker has the answer and waits to write it", answer_is_there)
        world.stack.child("worker").kill()
    world.stack.child("worker").restart()
    world.stack.child("worker").wait_ready()
    assert await decided(world, phone, claim["id"]) == "accepted"
    await world.until_no_jobs()
    assert len(await purchases_of(world, phone)) == 1
    assert len(await world.sql("SELECT 1 FROM purchase_claims WHERE user_id = $1", phone.user["id"])) == 1
    assert await acknowledged(world) == 1


async def test_redis_flushed_while_a_claim_waits(world: World) -> None:
    phone = await world.sign_up()
    body, _ = await buy(world, phone)
    worker = world.stack.child("worker")
    worker.terminate()
    claim = await phone.ok("POST", PURCHASES, json=body)
    await world.flush_redis()
    worker.start()
    worker.wait_ready()
    assert await decided(world, phone, claim["id"]) == "accepted"
    await world.until_no_jobs()
    assert len(await purchases_of(world, phone)) == 1
    assert await acknowledged(world) == 1


async def test_one_token_fifty_times_at_two_web_processes(world: World) -> None:
    phone = await world.sign_up()
    body, _ = await buy(world, phone)
    second = world.stack.add_web()
    try:
        addresses = (world.stack.url, f"http://127.0.0.1:{second.env['PORT']}")
        answers = await asyncio.gather(
            *(phone("POST", f"{addresses[number % 2]}{PURCHASES}", json=body) for number in range(50))
        )
        assert {answer.status_code for answer in answers} == {202}
    finally:
        second.terminate()
    await world.until_no_jobs()
    claims = await world.sql(
        "SELECT status, count(*) FROM purchase_claims WHERE user_id = $1 GROUP BY status", phone.user["id"]
    )
    assert [tuple(row) for row in claims] == [("accepted", 50)]
    assert len(await purchases_of(world, phone)) == 1
    assert await acknowledged(world) == 1
