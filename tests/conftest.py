"""What all tests share: real PostgreSQL, Valkey and provider sandbox, the app in this process, and `drain()`.

Isolation is by truncation, because the code under test commits. Tests run on one event loop.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import date
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import httpx2
import hypothesis
import pytest

# The same tests of the same code end the same; `make hunt` tries other examples every time.
hypothesis.settings.register_profile("the_same", derandomize=True)
hypothesis.settings.register_profile("hunt", derandomize=False, print_blob=True)
hypothesis.settings.load_profile("the_same")

_ROOT = Path(__file__).parent.parent / ".data"
_locks: list[Any] = []


def _own_data_dir() -> Path:
    """A folder that no other run of the tests uses at this moment."""
    _ROOT.mkdir(exist_ok=True)
    for number in count(1):
        lock = (_ROOT / f"test-{number}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _locks.append(lock)
        break
    return _ROOT / f"test-{number}"


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers before anything reads the settings: one set for each process that runs tests."""
    if getattr(config.option, "numprocesses", None):
        return  # this one only hands the tests out
    from ops.sandbox.credentials import environment
    from ops.stack.ports import free_port
    from ops.stack.postgres import Postgres
    from ops.stack.valkey import Valkey

    for name in [name for name in os.environ if name.startswith(("JOB_", "ANCHOR_", "REQUESTS_", "KUITTER_"))]:
        del os.environ[name]
    data_dir = _own_data_dir()
    data_dir.mkdir(parents=True, exist_ok=True)
    postgres, valkey = Postgres(data_dir, durable=False), Valkey(data_dir, durable=False)
    postgres.start()
    valkey.start()
    config.stash[_SERVERS] = [valkey, postgres]
    port = free_port(2)
    os.environ.update(environment(data_dir, port))
    os.environ.update(
        DATABASE_URL=postgres.url, REDIS_URL=valkey.url, DATA_DIR=str(data_dir), SANDBOX_PORT=str(port),
        KUITTER_ENV="development", ADDRESS_LIMITS="off", LOG_LEVEL="warning",
        PROGRESS_DEBOUNCE_SECONDS="0", GATHER_SECONDS="0",
    )  # fmt: skip


_SERVERS: pytest.StashKey[list[Any]] = pytest.StashKey()


def pytest_unconfigure(config: pytest.Config) -> None:
    for server in config.stash.get(_SERVERS, []):
        server.stop()


@pytest.fixture(scope="session")
async def schema() -> None:
    """The schema, built by the migrations, from nothing."""
    import asyncpg

    from ops.migrate import migrate

    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    await connection.execute("DROP SCHEMA IF EXISTS kuitter CASCADE")
    await connection.close()
    await migrate()


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[str]:
    """The provider sandbox as a process of its own; its address."""
    import sys

    from ops.stack.processes import Child

    url = f"http://127.0.0.1:{os.environ['SANDBOX_PORT']}"
    child = Child("sandbox", [sys.executable, "-m", "ops.sandbox"], os.environ, ready_url=f"{url}/_control/sent")
    child.start()
    child.wait_ready(20)
    yield url
    child.terminate()


@pytest.fixture(scope="session")
async def app(schema: None) -> AsyncIterator[Any]:
    """The app, serving in this process on the tests' own loop."""
    from api.app import create_litestar
    from api.edge import Edge
    from domain.kit import redis
    from domain.kit.log import configure_logging
    from ops.seeding import seed

    configure_logging("warning", "test")
    # Tests and their servers may stall each other for longer than anybody should wait in earnest.
    redis.TIMEOUT = 3.0
    litestar = create_litestar()
    up, stop = asyncio.Event(), asyncio.Event()

    async def hold_open() -> None:
        # In one task from beginning to end: the lifespan's cancel scopes want that, and fixtures do not give it.
        async with litestar.lifespan():
            up.set()
            await stop.wait()

    holder = asyncio.create_task(hold_open())
    waiter = asyncio.create_task(up.wait())
    await asyncio.wait((holder, waiter), return_when=asyncio.FIRST_COMPLETED)
    if holder.done():
        await holder
    await seed()
    yield Edge(litestar)
    stop.set()
    await holder


_emptying: list[str] = []
# Filled once, by the seeds, and the same for every test.
CATALOGUES = ["migration", "prompts", "triggers", "quizzes", "quiz_questions", "achievements"]


