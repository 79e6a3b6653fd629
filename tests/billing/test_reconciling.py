"""The stores are asked without being told to, and nothing that waits is forgotten: each case at both stores."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from domain.billing import alarms, reconciling
from domain.billing.asking import ask_sooner
from domain.billing.checking import next_check
from domain.billing.jobs import AskStore
from domain.kit.clock import clock, real_now
from domain.kit.database import current_transaction, execute, fetch, fetch_row, fetch_value, transaction
from domain.kit.outbox import enqueue
from tests.billing.conftest import Counter, hand_in
from tests.billing.play import Play, has_access
from tests.billing.reports import NOW, applied, report, subscription
from tests.billing.shop import MONTHLY, AppleShop, Bought

DAY = timedelta(days=1)


async def purchase() -> Any:
    return await fetch_row("SELECT * FROM purchases")


async def asks() -> int:
    count: int = await fetch_value("SELECT count(*) FROM jobs WHERE name = $1 AND state = 'live'", AskStore.name)
    return count


async def ask(purchase_id: UUID) -> None:
    async with transaction():
        await enqueue(AskStore(purchase_id=purchase_id))


async def happens(counter: Counter, body: dict[str, Any], google: str, apple: tuple[str, ...]) -> None:
    """At the store alone: its notification is lost."""
    if isinstance(counter.shop, Play):
        await counter.shop.happens(body["token"], google)
    else:
        bought = Bought(body["token"], await fetch_value("SELECT store_key FROM purchases WHERE store = 'app_store'"))
        await counter.shop.happens(bought, *apple)


# -- what is due ---------------------------------------------------------------------------------------------------


async def test_a_renewal_that_nobody_told_is_found(counter: Counter, person: Any, drain: Any, travel: Any) -> None:
    body = await counter.buy(person)
    await hand_in(person, body, drain)
    before = await purchase()
    assert await reconciling.ask_due() == 0, "nothing is due"
    await happens(counter, body, "RENEWED", ("DID_RENEW",))
    travel(days=32)
    assert await reconciling.ask_due() == 1
    assert ("billing.ask_store", "done") in await drain()
    after = await purchase()
    assert after["expires_at"] > before["expires_at"]
    assert after["check_at"] > clock.now()
    assert await fetch_value("SELECT cause FROM purchase_changes ORDER BY id DESC LIMIT 1") == "reconciliation"


@pytest.mark.parametrize("trouble", ["GRACE", "HOLD"])
async def test_a_payment_that_came_after_all_is_found(
    counter: Counter, person: Any, drain: Any, travel: Any, trouble: str
) -> None:
    body = await counter.buy(person)
    await hand_in(person, body, drain)
    fails = ("DID_FAIL_TO_RENEW", *(["GRACE_PERIOD"] if trouble == "GRACE" else []))
    await happens(counter, body, "IN_GRACE_PERIOD" if trouble == "GRACE" else "ON_HOLD", fails)
    await ask((await purchase())["id"])
    await drain()
    assert (await purchase())["state"] in ("grace", "on_hold", "billing_retry")
    await happens(counter, body, "RECOVERED", ("DID_RENEW", "BILLING_RECOVERY"))
    travel(days=17)
    assert await reconciling.ask_due() == 1
    await drain()
    assert (await purchase())["state"] == "active"
    assert await has_access(person)


async def test_many_clocks_ask_about_each_once(app: Any, drain: Any) -> None:
    for _ in range(30):
        await applied(report())
    await execute("UPDATE purchases SET check_at = $1", clock.now() - DAY)
    counts = await asyncio.gather(*(reconciling.ask_due() for _ in range(8)))
    assert sum(counts) == await asks() == 30
    assert await reconciling.ask_due() == 0


async def test_those_that_wait_longest_come_first_and_no_more_than_the_limit(app: Any) -> None:
    made = [await applied(report()) for _ in range(5)]
    for number, one in enumerate(made):
        await execute("UPDATE purchases SET check_at = $2 WHERE id = $1", one.purchase_id, clock.now() - number * DAY)
    assert await reconciling.ask_due(limit=2) == 2
    asked = {UUID(json.loads(row["args"])["purchase_id"]) for row in await fetch("SELECT args FROM jobs")}
    assert asked == {made[4].purchase_id, made[3].purchase_id}


async def test_a_store_that_is_away_holds_up_neither_the_queue_nor_the_other_store(app: Any) -> None:
    for _ in range(5):
        await applied(report())
        await applied(report(store="app_store", product_id=MONTHLY))
    await execute("UPDATE purchases SET check_at = $1", clock.now() - DAY)
    assert await reconciling.ask_due(limit=3) == 6
    assert await reconciling.ask_due(limit=3) == 0, "the stores have answered nothing yet"
    await execute(
        "DELETE FROM jobs USING purchases WHERE purchases.id = dedupe_key::uuid AND purchases.store = 'app_store'"
    )
    assert await reconciling.ask_due(limit=3) == 2
    due = await fetch("SELECT DISTINCT store FROM purchases WHERE check_at < $1", clock.now())
    assert [row["store"] for row in due] == ["google_play"]
    assert await fetch_value("SELECT count(*) FROM jobs WHERE queue = 'bulk'") == 5


async def test_a_clock_that_dies_has_asked_about_all_or_nothing(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await applied(report())
    await execute("UPDATE purchases SET check_at = $1", clock.now() - DAY)

    async def dies(job: Any) -> None:
        current_transaction()
        raise RuntimeError

    monkeypatch.setattr(reconciling, "enqueue", dies)
    with pytest.raises(RuntimeError):
        await reconciling.ask_due()
    monkeypatch.undo()
    assert await asks() == 0
    assert await reconciling.ask_due() == 1


async def test_a_job_that_is_lost_is_asked_for_again_within_hours(app: Any, travel: Any) -> None:
    await applied(report())
    await execute("UPDATE purchases SET check_at = $1", clock.now())
    assert await reconciling.ask_due() == 1
    await execute("DELETE FROM jobs")
    travel(hours=5)
    assert await reconciling.ask_due() == 0
    travel(hours=2)
    assert await reconciling.ask_due() == 1


async def test_a_job_that_gave_up_is_followed_by_another_before_long(
    counter: Counter, person: Any, drain: Any, travel: Any
) -> None:
    body = await counter.buy(person)
    await hand_in(person, body, drain)
    purchase_id = (await purchase())["id"]
    await counter.away()
    await ask(purchase_id)
    await execute("UPDATE jobs SET attempts = 11")
    assert await drain(allow=("dead",)) == [("billing.ask_store", "dead")]
    await counter.back()
    await happens(counter, body, "CANCELED", ("DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED"))
    travel(minutes=70)
    assert await reconciling.ask_due() == 1
    await drain()
    assert (await subscription(person))["will_renew"] is False


async def test_what_was_never_to_be_asked_again_is_if_somebody_wanted_to_know(app: Any) -> None:
    one = await applied(report())
    await execute("UPDATE purchases SET check_at = NULL")
    await ask_sooner(one.purchase_id)
    assert (await purchase())["check_at"] is not None


@pytest.mark.parametrize(
    ("state", "ended", "after"),
    [
        ("active", -30 * DAY, 7 * DAY), ("active", -DAY, DAY + timedelta(minutes=5)), ("active", DAY, DAY / 24),
        ("cancelled", -DAY, DAY + timedelta(minutes=5)), ("grace", -DAY, DAY + timedelta(minutes=5)),
        ("on_hold", 3 * DAY, DAY / 2), ("billing_retry", 3 * DAY, DAY / 2), ("pending", DAY, DAY / 2),
        ("expired", DAY, 7 * DAY), ("revoked", DAY, 7 * DAY), ("expired", 61 * DAY, None), ("paused", DAY, DAY / 2),
    ],
)  # fmt: skip
def test_when_a_store_is_asked_again(state: Any, ended: timedelta, after: timedelta | None) -> None:
    said = next_check(report(state=state, expires_at=NOW - ended), NOW)
    assert said == (None if after is None else NOW + after)


# -- what waits ----------------------------------------------------------------------------------------------------


async def test_a_claim_whose_job_died_is_decided_all_the_same(
    counter: Counter, person: Any, drain: Any, travel: Any
) -> None:
    made = await person.ok("POST", "/v1/billing/purchases", json=await counter.buy(person))
    await execute("UPDATE jobs SET state = 'dead', ended_at = now()")
    assert await reconciling.take_up_again() == 0, "its own job gets some minutes"
    travel(minutes=6)
    assert await asyncio.gather(*(reconciling.take_up_again() for _ in range(5)))
    assert await fetch_value("SELECT count(*) FROM jobs WHERE state = 'live'") == 1
    await drain()
    assert (await person.ok("GET", f"/v1/billing/purchases/{made['id']}"))["status"] == "accepted"
    assert await reconciling.take_up_again() == 0


@pytest.mark.parametrize("fate", ["dead", "lost"])
async def test_a_notification_whose_job_came_to_nothing_is_looked_into(
    counter: Counter, person: Any, drain: Any, travel: Any, fate: str
) -> None:
    body = await counter.buy(person)
    await hand_in(person, body, drain)
    if counter.store == "google_play":
        await counter.shop.happens(body["token"], "CANCELED", copies=1)
    else:
        bought = Bought(body["token"], (await purchase())["store_key"])
        assert isinstance(counter.shop, AppleShop)
        await counter.shop.bring(await counter.shop.happens(bought, "DID_CHANGE_RENEWAL_STATUS", "AUTO_RENEW_DISABLED"))
    await execute("UPDATE jobs SET state = 'dead', ended_at = now()" if fate == "dead" else "DELETE FROM jobs")
    assert (await subscription(person))["will_renew"] is True
    travel(minutes=6)
    assert await reconciling.take_up_again() == 1
    await drain()
    assert (await subscription(person))["will_renew"] is False


async def test_what_a_job_is_at_is_left_to_it(person: Any, travel: Any) -> None:
    """Asking anew would undo its back-off."""
    body = {"store": "google_play", "product_id": "kuitter_plus", "token": "t"}
    await person.ok("POST", "/v1/billing/purchases", json=body)
    await execute("UPDATE jobs SET run_at = now() + interval '1 hour', error_code = 'http_503'")
    travel(minutes=30)
    assert await reconciling.take_up_again() == 0
    assert await fetch_value("SELECT run_at > now() + interval '50 minutes' FROM jobs")


async def test_what_was_settled_is_forgotten_after_ninety_days(
    counter: Counter, person: Any, drain: Any, travel: Any
) -> None:
    body = await counter.buy(person)
    await hand_in(person, body, drain)
    if isinstance(counter.shop, AppleShop):
        bought = Bought(body["token"], (await purchase())["store_key"])
        await counter.shop.bring(await counter.shop.happens(bought, "DID_RENEW"))
    else:
        await counter.shop.happens(body["token"], "RENEWED", copies=1)
    await drain()
    waiting = (
        "INSERT INTO store_notifications VALUES (gen_random_uuid(), 'app_store', 'w', 'W', '', 'waiting', NULL, $1)"
    )
    await execute(waiting, clock.now())
    travel(days=89)
    assert await reconciling.forget_settled() == 0
    travel(days=2)
    assert await reconciling.forget_settled() == 2
    assert await fetch_value("SELECT count(*) FROM store_notifications") == 1
    assert await fetch_value("SELECT count(*) FROM purchase_claims") == 0
    assert (await purchase())["user_id"] is not None


# -- a store that does not know ------------------------------------------------------------------------------------


async def unknown(counter: Counter, purchase_id: UUID, drain: Any, status: int = 400) -> list[Any]:
    """The store does not know the purchase at its next question. Returns what was logged."""
    if counter.store == "google_play":
        await counter.shop.fails(status=status, times=1)
    else:
        body = {"errorCode": 4040010, "errorMessage": "Transaction id not found."}
        await counter.shop.fails(status=404, body=body, times=1)
    await ask(purchase_id)
    with capture_logs() as said:
        await drain()
    await counter.back()
    return [one for one in said if one["log_level"] == "error"]


@pytest.mark.parametrize("status", [400, 404, 410])
async def test_a_store_that_has_forgotten_takes_nothing_away_before_its_time(
    counter: Counter, person: Any, drain: Any, travel: Any, status: int
) -> None:
    body = await counter.buy(person)
    await hand_in(person, body, drain)
    before = await purchase()
    if counter.store == "google_play" and status == 404:
        await counter.shop.fails(status=404, body={"error": {"errors": [{"reason": "purchaseTokenNotFound"}]}}, times=1)
        await ask(before["id"])
        with capture_logs() as errors:
            await drain()
    else:
        errors = await unknown(counter, before["id"], drain, status)
    assert "billing.purchase_unknown_to_store" in [one["event"] for one in errors]
    assert before["store_key"] not in str(errors)
    after = await purchase()
    assert (after["state"], after["expires_at"], after["will_renew"]) == ("active", before["expires_at"], True)
    assert await has_access(person)
    # It was a mistake: the next answer counts.
    travel(days=1, minutes=6)
    assert await reconciling.ask_due() == 1
    await drain()
    assert (await purchase())["asked_at"] > before["asked_at"]


async def test_what_google_has_forgotten_after_its_time_has_ended(
    sandbox: Any, stranger: Any, person: Any, drain: Any, travel: Any
) -> None:
    counter = Counter("google_play", sandbox, stranger)
    await hand_in(person, await counter.buy(person), drain)
    travel(days=32)
    assert await unknown(counter, (await purchase())["id"], drain, 410) == []
    after = await purchase()
    assert (after["state"], after["will_renew"], after["check_at"]) == ("expired", False, None)
    assert not await has_access(person)


async def test_every_purchase_comes_to_an_end_though_its_store_never_knows_it_again(
    counter: Counter, person: Any, drain: Any, travel: Any
) -> None:
    await hand_in(person, await counter.buy(person), drain)
    purchase_id = (await purchase())["id"]
    travel(days=60)
    assert await unknown(counter, purchase_id, drain)
    assert not await has_access(person), "its day of patience is over"
    assert (await purchase())["check_at"] is not None
    travel(days=33)
    assert await unknown(counter, purchase_id, drain) == []
    after = await purchase()
    assert (after["state"], after["check_at"]) == ("expired", None)


# -- the two clocks ------------------------------------------------------------------------------------------------


async def test_months_ahead_the_order_of_questions_still_counts(
    counter: Counter, person: Any, drain: Any, travel: Any
) -> None:
    body = await counter.buy(person)
    await hand_in(person, body, drain)
    for _ in range(4):
        travel(days=31)
        await happens(counter, body, "RENEWED", ("DID_RENEW",))
        assert await reconciling.ask_due() == 1
        await drain()
        row = await purchase()
        assert row["expires_at"] > clock.now()
        assert abs((row["answered_at"] - clock.now()).total_seconds()) < 60
        assert abs((row["asked_at"] - real_now()).total_seconds()) < 60
        assert await has_access(person)


async def test_an_answer_that_was_overtaken_by_a_notification_changes_nothing(
    counter: Counter, person: Any, drain: Any, travel: Any
) -> None:
    from tasks.actor import bindings

    body = await counter.buy(person)
    await hand_in(person, body, drain)
    travel(days=100)
    purchase_id = (await purchase())["id"]
    await happens(counter, body, "RENEWED", ("DID_RENEW",))
    await ask(purchase_id)
    job = await fetch_value("SELECT id FROM jobs WHERE name = $1", AskStore.name)
    # The question is under way, and its answer takes its time.
    await counter.shop.fails(delay_ms=600, times=1)
    slow = asyncio.ensure_future(bindings[AskStore.name].run(str(job)))
    before = len(await counter.shop.asked())
    while len(await counter.shop.asked()) == before:
        await asyncio.sleep(0.02)
    await ask(purchase_id)
    await applied(report(
        store=counter.store, store_key=(await purchase())["store_key"], state="revoked",
        product_id=(await purchase())["product_id"], will_renew=False, asked_at=real_now(),
    ))  # fmt: skip
    assert await slow == "done"
    assert (await purchase())["state"] == "revoked"
    assert await asks() == 1, "it was asked for meanwhile, so it asks again"


# -- cost ----------------------------------------------------------------------------------------------------------

_CROWD = """
INSERT INTO purchases (id, store, environment, store_key, store_key_hash, product_id, plan, state, started_at,
    expires_at, will_renew, asked_at, answered_at, honoured, check_at, created_at, updated_at)
