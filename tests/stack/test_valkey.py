"""The embedded Valkey: real servers in throw-away folders."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from ops.stack.errors import StackError
from ops.stack.valkey import Valkey

HOLD = """
import sys, time
from pathlib import Path
from ops.stack.valkey import Valkey
server = Valkey(Path(sys.argv[1]))
server.start()
print(server.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def server(data_dir: Path) -> Iterator[Valkey]:
    server = Valkey(data_dir)
    server.start()
    yield server
    server.stop()


def client(server: Valkey, database: int = 0) -> "Redis[bytes]":
    return Redis.from_url(server.url.removesuffix("/0") + f"/{database}")


def test_options(server: Valkey) -> None:
    with client(server, 15) as redis:
        redis.set("last", "database")
        assert redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert redis.config_get("bind") == {"bind": "127.0.0.1"}
        assert redis.config_get("databases") == {"databases": "16"}


def test_what_was_answered_survives_sigkill(server: Valkey) -> None:
    with client(server) as redis:
        redis.set("key", "value")
    url = server.url
    server.kill()
    assert not server.running
    server.start()
    assert server.url == url
    with client(server) as redis:
        assert redis.get("key") == b"value"


def test_without_durability_nothing_is_kept(data_dir: Path) -> None:
    server = Valkey(data_dir, durable=False)
    server.start()
    with client(server) as redis:
        redis.set("key", "value")
    server.restart()
    with client(server) as redis:
        assert redis.get("key") is None
    server.stop()


def test_two_side_by_side(server: Valkey, other_data_dir: Path) -> None:
    other = Valkey(other_data_dir)
    other.start()
    try:
        assert other.port != server.port
        with client(server) as redis:
            redis.set("only", "here")
        with client(other) as redis:
            assert redis.get("only") is None
    finally:
        other.stop()


def test_a_second_owner_is_told_who_has_the_folder(server: Valkey) -> None:
    with pytest.raises(StackError, match=rf"already runs on .*process {os.getpid()}\b"):
        Valkey(server.data_dir).start()


def test_the_leftover_of_a_killed_owner_is_stopped(data_dir: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", HOLD, str(data_dir)], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    left_over = int(owner.stdout.readline())
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    os.kill(left_over, 0)
    server = Valkey(data_dir)
    server.start()
    try:
        with client(server) as redis:
            assert redis.info("server")["process_id"] == server.pid != left_over
    finally:
        server.stop()


def test_an_unexpected_end_is_seen(server: Valkey) -> None:
    assert not server.died
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    end = time.monotonic() + 5
    while not server.died and time.monotonic() < end:
        time.sleep(0.01)
    assert server.died
    server.start()
    assert not server.died
    server.kill()
    assert not server.died
