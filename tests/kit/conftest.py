"""What the tests of the foundation share: their own settings, a table to write to, a small pool, a Valkey to kill."""

import asyncio
import base64
import dataclasses
import io
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from domain.kit.database import KuitterEngine, execute, fetch
from domain.kit.settings import settings
from tests.conftest import CATALOGUES


@pytest.fixture(autouse=True)
async def clean(request: pytest.FixtureRequest) -> None:
    """Like the one for all tests, for many small ones: only tables that hold rows are emptied."""
    if "app" in request.fixturenames:
        request.getfixturevalue("app")
        tables = await fetch(
            """SELECT relname AS name FROM pg_class
               WHERE relnamespace = 'kuitter'::regnamespace AND relkind = 'r' AND relname <> ALL ($1)""",
            CATALOGUES,
        )
        looks = (f"SELECT '{table['name']}' AS name WHERE EXISTS (SELECT FROM {table['name']})" for table in tables)
        filled = await fetch(" UNION ALL ".join(looks))
        if filled:
            await execute(f"TRUNCATE {', '.join(table['name'] for table in filled)} CASCADE")
        for url in (settings().redis_url, settings().broker_url):
            redis = Redis.from_url(url)
            await redis.flushdb()
            await redis.aclose()


@pytest.fixture
def use_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """`use_settings(JOB_RESEND_SECONDS="0.2")`: this test's settings, read from the environment like any other."""

    def use(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()

    yield use
    monkeypatch.undo()
    settings.cache_clear()


@pytest.fixture
def production() -> dict[str, str]:
    """The variables that make a complete production of the tests' environment."""
    secure = {"http": "https", "smtp": "smtps"}
    providers = {
        name: f"{secure[scheme]}://{rest}"
        for name, value in os.environ.items()
        for scheme, _, rest in [value.partition("://")]
        if scheme in secure
    }
    keys = "2026-11:" + base64.b64encode(b"k" * 48).decode()
    return providers | {"KUITTER_ENV": "production", "SECRET_KEYS": keys, "TRUSTED_PROXIES": "none"}


@pytest.fixture
async def scratch(app: Any) -> AsyncIterator[str]:
    """A table to write effects to: `what` is free, `parent` is checked at COMMIT only, `key` is unique."""
    await execute("DROP TABLE IF EXISTS scratch")
    await execute(
        """CREATE TABLE scratch (
               what text, key text UNIQUE, id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
               parent integer REFERENCES scratch (id) DEFERRABLE INITIALLY DEFERRED)"""
    )
    yield "scratch"
    await execute("DROP TABLE scratch")


@pytest.fixture
async def small_pool(app: Any) -> Callable[..., Any]:
    """`async with small_pool(3) as engine`: an engine of its own with that many connections."""

    @asynccontextmanager
    async def opened(size: int) -> AsyncIterator[KuitterEngine]:
        engine = KuitterEngine(dataclasses.replace(settings(), database_pool_size=size))
        await engine.start_connection_pool()
        try:
            yield engine
        finally:
            await engine.close_connection_pool()

    return opened


@pytest.fixture
async def broker_redis(app: Any) -> AsyncIterator[Redis]:
    """The Redis database of the queues."""
    redis = Redis.from_url(settings().broker_url)
    yield redis
    await redis.aclose()


@pytest.fixture
def spare_valkey() -> Iterator[Any]:
    """A Valkey that only this test uses, and may stop."""
    from ops.stack.valkey import Valkey

    folder = Path(tempfile.mkdtemp(prefix="kuitter-"))
    server = Valkey(folder, durable=False)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def log_lines(app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """`log_lines()` is all that this test has logged, of every level."""
    from domain.kit.log import configure_logging

    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    configure_logging("debug", "test")
    yield stream.getvalue
    monkeypatch.undo()
    configure_logging("warning", "test")


@pytest.fixture
def bound(app: Any) -> Iterator[None]:
    """Actors of tests/kit/jobs.py that the test binds are unbound afterwards."""
    from tasks.actor import bindings
    from tasks.broker import broker
    from tests.kit import jobs

    yield
    for job_type in jobs.ALL:
        bindings.pop(job_type.name, None)
        broker.actors.pop(job_type.name, None)


@pytest.fixture
def eventually() -> Callable[..., Awaitable[Any]]:
    """`await eventually(look)` waits until the coroutine function `look` says something true, and returns that."""

    async def wait(look: Callable[[], Awaitable[Any]], seconds: float = 5) -> Any:
        end = time.monotonic() + seconds
        while not (found := await look()):
            assert time.monotonic() < end, "it did not happen"
            await asyncio.sleep(0.01)
        return found

    return wait
