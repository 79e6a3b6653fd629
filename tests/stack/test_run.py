"""`make run` from outside, with stand-ins for our processes: order, ends, messages.

The stand-ins lie in a project folder of their own beside a copy of the stack; the servers are given from outside, so
that no test waits for them. `test_stack.py` runs the real thing.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.stack.errors import StackError
from ops.stack.ports import free_port
from ops.stack.processes import PROJECT
from tests.stack.ends import gone

COMMAND = """
import os, sys
print("ran", sys.argv[1], os.environ["DATABASE_URL"], flush=True)
sys.exit(int(os.environ.get("FAIL_" + sys.argv[1].upper(), "0")))
"""
PART = """
import http.server, os, signal, sys
name = {name!r}
with open(os.environ["DATA_DIR"] + "/ends", "a") as ends:
    def end(*_):
        ends.write(name + "\\n")
        ends.flush()
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if os.environ.get("DEAF") == name else end)
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path in ("/health/ready", "/_control/sent") else 404)
            self.end_headers()
        def log_message(self, *_):
            pass
    if os.environ.get("FAIL") == name:
        print("no key for", name, flush=True)
        sys.exit(78)
    print("started", name, os.getpid(), flush=True)
    http.server.HTTPServer(("127.0.0.1", int(os.environ["{variable}"]) + {offset}), Answer).serve_forever()
