"""A child process with its whole process group, its output and its end under control."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from ops.stack.errors import StackError
from ops.stack.readiness import http_status

PROJECT = Path(__file__).resolve().parents[2]
_KEPT_LINES = 200


def describe_status(status: int | None) -> str:
    """An exit status in words: `status 1`, or the signal's name."""
    if status is None:
        return "still running"
    if status >= 0:
        return f"status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


class Child:
    """One process of the stack.

    It leads a process group of its own, so that its own children end with it and Ctrl-C reaches only the supervisor,
    which then stops everything in order. It can be started again after its end.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        show: Callable[[str, str], None] | None = None,
        ready_url: str | None = None,
        patience: float = 25.0,
        cwd: Path = PROJECT,
    ) -> None:
        """`show` gets the name and each line of output. `ready_url` answers 200 when the process is ready.

        `patience` is the time in seconds between SIGTERM and SIGKILL.
        """
        self.name = name
        self.argv = list(argv)
        self.env = dict(env)
        self.ready_url = ready_url
        self.patience = patience
        self.cwd = cwd
        self.started_at = 0.0
        self._show = show
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._lines: deque[str] = deque(maxlen=_KEPT_LINES)
        self._asked_to_end = False

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def running(self) -> bool:
        return self.pid is not None

    @property
    def status(self) -> int | None:
        """The exit status, negative for a signal; None while it runs or before its start."""
        return None if self._process is None else self._process.poll()

    @property
    def died(self) -> bool:
        """Whether it ended without being asked to."""
        return self.status is not None and not self._asked_to_end

    @property
    def lines(self) -> list[str]:
        """The last lines of its output."""
        return list(self._lines)

    def start(self) -> None:
        """Start the process and return at once. Raises StackError if it runs already or cannot be run."""
        if self.running:
            raise StackError(f"{self.name} runs already")
        self._asked_to_end = False
        self._lines.clear()
        self.started_at = time.monotonic()
        try:
            self._process = subprocess.Popen(
                self.argv, env={**self.env, "PYTHONUNBUFFERED": "1"}, cwd=self.cwd, start_new_session=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
        except OSError as error:
            raise StackError(f"{self.name} cannot be started: {error}") from None
        assert self._process.stdout is not None
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), name=f"output of {self.name}", daemon=True
        )
        self._reader.start()

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Wait until `ready_url` answers 200. Raises StackError with the last output if it ends first or is late."""
        if self.ready_url is None:
            raise StackError(f"{self.name} has no address to ask whether it is ready")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.status is not None:
                how = describe_status(self.status)
                raise StackError(f"{self.name} ended while starting ({how})\n{self.last_words()}")
            if http_status(self.ready_url) == 200:
                return
            time.sleep(0.03)
        late = f"{self.name} is not ready after {seconds:g} s: no 200 from {self.ready_url}"
        raise StackError(f"{late}\n{self.last_words()}")

    def wait(self, seconds: float | None = None) -> int:
        """Wait for its own end and return the exit status. Raises subprocess.TimeoutExpired."""
        if self._process is None:
            raise StackError(f"{self.name} has not been started")
        status = self._process.wait(seconds)
        self._join_reader()
        return status

    def ask_to_end(self) -> None:
        """Send SIGTERM and return at once; `terminate` waits for the end."""
        self._asked_to_end = True
        if self._process is not None and self._process.poll() is None:
            # To the leader alone: it knows in which order its own children end.
            self._process.terminate()

    def terminate(self, patience: float | None = None) -> int | None:
        """SIGTERM, wait, SIGKILL for whatever is left of the group. Returns the exit status, None if never started."""
        self.ask_to_end()
        if self._process is None:
            return None
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(self.patience if patience is None else patience)
        return self._kill_group()

    def kill(self) -> int | None:
        """End the process and its children with SIGKILL, as a crash would."""
        self._asked_to_end = True
        return self._kill_group()

    def restart(self) -> None:
        """Terminate, start again and wait until ready."""
        self.terminate()
        self.start()
        if self.ready_url is not None:
            self.wait_ready()

    def last_words(self, lines: int = 20) -> str:
        """The end of its output, for an error message."""
        self._join_reader()
        return "\n".join(f"  {line}" for line in self.lines[-lines:]) or "  (it printed nothing)"

    def _kill_group(self) -> int | None:
        if self._process is None:
            return None
        # The group's number is the leader's process id, and it stays taken as long as one member lives.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        self._join_reader()
        return status

    def _read(self, pipe: IO[bytes]) -> None:
        with pipe:
            for raw in pipe:
                line = raw.decode(errors="replace").rstrip("\r\n")
                self._lines.append(line)
                if self._show is not None:
                    self._show(self.name, line)

    def _join_reader(self) -> None:
        # Bounded: a grandchild that outlives its parent may hold the pipe open.
        if self._reader is not None and not self.running:
            self._reader.join(1.0)
