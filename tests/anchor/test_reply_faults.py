"""Failures of the model's provider that are tried again, and workers that fail: the answer ends, done or failed, and
is rightly paid. Every single failure stands in test_reply_faults_table.py."""

import asyncio
from uuid import UUID

import pytest

from domain.anchor import ledger, reply
from domain.kit.clock import real_now
from domain.kit.database import execute, fetch, fetch_row, fetch_value
from tests.anchor.conftest import ask, charges, job_of, paid, run_job, until

IN_EARNEST = reply._FIRST_PAUSE


@pytest.fixture(autouse=True)
def little_patience(monkeypatch) -> None:
    """The pauses between tries are shorter than in earnest; test_the_pauses_grow has them as they are."""
    monkeypatch.setattr(reply, "_FIRST_PAUSE", 0.1)


async def ended(person, drain, reply_id: str):
    """The answer once no job works on it any more."""
    async with asyncio.timeout(30):
        while await fetch("SELECT FROM jobs WHERE name = 'anchor.reply' AND state = 'live'"):
            await drain(allow=("retry", "dead"))
            await asyncio.sleep(0.02)
    return await person.ok("GET", f"/v1/anchor/messages/{reply_id}")


@pytest.mark.parametrize("status", [429, 500])
async def test_what_passes_is_tried_again(talker, provider, drain, status: int) -> None:
    await provider.fault(status=status, times=1)
    asked = await ask(talker)
    shown = await ended(talker, drain, asked["reply"]["id"])
    assert shown["status"] == "done"
    assert len(await provider.requests()) == 2
    replies, reserved, cost = await paid(talker)
    assert (replies, reserved) == (1, 0)
    assert cost > 0
    assert len(await charges(talker)) == 1


async def test_the_pauses_grow(talker, provider, drain, monkeypatch) -> None:
    monkeypatch.setattr(reply, "_FIRST_PAUSE", IN_EARNEST)
    await provider.fault(status=500)
    await ask(talker)
    for pause in (1, 2, 4):
        await execute("UPDATE jobs SET run_at = now(), next_send_at = now() WHERE name = 'anchor.reply'")
        assert await drain(allow=("retry",)) == [("anchor.reply", "retry")]
        job = await fetch_row("SELECT run_at - now() AS pause FROM jobs WHERE name = 'anchor.reply'")
        assert pause - 0.5 < job["pause"].total_seconds() <= pause


async def test_the_providers_retry_after_is_obeyed(talker, provider, drain) -> None:
    await provider.fault(status=429, headers={"Retry-After": "7"}, times=1)
    await ask(talker)
    began = real_now()
    assert await drain(allow=("retry",)) == [("anchor.reply", "retry")]
    job = await fetch_row("SELECT run_at, error_code FROM jobs WHERE name = 'anchor.reply'")
    assert 6 < (job["run_at"] - began).total_seconds() < 8
    assert job["error_code"] == "http_429"


async def test_a_provider_that_stays_away_until_the_deadline(talker, provider, drain, configure) -> None:
    configure(ANCHOR_REPLY_SECONDS="2.5")
    await provider.fault(status=500)
    asked = await ask(talker)
    assert (await ended(talker, drain, asked["reply"]["id"]))["status"] == "failed"
    assert await paid(talker) == (0, 0, 0)


async def test_no_connection(talker, drain, configure, sandbox) -> None:
    configure(ANCHOR_REPLY_SECONDS="2.5", DEEPSEEK_URL="http://127.0.0.1:9")
    asked = await ask(talker)
    assert (await ended(talker, drain, asked["reply"]["id"]))["status"] == "failed"
    assert await fetch_value("SELECT error_code FROM anchor_messages WHERE reply_to IS NOT NULL") == "unreachable"
    assert await paid(talker) == (0, 0, 0)


async def test_comments_that_hold_the_line_are_no_answer_and_no_error(talker, provider, drain) -> None:
    await provider.fault(delay_ms=700, times=1)
    await provider.says("Late, and here.")
    asked = await ask(talker)
    shown = await ended(talker, drain, asked["reply"]["id"])
    assert (shown["status"], shown["body"]) == ("done", "Late, and here.")


@pytest.mark.parametrize("fault", [{"truncate_after": 2}, {"drop": True}], ids=["truncated", "dropped-at-once"])
async def test_a_broken_stream_is_begun_anew_and_both_are_paid(talker, provider, drain, fault) -> None:
    whole = "One two three four five six seven eight nine ten eleven twelve."
    await provider.says(whole, whole)
    await provider.fault(**fault, times=1)
    asked = await ask(talker)
    shown = await ended(talker, drain, asked["reply"]["id"])
    assert (shown["status"], shown["body"]) == ("done", whole)
    assert len(await provider.requests()) == 2
    lost, final = sorted(await charges(talker), key=lambda charge: charge["counted"])
    assert (lost["state"], final["state"]) == ("settled", "settled")
    assert lost["input_miss"] > 500
    assert (lost["output"] > 0) == ("truncate_after" in fault)
    assert (await paid(talker))[:2] == (1, 0)


