"""Messages that are written ahead: nobody sees them before their time, and whatever happens until then, what goes out
is true, wanted, and one."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.anchor import daily, planning, sending
from domain.kit.clock import clock
from domain.kit.database import KuitterEngine, execute, fetch, fetch_value
from domain.leaving.columns import readable_tables
from tasks.actor import bindings
from tests.anchor.conftest import charges, run_job, until, window
from tests.anchor.days import NINE, SEVEN, change, curated_bodies, deliver, look, rows, somebody, today, write
from tests.conftest import PASSWORD

GOOD = "A window seat, a cup of tea, nothing to prove."
OTHER = "Your shoes know the way out of the house."
MINUTE = timedelta(minutes=1)


async def one_row():
    (row,) = await rows()
    return row


async def told() -> int:
    """How many daily messages are in the inbox; in the talk there must be as many."""
    count = await fetch_value("SELECT count(*) FROM notifications WHERE kind = 'anchor_daily'")
    assert await fetch_value("SELECT count(*) FROM anchor_messages") == count
    return count


async def test_written_before_the_provider_is_dear_and_sent_to_the_minute(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.says(GOOD)
    await write(drain)
    row = await one_row()
    assert (row["state"], row["source"], row["body"], row["due_at"]) == ("written", "model", GOOD, NINE)
    (charge,) = await charges(person)
    assert charge["state"] == "settled"
    await look(NINE - MINUTE)
    assert not await fetch("SELECT FROM jobs WHERE name LIKE 'anchor.%'")
    await deliver(drain)
    row = await one_row()
    assert (row["state"], row["body"], row["sent_at"], row["look_at"]) == ("sent", None, NINE, None)
    assert (await today(person))["message"]["body"] == GOOD
    assert await told() == 1
    assert len(await provider.requests()) == 1
    assert len(await charges(person)) == 1


async def test_nobody_sees_it_before_its_time(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.says(GOOD)
    await write(drain)
    assert await today(person, SEVEN) == {"message": None, "due_at": "2026-11-23T08:00:00Z"}
    with clock.frozen(SEVEN):
        assert (await person.ok("GET", "/v1/anchor/messages"))["items"] == []
        assert (await person.ok("GET", "/v1/notifications"))["items"] == []
        assert (await person.ok("GET", "/v1/me/dashboard"))["anchor_message"] is None
    for table in await readable_tables():
        assert GOOD not in str([dict(row) for row in await fetch(table.sql, UUID(person.user["id"]))]), table.name


@pytest.mark.parametrize("withdrawn", ["third_party_ai", "sensitive_data"])
async def test_a_consent_withdrawn_meanwhile(sign_up, provider, drain, withdrawn: str) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.says(GOOD)
    await write(drain)
    await person.ok("PUT", f"/v1/me/consents/{withdrawn}", json={"granted": False})
    await deliver(drain)
    assert (await today(person))["message"]["body"] in await curated_bodies()
    assert len(await provider.requests()) == 1
    assert GOOD not in str([dict(row) for row in await rows()])


async def test_a_consent_given_meanwhile(sign_up, provider, drain) -> None:
    person = await somebody(sign_up)
    await provider.says(GOOD)
    await write(drain)
    assert await provider.requests() == []
    await person.ok("PUT", "/v1/me/consents/third_party_ai", json={"granted": True})
    await deliver(drain)
    assert (await today(person))["message"]["body"] == GOOD


async def test_after_a_slip_nobody_hears_of_their_days(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai", started_on="2026-11-20")
    await provider.says("3 clean days, and each of them was yours.", OTHER)
    await write(drain)
    assert (await one_row())["body"].startswith("3 clean days")
    with clock.frozen(SEVEN + MINUTE):
        await person.ok("POST", "/v1/slips", json={})
    await deliver(drain)
    # There was time for a new one, made from what is so now.
    assert (await today(person))["message"]["body"] == OTHER
    prompt = str((await provider.requests())[-1]["body"]["messages"])
    assert '"last_slip_on":"2026-11-23"' in prompt.replace("\\", "")
    assert await told() == 1
    assert [charge["state"] for charge in await charges(person)] == ["settled", "settled"]


async def test_after_a_slip_with_the_provider_down(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai", started_on="2026-11-20")
    await provider.says("3 clean days, and each of them was yours.")
    await write(drain)
    with clock.frozen(SEVEN + MINUTE):
        await person.ok("POST", "/v1/slips", json={})
    await provider.fault(status=503)
    await deliver(drain)
    assert (await today(person))["message"]["body"] in await curated_bodies()


async def test_the_provider_down_from_writing_to_sending(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.fault(status=503)
    await write(drain)
    row = await one_row()
    assert (row["state"], row["writing_until"]) == ("planned", None)
    await deliver(drain)
    assert (await today(person))["message"]["body"] in await curated_bodies()
    # Once ahead, and once more at its time.
    assert [charge["state"] for charge in await charges(person)] == ["refunded", "refunded"]
    assert (await window(person, "month"))["reserved"] == 0


async def test_a_provider_that_is_back_by_then(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.fault(status=402)
    await write(drain)
    await provider.heal()
    await provider.says(GOOD)
    await deliver(drain)
    assert (await today(person))["message"]["body"] == GOOD


async def test_without_any_writer_a_prepared_text_comes_two_minutes_late(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")

    async def only_senders(at: datetime) -> None:
        await look(at)
        with clock.frozen(at):
            for row in await fetch("SELECT id FROM jobs WHERE name = 'anchor.send_daily'"):
                assert await bindings["anchor.send_daily"].run(str(row["id"])) == "done"

    for at in (SEVEN, NINE, NINE + MINUTE):
        await only_senders(at)
    assert (await one_row())["state"] == "planned"
    await only_senders(NINE + 2 * MINUTE)
    assert (await today(person))["message"]["body"] in await curated_bodies()
    # The writers are back, and find nothing left to do.
    with clock.frozen(NINE + 3 * MINUTE):
        await drain()
    assert await told() == 1
    assert await provider.requests() == []


async def test_lost_jobs_lose_no_message(sign_up, drain) -> None:
    person = await somebody(sign_up)
    for at in (SEVEN, NINE, NINE + 2 * MINUTE):
        await look(at)
        await execute("DELETE FROM jobs")
    await deliver(drain, NINE + 4 * MINUTE)
    assert (await today(person))["message"] is not None


async def test_fifty_senders_and_two_clocks(sign_up, provider, drain) -> None:
    people = [await somebody(sign_up, "third_party_ai") for _ in range(3)]
    await provider.says("One kind word.", "A second sort of word.", "The third thing to say.")
    await write(drain)
    ids = [row["id"] for row in await rows()]
    with clock.frozen(NINE):
        await asyncio.gather(*(sending.send_due() for _ in range(5)), *(sending.send_batch(ids) for _ in range(50)))
        await drain()
    assert {row["state"] for row in await rows()} == {"sent"}
    assert await told() == 3
    assert len(await provider.requests()) == 3
    for person in people:
        assert len(await charges(person)) == 1


@pytest.mark.parametrize("state", ["deleting", "suspended"])
async def test_who_is_gone_by_then_gets_none(sign_up, provider, drain, state: str) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.says(GOOD)
    await write(drain)
    if state == "deleting":
        with clock.frozen(SEVEN):
            await person.ok("DELETE", "/v1/me", json={"password": PASSWORD})
    else:
        await change(person, "state", state)
    await deliver(drain)
    row = await one_row()
    assert (row["state"], row["body"], row["look_at"]) == ("skipped", None, None)
    assert await told() == 0


async def test_a_person_who_is_removed_takes_it_along(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await write(drain)
    ids = [row["id"] for row in await rows()]
    with clock.frozen(NINE):
        removed = execute("DELETE FROM users WHERE id = $1", UUID(person.user["id"]))
        await asyncio.gather(removed, *(sending.send_batch(ids) for _ in range(10)))
    assert await rows() == []
    assert await told() == 0


async def test_forgetting_all_lets_go_of_what_is_written(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.says(GOOD, OTHER)
    await write(drain)
    await daily.forget_drafts(UUID(person.user["id"]))
    assert GOOD not in str([dict(row) for row in await rows()])
    await deliver(drain)
    assert (await today(person))["message"]["body"] == OTHER


async def test_forgetting_all_while_it_is_being_written(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.says(GOOD, OTHER)
    await provider.fault(delay_ms=400, times=1)
    await look(SEVEN)
    with clock.frozen(SEVEN):
        job = asyncio.create_task(run_job("anchor.daily"))
        await until(provider.requests)
        await daily.forget_drafts(UUID(person.user["id"]))
        assert await job == "done"
    assert (await one_row())["state"] == "planned"
    await deliver(drain)
    assert (await today(person))["message"]["body"] == OTHER


# Flights and other changes between writing and sending. $1 is what the person does at SEVEN, then when it comes.
@pytest.mark.parametrize(
    ("zone", "local_time", "comes_at", "day"),
    [
        ("Europe/London", None, NINE + timedelta(hours=1), "2026-11-23"),
        ("Asia/Tokyo", None, SEVEN + 5 * MINUTE, "2026-11-23"),
        ("America/New_York", None, datetime(2026, 11, 23, 14, tzinfo=UTC), "2026-11-23"),
        ("Pacific/Honolulu", None, datetime(2026, 11, 22, 19, tzinfo=UTC) + timedelta(days=1), "2026-11-23"),
        (None, "18:30", datetime(2026, 11, 23, 17, 30, tzinfo=UTC), "2026-11-23"),
        (None, "06:30", SEVEN + 5 * MINUTE, "2026-11-23"),
    ],
)
async def test_who_moves_between_writing_and_sending_gets_one(
    sign_up, provider, drain, zone: str | None, local_time: str | None, comes_at: datetime, day: str
) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await provider.says(GOOD, OTHER, "Rain stops without anybody pushing it.")
    await write(drain)
    with clock.frozen(SEVEN + 5 * MINUTE):
        if zone:
            await person.ok("PATCH", "/v1/me", json={"timezone": zone})
        else:
            await person.ok("PATCH", "/v1/me/preferences", json={"daily_message_time": local_time})
    sent_at = []
    at = SEVEN + 5 * MINUTE
    while at <= SEVEN + timedelta(hours=22):
        await deliver(drain, at)
        sent_at = [row["sent_at"] for row in await rows() if row["state"] == "sent" and str(row["local_date"]) == day]
        if sent_at:
            break
        at += 5 * MINUTE
    assert sent_at == [comes_at]
    assert len({row["local_date"] for row in await rows()}) == len(await rows())


async def test_between_the_change_and_the_clocks_look_nothing_goes_out(sign_up, drain) -> None:
    person = await somebody(sign_up)
    await look(SEVEN)
    with clock.frozen(NINE):
        await person.ok("PATCH", "/v1/me", json={"timezone": "Europe/London"})
        await sending.send_batch([row["id"] for row in await rows()])
        assert (await one_row())["state"] == "planned"
        await planning.plan_daily()
    assert (await one_row())["due_at"] == NINE + timedelta(hours=1)


async def test_a_day_that_ended_before_it_could_be_sent(sign_up, provider, drain) -> None:
    await somebody(sign_up, "third_party_ai")
    await write(drain)
    await deliver(drain, NINE + timedelta(hours=15))
    assert (await one_row())["state"] == "skipped"
    assert await told() == 0


async def test_a_batch_takes_few_round_trips(sign_up, drain, monkeypatch) -> None:
    for _ in range(12):
        await somebody(sign_up)
    await look(SEVEN)
    await look(NINE)
    asked = []
    run = KuitterEngine.run

    async def counted(self, method, sql, args):
        asked.append(sql)
        return await run(self, method, sql, args)

    monkeypatch.setattr(KuitterEngine, "run", counted)
    with clock.frozen(NINE):
        assert await run_job("anchor.send_daily") == "done"
    assert {row["state"] for row in await rows()} == {"sent"}
    assert len(asked) < 20, asked
