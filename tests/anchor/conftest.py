"""What Anchor's tests share: people with a consent, faults of the model's provider, event streams, other settings."""

from __future__ import annotations

import asyncio
import contextlib
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import cache
from typing import Any
from uuid import UUID

import httpcore2
import httpx2
import pytest

from domain.kit.database import execute, fetch, fetch_row, fetch_value
from domain.kit.settings import settings
from tests.event_streams import EventStream, open_stream

Api = Any


@pytest.fixture
def configure() -> Iterator[Callable[..., None]]:
    """`configure(ANCHOR_REPLY_SECONDS="3")` changes settings until the test ends."""
    before: dict[str, str | None] = {}

    def change(**variables: str) -> None:
        for name, value in variables.items():
            before.setdefault(name, os.environ.get(name))
            os.environ[name] = value
        settings.cache_clear()

    yield change
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
    settings.cache_clear()


@cache
def _certificates() -> ssl.SSLContext:
    return httpcore2.default_ssl_context()


@pytest.fixture(autouse=True)
async def fresh_model(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """No breaker stays open from one test to the next. The certificates are read once for all the clients."""
    from domain.anchor import model

    certificates = _certificates()
    monkeypatch.setattr(httpcore2, "default_ssl_context", lambda **_: certificates)
    await model.close()
    yield
    await model.close()


@pytest.fixture
async def talker(sign_up: Callable[..., Awaitable[Api]]) -> Api:
    """Somebody in Berlin who lets Anchor's model see their data."""
    return await sign_up(consents=("third_party_ai",))


@pytest.fixture
def drain(drain: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """As everywhere, but for the mail that signing up sends: these tests are not about it."""

    async def run(**options: Any) -> Any:
        await execute("DELETE FROM jobs WHERE name LIKE 'accounts.%'")
        return await drain(**options)

    return run


class Provider:
    """The model's provider in the sandbox: faults, scripted answers, and what reached it."""

    def __init__(self, sandbox: httpx2.AsyncClient) -> None:
        self._sandbox = sandbox

    async def fault(self, **fault: Any) -> None:
        (await self._sandbox.put("/_control/faults/deepseek", json=fault)).raise_for_status()

    async def heal(self) -> None:
        await self._sandbox.delete("/_control/faults/deepseek")

    async def says(self, *replies: str) -> None:
        (await self._sandbox.put("/_control/deepseek/replies", json={"replies": replies})).raise_for_status()

    async def requests(self) -> list[dict[str, Any]]:
        response = await self._sandbox.get("/_control/sent", params={"provider": "deepseek"})
        items: list[dict[str, Any]] = response.json()["items"]
        return items


@pytest.fixture
async def provider(sandbox: httpx2.AsyncClient) -> Provider:
    return Provider(sandbox)


async def ask(person: Api, body: str = "Hello", **fields: Any) -> dict[str, Any]:
    """Ask Anchor; the answer of the API."""
    exchange: dict[str, Any] = await person.ok("POST", "/v1/anchor/messages", json={"body": body, **fields})
    return exchange


async def charges(person: Api) -> list[Any]:
    """The person's ledger, oldest first."""
    return await fetch("SELECT * FROM anchor_charges WHERE user_id = $1 ORDER BY id", UUID(person.user["id"]))


async def window(person: Api, kind: str = "day") -> Any:
    """The newest window of a kind."""
    return await fetch_row(
        "SELECT * FROM anchor_windows WHERE user_id = $1 AND kind = $2 ORDER BY starts_on DESC LIMIT 1",
        UUID(person.user["id"]), kind,
    )  # fmt: skip


async def paid(person: Api) -> tuple[int, int, int]:
    """Replies, what is reserved and the cost in the person's day; the month says the same."""
    day, month = await window(person, "day"), await window(person, "month")
    found = (day["replies"], day["reserved"], day["cost"])
    assert found == (month["replies"], month["reserved"], month["cost"])
    assert found[2] == sum(charge["cost"] for charge in await charges(person))
    assert found[2] == await fetch_value("SELECT COALESCE(sum(cost), 0) FROM anchor_spend")
    return found


async def job_of(name: str) -> str:
    """The id of the one live job called `name`."""
    (row,) = await fetch("SELECT id FROM jobs WHERE name = $1 AND state = 'live'", name)
    return str(row["id"])


async def run_job(name: str) -> str:
    """Run the one live job called `name` as a worker does; its outcome."""
    from tasks import actors  # noqa: F401  binds every actor
    from tasks.actor import bindings

    return await bindings[name].run(await job_of(name))


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 10) -> None:
    """Return once `look` finds something."""
    async with asyncio.timeout(seconds):
        while not await look():
            await asyncio.sleep(0.02)


async def replies_asked_for() -> list[Any]:
    """The jobs that are to write an answer."""
    return await fetch("SELECT id FROM jobs WHERE name = 'anchor.reply'")


@pytest.fixture
def listen(app: Any) -> Callable[..., contextlib.AbstractAsyncContextManager[EventStream]]:
    """`async with listen(person, reply_id, last="1-20") as stream:` follows an answer."""

    def opened(
        person: Api, message_id: str, last: str | None = None
    ) -> contextlib.AbstractAsyncContextManager[EventStream]:
        return open_stream(app, person, f"/v1/anchor/messages/{message_id}/stream", last)

    return opened


def text_of(events: list[tuple[str, Any, str | None]]) -> str:
    """The text that an app has put together from `events`, forgetting at each reset."""
    text = ""
    for name, data, _ in events:
        if name == "token":
            text += data["text"]
        elif name == "reset":
            text = ""
    return text
