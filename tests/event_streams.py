"""An event stream as an app has it. The transport of the other tests hands out whole answers only."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

Heard = tuple[str, Any, str | None]


class EventStream:
    """The far end of a stream. While `takes` is cleared it takes nothing more, as a phone in a tunnel."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.gone = asyncio.Event()
        self.takes = asyncio.Event()
        self.takes.set()
        self.task: asyncio.Task[Any] | None = None
        self.last: str | None = None
        self._started = asyncio.Event()
        self._blocks: asyncio.Queue[str | None] = asyncio.Queue()
        self._rest = ""

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

    async def all(self, seconds: float = 15) -> list[Heard]:
        """Every event to the end."""
        events = []
        while (event := await self.next(seconds)) is not None:
            events.append(event)
        return events

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


@contextlib.asynccontextmanager
async def open_stream(app: Any, person: Any, path: str, last: str | None = None) -> AsyncIterator[EventStream]:
    """Ask `app` for the stream at `path` as the signed-in person; `last` is the id of the last event they have."""
    headers = [(b"authorization", person.http.headers["Authorization"].encode()), (b"host", b"kuitter.test")]
    if last is not None:
        headers.append((b"last-event-id", last.encode()))
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("kuitter.test", 80), "extensions": {}, "state": {},
    }  # fmt: skip
    stream = EventStream()
    stream.task = asyncio.create_task(app(scope, stream.receive, stream.send))
    try:
        await stream.started()
        yield stream
    finally:
        stream.gone.set()
        stream.takes.set()
        async with asyncio.timeout(5):
            await asyncio.gather(stream.task, return_exceptions=True)
