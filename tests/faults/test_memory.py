"""What Anchor remembers, with real processes: a worker that is killed while the model reads, a talk that is deleted
while it is answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.faults.conftest import Phone, World

pytestmark = pytest.mark.slow

NIGHTS = "I work nights at a bakery, and the mornings after are the hardest for me."
LEARNED = json.dumps({"facts": ["Works nights at a bakery."]})


async def says(world: World, *replies: str) -> None:
    (await world.sandbox.put("/_control/deepseek/replies", json={"replies": replies})).raise_for_status()


async def asked(world: World, times: int) -> None:
    async def so_often() -> bool:
        return len(await world.sent("deepseek")) >= times

    await world.until(f"the model was asked {times} times", so_often)


async def talk(world: World, phone: Phone) -> None:
    await says(world, "I hear you.")
    answer = await phone("POST", "/v1/anchor/messages", json={"body": NIGHTS}, headers={"Prefer": "wait=20"})
    assert answer.status_code == 201, answer.text
    await world.until_no_jobs()


async def memories(phone: Phone) -> list[Any]:
    return [item["body"] for item in (await phone.ok("GET", "/v1/anchor/memories"))["items"]]


async def test_a_worker_killed_while_the_model_reads_learns_it_once(world: World) -> None:
    phone = await world.sign_up()
    await talk(world, phone)
    # Both tries find an answer waiting.
    await says(world, LEARNED, LEARNED)
    await world.sandbox.put("/_control/faults/deepseek", json={"delay_ms": 4000, "times": 1})
    await world.sql("UPDATE anchor_remembering SET due_at = now()")
    await asked(world, 2)
    world.stack.child("worker").kill()
    world.stack.child("worker").restart()
    world.stack.child("worker").wait_ready()

    async def learned() -> Any:
        return await memories(phone)

    await world.until("something was learned", learned)
    await world.until_no_jobs()
    assert await memories(phone) == ["Works nights at a bakery."]
    charges = await world.sql("SELECT state FROM anchor_charges WHERE purpose = 'memory' ORDER BY id")
    # What the dead one had set aside is freed a quarter of an hour later.
    assert [charge["state"] for charge in charges] == ["reserved", "settled"]


async def test_a_talk_that_is_deleted_while_it_is_answered(world: World) -> None:
    phone = await world.sign_up()
    await says(world, "word " * 390)
    asked_before = len(await world.sent("deepseek"))
    await world.sandbox.put("/_control/faults/deepseek", json={"delay_ms": 1500, "times": 1})
    await phone.ok("POST", "/v1/anchor/messages", json={"body": NIGHTS})
    await asked(world, asked_before + 1)
    assert (await phone("DELETE", "/v1/anchor/messages")).status_code == 204
    await world.until_no_jobs()
    assert (await phone.ok("GET", "/v1/anchor/messages"))["items"] == []
    charges = await world.sql("SELECT state, counted, cost FROM anchor_charges WHERE user_id = $1", phone.user["id"])
    # Nothing of it was there to read: the reply is given back, what the model was asked is paid.
    assert [charge["state"] for charge in charges if charge["counted"]] == ["refunded"]
    assert len([charge for charge in charges if charge["cost"]]) == 1
    assert (await phone.ok("GET", "/v1/anchor/quota"))["day"]["used"] == 0
