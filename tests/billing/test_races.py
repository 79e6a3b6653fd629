"""Many at once: claims, restores, notifications, the reconciliation, acknowledgements, and people who leave."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from domain.billing import acknowledging, google_play, reconciling
from domain.kit.database import execute, fetch, fetch_row, fetch_value
from tasks import actors  # noqa: F401  binds every actor
from tasks.actor import bindings
from tests.billing.conftest import Counter, hand_in
from tests.billing.play import Play
from tests.billing.reports import id_of, plan
from tests.leaving.conftest import delete_me

CLAIM, RESTORE = "/v1/billing/purchases", "/v1/billing/restore"


async def all_at_once(at_once: int = 2) -> set[str]:
    """Run every job of billing that is due at the same time as the others, each in as many workers as `at_once`, until
    none is left; returns how they ended."""
    ends: set[str] = set()
    while jobs := await fetch("SELECT id, name FROM jobs WHERE name LIKE 'billing.%' AND run_at <= now()"):
        runs = [bindings[job["name"]].run(str(job["id"])) for job in jobs for _ in range(at_once)]
        ends.update(await asyncio.gather(*runs))
    return ends


async def decisions() -> dict[tuple[str, str | None], int]:
    rows = await fetch("SELECT status, code, count(*) FROM purchase_claims GROUP BY 1, 2")
    return {(row["status"], row["code"]): row["count"] for row in rows}


async def test_fifty_claims_of_one_token_by_one_person(counter: Counter, person: Any) -> None:
    body = await counter.buy(person)
    await asyncio.gather(*(person.ok("POST", CLAIM, json=body) for _ in range(50)))
    assert await all_at_once(1) == {"done"}
    assert await decisions() == {("accepted", None): 50}
    [purchase] = await fetch("SELECT id, user_id FROM purchases")
    assert purchase["user_id"] == id_of(person)
    assert await fetch_value("SELECT count(*) FROM purchase_changes") == 1
    assert await plan(person) == "subscriber"


async def test_one_token_claimed_by_25_people_is_one_persons(counter: Counter, sign_up: Any) -> None:
    people = [await sign_up() for _ in range(25)]
    body = await counter.buy()
    await asyncio.gather(*(one.ok("POST", CLAIM, json=body) for one in people for _ in range(2)))
    assert await all_at_once(1) == {"done"}
    assert await decisions() == {("accepted", None): 2, ("rejected", "purchase_owned_by_other"): 48}
    [purchase] = await fetch("SELECT id, user_id FROM purchases")
    accepted = await fetch("SELECT DISTINCT user_id, purchase_id FROM purchase_claims WHERE status = 'accepted'")
    assert [tuple(row) for row in accepted] == [(purchase["user_id"], purchase["id"])]
    plans = [await plan(one) for one in people]
    assert sorted(plans) == ["free"] * 24 + ["subscriber"]
    assert id_of(people[plans.index("subscriber")]) == purchase["user_id"]


async def test_fifty_restores_by_two_people_move_it_at_most_twice(counter: Counter, sign_up: Any, drain: Any) -> None:
    buyer, one, two = [await sign_up() for _ in range(3)]
    body = await counter.buy(buyer)
    await hand_in(buyer, body, drain)
    await execute("DELETE FROM purchase_claims")
    asked = {**body, "confirm": True}
    await asyncio.gather(*(who.ok("POST", RESTORE, json=asked) for who in (one, two) for _ in range(25)))
    assert await all_at_once(1) == {"done"}
    moves = await fetch("SELECT from_id, to_id FROM purchase_transfers ORDER BY id")
    assert 1 <= len(moves) <= 2
    owner = await fetch_value("SELECT user_id FROM purchases")
    # A chain without a gap, from the one who bought it to the one who has it.
    chain = [id_of(buyer), *(move["to_id"] for move in moves)]
    assert [move["from_id"] for move in moves] == chain[:-1]
    assert owner == chain[-1]
    assert await fetch_value("SELECT count(*) FROM purchases") == 1
    assert set(await decisions()) <= {("accepted", None), ("rejected", "transfer_limit")}
    for who in (buyer, one, two):
        assert await plan(who) == ("subscriber" if id_of(who) == owner else "free")
    # Whoever lost it was told, once for each time.
    assert await fetch_value("SELECT count(*) FROM notifications") == len(moves)


async def test_claim_notification_reconciliation_and_acknowledgement_at_once(
    sandbox: Any, stranger: Any, person: Any, drain: Any
) -> None:
    play = Play(sandbox, stranger)
    token = await play.buy(person)
    body = {"store": "google_play", "product_id": "kuitter_plus", "token": token}
    # Known before, so that there is a row to be reconciled; not acknowledged.
    await hand_in(person, body, drain)
    await execute("UPDATE purchases SET acknowledged_at = NULL, needs_acknowledgement = true, check_at = created_at")
    pushes = [await play.happens(token, event) for event in ("RENEWED", "CANCELED", "RESTARTED", "RENEWED", "CANCELED")]
    await asyncio.gather(
        *(person.ok("POST", CLAIM, json=body) for _ in range(5)),
        *(play.bring(push) for push in pushes * 2),
        *(reconciling.ask_due() for _ in range(3)),
        *(acknowledging.acknowledge_late() for _ in range(2)),
    )
    assert await all_at_once(2) <= {"done", "gone", "again", "skipped", "busy"}
    [row] = await fetch("SELECT * FROM purchases")
    assert (row["state"], row["will_renew"], row["user_id"]) == ("cancelled", False, id_of(person))
    assert await decisions() == {("accepted", None): 6}
    assert await fetch_value("SELECT count(*) FROM store_notifications WHERE state <> 'applied'") == 0
    last = await fetch_row("SELECT * FROM purchase_changes ORDER BY id DESC")
    assert last is not None
    assert (last["state"], last["expires_at"]) == (row["state"], row["expires_at"])
    assert await plan(person) == "subscriber"
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name LIKE 'billing.%'") == 0


async def test_an_account_that_is_deleted_while_its_claim_is_decided(
    counter: Counter, sign_up: Any, drain: Any
) -> None:
    """Whichever comes first: the purchase is nobody else's, and a new account can have it."""
    old, new = await sign_up(), await sign_up()
    body = await counter.buy(old)
    await asyncio.gather(*(old.ok("POST", CLAIM, json=body) for _ in range(5)))
    ended, left = await asyncio.gather(all_at_once(1), delete_me(old))
    assert left.status_code == 200
    assert ended == {"done"}
    assert await fetch_value("SELECT count(*) FROM purchase_claims WHERE status = 'pending'") == 0
    assert (await hand_in(new, body, drain))["status"] == "accepted"
    [purchase] = await fetch("SELECT user_id FROM purchases")
    assert purchase["user_id"] == id_of(new)
    assert await plan(new) == "subscriber"
    assert await fetch_value("SELECT count(*) FROM purchase_transfers") == 0