SELECT gen_random_uuid(), 'google_play', 'production', 'k' || n, sha256(('k' || n)::bytea), 'kuitter_plus', 'monthly',
    'active', $1, $1::timestamptz + interval '20 days', true, $1, $1, true,
    $1::timestamptz + make_interval(mins => n - 20), $1, $1
FROM generate_series(1, 100000) AS n"""
_JOBS = """
INSERT INTO jobs (id, name, args, queue, dedupe_key, run_at, sends, next_send_at)
SELECT gen_random_uuid(), $1, '{}', 'default', gen_random_uuid()::text, now() + interval '1 day', 0,
       now() + interval '1 day' FROM generate_series(1, 50000)"""
_WAITING = """
INSERT INTO store_notifications (id, store, notification_id, body, state, received_at, settled_at)
SELECT gen_random_uuid(), 'app_store', 'n' || n, '', CASE WHEN n <= 300 THEN 'waiting' ELSE 'applied' END,
       $1::timestamptz - interval '1 day', CASE WHEN n > 300 THEN $1::timestamptz END
FROM generate_series(1, 20000) AS n"""


@pytest.mark.slow
async def test_the_sweeps_read_only_what_is_due(app: Any) -> None:
    now = clock.now()
    await execute(_CROWD, now)
    for name in ("billing.notification", "billing.decide_claim", "billing.ask_store"):
        await execute(_JOBS, name)
    await execute(_WAITING, now)
    await execute("ANALYZE purchases; ANALYZE jobs; ANALYZE store_notifications")
    values = {"$1": f"'{now.isoformat()}'", "$3": "'google_play'", "$4": "100"}
    due = reconciling._DUE
    for name, value in values.items():
        due = due.replace(name, value)
    [plan] = json.loads(await fetch_value(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {due}"))
    assert "purchases_check" in str(plan)
    assert plan["Plan"]["Actual Rows"] == 20
    assert plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"] < 200
    loop = asyncio.get_running_loop()
    for work, found in (
        (reconciling.ask_due, 20), (reconciling.take_up_again, 300), (reconciling.take_up_again, 0), (alarms.look, None)
    ):  # fmt: skip
        began = loop.time()
        assert await work() == found
        print(f"{work.__name__}: {(loop.time() - began) * 1000:.0f} ms")
        assert loop.time() - began < 2
