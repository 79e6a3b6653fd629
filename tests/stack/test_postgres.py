"""The embedded PostgreSQL: real servers in throw-away folders."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from ops.stack.errors import StackError
from ops.stack.ports import is_free
from ops.stack.postgres import Postgres
from tests.stack.ends import gone

HOLD = """
import sys, time
from pathlib import Path
from ops.stack.postgres import Postgres
server = Postgres(Path(sys.argv[1]), durable=False)
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture(scope="module")
def shared(shared_data_dir: Path) -> Iterator[Postgres]:
    server = Postgres(shared_data_dir, durable=False)
    yield server
    server.stop()


@pytest.fixture
def server(shared: Postgres) -> Postgres:
    """One server for the file: the first start is the slow part. Each test finds it running."""
    if shared.durable:
        shared.stop()
        shared.durable = False
    shared.start()
    return shared


async def query(url: str, sql: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def remember(server: Postgres, value: int) -> None:
    # A checkpoint, because without durability SIGKILL loses the last moments.
    await query(server.url, "DROP TABLE IF EXISTS kept")
    await query(server.url, f"CREATE TABLE kept AS SELECT {value} AS value")
    await query(server.admin_url, "CHECKPOINT")


async def recall(server: Postgres) -> object:
    return await query(server.url, "SELECT value FROM kept")


async def test_it_serves_the_application_role_on_loopback(server: Postgres) -> None:
    assert f"@127.0.0.1:{server.port}/kuitter" in server.url
    assert await query(server.url, "SELECT current_user || ' ' || current_database()") == "kuitter kuitter"
    assert await query(server.url, "SELECT current_setting('listen_addresses')") == "127.0.0.1"
    assert await query(server.url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False
    assert await query(server.admin_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is True
    assert str(await query(server.url, "SHOW server_version")).startswith("18.")


async def test_letters_are_those_of_unicode_on_every_machine(server: Postgres) -> None:
    assert await query(server.url, "SELECT lower('ÄÑ')") == "äñ"
    assert await query(server.url, "SELECT to_tsvector('simple', 'Über—Öl')::text") == "'öl':2 'über':1"


async def test_a_wrong_password_is_refused(server: Postgres) -> None:
    password = server.url.split(":")[2].split("@")[0]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await query(server.url.replace(password, "wrong"), "SELECT 1")
    mode = (server.data_dir / "postgres.password").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


async def test_durability_follows_the_argument(server: Postgres) -> None:
    assert await query(server.url, "SHOW fsync") == "off"
    server.durable = True
    server.restart()
    assert await query(server.url, "SHOW fsync") == "on"


async def test_the_second_start_keeps_data_and_port(server: Postgres) -> None:
    await remember(server, 7)
    port = server.port
    server.stop()
    assert not server.running
    assert is_free(port)
    again = Postgres(server.data_dir, durable=False)
    began = time.monotonic()
    again.start()
    try:
        assert time.monotonic() - began < 5
        assert again.port == port
        assert await recall(again) == 7
    finally:
        again.stop()


async def test_it_comes_back_after_a_crash(server: Postgres) -> None:
    await remember(server, 8)
    url = server.url
    server.kill()
    assert (server.folder / "postmaster.pid").exists()
    server.start()
    assert server.url == url
    assert await recall(server) == 8


async def test_a_stale_lock_file_of_a_process_that_is_no_server(server: Postgres) -> None:
    await remember(server, 9)
    server.kill()
    lock_file = server.folder / "postmaster.pid"
    lines = lock_file.read_text().splitlines()
    lock_file.write_text("\n".join([str(os.getppid()), *lines[1:]]) + "\n")
    server.start()
    assert await recall(server) == 9


async def test_two_side_by_side(server: Postgres, other_data_dir: Path) -> None:
    other = Postgres(other_data_dir, durable=False)
    other.start()
    try:
        assert other.port != server.port
        await remember(server, 1)
        await remember(other, 2)
        assert await recall(server) == 1
        assert await recall(other) == 2
    finally:
        other.stop()


async def test_a_port_taken_since_the_last_start_is_given_up(server: Postgres, other_data_dir: Path) -> None:
    (other_data_dir / "postgres.port").write_text(f"{server.port}\n")
    other = Postgres(other_data_dir, durable=False)
    other.start()
    try:
        assert other.port != server.port
        assert (other_data_dir / "postgres.port").read_text().strip() == str(other.port)
    finally:
        other.stop()


def test_a_second_owner_is_told_who_has_the_folder(server: Postgres) -> None:
    with pytest.raises(StackError, match=rf"already runs on .*process {os.getpid()}\b"):
        Postgres(server.data_dir).start()
    assert server.running


def test_the_leftover_of_a_killed_owner_is_stopped(data_dir: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", HOLD, str(data_dir)], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    left_over = int(owner.stdout.readline())
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    os.kill(left_over, 0)
    server = Postgres(data_dir, durable=False)
    server.start()
    try:
        assert server.pid not in (None, left_over)
        assert gone(left_over)
    finally:
        server.stop()


def test_an_interrupted_first_start_begins_anew(data_dir: Path) -> None:
    draft = data_dir / "postgres.new"
    draft.mkdir()
    (draft / "PG_VERSION").write_text("18\n")
    server = Postgres(data_dir, durable=False)
    server.start()
    server.stop()
    assert not draft.exists()


def test_the_programs_are_there(server: Postgres) -> None:
    for program in ("psql", "pg_dump", "pg_restore"):
        assert os.access(server.bin_dir / program, os.X_OK)
    done = subprocess.run(
        [server.bin_dir / "psql", server.url, "-Atc", "SELECT 5"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "5\n"


async def test_a_long_path_only_costs_the_unix_socket(data_dir: Path) -> None:
    deep = data_dir / ("long" * 25)
    server = Postgres(deep, durable=False)
    server.start()
    try:
        assert await query(server.admin_url, "SHOW unix_socket_directories") == ""
    finally:
        server.stop()
