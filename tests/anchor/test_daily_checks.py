"""What the model wrote is looked at: too long, untrue, heard before or not Anchor's to say. Once it may try again, told
why, and then people's words go out. Every call is paid for."""

import asyncio
from datetime import timedelta

import pytest

from domain.kit.database import execute
from tests.anchor.conftest import charges, window
from tests.anchor.days import NINE, SEVEN, curated_bodies, deliver, look, plan, rows, somebody, today, write

WRONG = ["You have 17 clean days!", "x" * 401, "I diagnose you with depression.", "See https://example.org for more."]
GOOD = "A window seat, a cup of tea, nothing to prove."


@pytest.mark.parametrize("text", WRONG)
async def test_a_text_that_cannot_be_sent_is_written_once_more(sign_up, provider, drain, text: str) -> None:
    person = await somebody(sign_up, "third_party_ai", started_on="2026-11-20")
    await provider.says(text, GOOD)
    await plan()
    await deliver(drain)
    assert (await today(person))["message"]["body"] == GOOD
    first, second = (request["body"]["messages"] for request in await provider.requests())
    assert second[: len(first)] == first
    assert [message["role"] for message in second[len(first) :]] == ["assistant", "user"]
    assert second[-1]["content"].startswith("That cannot be sent.")
    ledger = await charges(person)
    assert [charge["state"] for charge in ledger] == ["refunded", "settled"]
    assert min(charge["cost"] for charge in ledger) > 0
    month = await window(person, "month")
    assert (month["reserved"], month["cost"]) == (0, sum(charge["cost"] for charge in ledger))


@pytest.mark.parametrize("text", WRONG)
async def test_after_two_a_prepared_text_goes_out(sign_up, provider, drain, text: str) -> None:
    person = await somebody(sign_up, "third_party_ai", started_on="2026-11-20")
    await provider.says(text, text, GOOD)
    await plan()
    await deliver(drain)
    assert (await today(person))["message"]["body"] in await curated_bodies()
    assert len(await provider.requests()) == 2
    (row,) = await rows()
    assert (row["state"], row["source"]) == ("sent", "curated")
    ledger = await charges(person)
    assert [charge["state"] for charge in ledger] == ["refunded", "refunded"]
    assert min(charge["cost"] for charge in ledger) > 0


async def test_what_was_said_lately_is_not_said_again(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai")
    again = "A window seat, a cup of tea, and nothing to prove today."
    await provider.says(GOOD, again, "Your shoes know the way out of the house.")
    await deliver(drain, NINE)
    await deliver(drain, NINE + timedelta(days=1))
    assert (await today(person, NINE + timedelta(days=1)))["message"]["body"].startswith("Your shoes")
    assert "earlier messages" in (await provider.requests())[-1]["body"]["messages"][-1]["content"]


async def test_written_ahead_two_that_cannot_be_sent_are_not_tried_again_at_its_time(sign_up, provider, drain) -> None:
    person = await somebody(sign_up, "third_party_ai", started_on="2026-11-20")
    await provider.says(WRONG[0], WRONG[0], GOOD)
    await write(drain, SEVEN)
    (row,) = await rows()
    assert (row["state"], row["source"]) == ("written", "curated")
    await deliver(drain)
    assert (await today(person))["message"]["body"] == row["body"]
    assert len(await provider.requests()) == 2


async def test_the_second_try_needs_money_too(sign_up, provider, drain, configure) -> None:
    person = await somebody(sign_up, "third_party_ai", started_on="2026-11-20")
    await provider.says(WRONG[0], GOOD)
    await provider.fault(delay_ms=300, times=1)
    await look(SEVEN)

    async def spend_the_rest() -> None:
        while not await provider.requests():
            await asyncio.sleep(0.01)
        await execute("UPDATE anchor_windows SET cost = 1000000 WHERE kind = 'month'")

    await asyncio.gather(deliver(drain), spend_the_rest())
    assert (await today(person))["message"]["body"] in await curated_bodies()
    assert len(await provider.requests()) == 1