async def test_a_person_may_ask_again_after_a_failure(talker, provider, drain) -> None:
    await provider.fault(status=402, times=1)
    first = await ask(talker)
    await ended(talker, drain, first["reply"]["id"])
    second = await ask(talker)
    assert (await ended(talker, drain, second["reply"]["id"]))["status"] == "done"
    assert await paid(talker) >= (1, 0, 1)


async def test_a_holder_that_lost_its_lease_pays_and_writes_nothing(talker, provider) -> None:
    await provider.says("The first.", "The second.")
    await provider.fault(delay_ms=700, times=1)
    asked = await ask(talker)
    slow = asyncio.create_task(run_job("anchor.reply"))
    await until(provider.requests)
    await execute("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE name = 'anchor.reply'")
    assert await run_job("anchor.reply") == "done"
    assert await slow == "lost"
    shown = await talker.ok("GET", f"/v1/anchor/messages/{asked['reply']['id']}")
    assert (shown["status"], shown["body"]) == ("done", "The second.")
    ledger_rows = await charges(talker)
    assert sorted(charge["counted"] for charge in ledger_rows) == [False, True]
    assert all(charge["cost"] > 0 for charge in ledger_rows)
    assert (await paid(talker))[:2] == (1, 0)


async def test_a_worker_that_is_stopped_in_the_middle_pays_and_lets_go(talker, provider, drain) -> None:
    await provider.fault(delay_ms=20_000, times=1)
    asked = await ask(talker)
    task = asyncio.create_task(run_job("anchor.reply"))
    await until(provider.requests)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await paid(talker))[2] > 0
    shown = await ended(talker, drain, asked["reply"]["id"])
    assert shown["status"] == "done"
    assert (await paid(talker))[:2] == (1, 0)


async def test_a_try_whose_worker_was_killed_is_paid(talker, provider, drain) -> None:
    await provider.says("Hello there.")
    asked = await ask(talker)
    # What a kill leaves behind: the try has begun, and nobody wrote down how it ended.
    await execute("UPDATE anchor_messages SET status = 'streaming', attempt = 1 WHERE reply_to IS NOT NULL")
    assert (await ended(talker, drain, asked["reply"]["id"]))["status"] == "done"
    killed, final = sorted(await charges(talker), key=lambda charge: charge["counted"])
    assert (killed["state"], killed["output"]) == ("settled", 0)
    assert killed["input_miss"] > 500
    assert killed["cost"] > 0
    assert final["state"] == "settled"
    assert (await paid(talker))[:2] == (1, 0)


async def test_a_killed_try_that_nobody_takes_up_is_paid(talker, provider) -> None:
    await ask(talker)
    await execute(
        """UPDATE anchor_messages SET status = 'streaming', attempt = 1, deadline = now() - interval '11 seconds'
           WHERE reply_to IS NOT NULL"""
    )
    assert await reply.fail_overdue_replies() == 1
    replies, reserved, cost = await paid(talker)
    assert (replies, reserved) == (0, 0)
    assert cost > 0


async def test_an_answer_that_no_worker_took_is_ended_by_the_clock(talker, drain, provider) -> None:
    asked = await ask(talker)
    assert await reply.fail_overdue_replies() == 0
    await execute("UPDATE anchor_messages SET deadline = now() - interval '11 seconds' WHERE deadline IS NOT NULL")
    assert await reply.fail_overdue_replies() == 1
    shown = await talker.ok("GET", f"/v1/anchor/messages/{asked['reply']['id']}")
    assert (shown["status"], shown["code"]) == ("failed", "anchor_unavailable")
    assert await paid(talker) == (0, 0, 0)
    # The job that comes at last finds nothing to do.
    assert await drain() == [("anchor.reply", "done")]
    assert await provider.requests() == []
    assert (await ask(talker))["reply"]["status"] == "pending"


async def test_a_job_that_dies_fails_its_answer_with_it(talker, monkeypatch) -> None:
    from tasks.actor import end_exhausted

    asked = await ask(talker)
    await end_exhausted([UUID(await job_of("anchor.reply"))])
    shown = await talker.ok("GET", f"/v1/anchor/messages/{asked['reply']['id']}")
    assert shown["status"] == "failed"
    assert await paid(talker) == (0, 0, 0)
    assert await ledger.free_dead_reservations() == 0


async def test_no_time_left_is_no_reason_to_ask(talker, provider, drain) -> None:
    asked = await ask(talker)
    await execute("UPDATE anchor_messages SET deadline = now() WHERE deadline IS NOT NULL")
    assert (await ended(talker, drain, asked["reply"]["id"]))["status"] == "failed"
    assert await provider.requests() == []
