"""Live events through real processes: a worker tells, web hands on, and a Redis that goes away is no secret."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.faults.conftest import Phone, World

pytestmark = pytest.mark.slow


class Line:
    """An open stream."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines
        self.last = ""

    async def hear(self, name: str, seconds: float = 30) -> Any:
        """The data of the next event `name`, whatever comes before."""
        event = ""
        async with asyncio.timeout(seconds):
            async for line in self._lines:
                field, _, value = line.partition(": ")
                if field == "id":
                    self.last = value
                elif field == "event":
                    event = value
                elif field == "data" and event == name:
                    return json.loads(value)
        raise AssertionError(f"ended before {name}")


@asynccontextmanager
async def listening(world: World, phone: Phone, last: str = "") -> AsyncIterator[Line]:
    headers = {**phone.headers, **({"Last-Event-ID": last} if last else {})}
    async with world.http.stream("GET", "/v1/events", headers=headers) as answer:
        assert answer.status_code == 200
        yield Line(aiter(answer.aiter_lines()))


async def check_in(phone: Phone) -> None:
    await phone.ok("PUT", f"/v1/check-ins/{datetime.now(UTC).date()}", json={"mood": 4, "urge_level": 2})


async def test_an_answer_that_a_worker_wrote_arrives_also_after_a_break(world: World) -> None:
    phone = await world.sign_up()
    async with listening(world, phone) as line:
        await line.hear("hello")
        asked = await phone.ok("POST", "/v1/anchor/messages", json={"body": "Good morning"})
        data = await line.hear("anchor.reply")
        assert (data["message_id"], data["status"]) == (asked["reply"]["id"], "done")
        await check_in(phone)
        await line.hear("streak")
    asked = await phone.ok("POST", "/v1/anchor/messages", json={"body": "And again"})
    await world.until_no_jobs()
    async with listening(world, phone, line.last) as line:
        assert (await line.hear("anchor.reply"))["message_id"] == asked["reply"]["id"]


@pytest.mark.parametrize("forgets", [False, True])
async def test_redis_goes_away_and_comes_back(world: World, forgets: bool) -> None:
    """Whether or not it remembers: what was told meanwhile is lost, and that is said."""
    phone = await world.sign_up()
    async with listening(world, phone) as line:
        await line.hear("hello")
        valkey = world.stack["valkey"]
        valkey.stop()
        await check_in(phone)
        valkey.start()
        if forgets:
            await world.flush_redis()
        await line.hear("resync", 40)

        async def go_on() -> None:
            # Until the stream has found out, within 15 seconds, that it was forgotten, nothing is kept for it.
            while True:
                await check_in(phone)
                await asyncio.sleep(1.5)

        going_on = asyncio.create_task(go_on())
        await line.hear("streak", 40)
        going_on.cancel()
