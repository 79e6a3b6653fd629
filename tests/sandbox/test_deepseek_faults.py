"""The model's provider in trouble: errors, cut and dropped streams, slowness."""

from __future__ import annotations

import asyncio

import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from tests.sandbox.asking import ASK, Streamed, ask, raw, stream
from tests.sandbox.conftest import Sandbox


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (402, openai.APIStatusError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
    ],
)
async def test_error_faults(sandbox: Sandbox, model: AsyncOpenAI, status: int, error: type[openai.APIStatusError]):
    sandbox.fault("deepseek", status=status, headers={"retry-after": "3"})
    with pytest.raises(error) as caught:
        await stream(model)
    assert (caught.value.status_code, caught.value.response.headers["retry-after"]) == (status, "3")
    assert sandbox.sent("deepseek")[0]["status"] == status


async def test_a_truncated_stream_just_ends(sandbox: Sandbox, model: AsyncOpenAI):
    sandbox.fault("deepseek", truncate_after=3, times=1)
    seen = await stream(model)
    assert (seen.pieces, seen.finish, seen.usage) == (3, None, None)
    assert (await stream(model)).finish == "stop"


async def test_a_stream_dropped_midway(sandbox: Sandbox, model: AsyncOpenAI):
    sandbox.fault("deepseek", truncate_after=2, drop=True, times=1)
    seen = Streamed()
    with pytest.raises((openai.APIConnectionError, httpx2.RemoteProtocolError)):
        await stream(model, seen)
    assert (seen.pieces, seen.finish) == (2, None)


async def test_an_error_inside_the_stream(sandbox: Sandbox, model: AsyncOpenAI):
    sandbox.fault("deepseek", truncate_after=2, status=503, times=1)
    seen = Streamed()
    with pytest.raises(openai.APIError, match="too busy") as caught:
        await stream(model, seen)
    assert not hasattr(caught.value, "status_code")
    assert seen.pieces == 2


async def test_a_drop_before_the_answer(sandbox: Sandbox, model: AsyncOpenAI):
    sandbox.replies("kept for the next try")
    sandbox.fault("deepseek", drop=True, times=1)
    with pytest.raises(openai.APIConnectionError):
        await ask(model)
    assert (await ask(model)).choices[0].message.content == "kept for the next try"
    assert [item["status"] for item in sandbox.sent("deepseek")] == [None, 200]


async def test_a_slow_provider_holds_the_line(sandbox: Sandbox, model: AsyncOpenAI):
    quick = model.with_options(timeout=0.35)
    sandbox.fault("deepseek", delay_ms=700)
    assert (await stream(quick)).finish == "stop"
    assert (await ask(quick)).choices[0].finish_reason == "stop"
    answers = [raw(sandbox, {"model": "deepseek-flash", "messages": ASK, "stream": way}) for way in (True, False)]
    assert answers[0].text.count(": keep-alive\n\n") >= 3
    assert answers[1].text.startswith("\n\n\n")
    sandbox.fault("deepseek", delay_ms=700, status=500)
    with pytest.raises(openai.APITimeoutError):
        await ask(quick)


async def test_fifty_streams_at_once(sandbox: Sandbox, model: AsyncOpenAI):
    seen = await asyncio.gather(*(stream(model) for _ in range(50)))
    assert {one.finish for one in seen} == {"stop"}
    assert len({one.text for one in seen}) == 1
