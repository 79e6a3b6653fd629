"""The daily message with real processes: a worker that is killed at the worst moment, and one that is never there."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.faults.conftest import Phone, World

pytestmark = pytest.mark.slow

BERLIN = ZoneInfo("Europe/Berlin")


def until_nine(minutes_before: float = 0) -> int:
    """Seconds from now to tomorrow's nine o'clock in Berlin, or some minutes before it."""
    now = datetime.now(UTC).astimezone(BERLIN)
    nine = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), BERLIN).replace(hour=9)
    return int((nine - now).total_seconds() - 60 * minutes_before)


async def state_of(world: World, phone: Phone) -> str | None:
    rows = await world.sql("SELECT state FROM daily_messages WHERE user_id = $1", phone.user["id"])
    return rows[0]["state"] if rows else None


async def arrives(world: World, phone: Phone, seconds: float = 60) -> Any:
    async def sent() -> bool:
        return await state_of(world, phone) == "sent"

    await world.until("the day's message is sent", sent, seconds)
    await world.until_no_jobs()
    messages = await world.sql("SELECT body FROM anchor_messages WHERE user_id = $1", phone.user["id"])
    notifications = await world.sql("SELECT kind FROM notifications WHERE user_id = $1", phone.user["id"])
    kinds = [row["kind"] for row in notifications]
    assert (len(messages), kinds.count("anchor_daily")) == (1, 1), kinds
    await world.audit()
    return await world.sql("SELECT * FROM daily_messages WHERE user_id = $1", phone.user["id"])


async def test_a_worker_killed_between_the_models_answer_and_the_commit(world: World) -> None:
    phone = await world.sign_up()
    await asyncio.sleep(1)  # the schedule of the new person is made by a tick
    # The answer stands for a while between the provider and us, and the worker dies in between.
    await world.sandbox.put("/_control/faults/deepseek", json={"delay_ms": 4000, "times": 1})
    world.travel(f"+{until_nine() + 5}s")

    async def provider_was_asked() -> Any:
        return await world.sent("deepseek")

    await world.until("the provider was asked", provider_was_asked, 40)
    world.stack.child("worker").kill()
    world.stack.child("worker").restart()
    world.stack.child("worker").wait_ready()
    (row,) = await arrives(world, phone)
    assert row["source"] == "model"
    assert len(await world.sent("deepseek")) == 2
    charges = await world.sql("SELECT state FROM anchor_charges WHERE user_id = $1 ORDER BY id", phone.user["id"])
    assert [charge["state"] for charge in charges] == ["refunded", "settled"]


async def test_written_ahead_and_sent_by_a_worker_that_started_since(world: World) -> None:
    # No mark is reached between today and tomorrow: with one there would be something new to write about.
    phone = await world.sign_up(started_on=str(datetime.now(UTC).date() - timedelta(days=4)))
    await asyncio.sleep(1)
    second = world.stack.add_clock()
    try:
        # Within the hour before the provider is dear, or at the weekend a minute before nine: it is written by now.
        world.travel(f"+{until_nine(0.5)}s")

        async def written() -> bool:
            return await state_of(world, phone) == "written"

        await world.until("the message is written", written, 25)
        world.stack.child("worker").kill()
        world.stack.child("worker").restart()
        world.stack.child("worker").wait_ready()
        assert await state_of(world, phone) == "written"
        (row,) = await arrives(world, phone)
        assert row["source"] == "model"
        assert timedelta() <= row["sent_at"] - row["due_at"] < timedelta(seconds=20)
        assert len(await world.sent("deepseek")) == 1
    finally:
        second.terminate()


async def test_with_no_worker_for_an_hour_it_comes_as_soon_as_one_is_there(world: World) -> None:
    phone = await world.sign_up()
    await asyncio.sleep(1)
    world.stack.child("worker").terminate()
    world.travel(f"+{until_nine() + 5}s")
    await asyncio.sleep(1)
    world.travel("+1h")
    world.stack.child("worker").start()
    world.stack.child("worker").wait_ready()
    await arrives(world, phone)
