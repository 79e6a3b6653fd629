"""Deleting the whole talk: an answer under way ends and is rightly paid, and nothing of it stays."""

import asyncio
from datetime import timedelta
from uuid import UUID

from domain.anchor import live, planning
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from tests.anchor.conftest import ask, charges, run_job, until, window
from tests.anchor.days import NINE, deliver, plan, rows, somebody, today
from tests.anchor.test_stream import WORDS

PATH = "/v1/anchor/messages"


async def forget(person) -> None:
    answer = await person("DELETE", PATH)
    assert (answer.status_code, answer.content) == (204, b"")


async def balance(person) -> tuple[int, int]:
    """Replies and cost of the day; nothing is reserved, and month, ledger and the app's spend say the same."""
    day, month = await window(person), await window(person, "month")
    assert day["reserved"] == month["reserved"] == 0
    assert day["cost"] == month["cost"] == sum(charge["cost"] for charge in await charges(person))
    assert day["cost"] == await fetch_value("SELECT COALESCE(sum(cost), 0) FROM anchor_spend")
    return day["replies"], day["cost"]


async def test_a_finished_talk_is_gone_and_the_limits_are_not(talker, provider, drain) -> None:
    asked = await ask(talker, client_id="m-1")
    await drain()
    used = await balance(talker)
    await forget(talker)
    assert (await talker.ok("GET", PATH))["items"] == []
    assert (await talker("GET", f"{PATH}/{asked['reply']['id']}")).status_code == 404
    assert await balance(talker) == used
    assert used[0] == 1
    assert (await talker.ok("GET", "/v1/anchor/quota"))["day"]["used"] == 1
    await forget(talker)
    again = await ask(talker, client_id="m-1")
    assert again["message"]["id"] != asked["message"]["id"]


async def test_an_answer_that_nobody_has_begun_is_given_back(talker, provider, drain) -> None:
    asked = await ask(talker)
    await forget(talker)
    assert await balance(talker) == (0, 0)
    assert await drain() == [("anchor.reply", "done")]
    assert await provider.requests() == []
    assert (await talker("GET", f"{PATH}/{asked['reply']['id']}")).status_code == 404
    await ask(talker)  # nothing is under way any more


async def test_one_under_way_ends_at_once_and_is_paid_once(talker, provider, listen, monkeypatch) -> None:
    monkeypatch.setattr(live, "_SAVE_SECONDS", 0.02)
    await provider.says(" ".join([WORDS] * 40))
    asked = await ask(talker)
    async with listen(talker, asked["reply"]["id"]) as stream:
        job = asyncio.create_task(run_job("anchor.reply"))
        while (await stream.next())[0] != "token":
            pass
        await forget(talker)
        events = await stream.all()
    assert events[-1][:2] == ("error", {"code": "not_found"})
    # The worker finds out within a second and lets the model go.
    assert await job == "retry"
    assert await run_job("anchor.reply") == "done"
    replies, cost = await balance(talker)
    assert replies == 1  # parts of it were read
    assert cost > 0
    assert [charge["state"] for charge in await charges(talker)] == ["settled", "settled"]
    assert await fetch("SELECT FROM anchor_messages") == []


async def test_one_that_ends_at_the_same_moment_is_paid_once(talker, provider, drain) -> None:
    await ask(talker)
    await provider.fault(delay_ms=300)
    job = asyncio.create_task(run_job("anchor.reply"))
    await until(provider.requests)
    await forget(talker)
    assert await job in ("done", "retry")
    await drain()
    replies, cost = await balance(talker)
    assert replies == 0  # nothing of it was there to read
    assert cost > 0
    assert len([charge for charge in await charges(talker) if charge["cost"]]) == 1


async def test_one_whose_worker_is_dead_is_charged_its_input(talker, provider, drain) -> None:
    asked = await ask(talker)
    await execute(
        "UPDATE anchor_messages SET status = 'streaming', attempt = 1, body = 'Good to' WHERE id = $1",
        asked["reply"]["id"],
    )
    await forget(talker)
    await drain()
    assert await provider.requests() == []
    replies, cost = await balance(talker)
    assert replies == 1
    assert cost > 0
    assert max(charge["input_miss"] for charge in await charges(talker)) > 500


async def test_fifty_at_once_while_messages_come(talker, provider, drain) -> None:
    await ask(talker)
    answers = await asyncio.gather(
        *(talker("DELETE", PATH) for _ in range(40)),
        *(talker("POST", PATH, json={"body": f"Number {n}"}) for n in range(5)),
        drain(allow=("retry",)),
    )
    assert {answer.status_code for answer in answers[:40]} == {204}
    assert {answer.status_code for answer in answers[40:45]} <= {
        202,
        404,
        409,
        429,
    }  # 404: forgotten before it was answered
    await forget(talker)
    await execute("UPDATE jobs SET run_at = now()")
    await drain()
    assert await fetch("SELECT FROM anchor_messages") == []
    await balance(talker)


async def test_others_keep_theirs(talker, sign_up, provider, drain) -> None:
    other = await sign_up(consents=("third_party_ai",))
    await ask(other)
    await drain()
    kept = (await other.ok("GET", PATH))["items"]
    await forget(talker)
    assert (await other.ok("GET", PATH))["items"] == kept


async def test_the_days_message_goes_and_no_second_one_comes(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await deliver(drain)
    with clock.frozen(NINE + timedelta(minutes=5)):
        await forget(person)
        await planning.plan_daily()
    await deliver(drain)
    assert (await today(person))["message"] is None
    assert [row["state"] for row in await rows()] == ["sent"]
    assert await fetch("SELECT FROM anchor_messages") == []
    # What it said stood in the inbox, too.
    assert (await person.ok("GET", "/v1/notifications"))["items"] == []


async def test_one_that_was_written_ahead_is_written_anew(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    await plan()
    await execute(
        "UPDATE daily_messages SET state = 'written', body = 'Of old things.', source = 'model', snapshot_hash = 'x'"
    )
    await forget(person)
    (row,) = await rows()
    assert (row["state"], row["body"]) == ("planned", None)
    await provider.says("Of something new.")
    await deliver(drain)
    assert (await today(person))["message"]["body"] == "Of something new."
    assert await fetch_value("SELECT count(*) FROM anchor_messages WHERE user_id = $1", UUID(person.user["id"])) == 1
