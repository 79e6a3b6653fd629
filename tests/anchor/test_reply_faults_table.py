"""Every way in which the model's provider fails, in one table: how the answer ends, what it costs, what the app reads,
and what becomes of the breaker. That a failure is tried again while there is time stands in test_reply_faults.py."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgspec
import pytest

from domain.anchor.messages import DETAILS
from domain.anchor.model import model
from domain.kit.database import fetch_value
from tests.anchor.conftest import ask, charges, paid, run_job, until

PATH = "/v1/anchor/messages"
SORRY = DETAILS["anchor_unavailable"]
# Too short for a second try, long enough for the first.
ONE_TRY = "2.8"


def stream_of(*events: str) -> dict[str, Any]:
    """A fault that answers with these events, word for word."""
    body = "".join(f"data: {event}\n\n" for event in events)
    return {"status": 200, "headers": {"content-type": "text/event-stream"}, "body": body}


def chunk(text: str, finish: str | None = None) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return json.dumps({"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


class Case(msgspec.Struct):
    """`pays`: "nothing", what was asked ("input"), or what came of it as well ("output")."""

    fault: dict[str, Any]
    code: str
    pays: str = "nothing"
    wrong_setting: bool = False
    seconds: str = ONE_TRY


FAILURES = {
    "empty account": Case({"status": 402}, "http_402", wrong_setting=True),
    "wrong key": Case({"status": 401}, "http_401", wrong_setting=True),
    "forbidden": Case({"status": 403}, "http_403", wrong_setting=True),
    "unknown model": Case({"status": 404}, "http_404", wrong_setting=True),
    "wrong format": Case({"status": 400}, "http_400"),
    "wrong parameters": Case({"status": 422}, "http_422"),
    "too many, long": Case({"status": 429, "headers": {"Retry-After": "120"}}, "http_429", seconds="60"),
    "too many": Case({"status": 429}, "http_429"),
    "its fault": Case({"status": 500}, "http_500"),
    "overloaded": Case({"status": 503, "headers": {"Retry-After": "30"}}, "http_503"),
    "dropped at once": Case({"drop": True}, "dropped", "input"),
    "dropped midway": Case({"truncate_after": 2, "drop": True}, "dropped", "output"),
    "ends without an end": Case({"truncate_after": 2}, "truncated", "output"),
    "error inside the stream": Case({"truncate_after": 2, "status": 500}, "broken_stream", "output"),
    "blanks for too long": Case({"delay_ms": 20_000}, "timeout", "input", seconds="0.7"),
    "filtered": Case(stream_of(chunk("One"), chunk("", "content_filter"), "[DONE]"), "content_filter", "output"),
    "out of resources": Case(
        stream_of(chunk("One"), chunk("", "insufficient_system_resource")), "insufficient_system_resource", "output"
    ),
    "garbage": Case(stream_of(chunk("One"), "{what"), "broken_stream", "output"),
    "an answer that is none": Case({"status": 200, "body": "what?"}, "truncated", "input"),
    "nothing said": Case(stream_of(chunk(""), chunk("", "stop"), "[DONE]"), "empty", "input"),
    "only blanks said": Case(stream_of(chunk(" \n "), chunk("", "stop"), "[DONE]"), "empty", "output"),
}


@pytest.mark.parametrize("name", FAILURES)
async def test_a_failure(talker, provider, configure, listen, name: str) -> None:
    case = FAILURES[name]
    configure(ANCHOR_REPLY_SECONDS=case.seconds)
    await provider.says("One two three four five six seven eight nine ten.")
    await provider.fault(**case.fault)
    waiting = asyncio.create_task(talker("POST", PATH, json={"body": "Hello"}, headers={"Prefer": "wait=15"}))
    await until(lambda: fetch_value("SELECT id FROM jobs WHERE name = 'anchor.reply'"))
    assert await run_job("anchor.reply") == "done"
    answer = await waiting

    # What the app reads: the failed answer, at once, with one code and plain words.
    assert answer.status_code == 201
    reply = answer.json()["reply"]
    assert (reply["status"], reply["code"], reply["body"]) == ("failed", "anchor_unavailable", "")
    assert reply["detail"] == SORRY
    assert await talker.ok("GET", f"{PATH}/{reply['id']}") == reply
    async with listen(talker, reply["id"]) as stream:
        assert await stream.all() == [("error", {"code": "anchor_unavailable", "detail": SORRY}, None)]

    # What we know: why, after one try; the reply is the person's again, and what was spent is booked.
    assert await fetch_value("SELECT error_code FROM anchor_messages WHERE reply_to IS NOT NULL") == case.code
    assert len(await provider.requests()) == 1
    (charge,) = await charges(talker)
    assert charge["state"] == "refunded"
    assert (charge["input_miss"] > 500, charge["output"] > 0) == {
        "nothing": (False, False), "input": (True, False), "output": (True, True),
    }[case.pays]  # fmt: skip
    replies, reserved, cost = await paid(talker)
    assert (replies, reserved, cost > 0) == (0, 0, case.pays != "nothing")
    assert answer.json()["quota"]["day"]["used"] == 0
    assert model().breaker._failures == int(case.wrong_setting)

    # And nothing stands in the way of the next.
    await provider.heal()
    configure(ANCHOR_REPLY_SECONDS="60")
    again = await ask(talker, "Again")
    assert await run_job("anchor.reply") == "done"
    assert (await talker.ok("GET", f"{PATH}/{again['reply']['id']}"))["status"] == "done"


async def test_an_answer_that_we_cut_off_ourselves_is_none(talker, provider) -> None:
    """Our own limit of its length is no failure of the provider's."""
    await provider.fault(**stream_of(chunk("As long as"), chunk(" we want it", "length"), "[DONE]"))
    asked = await ask(talker)
    assert await run_job("anchor.reply") == "done"
    shown = await talker.ok("GET", f"{PATH}/{asked['reply']['id']}")
    assert (shown["status"], shown["body"]) == ("done", "As long as we want it")


async def test_a_short_wait_is_waited_for(talker, provider) -> None:
    await provider.fault(status=429, headers={"Retry-After": "1"}, times=1)
    await ask(talker)
    assert await run_job("anchor.reply") == "retry"
    assert await fetch_value("SELECT status FROM anchor_messages WHERE reply_to IS NOT NULL") == "pending"


async def test_wrong_settings_open_the_breaker_which_closes_by_itself(talker, provider) -> None:
    """Three in a row: then nobody waits for what cannot be, until one call in half a minute finds it mended."""
    now = [0.0]
    model().breaker._clock = lambda: now[0]
    await provider.fault(status=402)

    async def asked_and_answered() -> dict[str, Any]:
        asked = await ask(talker)
        await run_job("anchor.reply")
        shown: dict[str, Any] = await talker.ok("GET", f"{PATH}/{asked['reply']['id']}")
        return shown

    for _ in range(5):
        assert (await asked_and_answered())["code"] == "anchor_unavailable"
    assert len(await provider.requests()) == 3
    assert await paid(talker) == (0, 0, 0)
    now[0] = 31.0
    await asked_and_answered()  # one goes through, and finds it as it was
    await asked_and_answered()
    assert len(await provider.requests()) == 4
    await provider.heal()
    now[0] = 62.0
    assert (await asked_and_answered())["status"] == "done"
    assert not model().breaker.is_open
