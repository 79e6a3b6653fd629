"""The provider sandbox as pushes need it, and what a push needs."""

import os
import socket
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from domain.kit.settings import Settings, read_settings
from domain.push import fuse
from domain.push.message import PushMessage, Target


class Sandbox:
    """The control routes of the running sandbox of tests/conftest.py, and the variables that point the app at it."""

    def __init__(self, url: str, environment: dict[str, str]) -> None:
        self.url = url
        self.environment = environment
        self.control = httpx2.Client(base_url=self.url, trust_env=False, timeout=10, verify=False)

    def sent(self, provider: str) -> list[dict[str, Any]]:
        response = self.control.get("/_control/sent", params={"provider": provider})
        response.raise_for_status()
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    def fault(self, provider: str, **fields: Any) -> None:
        self.control.put(f"/_control/faults/{provider}", json=fields).raise_for_status()

    def no_fault(self, provider: str) -> None:
        self.control.delete(f"/_control/faults/{provider}").raise_for_status()

    def forget(self) -> None:
        self.control.delete("/_control").raise_for_status()


@pytest.fixture
def sandbox(sandbox_process: str) -> Iterator[Sandbox]:
    """The sandbox, forgotten before each test; these tests need its control routes without a loop."""
    from ops.sandbox.credentials import environment

    variables = environment(Path(os.environ["DATA_DIR"]), int(os.environ["SANDBOX_PORT"]))
    sandbox = Sandbox(sandbox_process, variables)
    sandbox.forget()
    yield sandbox
    sandbox.control.close()


@pytest.fixture(autouse=True)
def fresh_fuse() -> None:
    """No fuse stays blown from one test to the next."""
    fuse.forget()


@pytest.fixture
def make_settings(sandbox: Sandbox) -> Callable[..., Settings]:
    def make(**changes: str) -> Settings:
        stores = {"DATABASE_URL": "postgresql://localhost/none", "REDIS_URL": "redis://localhost:1/0"}
        return read_settings({**stores, **sandbox.environment, **changes})

    return make


@pytest.fixture
def settings(make_settings: Callable[..., Settings]) -> Settings:
    return make_settings()


@pytest_asyncio.fixture
async def google() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(trust_env=False, timeout=2, verify=False) as client:
        yield client


@pytest.fixture
def message() -> PushMessage:
    return PushMessage(
        notification_id=uuid.UUID("0198c0de-0000-7000-8000-000000000001"),
        title="Kuitter",
        body="Anchor has a note for you",
        deep_link="kuitter://anchor/today",
        collapse_id="anchor-daily",
        badge=3,
        expires_at=datetime.now(UTC) + timedelta(hours=1),
        thread_id="anchor",
    )


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, kept from others."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def android(token: str = "a-phone", kind: Any = "fcm") -> Target:
    return Target("android", "fcm", token, kind, "production", datetime.now(UTC))


def iphone_by_fcm(token: str = "an-iphone") -> Target:
    return Target("ios", "fcm", token, "fid", "production", datetime.now(UTC))


def iphone(token: str = "ab" * 32, environment: Any = "production", registered_at: datetime | None = None) -> Target:
    return Target("ios", "apns", token, "apns", environment, registered_at or datetime.now(UTC))