@pytest.fixture(autouse=True)
async def clean(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Empty tables and an empty Redis before each test that uses the app; the catalogues stay."""
    if "app" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("app")
    from redis.asyncio import Redis

    from domain.anchor import breaker
    from domain.kit.database import execute, fetch
    from domain.kit.settings import settings

    if not _emptying:
        tables = await fetch(
            """SELECT relname FROM pg_stat_user_tables
               WHERE schemaname = 'kuitter' AND relname <> ALL ($1) ORDER BY relname <> 'users'""",
            CATALOGUES,
        )
        # Deleting is several times faster than TRUNCATE, which makes new files for every table.
        _emptying.append("; ".join(f"DELETE FROM {row['relname']}" for row in tables))
    await execute(_emptying[0])
    for url in (settings().redis_url, settings().broker_url):
        redis = Redis.from_url(url)
        await redis.flushdb()
        await redis.aclose()
    breaker.forget_cached_spend()
    yield


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """argon2 at its least, because nearly every test signs somebody up. Where it is tested, a fixture of the same name
    leaves it as it is."""
    from argon2 import PasswordHasher

    from domain.accounts import passwords

    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    monkeypatch.setattr(passwords, "_nobodys_hash", _nobodys_quick_hash)


@cache
def _nobodys_quick_hash() -> str:
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("nobody has this password")


class Api:
    """An app of somebody: an HTTP client with (or without) their access token."""

    def __init__(self, http: httpx2.AsyncClient, signed_in: dict[str, Any] | None = None) -> None:
        self.http = http
        self.signed_in = signed_in
        if signed_in:
            http.headers["Authorization"] = f"Bearer {signed_in['access_token']}"

    @property
    def user(self) -> dict[str, Any]:
        assert self.signed_in
        return self.signed_in["user"]

    async def __call__(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        return await self.http.request(method, path, **arguments)

    async def ok(self, method: str, path: str, **arguments: Any) -> Any:
        """The JSON of an answer that must be a success."""
        response = await self(method, path, **arguments)
        assert response.status_code < 300, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None


def _client(app: Any) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app, raise_app_exceptions=False), base_url="http://kuitter.test", timeout=30
    )


@pytest.fixture
async def stranger(app: Any) -> AsyncIterator[Api]:
    """Somebody without a token."""
    async with _client(app) as http:
        yield Api(http)


async def drop_mails() -> None:
    """Forget all mails that wait."""
    from domain.kit.database import execute

    await execute("DELETE FROM jobs WHERE name = 'accounts.mail'")
    await execute("DELETE FROM mails")


PASSWORD = "correct horse battery"
_numbers = count(1)


@pytest.fixture
async def sign_up(app: Any) -> AsyncIterator[Callable[..., Awaitable[Api]]]:
    """`await sign_up(timezone=…, username=…)` registers a person and returns their Api.

    The mail that asks them to confirm their address is taken out of the outbox, but for `mail=True`.
    """
    opened: list[httpx2.AsyncClient] = []

    async def register(*, consents: tuple[str, ...] = (), mail: bool = False, **fields: Any) -> Api:
        http = _client(app)
        opened.append(http)
        body = {
            "email": f"person{next(_numbers)}@example.org",
            "password": PASSWORD,
            "birth_date": str(date(1990, 5, 17)),
            "timezone": "Europe/Berlin",
            "accepted_terms": True,
            **fields,
        }
        response = await http.post("/v1/auth/register", json=body)
        assert response.status_code == 201, response.text
        person = Api(http, response.json())
        if not mail:
            await drop_mails()
        for kind in consents:
            await person.ok("PUT", f"/v1/me/consents/{kind}", json={"granted": True})
        return person

    yield register
    for http in opened:
        await http.aclose()


@pytest.fixture
async def person(sign_up: Callable[..., Awaitable[Api]]) -> Api:
    """A person in Berlin who has just signed up."""
    return await sign_up()


@pytest.fixture
async def sandbox(sandbox_process: str) -> AsyncIterator[httpx2.AsyncClient]:
    """The sandbox's control routes, forgotten before each test."""
    # Plain HTTP: without `verify` nothing reads all the certificates of the world for each test.
    async with httpx2.AsyncClient(base_url=sandbox_process, trust_env=False, timeout=10, verify=False) as http:
        await http.delete("/_control")
        yield http


@pytest.fixture
def drain(app: Any) -> Callable[..., Awaitable[list[tuple[str, str]]]]:
    """`await drain()` runs the jobs that are due, inline through the real actors, until none is left.

    Returns (job name, outcome) in order. A job that did not get done fails the test, unless `allow` names its outcome
    ("retry", "dead", "skipped").
    """

    async def run(*, allow: tuple[str, ...] = (), at_most: int = 500) -> list[tuple[str, str]]:
        from domain.kit.database import fetch
        from tasks import actors  # noqa: F401  binds every actor
        from tasks.actor import bindings

        done: list[tuple[str, str]] = []
        while True:
            rows = await fetch(
                """SELECT id, name FROM jobs WHERE state = 'live' AND run_at <= now()
                     AND (lease_until IS NULL OR lease_until < now()) ORDER BY run_at, id LIMIT 50"""
            )
            if not rows:
                return done
            for row in rows:
                outcome = await bindings[row["name"]].run(str(row["id"]))
                done.append((row["name"], outcome))
                assert outcome in ("done", "gone", "again", *allow), f"{row['name']} ended as {outcome}"
                assert len(done) <= at_most, "jobs do not end"

    return run


@pytest.fixture(autouse=True)
def awake(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """At whatever hour the tests run, no push waits for the morning; `@pytest.mark.nights` is for those about that."""
    from domain.push import quiet

    if request.node.get_closest_marker("nights") is None:
        monkeypatch.setattr(quiet, "CAN_WAIT", ())
