"""What the tests of live events share: event streams as they arrive at an app."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from domain.kit.database import transaction
from domain.kit.events import Event, tell
from tests.kit.conftest import spare_valkey  # noqa: F401  a fixture
from tests.recovery.conftest import statements  # noqa: F401  a fixture

Api = Any
Heard = tuple[str, Any, str | None]


class Phone:
    """The far end of an event stream. With `stuck` it takes nothing more, as a phone in a tunnel."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.gone = asyncio.Event()
        self.takes = asyncio.Event()
        self.takes.set()
        self.task: asyncio.Task[Any] | None = None
        self._started = asyncio.Event()
        self._blocks: asyncio.Queue[str | None] = asyncio.Queue()
        self._rest = ""
        self.last: str | None = None

    async def receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        await self.takes.wait()
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
            self._started.set()
            return
        self._rest += message.get("body", b"").decode()
        *blocks, self._rest = self._rest.split("\n\n")
        for block in blocks:
            if not block.startswith("retry:"):
                self._blocks.put_nowait(block)
        if not message.get("more_body"):
            self._blocks.put_nowait(None)

    async def started(self) -> None:
        async with asyncio.timeout(5):
            await self._started.wait()

    async def next(self, seconds: float = 10) -> Heard | None:
        """(event, data, id) of the next event; None at the end. A comment is the event ":"."""
        async with asyncio.timeout(seconds):
            block = await self._blocks.get()
        if block is None:
            return None
        if block.startswith(":"):
            return ":", block, None
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        self.last = fields.get("id", self.last)
        return fields["event"], json.loads(fields["data"]), fields.get("id")

    async def hear(self, name: str, seconds: float = 10) -> Any:
        """The data of the next event, which must be a `name`."""
        found = await self.next(seconds)
        assert found is not None
        assert found[0] == name, found
        return found[1]

    async def silent(self, seconds: float = 0.15) -> bool:
        """Whether nothing comes for a moment."""
        await asyncio.sleep(seconds)
        return self._blocks.empty()


Listen = Callable[..., contextlib.AbstractAsyncContextManager[Phone]]


@pytest.fixture
def listen_to(app: Any) -> Listen:
    """`async with listen_to(app, person, last="…") as phone:` opens a stream of one of several apps."""

    @contextlib.asynccontextmanager
    async def opened(app: Any, person: Api, last: str | None = None) -> AsyncIterator[Phone]:
        headers = [(b"authorization", person.http.headers["Authorization"].encode()), (b"host", b"kuitter.test")]
        if last is not None:
            headers.append((b"last-event-id", last.encode()))
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
            "path": "/v1/events", "raw_path": b"/v1/events", "query_string": b"", "root_path": "", "headers": headers,
            "client": ("127.0.0.1", 1), "server": ("kuitter.test", 80), "extensions": {}, "state": {},
        }  # fmt: skip
        phone = Phone()
        phone.task = asyncio.create_task(app(scope, phone.receive, phone.send))
        try:
            await phone.started()
            yield phone
        finally:
            phone.gone.set()
            phone.takes.set()
            async with asyncio.timeout(5):
                await asyncio.gather(phone.task, return_exceptions=True)

    return opened


@pytest.fixture
def listen(app: Any, listen_to: Listen) -> Listen:
    """`async with listen(person) as phone:` opens an event stream; `last` is the id of the last event it has."""

    def opened(person: Api, last: str | None = None) -> contextlib.AbstractAsyncContextManager[Phone]:
        return listen_to(app, person, last)

    return opened


def user_id(person: Api) -> UUID:
    return UUID(person.user["id"])


async def told(person: Api, *events: Event) -> None:
    """Tell the person's streams something, as a change of theirs would."""
    async with transaction():
        for event in events:
            tell(user_id(person), event)


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 5) -> Any:
    """What `look` finds, as soon as it is true."""
    async with asyncio.timeout(seconds):
        while not (found := await look()):
            await asyncio.sleep(0.01)
    return found
