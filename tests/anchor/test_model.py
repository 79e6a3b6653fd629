"""The client of the model: what it takes from the environment, how it ends, one event loop."""

import asyncio
import os
from uuid import UUID, uuid4

import httpx2
import pytest
from openai import APIConnectionError, APIError, APITimeoutError

from domain.anchor import model as model_module
from domain.anchor.model import Call, ModelFailed, model, opaque_user
from domain.anchor.model_answers import TruncatedCompletion, answer_to
from domain.anchor.tokens import Message
from domain.kit.providers import Outcome
from domain.kit.settings import settings

SAY = [Message("user", "Say something")]
REQUEST = httpx2.Request("POST", "http://localhost")


def call(max_output: int = 400) -> Call:
    return Call(model(), SAY, UUID(int=1), max_output)


async def test_pieces_usage_and_model(app, provider) -> None:
    await provider.says("One two three four five six seven.")
    pieces: list[str] = []
    one = call()
    await one.run(10, pieces.append)
    assert one.text == "".join(pieces) == "One two three four five six seven."
    assert len(pieces) > 1
    spent = one.spent()
    assert spent is not None
    assert (spent.usage.model, spent.usage.output) == ("deepseek-flash", 9)


async def test_our_own_limit_on_the_length_is_no_failure(app, provider) -> None:
    await provider.says("word " * 500)
    one = call(max_output=20)
    await one.run(10)
    assert len(one.text) == 80


async def test_an_empty_answer_is_none(app, provider) -> None:
    await provider.says(" ")
    with pytest.raises(ModelFailed) as failed:
        await call().run(10)
    assert failed.value.answer.code == "empty"


async def test_the_environment_of_the_sdk_leaks_nothing(app, provider, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-leak")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-leak")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Leak: yes")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/leak")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    await call().run(10)
    (request,) = await provider.requests()
    assert "leak" not in str(request).lower()
    assert not [name for name in os.environ if name.startswith("OPENAI_")]


async def test_no_retries_of_its_own(app, provider) -> None:
    await provider.fault(status=500)
    with pytest.raises(ModelFailed):
        await call().run(10)
    (request,) = await provider.requests()
    assert request["headers"]["x-stainless-retry-count"] == "0"


async def test_the_time_is_for_all_of_it(app, provider) -> None:
    await provider.fault(delay_ms=10_000)
    began = asyncio.get_running_loop().time()
    one = call()
    with pytest.raises(ModelFailed) as failed:
        await one.run(0.5)
    assert asyncio.get_running_loop().time() - began < 2
    assert (failed.value.answer.outcome, failed.value.answer.code) == (Outcome.UNKNOWN_DELIVERY, "timeout")
    assert one.spent() is not None


async def test_the_breaker_lets_one_through_after_a_while(app, provider) -> None:
    now = [0.0]
    held = model()
    held.breaker._clock = lambda: now[0]
    await provider.fault(status=401)
    for _ in range(3):
        with pytest.raises(ModelFailed):
            await call().run(10)
    one = call()
    with pytest.raises(ModelFailed) as failed:
        await one.run(10)
    assert (failed.value.answer.outcome, failed.value.answer.code) == (Outcome.CONFIG, "breaker_open")
    assert one.spent() is None
    assert len(await provider.requests()) == 3
    await provider.heal()
    now[0] = 31.0
    await call().run(10)
    await call().run(10)
    assert len(await provider.requests()) == 5


def test_another_loop_gets_another_client(app) -> None:
    async def opened() -> tuple[int, object]:
        held = model()
        assert model() is held
        await model_module.close()
        return id(asyncio.get_running_loop()), held

    (_, one), (_, other) = asyncio.run(opened()), asyncio.run(opened())
    assert one is not other


def test_people_are_told_apart_and_not_known(app) -> None:
    somebody = uuid4()
    assert opaque_user(somebody) == opaque_user(somebody) != opaque_user(uuid4())
    assert somebody.hex not in opaque_user(somebody)
    assert len(opaque_user(somebody).encode()) <= 512


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "outcome", "code", "billed"),
    [
        (caused(APITimeoutError(REQUEST), httpx2.ConnectTimeout("")), Outcome.TRANSIENT, "unreachable", False),
        (caused(APITimeoutError(REQUEST), httpx2.PoolTimeout("")), Outcome.TRANSIENT, "unreachable", False),
        (caused(APITimeoutError(REQUEST), httpx2.ReadTimeout("")), Outcome.UNKNOWN_DELIVERY, "timeout", True),
        (caused(APIConnectionError(request=REQUEST), httpx2.ConnectError("")), Outcome.TRANSIENT, "unreachable", False),
        (
            caused(APIConnectionError(request=REQUEST), httpx2.RemoteProtocolError("")),
            Outcome.UNKNOWN_DELIVERY,
            "dropped",
            True,
        ),
        (httpx2.ReadError(""), Outcome.UNKNOWN_DELIVERY, "dropped", True),
        (httpx2.ReadTimeout(""), Outcome.UNKNOWN_DELIVERY, "timeout", True),
        (TimeoutError(), Outcome.UNKNOWN_DELIVERY, "timeout", True),
        (APIError("x", REQUEST, body=None), Outcome.TRANSIENT, "broken_stream", True),
        (ValueError("not json"), Outcome.TRANSIENT, "broken_stream", True),
        (TruncatedCompletion(None), Outcome.TRANSIENT, "truncated", True),
        (TruncatedCompletion("insufficient_system_resource"), Outcome.TRANSIENT, "insufficient_system_resource", True),
        (TruncatedCompletion("content_filter"), Outcome.REJECTED, "content_filter", True),
    ],
)
def test_what_each_failure_means(error: Exception, outcome: Outcome, code: str, billed: bool) -> None:
    answer, may_be_billed = answer_to(error)
    assert (answer.outcome, answer.code, may_be_billed) == (outcome, code, billed)


def test_the_key_is_not_in_what_we_show(app) -> None:
    assert settings().deepseek_api_key not in repr(ModelFailed(answer_to(TimeoutError())[0]))
