"""Two thousand open streams on one real web process: what they cost, how fast they hear, and how the process ends.

`pytest -s tests/events/test_many_streams.py` shows the figures.
"""

from __future__ import annotations

import asyncio
import os
import re
import resource
import statistics
import sys
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from domain.accounts.tokens import Access, make_access
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, transaction
from domain.kit.events import Event, tell
from domain.push.notifications import notify
from ops.stack.ports import free_port
from ops.stack.processes import Child

pytestmark = pytest.mark.slow

STREAMS = 2_000
_MOST_MEGABYTES = 500
_AT_ONCE = 50


class App:
    """A bare HTTP client, so that two thousand of them cost little."""

    def __init__(self, port: int, user_id: UUID, session_id: UUID) -> None:
        self.user_id = user_id
        self._port = port
        self._token = make_access(Access(user_id, session_id, 1))
        self._rest = b""
        self._all = b""

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writer.write(
            f"GET /v1/events HTTP/1.1\r\nHost: kuitter.test\r\nAuthorization: Bearer {self._token}\r\n\r\n".encode()
        )
        await self.until(b"event: hello")

    async def until(self, words: bytes) -> float:
        """When `words` had arrived, by time.monotonic."""
        while words not in self._rest:
            piece = await self._reader.read(65_536)
            assert piece, f"ended: {self._rest[-300:]!r}"
            self._rest += piece
            self._all += piece
        self._rest = self._rest.partition(words)[2]
        return time.monotonic()

    def places(self) -> list[bytes]:
        """Of the notifications, in the order they came in."""
        return re.findall(rb"^id: (\S+)\nevent: notification$", self._all, re.MULTILINE)

    async def end(self) -> bytes:
        """What comes until the server ends it."""
        rest = self._rest
        while piece := await self._reader.read(65_536):
            rest += piece
        self._writer.close()
        return rest


@pytest.fixture
async def web(app, tmp_path: Path) -> AsyncIterator[tuple[Child, int]]:
    """A web process of its own on the tests' PostgreSQL and Valkey, and its port."""
    port = free_port()
    environ = {**os.environ, "PORT": str(port), "METRICS_PORT": str(free_port(3)), "SHUTDOWN_SECONDS": "20"}
    ready = f"http://127.0.0.1:{port}/health/ready"
    child = Child("web", [sys.executable, "-m", "api"], environ, ready_url=ready, show=lambda _, line: print(line))
    child.start()
    child.wait_ready(30)
    yield child, port
    child.terminate()


@pytest.fixture
def many_files():
    """Two thousand connections are as many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < STREAMS + 1000:
        pytest.skip("this machine allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, STREAMS + 1000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def people(count: int) -> list[tuple[UUID, UUID]]:
    """So many people with a session each."""
    async with transaction():
        await execute(
            """INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
               SELECT gen_random_uuid(), 'stream' || n || '@example.org', 'anonymous', '1990-01-01', 'Europe/Berlin',
                      gen_random_uuid(), now() FROM generate_series(1, $1) AS n""",
            count,
        )
        await execute(
            """INSERT INTO personas (id, user_id, kind, name, name_key, created_at)
               SELECT gen_random_uuid(), id, 'alias', 'S' || store_account_token, 's' || store_account_token, now()
               FROM users"""
        )
        await execute("UPDATE users SET persona_id = personas.id FROM personas WHERE personas.user_id = users.id")
    rows = await fetch(
        """INSERT INTO sessions (id, user_id, generation, seen_generation, rotated_at, created_at, expires_at)
           SELECT gen_random_uuid(), id, 1, 1, now(), now(), now() + interval '30 days' FROM users
           RETURNING user_id, id"""
    )
    return [(row["user_id"], row["id"]) for row in rows]


def megabytes(pid: int) -> int:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 2**20


async def in_turns(works) -> None:
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(work) -> None:
        async with room:
            await work

    await asyncio.gather(*(one(work) for work in works))


async def test_two_thousand_streams_on_one_web_process(web, many_files):
    child, port = web
    assert child.pid is not None
    idle = megabytes(child.pid)
    apps = [App(port, *each) for each in await people(STREAMS)]
    began = time.monotonic()
    async with asyncio.timeout(60):
        await in_turns([each.open() for each in apps])
    opened, full = time.monotonic() - began, megabytes(child.pid)

    began = time.monotonic()
    async with transaction():
        for each in apps:
            tell(each.user_id, Event("streak"))
    async with asyncio.timeout(60):
        heard = [at - began for at in await asyncio.gather(*(each.until(b"event: streak") for each in apps))]

    began, alone = time.monotonic(), []
    for each in apps[::100]:
        began = time.monotonic()
        async with transaction():
            tell(each.user_id, Event("streak"))
        alone.append(await each.until(b"event: streak") - began)

    # Nobody hears anything for a while but that the line is alive; then the process is told to end.
    ticks = cpu(child.pid)
    await asyncio.sleep(16)
    ticks = cpu(child.pid) - ticks
    began = time.monotonic()
    ending = asyncio.create_task(asyncio.to_thread(child.terminate))
    rests = await asyncio.gather(*(each.end() for each in apps))
    ended = time.monotonic() - began
    await ending
    assert all(b": keep-alive" in rest for rest in rests)
    assert not any(b"event: error" in rest for rest in rests)
    print(
        f"\n{STREAMS} streams: {idle} MB without, {full} MB with them; opened in {opened:.1f} s; one event to each: "
        f"half after {statistics.median(heard) * 1000:.0f} ms, all after {max(heard) * 1000:.0f} ms; one alone "
        f"{statistics.median(alone) * 1000:.1f} ms; idle {ticks / 16:.1f} % of a core; ended in {ended:.1f} s"
    )
    assert full < _MOST_MEGABYTES
    assert ended < 15


def cpu(pid: int) -> float:
    """Hundredths of seconds of a core that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 100 / os.sysconf("SC_CLK_TCK")


async def test_two_web_processes_tell_the_same_in_one_order(web, app):
    _, port = web
    other = free_port()
    environ = {**os.environ, "PORT": str(other), "METRICS_PORT": str(free_port(3))}
    second = Child("web", [sys.executable, "-m", "api"], environ, ready_url=f"http://127.0.0.1:{other}/health/ready")
    second.start()
    second.wait_ready(30)
    try:
        [(user_id, session_id)] = await people(1)
        phones = [App(port, user_id, session_id), App(other, user_id, session_id)]
        for phone in phones:
            await phone.open()

        async def one(cause: int) -> None:
            async with transaction():
                await notify(
                    user_id, kind="goal", cause=str(cause), title="Goal", body="Reached", discreet_body="News",
                    deep_link="kuitter://goals", expires_at=clock.now() + timedelta(days=1),
                )  # fmt: skip

        await asyncio.gather(*(one(cause) for cause in range(50)))
        async with transaction():
            tell(user_id, Event("subscription"))
        async with asyncio.timeout(30):
            for phone in phones:
                await phone.until(b"event: subscription")
        assert phones[0].places() == phones[1].places()
        assert len(set(phones[0].places())) == 50
    finally:
        second.terminate()
