"""What the tests of live events share: event streams as they arrive at an app."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from domain.kit.database import transaction
from domain.kit.events import Event, tell
from tests.event_streams import EventStream, open_stream
from tests.kit.conftest import spare_valkey  # noqa: F401  a fixture
from tests.recovery.conftest import statements  # noqa: F401  a fixture

Api = Any
Listen = Callable[..., contextlib.AbstractAsyncContextManager[EventStream]]


@pytest.fixture
def listen_to() -> Listen:
    """`async with listen_to(app, person, last="…") as phone:` opens a stream of one of several apps."""

    def opened(app: Any, person: Api, last: str | None = None) -> contextlib.AbstractAsyncContextManager[EventStream]:
        return open_stream(app, person, "/v1/events", last)

    return opened


@pytest.fixture
def listen(app: Any, listen_to: Listen) -> Listen:
    """`async with listen(person) as phone:` opens an event stream; `last` is the id of the last event it has."""

    def opened(person: Api, last: str | None = None) -> contextlib.AbstractAsyncContextManager[EventStream]:
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
