"""Parts of the running system die, forget or come twice: each promise is kept once."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.faults.conftest import Phone, World

pytestmark = pytest.mark.slow


async def _ask(phone: Phone, body: str) -> dict[str, Any]:
    answer: dict[str, Any] = await phone.ok("POST", "/v1/anchor/messages", json={"body": body})
    return answer


async def _finished(world: World, phone: Phone, reply_id: str, seconds: float = 60) -> dict[str, Any]:
    async def look() -> Any:
        row = await world.sql("SELECT status, body, attempt FROM anchor_messages WHERE id = $1", reply_id)
        return dict(row[0]) if row and row[0]["status"] in ("done", "failed") else None

    found: dict[str, Any] = await world.until("the reply is finished", look, seconds)
    return found


async def test_a_worker_killed_in_the_middle_of_a_reply(world: World) -> None:
    phone = await world.sign_up()
    await world.sandbox.put("/_control/faults/deepseek", json={"delay_ms": 4000, "times": 1})
    asked = await _ask(phone, "I had a rough evening.")

    async def provider_was_asked() -> Any:
        return await world.sent("deepseek")

    await world.until("the provider was asked", provider_was_asked)
    world.stack.child("worker").kill()
    world.stack.child("worker").restart()
    world.stack.child("worker").wait_ready()

    reply = await _finished(world, phone, asked["reply"]["id"])
    assert reply["status"] == "done"
    assert reply["attempt"] >= 2
    await world.until_no_jobs()
    rows = await world.sql("SELECT role FROM anchor_messages WHERE user_id = $1 AND kind = 'chat'", phone.user["id"])
    assert sorted(row["role"] for row in rows) == ["anchor", "person"]
    quota = await phone.ok("GET", "/v1/anchor/quota")
    assert quota["day"]["used"] == quota["month"]["used"] == 1
    await world.audit()


async def test_redis_flushed_while_jobs_wait(world: World) -> None:
    phone = await world.sign_up()
    world.stack.child("worker").terminate()
    asked = await _ask(phone, "Is anybody there?")
    await asyncio.sleep(0.3)
    await world.flush_redis()
    began = time.monotonic()
    world.stack.child("worker").start()
    world.stack.child("worker").wait_ready()
    reply = await _finished(world, phone, asked["reply"]["id"])
    assert reply["status"] == "done"
    assert time.monotonic() - began < 15
    await world.until_no_jobs()
    assert len(await world.sent("deepseek")) == 1
    await world.audit()


async def test_two_clocks_and_a_flood_of_hints_make_one_daily_message(world: World) -> None:
    phone = await world.sign_up()
    await phone.register_devices()
    second = world.stack.add_clock()
    try:
        await asyncio.sleep(1)  # the schedule of the new person is made by a tick
        berlin = datetime.now(UTC).astimezone(ZoneInfo("Europe/Berlin"))
        nine = datetime.combine(berlin.date() + timedelta(days=1), datetime.min.time(), berlin.tzinfo).replace(hour=9)
        world.travel(f"+{int((nine - berlin).total_seconds()) + 5}s")

        async def arrived() -> Any:
            return await world.sent("apns") and await world.sent("fcm")

        await world.until("both phones have the day's message", arrived, 40)
        await world.until_no_jobs()
        await asyncio.sleep(1.5)
        rows = await world.sql("SELECT state FROM daily_messages WHERE user_id = $1", phone.user["id"])
        assert [row["state"] for row in rows] == ["sent"]
        messages = await world.sql(
            "SELECT 1 FROM anchor_messages WHERE user_id = $1 AND kind = 'daily'", phone.user["id"]
        )
        assert len(messages) == 1
        assert len({item["headers"]["apns-id"] for item in await world.sent("apns")}) == 1
        tags = {item["body"]["message"]["android"]["collapse_key"] for item in await world.sent("fcm")}
        assert len(tags) == 1
        notifications = await world.sql("SELECT 1 FROM notifications WHERE user_id = $1", phone.user["id"])
        assert len(notifications) == 1
        await world.audit()
    finally:
        second.terminate()


async def test_a_worker_killed_after_the_push_was_sent_repeats_it_under_the_same_id(world: World) -> None:
    phone = await world.sign_up()
    await phone.register_devices()
    await asyncio.sleep(1)
    # The provider takes its time to answer, and the worker dies in between: the phone has it, we do not know.
    await world.sandbox.put("/_control/faults/apns", json={"delay_ms": 3000, "times": 1})
    berlin = datetime.now(UTC).astimezone(ZoneInfo("Europe/Berlin"))
    nine = datetime.combine(berlin.date() + timedelta(days=1), datetime.min.time(), berlin.tzinfo).replace(hour=9)
    world.travel(f"+{int((nine - berlin).total_seconds()) + 5}s")

    async def apns_was_asked() -> Any:
        return await world.sent("apns")

    await world.until("apns was asked", apns_was_asked, 40)
    world.stack.child("worker").kill()
    world.stack.child("worker").restart()
    await world.until_no_jobs(60)
    sent = await world.sent("apns")
    assert len(sent) >= 2
    assert len({item["headers"]["apns-id"] for item in sent}) == 1
    assert len({item["headers"]["apns-collapse-id"] for item in sent}) == 1
    states = await world.sql(
        "SELECT state FROM pushes JOIN notifications n ON n.id = notification_id WHERE user_id = $1", phone.user["id"]
    )
    assert [row["state"] for row in states] == ["sent", "sent"]
    await world.audit()


async def test_with_redis_stopped_people_sign_in_and_check_in_and_jobs_run_when_it_returns(world: World) -> None:
    phone = await world.sign_up()
    world.stack["valkey"].stop()
    try:
        today = datetime.now(UTC).astimezone(ZoneInfo("Europe/Berlin")).date()
        body = {"mood": 4, "urge_level": 2, "triggers": []}
        began = time.monotonic()
        for _ in range(5):
            await phone.ok("PUT", f"/v1/check-ins/{today}", json=body)
        assert time.monotonic() - began < 5
        login = await world.http.post(
            "/v1/auth/login", json={key: phone.credentials[key] for key in ("email", "password")}
        )
        assert login.status_code == 200
        fresh = await world.sign_up()
        assert (await fresh.ok("GET", "/v1/streak"))["clean"]["current_days"] == 0
        asked = await _ask(phone, "Redis is away, but I am here.")
        assert asked["reply"]["status"] == "pending"
        ready = await world.http.get("/health/ready")
        assert ready.status_code == 200
    finally:
        world.stack["valkey"].start()
    reply = await _finished(world, phone, asked["reply"]["id"])
    assert reply["status"] == "done"
    await world.until_no_jobs()
    await world.audit()


async def test_the_61st_request_in_a_minute_over_two_web_processes(world: World) -> None:
    import httpx2

    one, other = await world.sign_up(), await world.sign_up()
    second = world.stack.add_web()
    port = second.env["PORT"]
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as web2:
            statuses = []
            for number in range(70):
                client = world.http if number % 2 else web2
                answer = await client.get("/v1/streak", headers=one.headers)
                statuses.append(answer.status_code)
                if answer.status_code == 429:
                    assert 0 < int(answer.headers["retry-after"]) <= 60
                    assert answer.headers["ratelimit-remaining"] == "0"
            # One request went before, the consent.
            assert statuses == [200] * 59 + [429] * 11
            assert (await web2.get("/v1/streak", headers=other.headers)).status_code == 200
    finally:
        second.terminate()
