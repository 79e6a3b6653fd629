"""The supervisor of child processes."""

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ops.stack.errors import StackError
from ops.stack.leftovers import note_process, stop_leftovers
from ops.stack.output import Output
from ops.stack.processes import Child, describe_status
from tests.stack.ends import gone

# A parent whose own child ignores SIGTERM and says its process id.
FAMILY = """
import signal, subprocess, sys, time
deaf = "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(os.getpid(), flush=True);"
subprocess.Popen([sys.executable, "-c", deaf + "time.sleep(60)"])
time.sleep(60)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"


def child(code: str, **options: object) -> Child:
    return Child("part", [sys.executable, "-c", code], os.environ, **options)  # type: ignore[arg-type]


def wait_for_line(process: Child, seconds: float = 10) -> str:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.lines:
            return process.lines[0]
        time.sleep(0.01)
    raise AssertionError("no output")


@pytest.mark.parametrize("end", ["terminate", "kill"])
def test_nothing_of_the_group_is_left(end: str) -> None:
    process = child(FAMILY)
    process.start()
    grandchild = int(wait_for_line(process))
    pid = process.pid
    assert pid is not None
    getattr(process, end)()
    assert not process.running
    assert gone(pid)
    assert gone(grandchild)
    assert not process.died


def test_sigkill_follows_when_sigterm_is_ignored() -> None:
    process = child(DEAF)
    process.start()
    wait_for_line(process)
    began = time.monotonic()
    assert process.terminate(patience=0.2) == -9
    assert 0.2 <= time.monotonic() - began < 5


def test_an_orderly_end_keeps_its_status_and_output() -> None:
    shown: list[tuple[str, str]] = []
    process = child("print('one'); print('two')", show=lambda name, line: shown.append((name, line)))
    process.start()
    assert process.wait(10) == 0
    assert shown == [("part", "one"), ("part", "two")]


def test_an_unexpected_end_is_told_apart() -> None:
    process = child("import sys; print('no key'); sys.exit(78)", ready_url="http://127.0.0.1:1/")
    process.start()
    with pytest.raises(StackError, match=r"(?s)part ended while starting \(status 78\).*no key"):
        process.wait_ready(10)
    assert process.died
    assert describe_status(-9) == "killed by SIGKILL"


def test_it_can_be_started_again() -> None:
    process = child("import os; print(os.getpid(), flush=True); import time; time.sleep(60)")
    process.start()
    first = wait_for_line(process)
    with pytest.raises(StackError, match="runs already"):
        process.start()
    process.restart()
    assert wait_for_line(process) != first
    process.kill()


def test_a_program_that_is_missing() -> None:
    with pytest.raises(StackError, match="part cannot be started"):
        Child("part", ["/no/such/program"], {}).start()


def test_leftovers_are_stopped_by_their_note_and_nobody_else_is(data_dir: Path) -> None:
    left = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        note_process(data_dir, "worker", left.pid)
        # The same process id, noted for a process that started at another time.
        (data_dir / "web.json").write_text(f'{{"pid": {stranger.pid}, "started": 1.5}}')
        (data_dir / "clock.json").write_text("torn")
        assert stop_leftovers(data_dir) == ["worker"]
        assert left.wait(5) is not None
        assert stranger.poll() is None
        assert list(data_dir.iterdir()) == []
    finally:
        stranger.kill()
        stranger.wait()


class _Closed(io.StringIO):
    def write(self, text: str) -> int:
        raise BrokenPipeError

    def fileno(self) -> int:
        raise OSError


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_carry_the_name_and_colours_only_on_a_terminal() -> None:
    plain, terminal, quiet = io.StringIO(), _Terminal(), _Terminal()
    Output(plain, {}).line("web", "hello")
    Output(terminal, {}).line("web", "hello")
    Output(quiet, {"NO_COLOR": "1"}).line("web", "hello")
    assert plain.getvalue() == quiet.getvalue() == "web      | hello\n"
    assert terminal.getvalue() == "\x1b[36mweb      | \x1b[0mhello\n"


def test_a_reader_that_went_away_stops_nothing() -> None:
    Output(_Closed(), {}).line("web", "hello")
