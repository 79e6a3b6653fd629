"""What the two embedded servers have in common: one owner, a kept port, a child process, a clean end."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ops.stack.claim import Claim, process_on, stop_process
from ops.stack.errors import StackError
from ops.stack.ports import LOOPBACK, free_port, is_free, kept_port

_PORT_ATTEMPTS = 5


class Server(ABC):
    """An embedded server with its files below `data_dir`, bound to the loopback interface only.

    `durable=False` trades what a crash leaves for speed (tests). The port is chosen at the first start and kept
    in `data_dir`, so addresses stay the same from run to run. The server ends with this process unless that is killed
    with SIGKILL; then the next start stops what was left behind.
    """

    title: ClassVar[str]
    slug: ClassVar[str]
    program: ClassVar[str]
    # The environment variable that names another server to use instead.
    variable: ClassVar[str]
    # The way to ask it to end soon and cleanly, then ever less kindly, with the seconds to wait after each.
    stop_signals: ClassVar[tuple[tuple[signal.Signals, float], ...]]
    start_seconds: ClassVar[float] = 30.0

    def __init__(self, data_dir: Path, durable: bool = True) -> None:
        # Resolved: the server runs with its own folder as working directory.
        self.data_dir = data_dir.expanduser().resolve()
        self.durable = durable
        self.folder = self.data_dir / self.slug
        self.log_file = self.data_dir / f"{self.slug}.log"
        self._log_start = 0
        self._port: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._claim = Claim(self.data_dir / f"{self.slug}.lock")
        self._killed = False
        self._owner = 0

    @property
    def port(self) -> int:
        """The port on the loopback interface. Raises StackError before the first start."""
        if self._port is None:
            raise StackError(f"{self.title} has not been started")
        return self._port

    @property
    @abstractmethod
    def url(self) -> str:
        """The address for clients, with credentials."""

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process is not None and self._process.poll() is None else None

    @property
    def running(self) -> bool:
        return self.pid is not None

    @property
    def died(self) -> bool:
        """Whether it ended without being asked to."""
        return self._process is not None and not self._killed and self._process.poll() is not None

    def start(self) -> None:
        """Start and wait until clients are served; nothing happens if it runs already.

        Raises StackError if another process runs it on the same folder, or if it does not come up (with the end of
        its log).
        """
        if self.running:
            return
        if self._process is None:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self._claim.take(self.title)
        self._killed = False
        try:
            self._stop_leftover()
            self.prepare()
            self._launch_on_a_port()
        except BaseException:
            self._process = None
            self._claim.release()
            raise
        if self._owner != os.getpid():
            self._owner = os.getpid()
            atexit.register(self._stop_at_exit)

    def stop(self) -> None:
        """Stop cleanly, the data stays; harmless if it does not run."""
        if self._process is not None:
            self._end(self._process)
            self._process = None
        self._claim.release()

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would. `start` brings it back on the same port."""
        if self._process is not None:
            self._killed = True
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    @abstractmethod
    def prepare(self) -> None:
        """Make the folder ready: create what the first start needs."""

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """Write the options for `port` and return the command line that starts the server."""

    @abstractmethod
    def is_ready(self, port: int) -> bool:
        """Whether clients are served."""

    @abstractmethod
    def leftover_pid(self) -> int | None:
        """The process id that the server noted in its folder."""

    def is_passing_trouble(self, log: str) -> bool:
        """Whether a start that ended with `log` is worth another try."""
        return False

    def process_options(self) -> Mapping[str, Any]:
        """Further arguments of `subprocess.Popen`."""
        return {}

    def _stop_leftover(self) -> None:
        # We hold the claim, so no living stack owns a server that still runs here: its owner was killed.
        pid = self.leftover_pid()
        if pid is not None and process_on(pid, self.program, self.folder):
            stop_process(pid, self.program, self.folder, *self.stop_signals)

    def _launch_on_a_port(self) -> None:
        port_file = self.data_dir / f"{self.slug}.port"
        if self._port is not None:
            # Clients hold the address: after a stop it comes back on the same port or not at all.
            if not self._launch(self._port):
                raise StackError(f"{self.title}: port {self._port} was taken meanwhile by another program")
            return
        for _ in range(_PORT_ATTEMPTS):
            port = kept_port(port_file)
            if self._launch(port):
                self._port = port
                return
            port_file.write_text(f"{free_port()}\n")
        raise StackError(f"{self.title} found no free port on {LOOPBACK}; see {self.log_file}")

    def _launch(self, port: int) -> bool:
        """Start on `port` and wait until ready. False if the port was taken in the meantime."""
        end = time.monotonic() + self.start_seconds
        process = self._spawn(port)
        while time.monotonic() < end:
            status = process.poll()
            if status is None:
                if self.is_ready(port):
                    return True
            elif not is_free(port):
                return False
            elif self.is_passing_trouble(self.log_end()):
                time.sleep(0.2)
                process = self._spawn(port)
            else:
                raise StackError(f"{self.title} ended while starting (status {status}):\n{self.log_end()}")
            time.sleep(0.01)
        self._end(process)
        raise StackError(f"{self.title} was not ready after {self.start_seconds:g} s:\n{self.log_end()}")

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        command = self.command(port)
        with self.log_file.open("ab") as log:
            self._log_start = log.tell()
            # A session of its own: Ctrl-C reaches the whole foreground group, but servers must outlive their clients.
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
                **self.process_options(),
            )  # fmt: skip
        return self._process

    def log_end(self, lines: int = 15) -> str:
        """The last lines that the server logged since its last start."""
        try:
            with self.log_file.open("rb") as log:
                log.seek(self._log_start)
                text = log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        for number, patience in self.stop_signals:
            if process.poll() is not None:
                return
            process.send_signal(number)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                continue

    def _stop_at_exit(self) -> None:
        # A forked child runs its parent's exit functions too; the server is not its own.
        if self._owner == os.getpid():
            self.stop()