async def test_an_account_that_is_gone_before_the_store_has_answered(
    sandbox: Any, stranger: Any, sign_up: Any, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = await sign_up(), await sign_up()
    counter = Counter("google_play", sandbox, stranger)
    body = await counter.buy(old)
    await old.ok("POST", CLAIM, json=body)
    ask = google_play.ask

    async def slowly(token: str) -> Any:
        answer = await ask(token)
        await execute("DELETE FROM users WHERE id = $1", id_of(old))
        return answer

    with monkeypatch.context() as patched:
        patched.setattr(google_play, "ask", slowly)
        await all_at_once(1)
    await execute("UPDATE jobs SET run_at = now()")
    await drain()
    assert await fetch_value("SELECT count(*) FROM jobs") == 0
    assert await fetch_value("SELECT count(*) FROM purchases WHERE user_id IS NOT NULL") == 0
    assert (await hand_in(new, body, drain))["status"] == "accepted"
    assert await plan(new) == "subscriber"


async def test_a_purchase_with_prefer_wait_unlocks_anchor_in_one_call(
    counter: Counter, person: Any, drain: Any
) -> None:
    before = await person.ok("GET", "/v1/anchor/quota")
    body = await counter.buy(person)
    call = asyncio.create_task(person("POST", CLAIM, json=body, headers={"Prefer": "wait=10"}))
    while not await fetch_value("SELECT count(*) FROM purchase_claims"):
        await asyncio.sleep(0.01)
    await drain()
    answer = await call
    assert (answer.status_code, answer.json()["status"]) == (201, "accepted")
    assert answer.json()["subscription"]["has_access"] is True
    after = await person.ok("GET", "/v1/anchor/quota")
    assert (before["plan"], after["plan"]) == ("free", "subscriber")
    assert after["day"]["limit"] > before["day"]["limit"]
