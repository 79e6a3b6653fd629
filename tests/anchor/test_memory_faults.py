"""What goes wrong while something is being remembered: nothing is lost, doubled, or paid twice."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import pytest

from domain.anchor import ledger
from domain.anchor.memories import due, material, own, reading
from domain.anchor.memories.extraction import Unreadable, facts_in
from domain.anchor.quota import reserve
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value, transaction
from domain.kit.ids import new_id
from domain.kit.pagination import ABOVE_ALL_IDS
from tasks.actor import end_exhausted
from tests.anchor.conftest import Provider, charges, job_of, run_job, until, window
from tests.anchor.remembering import (
    NIGHTS,
    asked_about,
    bodies,
    facts,
    learned,
    memory_charges,
    remember,
    said,
    state,
)
from tests.urges.plans import generic_scans

FACT = "Works nights at a bakery."


async def is_balanced(person) -> bool:
    """The windows say what the ledger says, and nothing is reserved any more."""
    cost = sum(charge["cost"] for charge in await charges(person))
    found = [await window(person, kind) for kind in ("day", "month")]
    return all((one["reserved"], one["cost"]) == (0, cost) for one in found)


@pytest.mark.parametrize(
    "fault",
    [{"status": 429}, {"status": 503}, {"drop": True}, {"truncate_after": 1}],
    ids=lambda fault: str(*fault.items()),
)
async def test_what_passes_is_tried_again_later(talker, provider: Provider, drain, fault) -> None:
    await said(talker)
    await provider.fault(**fault, times=1)
    await provider.says(facts(FACT), facts(FACT))
    assert await remember(drain) == [("anchor.remember", "done")]
    assert await bodies(talker) == []
    left = (await state(talker))["due_at"] - await fetch_value("SELECT now()")
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)
    await remember(drain)
    assert await bodies(talker) == [FACT]
    assert await is_balanced(talker)


async def test_a_provider_that_refuses_us_is_left_alone_for_an_hour(talker, provider: Provider, drain) -> None:
    await said(talker)
    await provider.fault(status=402)
    await remember(drain)
    left = (await state(talker))["due_at"] - await fetch_value("SELECT now()")
    assert timedelta(minutes=59) < left <= timedelta(hours=1)
    assert [charge["state"] for charge in await memory_charges(talker)] == ["refunded"]
    assert await is_balanced(talker)


async def test_a_fence_of_markdown_is_forgiven(talker, provider: Provider, drain) -> None:
    await said(talker)
    await provider.says(f"```json\n{facts(FACT)}\n```")
    await remember(drain)
    assert await bodies(talker) == [FACT]


@pytest.mark.parametrize(
    "answer",
    [
        "I would say that they work nights.",
        '{"facts": ["Works ni',
        '{"facts": "Works nights."}',
        '{"facts": [1, 2]}',
        "[]",
        "[" * 20_000,
        "",
        json.dumps({"facts": ["Likes tea."] * 51}),
        json.dumps({"facts": ["x" * 2300]}),
    ],
    ids=lambda answer: answer[:20],
)
def test_what_is_no_answer(answer: str) -> None:
    with pytest.raises(Unreadable):
        facts_in(answer)


async def test_what_cannot_be_read_is_asked_once_more(talker, provider: Provider, drain) -> None:
    await said(talker)
    await provider.says('{"facts": ["Works ni', facts(FACT))
    await remember(drain)
    assert await bodies(talker) == [FACT]
    assert [charge["state"] for charge in await memory_charges(talker)] == ["settled", "settled"]
    assert (await state(talker))["misread"] == 0
    assert await is_balanced(talker)


async def test_a_second_time_it_waits_for_the_next_talk_and_then_goes_on_without(
    talker, provider: Provider, drain
) -> None:
    await said(talker)
    await provider.says("What?", "No.")
    await remember(drain)
    assert (await state(talker))["talk_up_to"] == 0
    assert len(await memory_charges(talker)) == 2
    await said(talker, "Hello again")
    await provider.says("What?", "No.", facts(FACT))
    await remember(drain)
    assert (await state(talker))["talk_up_to"] > 0
    assert await bodies(talker) == []
    # It does not stand in the way of what comes later.
    assert await learned(talker, provider, drain, FACT) == [FACT]
    assert await is_balanced(talker)


async def test_what_the_filter_of_the_provider_refuses_is_misread_too(talker, provider: Provider, drain) -> None:
    await said(talker)
    await provider.fault(status=400)
    await remember(drain)
    assert (await state(talker))["misread"] == 1
    assert {charge["state"] for charge in await memory_charges(talker)} == {"refunded"}
    assert await is_balanced(talker)


async def test_one_persons_failure_is_theirs_alone(sign_up, provider: Provider, drain) -> None:
    people = [await sign_up(consents=("third_party_ai",)) for _ in range(3)]
    for person in people:
        await said(person)
    await provider.fault(status=500, times=1)
    await remember(drain)
    waiting = await fetch_value("SELECT count(*) FROM anchor_remembering WHERE due_at IS NOT NULL")
    assert waiting == 1
    assert sum([bool(await bodies(person)) for person in people]) == 2


async def test_two_workers_at_once_learn_it_once_and_each_call_is_paid(talker, provider: Provider, drain) -> None:
    await said(talker)
    await provider.says(facts(FACT), facts(FACT))
    user_id = UUID(talker.user["id"])
    await asyncio.gather(reading.remember(user_id), reading.remember(user_id))
    assert await bodies(talker) == [FACT]
    assert len(await asked_about(provider)) == len(await memory_charges(talker))
    assert await is_balanced(talker)


async def test_a_lost_lease_changes_nothing_about_what_is_known(talker, provider: Provider, drain, configure) -> None:
    await said(talker)
    await execute("UPDATE anchor_remembering SET due_at = now()")
    await due.plan_due()
    await provider.says(facts(FACT))
    await provider.fault(delay_ms=150)
    task = asyncio.create_task(run_job("anchor.remember"))
    await until(lambda: asked_about(provider))
    await execute("UPDATE jobs SET lease_token = gen_random_uuid(), lease_until = now() WHERE name = 'anchor.remember'")
    assert await task == "lost"
    await provider.heal()
    assert await run_job("anchor.remember") == "done"
    assert await bodies(talker) == [FACT]
    assert len(await memory_charges(talker)) == 1
    assert await is_balanced(talker)


async def test_a_call_that_is_cut_off_is_paid_for(talker, provider: Provider, drain) -> None:
    await said(talker)
    await provider.fault(delay_ms=5000)
    task = asyncio.create_task(reading.remember(UUID(talker.user["id"])))
    await until(lambda: asked_about(provider))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (charge,) = await memory_charges(talker)
    assert charge["state"] == "refunded"
    assert charge["input_miss"] > 300
    assert await is_balanced(talker)


async def test_a_dead_workers_reservation_is_freed(talker, provider: Provider, drain) -> None:
    await said(talker)
    async with transaction():
        await reserve(
            UUID(talker.user["id"]), "Europe/Berlin", purpose="memory", message_id=new_id(), worst=900, now=clock.now()
        )
    await execute("UPDATE anchor_charges SET created_at = now() - interval '1 hour' WHERE state = 'reserved'")
    assert await ledger.free_dead_reservations() == 1
    assert await is_balanced(talker)


async def test_many_are_planned_once_and_no_more_than_the_queue_bears(talker, provider, drain) -> None:
    await said(talker, NIGHTS)
    await execute("UPDATE anchor_remembering SET due_at = now()")
    assert sum(await asyncio.gather(*(due.plan_due() for _ in range(10)))) == 1
    await execute(
        """INSERT INTO jobs (id, name, args, queue, run_at, next_send_at, sends)
           SELECT gen_random_uuid(), name, args, queue, run_at, next_send_at, sends FROM jobs
           WHERE name = 'anchor.remember'"""
    )
    await execute("UPDATE anchor_remembering SET due_at = now()")
    assert await due.plan_due() == 0
    assert (await state(talker))["due_at"] is not None


async def test_nobody_is_gone_through_by_two_jobs_at_once(talker, sign_up, drain) -> None:
    other = await sign_up(consents=("third_party_ai",))
    await said(talker)
    await execute("UPDATE anchor_remembering SET due_at = now()")
    assert await due.plan_due() == 1
    # A talk that was cut makes them due at once, while the job still runs.
    for person in (talker, other):
        await said(person)
    await execute("UPDATE anchor_remembering SET due_at = now() - interval '1 second'")
    assert await due.plan_due() == 1
    assert (await state(talker))["due_at"] is not None
    await execute("DELETE FROM jobs")
    assert await due.plan_due() == 1


async def test_who_was_in_a_job_that_died_is_come_back_to(talker, drain) -> None:
    await said(talker)
    await execute("UPDATE anchor_remembering SET due_at = now()")
    await due.plan_due()
    await end_exhausted([UUID(await job_of("anchor.remember"))])
    left = (await state(talker))["due_at"] - await fetch_value("SELECT now()")
    assert timedelta(minutes=59) < left <= timedelta(hours=1)


async def test_whatever_is_looked_for_is_found_by_an_index(talker) -> None:
    user_id = UUID(talker.user["id"])
    await said(talker)
    await execute("UPDATE anchor_remembering SET due_at = now()")
    found = [
        *await generic_scans(due.CLAIM, "'anchor.remember'", "2", "50"),
        *await generic_scans(material.SAID, f"'{user_id}'", "0", "9"),
        *await generic_scans(material.ENTRY, f"'{user_id}'"),
        *await generic_scans(own.LIST, f"'{user_id}'", f"'{ABOVE_ALL_IDS}'", "21"),
    ]
    conditions = {scan.table: scan.condition for scan in found if scan.table != "jobs"}
    assert any("due_at <= now()" in scan.condition for scan in found)
    assert all("user_id" in conditions[table] for table in ("anchor_messages", "journal_entries", "anchor_memories"))
    assert not [scan for scan in found if scan.how == "Seq Scan" and scan.table not in ("jobs", "users")]
