"""The real stack: embedded servers, sandbox, worker, clock and web as processes."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.stack.ports import free_port
from ops.stack.readiness import http_status
from ops.stack.stack import Stack

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def stack(shared_data_dir: Path) -> Iterator[Stack]:
    first = free_port(6)
    environ = {"PORT": str(first), "SANDBOX_PORT": str(first + 1), "METRICS_PORT": str(first + 3)}
    with Stack({"PATH": "/usr/bin:/bin", "DATA_DIR": str(shared_data_dir), **environ}) as stack:
        yield stack


def test_all_of_it_answers(stack: Stack) -> None:
    assert http_status(f"{stack.url}/health/ready") == 200
    assert http_status(f"{stack.url}/openapi.json") == 200
    assert http_status(f"{stack.sandbox_url}/_control/sent") == 200
    for name, url in stack.metrics_urls.items():
        assert http_status(url) == 200, name
    assert stack.casualties() == []


def test_a_killed_worker_is_reported_only_if_nobody_asked(stack: Stack) -> None:
    worker = stack.child("worker")
    worker.kill()
    assert stack.casualties() == []
    worker.start()
    worker.wait_ready()
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait(5)
    assert stack.casualties() == ["worker ended: killed by SIGKILL"]
    worker.start()
    worker.wait_ready()


def test_parts_can_be_added(stack: Stack) -> None:
    port = free_port()
    stack.add_web(port)
    assert http_status(f"http://127.0.0.1:{port}/health/ready") == 200
    added = [stack.add_worker(WORKER_QUEUES="push"), stack.add_clock()]
    assert [child.name for child in added] == ["worker-2", "clock-2"]
    for name in ("web-2", "worker-2", "clock-2"):
        assert stack.child(name).terminate() in (0, -signal.SIGTERM)
    assert stack.casualties() == []


def test_servers_come_back_under_their_addresses(stack: Stack) -> None:
    stack["valkey"].kill()
    stack["valkey"].start()
    stack["postgres"].restart()
    stack.child("web").wait_ready()
    stack.child("worker").wait_ready()
    assert stack.casualties() == []
