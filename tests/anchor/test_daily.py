"""The daily message: everybody gets one, it is true, and without the consent nothing leaves for it."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.anchor import daily, drafting, sending, writing
from domain.anchor.again import TryAgain
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, fetch_value
from tests.anchor.conftest import charges, run_job, until, window
from tests.anchor.days import NINE, change, curated_bodies, deliver, plan, rows, somebody, today

TEXTS = [
    "A window seat, a cup of tea, nothing to prove.", "Your shoes know the way out of the house.",
    "What would a kind neighbour say to you now?", "Rain stops without anybody pushing it.",
    "Call the friend whose jokes are bad.", "Hands in flour, mind at rest.", "An honest line in a notebook.",
]  # fmt: skip


async def test_without_the_consent_a_prepared_text_comes_and_nothing_leaves(sign_up, provider, drain) -> None:
    person = await somebody(sign_up)
    await deliver(drain)
    assert await provider.requests() == []
    shown = await today(person)
    assert shown["message"]["body"] in await curated_bodies()
    assert shown["message"]["sent_at"] == "2026-11-23T08:00:00Z"
    (row,) = await rows()
    assert (row["state"], row["source"]) == ("sent", "curated")
    assert row["prompt_id"] is not None
    assert await charges(person) == []


async def test_with_the_consent_the_model_writes(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.says("A window seat, a cup of tea, nothing to prove. Ten minutes are enough.")
    await deliver(drain)
    shown = await today(person)
    assert shown["message"]["body"] == "A window seat, a cup of tea, nothing to prove. Ten minutes are enough."
    (request,) = await provider.requests()
    prompt = [message["content"] for message in request["body"]["messages"]]
    assert prompt[1].startswith("The angle of today")
    assert prompt[-1].startswith("Write the message for today.")
    (row,) = await rows()
    assert (row["state"], row["source"]) == ("sent", "model")
    assert len(row["snapshot_hash"]) == 32
    (charge,) = await charges(person)
    assert (charge["purpose"], charge["state"], charge["counted"]) == ("daily", "settled", False)
    month = await window(person, "month")
    assert (month["replies"], month["reserved"], month["cost"]) == (0, 0, charge["cost"])


async def test_it_is_told_in_the_inbox_and_begins_the_talk(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.says("A quiet word.", "Yes?")
    await deliver(drain)
    (entry,) = (await person.ok("GET", "/v1/notifications"))["items"]
    assert (entry["kind"], entry["title"], entry["body"]) == ("anchor_daily", "Anchor", "A quiet word.")
    stored = await fetch_row("SELECT * FROM notifications")
    assert stored["discreet_body"] == "Anchor has a note for you"
    assert stored["expires_at"] == datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
    with clock.frozen(NINE):
        home = await person.ok("GET", "/v1/me/dashboard")
    assert home["anchor_message"]["body"] == "A quiet word."
    with clock.frozen(NINE + timedelta(minutes=5)):
        await person.ok("POST", "/v1/anchor/messages", json={"body": "What do you mean?"})
        await drain()
    talk = [message["content"] for message in (await provider.requests())[-1]["body"]["messages"]]
    assert talk[-2:] == ["A quiet word.", "What do you mean?"]


async def test_fifty_writers_and_senders_at_once_send_one(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.says(*[f"Word {word}." for word in "abcdefghij"])
    await plan()
    (row,) = await rows()
    with clock.frozen(NINE):
        work = (writing.write_batch, sending.send_batch)
        outcomes = await asyncio.gather(*(work[n % 2]([row["id"]]) for n in range(50)), return_exceptions=True)
        await drain()
    # Whoever comes while one of them asks the model is told to come again.
    assert {type(one) for one in outcomes} <= {type(None), TryAgain}
    assert await fetch_value("SELECT count(*) FROM anchor_messages") == 1
    assert await fetch_value("SELECT count(*) FROM notifications") == 1
    assert len(await provider.requests()) == 1
    (charge,) = await charges(person)
    month = await window(person, "month")
    assert (charge["state"], month["reserved"], month["cost"]) == ("settled", 0, charge["cost"])


@pytest.mark.parametrize(
    "fault",
    [{"status": 402}, {"status": 429}, {"status": 503}, {"drop": True}, {"truncate_after": 2},
     {"truncate_after": 1, "status": 500}],
    ids=str,
)  # fmt: skip
async def test_with_the_provider_down_a_prepared_text_comes(sign_up, provider, drain, fault) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.fault(**fault)
    await deliver(drain)
    assert (await today(person))["message"]["body"] in await curated_bodies()
    (row,) = await rows()
    assert row["source"] == "curated"
    (charge,) = await charges(person)
    assert charge["state"] == "refunded"
    assert (charge["cost"] > 0) == ("truncate_after" in fault or "drop" in fault)
    assert (await window(person, "month"))["reserved"] == 0


async def test_a_provider_that_is_too_slow(sign_up, provider, drain, monkeypatch) -> None:
    monkeypatch.setattr(drafting, "_MODEL_SECONDS", 0.3)
    person = await somebody(sign_up, "third_party_ai")
    await provider.fault(delay_ms=5000)
    await deliver(drain)
    assert (await today(person))["message"]["body"] in await curated_bodies()


async def test_a_true_number_is_sent(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai", started_on="2026-11-20")
    await provider.says("3 clean days, and each of them was yours.")
    await deliver(drain)
    assert (await today(person))["message"]["body"].startswith("3 clean days")


async def test_no_money_left_brings_a_prepared_text(sign_up, provider, drain, configure) -> None:
    person = await somebody(sign_up, "third_party_ai")
    configure(ANCHOR_LIMITS_FREE="3/30/100")
    await deliver(drain)
    assert (await today(person))["message"]["body"] in await curated_bodies()
    assert await provider.requests() == []
    assert await charges(person) == []


async def test_the_apps_breaker_brings_a_prepared_text(sign_up, provider, drain, configure) -> None:
    person = await somebody(sign_up, "third_party_ai")
    configure(ANCHOR_SPEND_PER_DAY="1")
    await deliver(drain)
    assert (await today(person))["message"]["body"] in await curated_bodies()
    assert await provider.requests() == []


async def asked_twice(provider) -> bool:
    return len(await provider.requests()) == 2


@pytest.mark.parametrize("how_often", [1, 2])
async def test_what_changes_while_the_model_writes_is_not_said(sign_up, provider, drain, how_often) -> None:
    person = await somebody(sign_up, "third_party_ai", started_on="2026-11-20")
    await provider.says("3 clean days, and each of them was yours.")
    await provider.fault(delay_ms=600)
    await plan()
    with clock.frozen(NINE):
        job = asyncio.create_task(run_job("anchor.daily"))
        await until(provider.requests)
        await execute("UPDATE attempts SET started_on = '2026-11-23'")
        assert await job == "done"
        assert (await today(person))["message"] is None
        # It is written once more; what changes then, too, makes it a prepared text.
        if how_often == 2:
            job = asyncio.create_task(run_job("anchor.daily"))
            await until(lambda: asked_twice(provider))
            await execute("UPDATE attempts SET started_on = '2026-11-22'")
            assert await job == "done"
        else:
            await drain()
    body = (await today(person))["message"]["body"]
    assert "3 clean days" not in body
    assert (body in await curated_bodies()) == (how_often == 2)
    assert len(await provider.requests()) == 2


async def test_a_consent_withdrawn_while_the_model_writes(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.says("A quiet word.")
    await provider.fault(delay_ms=600)
    await plan()
    with clock.frozen(NINE):
        job = asyncio.create_task(run_job("anchor.daily"))
        await until(provider.requests)
        await person.ok("PUT", "/v1/me/consents/third_party_ai", json={"granted": False})
        assert await job == "done"
    assert (await today(person))["message"]["body"] in await curated_bodies()


async def test_people_who_are_gone_get_none(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await plan()
    await change(person, "state", "suspended")
    with clock.frozen(NINE):
        await drain()
    (row,) = await rows()
    assert row["state"] == "skipped"
    assert await provider.requests() == []


async def test_one_persons_failure_is_theirs_alone(sign_up, provider, drain, monkeypatch) -> None:
    people = [await somebody(sign_up) for _ in range(4)]
    unlucky = UUID(people[1].user["id"])
    send = daily.send

    async def fail_for_one(outgoing, now):
        if unlucky in {each.waiting.user_id for each in outgoing}:
            raise RuntimeError("no luck")
        await send(outgoing, now)

    await plan()
    with clock.frozen(NINE):
        with monkeypatch.context() as patched:
            patched.setattr(daily, "send", fail_for_one)
            assert await run_job("anchor.daily") == "retry"
        states = {row["user_id"]: row["state"] for row in await rows()}
        assert states.pop(unlucky) == "planned"
        assert set(states.values()) == {"sent"}
        await execute("UPDATE jobs SET run_at = now() WHERE name = 'anchor.daily'")
        assert await run_job("anchor.daily") == "done"
    assert {row["state"] for row in await rows()} == {"sent"}
    assert await fetch_value("SELECT count(*) FROM anchor_messages") == 4


async def test_a_message_that_could_not_be_sent_is_paid_all_the_same(sign_up, provider, monkeypatch) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.says("A quiet word.", "Another quiet word.")
    await plan()

    async def fail(*args, **fields):
        raise RuntimeError("no luck")

    with clock.frozen(NINE):
        with monkeypatch.context() as patched:
            patched.setattr(daily, "send", fail)
            assert await run_job("anchor.daily") == "retry"
        (lost,) = await charges(person)
        assert (lost["state"], lost["cost"] > 0) == ("refunded", True)
        await execute("UPDATE jobs SET run_at = now() WHERE name = 'anchor.daily'")
        assert await run_job("anchor.daily") == "done"
    ledger = await charges(person)
    assert [charge["state"] for charge in ledger] == ["refunded", "settled"]
    month = await window(person, "month")
    assert (month["reserved"], month["cost"]) == (0, sum(charge["cost"] for charge in ledger))


async def test_a_batch_that_was_interrupted_goes_on_where_it_stopped(sign_up, provider) -> None:
    for _ in range(5):
        await somebody(sign_up)
    await plan()
    ids = [row["id"] for row in await rows()]
    with clock.frozen(NINE):
        await writing.write_batch(ids[:2])
        before = {row["id"]: row["message_id"] for row in await rows()}
        await writing.write_batch(ids)
    after = {row["id"]: row["message_id"] for row in await rows()}
    assert {key: after[key] for key in ids[:2]} == {key: before[key] for key in ids[:2]}
    assert None not in after.values()


async def test_a_week_brings_seven_different_texts(sign_up, drain, sandbox) -> None:
    person = await somebody(sign_up)
    bodies = []
    for day in range(7):
        at = NINE + timedelta(days=day)
        await deliver(drain, at)
        bodies.append((await today(person, at))["message"]["body"])
    assert len(set(bodies)) == 7


async def test_a_week_of_the_model_has_seven_angles(sign_up, drain, provider) -> None:
    await somebody(sign_up, "third_party_ai")
    await provider.says(*TEXTS)
    for day in range(7):
        await deliver(drain, NINE + timedelta(days=day))
    sent = await rows()
    assert {row["source"] for row in sent} == {"model"}
    assert len({row["prompt_id"] for row in sent}) == 7
    # The texts of the days before go along, so that they are not said again.
    last = (await provider.requests())[-1]["body"]["messages"][-1]["content"]
    assert all(text in last for text in TEXTS[:6])


async def test_before_its_time_there_is_none(sign_up, drain, sandbox) -> None:
    person = await somebody(sign_up)
    await deliver(drain)
    assert (await today(person, NINE + timedelta(hours=14)))["message"] is not None
    assert await today(person, NINE + timedelta(hours=16)) == {"message": None, "due_at": "2026-11-24T08:00:00Z"}


async def test_nothing_planned_is_nothing_to_do(app) -> None:
    await writing.write_batch([UUID(int=1)])
