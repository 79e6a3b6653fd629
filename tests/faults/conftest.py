"""A whole system of real processes, with short leases, for breaking things on purpose."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
import httpx2
import pytest
from redis.asyncio import Redis

from ops.stack.ports import free_port
from ops.stack.stack import Stack

_numbers = count(1)
ROOT = Path(__file__).parent.parent.parent


class World:
    """The stack, and what a phone, an operator and an auditor do with it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.http = httpx2.AsyncClient(base_url=stack.url, trust_env=False, timeout=40)
        self.sandbox = httpx2.AsyncClient(base_url=stack.sandbox_url, trust_env=False, timeout=10)

    async def close(self) -> None:
        await self.http.aclose()
        await self.sandbox.aclose()

    async def sql(self, query: str, *args: Any) -> list[Any]:
        connection = await asyncpg.connect(self.stack.database_url, server_settings={"search_path": "kuitter"})
        try:
            return await connection.fetch(query, *args)
        finally:
            await connection.close()

    async def script(self, statements: str) -> None:
        """Several statements, in one transaction."""
        connection = await asyncpg.connect(self.stack.database_url, server_settings={"search_path": "kuitter"})
        try:
            await connection.execute(statements)
        finally:
            await connection.close()

    async def flush_redis(self) -> None:
        redis = Redis.from_url(self.stack.redis_url)
        await redis.flushall()
        await redis.aclose()

    def travel(self, step: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "ops.cli", "time", "travel", step], env=self.stack.environ, cwd=ROOT, check=True
        )

    async def sign_up(self, **fields: Any) -> Phone:
        body = {
            "email": f"fault{next(_numbers)}@example.org", "password": "correct horse battery",
            "birth_date": "1990-01-01", "timezone": "Europe/Berlin", "accepted_terms": True, **fields,
        }  # fmt: skip
        answer = await self.http.post("/v1/auth/register", json=body)
        assert answer.status_code == 201, answer.text
        phone = Phone(self, body, answer.json())
        await phone.ok("PUT", "/v1/me/consents/third_party_ai", json={"granted": True})
        return phone

    async def sent(self, provider: str) -> list[dict[str, Any]]:
        """What the provider was sent, oldest first."""
        items: list[dict[str, Any]] = (await self.sandbox.get("/_control/sent", params={"provider": provider})).json()[
            "items"
        ]
        return items

    async def until(self, what: str, look: Callable[[], Awaitable[Any]], seconds: float = 30) -> Any:
        """What `look` finds, as soon as it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = await look()
            if found:
                return found
            await asyncio.sleep(0.05)
        raise AssertionError(f"not within {seconds} s: {what}")

    async def until_no_jobs(self, seconds: float = 30) -> None:
        async def none() -> bool:
            return not await self.sql("SELECT 1 FROM jobs WHERE state = 'live'")

        await self.until("all jobs done", none, seconds)

    async def audit(self) -> None:
        """The books must balance, whatever happened: no open reservation, windows equal to the ledger, no dead job."""
        assert not await self.sql("SELECT 1 FROM anchor_charges WHERE state = 'reserved'")
        assert not await self.sql("SELECT 1 FROM anchor_messages WHERE status IN ('pending', 'streaming')")
        wrong = await self.sql(
            """SELECT w.* FROM anchor_windows w LEFT JOIN LATERAL (
                   SELECT count(*) FILTER (WHERE counted AND state = 'settled') AS replies,
                          COALESCE(sum(cost), 0) AS cost
                   FROM anchor_charges c
                   WHERE c.user_id = w.user_id AND CASE w.kind WHEN 'day' THEN c.day ELSE c.month END = w.starts_on
               ) l ON true
               WHERE w.reserved <> 0 OR w.replies <> l.replies OR (w.kind = 'month' AND w.cost <> l.cost)"""
        )
        assert not wrong, wrong
        assert not await self.sql("SELECT 1 FROM jobs WHERE state = 'dead'")


class Phone:
    """One person's app."""

    def __init__(self, world: World, credentials: dict[str, Any], tokens: dict[str, Any]) -> None:
        self.world = world
        self.credentials = credentials
        self.user = tokens["user"]
        self.headers = {"Authorization": f"Bearer {tokens['access_token']}"}

    async def __call__(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        return await self.world.http.request(
            method, path, headers={**self.headers, **arguments.pop("headers", {})}, **arguments
        )

    async def ok(self, method: str, path: str, **arguments: Any) -> Any:
        answer = await self(method, path, **arguments)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def register_devices(self) -> None:
        """An iPhone on APNs and an Android phone on FCM."""
        for installation, body in (
            ("iphone", {"platform": "ios", "transport": "apns", "token": os.urandom(32).hex(), "token_kind": "apns"}),
            (
                "pixel",
                {"platform": "android", "transport": "fcm", "token": f"fid-{os.urandom(8).hex()}", "token_kind": "fid"},
            ),
        ):
            await self.ok(
                "PUT", f"/v1/me/devices/{installation}",
                json={**body, "environment": "production", "app_version": "1.0"},
            )  # fmt: skip


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Real PostgreSQL, Valkey, sandbox, worker, clock and web, on ports of their own."""
    number = next(_numbers)
    environ = {
        name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG") or name.startswith("SSL")
    }
    environ |= {
        "PORT": str(free_port()), "SANDBOX_PORT": str(free_port(2)), "METRICS_PORT": str(free_port(3)),
        "DATA_DIR": str(ROOT / ".data" / f"faults-{os.getpid()}-{number}"), "JOB_LEASE_SECONDS": "2",
        "JOB_RESEND_SECONDS": "1", "JOB_RESEND_MAX_SECONDS": "3", "SWEEP_SECONDS": "0.1", "CLOCK_TICK_SECONDS": "0.2",
        "SHUTDOWN_SECONDS": "3",
    }  # fmt: skip
    stack = Stack(environ, durable=True)
    with stack:
        yield stack
    import shutil

    shutil.rmtree(environ["DATA_DIR"], ignore_errors=True)


@pytest.fixture
async def world(stack: Stack) -> AsyncIterator[World]:
    """The system in good order, the sandbox forgetful, the clock at the real time."""
    world = World(stack)
    await world.sandbox.delete("/_control")
    (Path(stack.environ["DATA_DIR"]) / "clock").unlink(missing_ok=True)
    yield world
    await world.close()
