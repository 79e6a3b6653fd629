"""The provider sandbox as a process of its own, and what a push needs."""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from domain.kit.settings import Settings, read_settings
from domain.push.message import PushMessage, Target


class Sandbox:
    """The control routes of a running sandbox."""

    def __init__(self, port: int, environment: dict[str, str]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.environment = environment
        self.control = httpx2.Client(base_url=self.url, trust_env=False, timeout=10)

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


def _two_free_ports() -> int:
    """A port that is free together with the next one, which the sandbox takes for mail."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port
    raise RuntimeError("no two free ports beside each other")


@pytest.fixture(scope="session")
def sandbox_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    from ops.sandbox.credentials import environment

    data_dir = tmp_path_factory.mktemp("sandbox")
    port = _two_free_ports()
    variables = environment(data_dir, port)
    log = data_dir / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "ops.sandbox"],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "SANDBOX_PORT": str(port), "DATA_DIR": str(data_dir)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        sandbox = Sandbox(port, variables)
        for _ in range(200):
            try:
                sandbox.sent("fcm")
                break
            except httpx2.HTTPError:
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
        else:
            pytest.fail(f"the sandbox did not come up: {log.read_text()}")
        yield sandbox
        sandbox.control.close()
    finally:
        process.terminate()
        process.wait(timeout=10)


@pytest.fixture
def sandbox(sandbox_process: Sandbox) -> Sandbox:
    sandbox_process.forget()
    return sandbox_process


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
    async with httpx2.AsyncClient(trust_env=False, timeout=2) as client:
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
