"""Google is told of every purchase in time, and what it refunds all the same is heard of."""

import asyncio

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from domain.billing import acknowledging, google_play, voided
from domain.kit.database import execute, fetch_row, fetch_value
from tests.billing.play import Play, claim, has_access, retry_at_once, subscription

ACKNOWLEDGE = ":acknowledge"


@pytest.fixture
async def play(sandbox, stranger):
    yield Play(sandbox, stranger)
    # A breaker that a test has opened must not stop the next one.
    await google_play.close()


async def purchase():
    return await fetch_row("SELECT * FROM purchases")


async def test_a_purchase_is_acknowledged_once_it_gives_access(person, play, drain):
    await play.fails(status=503, match=ACKNOWLEDGE)
    token = await play.buy(person)
    body = {"store": "google_play", "product_id": "kuitter_plus", "token": token}
    await person.ok("POST", "/v1/billing/purchases", json=body)
    await drain(allow=("retry",))
    assert await has_access(person), "access does not wait for it"
    assert (await purchase())["acknowledged_at"] is None
    await play.works_again()
    await retry_at_once()
    done = await drain()
    assert ("billing.acknowledge", "done") in done
    assert (await purchase())["acknowledged_at"] is not None
    assert await acknowledging.acknowledge_late() == 0


async def test_renewals_and_repeats_acknowledge_nothing_again(person, play, drain):
    token = await play.buy(person)
    await claim(person, token, drain)
    for event in ("RENEWED", "CANCELED", "RESTARTED"):
        await play.happens(token, event, copies=1)
        await drain()
    await claim(person, token, drain)
    assert len(await play.asked(ACKNOWLEDGE)) == 1


@pytest.mark.parametrize("state", ["pending", "expired", "on_hold"])
async def test_what_gives_no_access_is_not_acknowledged(state, person, play, drain):
    await claim(person, await play.buy(person, state=state), drain)
    assert await play.asked(ACKNOWLEDGE) == []


async def test_a_purchase_of_nobody_is_acknowledged_with_its_claim(person, play, drain):
    token = await play.buy()
    await play.happens(token, "PURCHASED", copies=1)
    await drain()
    assert await play.asked(ACKNOWLEDGE) == []
    await claim(person, token, drain)
    assert len(await play.asked(ACKNOWLEDGE)) == 1


async def test_the_sweep_asks_again_for_those_whose_job_came_to_nothing(person, play, drain, travel):
    await play.fails(status=503, match=ACKNOWLEDGE)
    token = await play.buy(person)
    await person.ok(
        "POST", "/v1/billing/purchases", json={"store": "google_play", "product_id": "kuitter_plus", "token": token}
    )
    await drain(allow=("retry",))
    await execute("DELETE FROM jobs")
    assert await acknowledging.acknowledge_late() == 0, "its own job gets ten minutes"
    travel(hours=1)
    with capture_logs() as said:
        assert await asyncio.gather(*(acknowledging.acknowledge_late() for _ in range(5))) == [1] * 5
    assert said == [], "one hour is no reason for alarm"
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'billing.acknowledge'") == 1
    travel(hours=24)
    with capture_logs() as said:
        await acknowledging.acknowledge_late()
    assert [(one["event"], one["log_level"], one["purchases"]) for one in said] == [
        ("billing.unacknowledged", "error", 1)
    ]
    assert token not in str(said)
    assert REGISTRY.get_sample_value("kuitter_google_play_unacknowledged") == 1
    await play.works_again()
    await retry_at_once()
    await drain()
    await acknowledging.acknowledge_late()
    assert REGISTRY.get_sample_value("kuitter_google_play_unacknowledged") == 0
    assert len(await play.asked(ACKNOWLEDGE)) == 2


async def test_many_workers_acknowledge_once(person, play, drain):
    from tasks.actor import bindings

    await play.fails(delay_ms=100, match=ACKNOWLEDGE)
    token = await play.buy(person)
    await play.happens(token, "PURCHASED", copies=1)
    await bindings["billing.notification"].run(str(await fetch_value("SELECT id FROM jobs")))
    job_id = str(await fetch_value("SELECT id FROM jobs WHERE name = 'billing.acknowledge'"))
    outcomes = await asyncio.gather(*(bindings["billing.acknowledge"].run(job_id) for _ in range(20)))
    assert sorted(outcomes) == ["done"] + ["gone"] * 19
    assert len(await play.asked(ACKNOWLEDGE)) == 1


async def test_a_refused_acknowledgement_has_the_store_asked(person, play, drain):
    token = await play.buy(person)
    await play.fails(status=503, match=ACKNOWLEDGE)
    await person.ok(
        "POST", "/v1/billing/purchases", json={"store": "google_play", "product_id": "kuitter_plus", "token": token}
    )
    await drain(allow=("retry",))
    await play.works_again()
    await play.happens(token, "REVOKED")
    await retry_at_once()
    done = await drain()
    assert ("billing.ask_store", "done") in done
    assert not await has_access(person)
    assert await acknowledging.acknowledge_late() == 0


async def test_what_google_refunds_because_nobody_acknowledged_it_is_heard_of(person, play, drain, travel):
    token = await play.buy(person)
    await play.fails(status=503, match=ACKNOWLEDGE)
    await person.ok(
        "POST", "/v1/billing/purchases", json={"store": "google_play", "product_id": "kuitter_plus", "token": token}
    )
    await drain(allow=("retry",))
    await execute("DELETE FROM jobs")
    travel(days=4)
    await voided.ask_for_list()
    await drain()
    assert (await subscription(person))["state"] == "revoked"
    assert not await has_access(person)


async def test_a_refund_whose_notification_was_lost_is_found_in_the_list(sign_up, play, drain):
    people = [await sign_up() for _ in range(2)]
    tokens = [await play.buy(person) for person in people]
    for person, token in zip(people, tokens, strict=True):
        await claim(person, token, drain)
    await play.happens(tokens[0], "VOIDED")
    await play.happens(await play.buy(), "VOIDED")
    assert await has_access(people[0])
    await asyncio.gather(*(voided.ask_for_list() for _ in range(5)))
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'billing.read_voided'") == 1
    await drain()
    assert [(await subscription(person))["state"] for person in people] == ["revoked", "active"]
    assert await fetch_value("SELECT count(*) FROM store_notifications") == 1, "none for a purchase that we do not know"
    await voided.ask_for_list()
    assert [name for name, _ in await drain()] == ["billing.read_voided"]


async def test_the_list_is_read_page_by_page(sign_up, play, drain, monkeypatch):
    person = await sign_up()
    tokens = [await play.buy(person) for _ in range(3)]
    for token in tokens:
        await claim(person, token, drain)
        await play.happens(token, "VOIDED")
    # The list holds what other tests had refunded, too.
    monkeypatch.setattr(google_play, "_PAGE", max(1, len((await google_play.voided()).items) // 4))
    before = len(await play.asked("voidedpurchases"))
    await voided.ask_for_list()
    await drain()
    assert await fetch_value("SELECT count(*) FROM purchases WHERE state = 'revoked'") == 3
    assert len(await play.asked("voidedpurchases")) - before >= 3


async def test_the_list_is_read_later_while_the_store_is_down(person, play, drain):
    token = await play.buy(person)
    await claim(person, token, drain)
    await play.happens(token, "VOIDED")
    await play.fails(status=503)
    await voided.ask_for_list()
    assert await drain(allow=("retry",)) == [("billing.read_voided", "retry")]
    await play.works_again()
    await retry_at_once()
    await drain()
    assert (await subscription(person))["state"] == "revoked"
