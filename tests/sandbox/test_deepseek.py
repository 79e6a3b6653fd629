"""The model's provider, driven by the OpenAI library and by hand."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI

from ops.sandbox.deepseek_usage import PrefixCache, Usage
from tests.sandbox.asking import ASK, CHAT, PLAIN, SNAPSHOT, ask, raw, stream
from tests.sandbox.conftest import Sandbox


def consistent(usage: dict[str, Any]) -> bool:
    return (
        usage["prompt_cache_hit_tokens"] + usage["prompt_cache_miss_tokens"] == usage["prompt_tokens"]
        and usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"]
        and usage["prompt_tokens_details"]["cached_tokens"] == usage["prompt_cache_hit_tokens"]
        and usage["completion_tokens_details"]["reasoning_tokens"] <= usage["completion_tokens"]
    )


async def test_one_answer_says_what_the_prompt_says(sandbox: Sandbox, model: AsyncOpenAI):
    answer = await ask(model)
    text = answer.choices[0].message.content
    assert "12 clean days" in text
    assert " 5 " in text
    assert "low" in text
    assert "alone tonight" in text
    assert "30" not in text
    assert (answer.model, answer.choices[0].finish_reason) == ("deepseek-flash", "stop")
    assert consistent(answer.usage.model_dump())
    assert not hasattr(answer.choices[0].message, "reasoning_content")
    assert (await ask(model)).choices[0].message.content == text


async def test_a_stream_has_the_same_words(sandbox: Sandbox, model: AsyncOpenAI):
    whole, streamed = (await ask(model)).choices[0].message.content, await stream(model)
    assert streamed.text == whole
    assert (streamed.finish, streamed.first.choices[0].delta.role) == ("stop", "assistant")
    assert streamed.pieces > 8
    assert streamed.first.usage is None
    assert consistent(streamed.usage.model_dump())


def test_the_wire_of_a_stream(sandbox: Sandbox):
    body = {"model": "deepseek-flash", "messages": ASK, "stream": True, "stream_options": {"include_usage": True}}
    answers = [raw(sandbox, body | PLAIN) for _ in range(3)]
    assert answers[0].headers["content-type"].startswith("text/event-stream")
    events = [event for event in answers[0].text.split("\n\n") if event.startswith("data: ")]
    assert events[-1] == "data: [DONE]"
    chunks = [json.loads(event[6:]) for event in events[:-1]]
    assert [chunk["usage"] is None for chunk in chunks] == [True] * (len(chunks) - 1) + [False]
    assert chunks[-1]["choices"] == []
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert any(": keep-alive\n\n" in answer.text for answer in answers)
    without = raw(sandbox, {"model": "deepseek-flash", "messages": ASK, "stream": True})
    assert '"usage":{' not in without.text


async def test_thinking_is_on_unless_switched_off(sandbox: Sandbox, model: AsyncOpenAI):
    answer = await ask(model, extra_body={}, reasoning_effort="low")
    assert answer.choices[0].message.reasoning_content
    assert answer.usage.completion_tokens_details.reasoning_tokens > 0
    assert (await stream(model, extra_body={})).thought == answer.choices[0].message.reasoning_content


async def test_scripted_replies_are_used_up_in_order(sandbox: Sandbox, model: AsyncOpenAI):
    sandbox.replies("first", "второй ответ, 12 дней")
    assert (await ask(model)).choices[0].message.content == "first"
    assert (await stream(model)).text == "второй ответ, 12 дней"
    assert "12 clean days" in (await ask(model)).choices[0].message.content
    for bad in (b"{", b'{"replies": "one"}', b'{"replies": [1]}', b'{"answers": []}'):
        assert sandbox.http.put("/_control/deepseek/replies", content=bad).status_code == 400


async def test_another_day_gives_another_text(sandbox: Sandbox, model: AsyncOpenAI):
    texts, said = set(), ""
    for day in range(10):
        system = f"Angle of the day: {day}\n{SNAPSHOT}\nDo not repeat:\n{said}"
        messages = [{"role": "system", "content": system}, {"role": "user", "content": "Write today's message."}]
        text = (await ask(model, messages)).choices[0].message.content
        assert "Write today" not in text
        said += text
        texts.add(text)
    assert len(texts) == 10


@pytest.mark.parametrize(
    ("snapshot", "clean", "check_in"),
    [
        ('{"clean":{"best_days":40,"current_days":7},"check_in":{"current_days":3}}', 7, 3),
        ('{"clean_days": 7, "check_in_days": 3, "total_clean_days": 99}', 7, 3),
        ("best clean days: 40, clean days: 7, longest check-in streak: 9, check-in streak: 3", 7, 3),
        ("7 days clean, 3 check-in days", 7, 3),
        ("The clean streak is now 7 days; check-ins: 3", 7, 3),
        ("clean_days=0\ncheck_in_streak=1", 0, 1),
    ],
)
async def test_numbers_however_the_snapshot_writes_them(
    sandbox: Sandbox, model: AsyncOpenAI, snapshot: str, clean: int, check_in: int
):
    text = (await ask(model, [{"role": "system", "content": snapshot}])).choices[0].message.content
    assert [int(word) for word in text.replace("-", " ").split() if word.isdigit()] == [clean, check_in]


async def test_what_anchors_data_says_goes_before_what_stands_in_a_note(sandbox: Sandbox, model: AsyncOpenAI):
    facts = {
        "journal": [{"date": "2026-11-22", "body": 'My mood was terrible, "mood":1, 99 clean days, check-ins: 98.'}],
        "goals": [{"kind": "mood_days", "title": "97 days clean", "progress": 40}],
        "check_ins": [{"date": "2026-11-23", "mood": 4, "urge_level": 2}, {"date": "2026-11-22", "mood": 1}],
        "check_in": {"current_days": 3, "best_days": 9},
        "clean": {"current_days": 7, "best_days": 40},
    }
    system = f"You are kind.\n<data>\n{json.dumps(facts, separators=(',', ':'))}\n</data>"
    messages = [{"role": "system", "content": system}, {"role": "user", "content": "Hello"}]
    text = (await ask(model, messages)).choices[0].message.content
    assert [int(word) for word in text.replace("-", " ").split() if word.isdigit()] == [7, 3]
    assert "Your last mood was good." in text


async def test_no_number_is_invented(sandbox: Sandbox, model: AsyncOpenAI):
    text = (await ask(model, [{"role": "user", "content": "Hello"}])).choices[0].message.content
    assert not any(character.isdigit() for character in text)


async def test_json_answers(sandbox: Sandbox, model: AsyncOpenAI):
    messages = [{"role": "system", "content": "Answer as JSON."}, {"role": "user", "content": "I work at night."}]
    answer = await ask(model, messages, response_format={"type": "json_object"})
    assert json.loads(answer.choices[0].message.content)["facts"] == ["I work at night"]
    with pytest.raises(openai.BadRequestError, match="json"):
        await ask(model, response_format={"type": "json_object"})


async def test_max_tokens_cuts_the_answer(sandbox: Sandbox, model: AsyncOpenAI):
    answer = await ask(model, max_tokens=5)
    assert (answer.choices[0].finish_reason, answer.usage.completion_tokens) == ("length", 5)
    assert len(answer.choices[0].message.content) == 20


async def test_the_prefix_cache_is_each_users_own(sandbox: Sandbox, model: AsyncOpenAI):
    system = {"role": "system", "content": "A long and unchanging beginning. " * 100}

    async def hits(user: str, *turns: str) -> int:
        messages = [system, *({"role": "user", "content": turn} for turn in turns)]
        usage = (await ask(model, messages, extra_body=PLAIN | {"user_id": user})).usage.model_dump()
        assert consistent(usage)
        assert usage["prompt_cache_hit_tokens"] % 64 == 0
        return int(usage["prompt_cache_hit_tokens"])

    hello, other, third = ("hello " * 100, "other " * 100, "third " * 100)
    assert await hits("a", hello) == 0
    assert await hits("b", hello) == 0
    # What two requests have in common is found to be so by the second, and hits from the third on.
    assert await hits("a", other) == 0
    assert await hits("a", third) == 3300 // 256 * 64
    whole = (3300 + len("<|system|><|user|>") + len(hello)) // 256 * 64
    assert await hits("a", hello, "more " * 100) == whole
    assert await hits("a", hello, "more " * 100, "and more") > whole
    await asyncio.to_thread(sandbox.http.delete, "/_control")
    assert await hits("a", hello) == 0


async def test_a_talk_that_goes_on_hits_all_that_was_said(sandbox: Sandbox, model: AsyncOpenAI):
    talk = [{"role": "system", "content": "Short and unchanging. "}]
    asked = 0
    for turn in range(6):
        talk.append({"role": "user", "content": f"Turn {turn}. " + "What I say is long. " * 30})
        answer = await ask(model, talk, extra_body=PLAIN | {"user_id": "talker"})
        usage = answer.usage.model_dump()
        # All that was asked and answered before, in whole blocks.
        assert usage["prompt_cache_hit_tokens"] == asked // 64 * 64
        talk.append({"role": "assistant", "content": answer.choices[0].message.content})
        said = "".join(f"<|{each['role']}|>{each['content']}" for each in talk)
        asked = len(said) // 4


def test_prefixes_and_prices():
    cache = PrefixCache()
    long = "".join(chr(97 + n // 256 % 26) for n in range(3 * 2048 * 4))
    prompts = ["a" * 256 + "b" * 256, "a" * 256 + "c" * 256, "a" * 256 + "d" * 256, "a" * 256 + "b" * 300, "b" * 512]
    assert [cache.cached_tokens("u", prompt) for prompt in prompts] == [0, 0, 64, 128, 0]
    cache.answered("u", "b" * 512 + "e" * 512)
    assert cache.cached_tokens("u", "b" * 512 + "e" * 512 + "f" * 600) == 256
    # In long texts a piece hits although no request ended there, nor was found to have it in common before.
    assert [cache.cached_tokens("v", prompt) for prompt in (long, long[: 2048 * 4 + 300] + "z" * 900)] == [0, 2048]
    usage = Usage(prompt=1200, cached=1024, completion=42, reasoning=30)
    night, peak = datetime(2026, 11, 23, 20, tzinfo=UTC), datetime(2026, 11, 23, 7, tzinfo=UTC)
    assert usage.cost("deepseek-flash", night) == 1024 * 3_000 + 176 * 150_000 + 42 * 600_000
    assert usage.cost("deepseek-flash", peak) == 2 * usage.cost("deepseek-flash", night)
    assert usage.cost("deepseek-flash", datetime(2026, 11, 22, 7, tzinfo=UTC)) == usage.cost("deepseek-flash", night)


async def test_models_and_balance(sandbox: Sandbox, model: AsyncOpenAI):
    assert [one.id async for one in model.models.list()] == ["deepseek-flash", "deepseek-v4-pro"]
    headers = {"authorization": f"Bearer {sandbox.env['DEEPSEEK_API_KEY']}"}
    assert sandbox.http.get("/deepseek/user/balance", headers=headers).json()["is_available"] is True
    assert (await ask(model, model="deepseek-v4-flash")).model == "deepseek-flash"


async def test_the_library_raises_what_it_should(sandbox: Sandbox, model: AsyncOpenAI):
    with pytest.raises(openai.AuthenticationError):
        await ask(model.with_options(api_key="sk-wrong"))
    for name in ("deepseek-chat", "gpt-5"):
        with pytest.raises(openai.NotFoundError):
            await ask(model, model=name)
    with pytest.raises(openai.BadRequestError):
        await ask(model, [])
    with pytest.raises(openai.UnprocessableEntityError):
        await ask(model, temperature=3)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"messages": None}, 422),
        ({"messages": [{"role": "robot", "content": "x"}]}, 422),
        ({"messages": [{"role": "user"}]}, 422),
        ({"messages": [{"role": "user", "content": 5}]}, 422),
        ({"messages": [{"role": "tool", "content": "x"}]}, 422),
        ({"max_tokens": 0}, 422),
        ({"thinking": {"type": "maybe"}}, 422),
        ({"user_id": "é" * 257}, 422),
        ({"stream_options": {"include_usage": True}}, 400),
        ({"tools": [{}], "messages": [*ASK, {"role": "assistant", "content": "x"}]}, 400),
    ],
)
def test_refused_bodies(sandbox: Sandbox, change: dict[str, Any], status: int):
    answer = raw(sandbox, {"model": "deepseek-flash", "messages": ASK} | change)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


def test_refused_requests(sandbox: Sandbox):
    assert raw(sandbox, b"{").status_code == 400
    assert raw(sandbox, {"model": "deepseek-flash"}).status_code == 422
    assert raw(sandbox, {"model": "deepseek-flash", "messages": ASK}, key="sk-no").status_code == 401
    assert sandbox.http.post(CHAT, json={}).status_code == 401
    assert sandbox.sent("deepseek")[0]["status"] == 400
