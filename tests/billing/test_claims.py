"""Handing a purchase in: what it is worth, whose it is, and a store that is away. Each case at both stores."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.billing.claims import decide_later
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from tests.billing.conftest import Counter, hand_in
from tests.billing.reports import id_of, plan, subscription

PATH = "/v1/billing/purchases"


async def test_a_purchase_unlocks(counter: Counter, person: Any, drain: Any) -> None:
    made = await person("POST", PATH, json=await counter.buy(person))
    assert made.status_code == 202
    assert made.json()["status"] == "pending"
    assert made.headers["Location"] == f"{PATH}/{made.json()['id']}"
    await drain()
    claim = await person.ok("GET", made.headers["Location"])
    assert (claim["status"], claim["code"]) == ("accepted", None)
    seen = claim["subscription"]
    assert (seen["state"], seen["plan"], seen["store"]) == ("active", "monthly", counter.store)
    assert (seen["will_renew"], seen["in_grace"], seen["warning"]) == (True, False, None)
    assert seen["management_url"].startswith("https://")
    assert seen == await subscription(person)
    assert await plan(person) == "subscriber"
    # What the app handed in is not kept.
    assert await fetch_value("SELECT count(*) FROM purchase_claims WHERE token IS NOT NULL") == 0


async def test_prefer_wait_unlocks_in_one_call(counter: Counter, person: Any, drain: Any) -> None:
    body = await counter.buy(person)
    call = asyncio.create_task(person("POST", PATH, json=body, headers={"Prefer": "wait=10"}))
    while not await fetch_value("SELECT count(*) FROM purchase_claims"):
        await asyncio.sleep(0.01)
    await drain()
    answer = await call
    assert (answer.status_code, answer.json()["status"]) == (201, "accepted")
    assert answer.json()["subscription"]["state"] == "active"


async def test_what_no_store_made_is_rejected(counter: Counter, person: Any, drain: Any) -> None:
    claim = await hand_in(person, {**await counter.buy(person), "token": "made-up"}, drain)
    assert (claim["status"], claim["code"]) == ("rejected", "purchase_invalid")
    assert claim["subscription"]["state"] == "none"
    assert await fetch_value("SELECT count(*) FROM purchases") == 0


@pytest.mark.parametrize(
    "change",
    [
        {"token": ""}, {"token": "a b"}, {"token": "ä"}, {"token": "x" * 16_385}, {"token": "a\x00b"},
        {"store": "huawei"}, {"product_id": "a b"}, {"extra": 1}, {"token": None},
    ],
)  # fmt: skip
async def test_what_is_no_purchase_is_refused(person: Any, change: dict[str, Any]) -> None:
    body = {"store": "google_play", "product_id": "kuitter_plus", "token": "t", **change}
    answer = await person("POST", PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


async def test_one_token_fifty_times_at_once_is_one_purchase(counter: Counter, person: Any, drain: Any) -> None:
    from tasks.actor import bindings

    body = await counter.buy(person)
    made = await asyncio.gather(*(person("POST", PATH, json=body) for _ in range(50)))
    assert {answer.status_code for answer in made} == {202}
    jobs = await fetch("SELECT id FROM jobs WHERE name = 'billing.decide_claim'")
    assert len(jobs) == 50
    # Each job really at the same time as the others, not one after the other as drain does it.
    ended = await asyncio.gather(*(bindings["billing.decide_claim"].run(str(job["id"])) for job in jobs))
    assert set(ended) == {"done"}
    await drain()
    [purchase] = await fetch("SELECT id, user_id FROM purchases")
    assert purchase["user_id"] == id_of(person)
    claims = await fetch("SELECT DISTINCT status, code, purchase_id FROM purchase_claims")
    assert [tuple(claim) for claim in claims] == [("accepted", None, purchase["id"])]


async def test_two_people_with_one_token_at_once_only_one_has_it(counter: Counter, sign_up: Any, drain: Any) -> None:
    people = [await sign_up(), await sign_up()]
    body = await counter.buy()
    await asyncio.gather(*(one.ok("POST", PATH, json=body) for one in people for _ in range(3)))
    from tasks.actor import bindings

    jobs = await fetch("SELECT id FROM jobs WHERE name = 'billing.decide_claim'")
    await asyncio.gather(*(bindings["billing.decide_claim"].run(str(job["id"])) for job in jobs))
    await drain()
    claims = [tuple(row) for row in await fetch("SELECT DISTINCT user_id, status, code FROM purchase_claims")]
    owner = await fetch_value("SELECT user_id FROM purchases")
    assert len(claims) == 2
    assert (owner, "accepted", None) in claims
    assert {(status, code) for user, status, code in claims if user != owner} == {
        ("rejected", "purchase_owned_by_other")
    }
    assert sorted([await plan(one) for one in people]) == ["free", "subscriber"]


async def test_a_purchase_that_names_another_account_is_theirs(counter: Counter, sign_up: Any, drain: Any) -> None:
    owner, other = await sign_up(), await sign_up()
    body = await counter.buy(owner)
    claim = await hand_in(other, body, drain)
    assert (claim["status"], claim["code"]) == ("rejected", "purchase_owned_by_other")
    assert (await plan(other), await plan(owner)) == ("free", "subscriber")
    assert (await hand_in(owner, body, drain))["status"] == "accepted"


async def test_while_the_store_is_away_it_waits_and_is_decided_later(counter: Counter, person: Any, drain: Any) -> None:
    body = await counter.buy(person)
    await counter.away()
    claim = await hand_in(person, body, drain, allow=("retry",))
    if counter.store == "app_store":
        # What Apple has signed stands for itself, and is asked about when Apple is back.
        assert claim["status"] == "accepted"
        assert await plan(person) == "subscriber"
    else:
        assert claim["status"] == "pending"
    await counter.back()
    await execute("UPDATE jobs SET run_at = now()")
    await drain()
    assert (await person.ok("GET", f"{PATH}/{claim['id']}"))["status"] == "accepted"
    assert await plan(person) == "subscriber"


async def test_a_claim_that_no_job_is_about_to_decide_is_asked_for_again(
    counter: Counter, person: Any, drain: Any
) -> None:
    made = await person.ok("POST", PATH, json=await counter.buy(person))
    assert await decide_later(clock.now() + timedelta(hours=1)) == 0
    await execute("DELETE FROM jobs")
    assert await decide_later(clock.now() - timedelta(hours=1)) == 0
    assert await decide_later(clock.now() + timedelta(hours=1)) == 1
    await drain()
    assert (await person.ok("GET", f"{PATH}/{made['id']}"))["status"] == "accepted"


async def test_the_same_key_is_the_same_claim(person: Any) -> None:
    body = {"store": "google_play", "product_id": "kuitter_plus", "token": "t"}
    headers = {"Idempotency-Key": "one"}
    first, second = [await person.ok("POST", PATH, json=body, headers=headers) for _ in range(2)]
    assert first["id"] == second["id"]
    other = await person("POST", PATH, json={**body, "token": "u"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


async def test_a_sandbox_purchase_counts_for_those_who_are_named(
    sandbox: Any, stranger: Any, sign_up: Any, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewer, other = await sign_up(), await sign_up()
    await execute("UPDATE users SET email_verified_at = now()")
    fake = type("Chosen", (), {"sandbox_purchasers": (reviewer.user["email"],)})
    monkeypatch.setattr("domain.billing.entitlement.settings", lambda: fake)
    for store, order in (("app_store", {"environment": "Sandbox"}), ("google_play", {"is_test": True})):
        counter = Counter(store, sandbox, stranger)
        assert (await hand_in(reviewer, await counter.buy(reviewer, **order), drain))["status"] == "accepted"
        refused = await hand_in(other, await counter.buy(other, **order), drain)
        assert (refused["status"], refused["code"]) == ("rejected", "purchase_invalid")
    assert (await plan(reviewer), await plan(other)) == ("subscriber", "free")
    assert (await subscription(other))["state"] == "none"