"""
CREDENTIALS = """
def environment(data_dir, sandbox_port):
    return {"DEEPSEEK_API_KEY": "made by the sandbox"}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    shutil.copytree(PROJECT / "ops" / "stack", root / "ops" / "stack", ignore=shutil.ignore_patterns("__pycache__"))
    files = {
        "ops/__init__.py": "",
        "ops/cli.py": COMMAND,
        "ops/sandbox/__init__.py": "",
        "ops/sandbox/credentials.py": CREDENTIALS,
        "ops/sandbox/__main__.py": PART.format(name="sandbox", variable="SANDBOX_PORT", offset=0),
        "tasks/__init__.py": "",
        "tasks/worker.py": PART.format(name="worker", variable="METRICS_PORT", offset=1),
        "tasks/clock.py": PART.format(name="clock", variable="METRICS_PORT", offset=2),
        "api/__init__.py": "",
        "api/__main__.py": PART.format(name="web", variable="PORT", offset=0),
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


class Run:
    """A running `python -m ops.stack` and what it prints."""

    def __init__(self, project: Path, data_dir: Path, **variables: str) -> None:
        self.port = free_port(6)
        self.sandbox_port, self.metrics_port = self.port + 1, self.port + 3
        self.data_dir = data_dir
        self.variables = {
            "PATH": os.environ["PATH"],
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
            "METRICS_PORT": str(self.metrics_port),
            "DATA_DIR": str(data_dir),
            "DATABASE_URL": "postgresql://me:secret@127.0.0.1:1/kuitter",
            "REDIS_URL": "redis://127.0.0.1:1/0",
            **variables,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ops.stack"], cwd=project, env=self.variables, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as pipe:
            for line in pipe:
                self._lines.append(line)

    @property
    def text(self) -> str:
        return "".join(self._lines)

    def wait_for(self, words: str, seconds: float = 20) -> None:
        end = time.monotonic() + seconds
        while words not in self.text:
            if time.monotonic() > end or (self.process.poll() is not None and not self._reader.is_alive()):
                raise AssertionError(f"{words!r} is not in:\n{self.text}")
            time.sleep(0.01)

    def end(self, number: signal.Signals | None = None, seconds: float = 20) -> int:
        if number is not None:
            self.process.send_signal(number)
        status = self.process.wait(seconds)
        self._reader.join(5)
        return status

    def pids(self) -> dict[str, int]:
        return {file.stem: json.loads(file.read_text())["pid"] for file in (self.data_dir / "processes").iterdir()}


@pytest.fixture
def runs() -> Iterator[list[Run]]:
    runs: list[Run] = []
    yield runs
    for run in runs:
        if run.process.poll() is None:
            run.end(signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_starts_in_order_and_a_signal_stops_it_in_reverse(
    project: Path, data_dir: Path, runs: list[Run], number: signal.Signals
) -> None:
    runs.append(run := Run(project, data_dir))
    run.wait_for("Ctrl-C stops it")
    order = [run.text.index(words) for words in ("migrate done", "seed done", "sandbox ready", "worker ready")]
    order += [run.text.index(words) for words in ("clock ready", "web ready", "all of it is up")]
    assert order == sorted(order)
    assert f"http://127.0.0.1:{run.port}/docs" in run.text
    assert f"http://127.0.0.1:{run.sandbox_port}" in run.text
    assert "secret@" not in run.text.replace("ran migrate", "").split("Kuitter runs")[1]
    assert "\x1b[" not in run.text
    pids = run.pids()
    assert sorted(pids) == ["clock", "sandbox", "web", "worker"]
    assert run.end(number) == 0, run.text
    assert all(gone(pid) for pid in pids.values())
    assert (data_dir / "ends").read_text().split() == ["web", "clock", "worker", "sandbox"]


def test_a_part_that_dies_is_named_and_everything_stops(project: Path, data_dir: Path, runs: list[Run]) -> None:
    runs.append(run := Run(project, data_dir))
    run.wait_for("Ctrl-C stops it")
    pids = run.pids()
    os.kill(pids["worker"], signal.SIGKILL)
    assert run.end() == 1
    assert "kuitter: worker ended: killed by SIGKILL" in run.text
    assert all(gone(pid) for pid in pids.values())


def test_a_part_that_does_not_start_is_named_with_its_words(project: Path, data_dir: Path, runs: list[Run]) -> None:
    runs.append(run := Run(project, data_dir, FAIL="clock"))
    assert run.end() == 1
    assert "kuitter: clock ended while starting (status 78)" in run.text
    assert "no key for clock" in run.text
    assert "web" not in run.pids()


def test_a_failed_migration_ends_the_start(project: Path, data_dir: Path, runs: list[Run]) -> None:
    runs.append(run := Run(project, data_dir, FAIL_MIGRATE="3"))
    assert run.end() == 1
    assert "kuitter: migrate failed (status 3)" in run.text
    assert "seed" not in run.text


def test_a_taken_port_is_one_clear_line(project: Path, data_dir: Path, runs: list[Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        runs.append(run := Run(project, data_dir, PORT=str(port)))
        assert run.end() == 1
    (line,) = run.text.splitlines()
    assert line.startswith(f"kuitter: port {port} for the API is taken")
    assert "PORT=" in line


def test_a_second_run_on_the_same_folder_is_refused(project: Path, data_dir: Path, runs: list[Run]) -> None:
    runs.append(run := Run(project, data_dir))
    run.wait_for("Ctrl-C stops it")
    runs.append(second := Run(project, data_dir))
    assert second.end() == 1
    assert f"process {run.process.pid}" in second.text
    assert "DATA_DIR" in second.text
    assert run.process.poll() is None


def test_what_a_killed_run_left_is_stopped_by_the_next(project: Path, data_dir: Path, runs: list[Run]) -> None:
    runs.append(run := Run(project, data_dir))
    run.wait_for("Ctrl-C stops it")
    pids = run.pids()
    run.end(signal.SIGKILL)
    again = Run(project, data_dir, **{name: run.variables[name] for name in ("PORT", "SANDBOX_PORT", "METRICS_PORT")})
    runs.append(again)
    again.wait_for("Ctrl-C stops it")
    assert "stopped worker, left over" in again.text, run.text + again.text
    assert all(gone(pid) for pid in pids.values())


def test_the_same_signal_twice_at_once_is_one_request(project: Path, data_dir: Path, runs: list[Run]) -> None:
    runs.append(run := Run(project, data_dir))
    run.wait_for("Ctrl-C stops it")
    run.process.send_signal(signal.SIGTERM)
    assert run.end(signal.SIGTERM) == 0
    assert (data_dir / "ends").read_text().split() == ["web", "clock", "worker", "sandbox"]


def test_a_second_request_does_not_wait(project: Path, data_dir: Path, runs: list[Run]) -> None:
    runs.append(run := Run(project, data_dir, DEAF="worker", SHUTDOWN_SECONDS="60"))
    run.wait_for("Ctrl-C stops it")
    pids = run.pids()
    run.process.send_signal(signal.SIGINT)
    run.wait_for("clock stopped")
    time.sleep(1.1)
    assert run.end(signal.SIGINT, seconds=10) == 130
    assert all(gone(pid) for pid in pids.values())


def test_a_variable_that_is_no_port(project: Path, data_dir: Path, runs: list[Run]) -> None:
    runs.append(run := Run(project, data_dir, SANDBOX_PORT="mail"))
    assert run.end() == 1
    assert run.text.startswith("kuitter: SANDBOX_PORT must be a port number")
    assert StackError.__name__ not in run.text
