"""One owner for each data folder, and what a killed owner left behind."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from ops.stack.errors import StackError


class Claim:
    """The exclusive right to run one server on one folder, held as long as this process lives.

    It is a lock of the kernel, not a file with a process id: it ends with its process, however that ends.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor: int | None = None

    def take(self, what: str) -> None:
        """Take the right, or raise StackError saying which process has it."""
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(descriptor, 20).decode(errors="replace").strip()
            os.close(descriptor)
            raise StackError(
                f"{what} already runs on {self._file.parent}, started by process {owner or 'unknown'}. "
                "Stop that one, or start this one with another folder: DATA_DIR=.data-2"
            ) from None
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the right back; harmless if it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def process_on(pid: int, program: str, folder: Path) -> bool:
    """Whether `pid` is alive, is `program` and works on `folder`: process ids are used again, so all three count."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or program not in process.name():
            return False
        return process.cwd() == str(folder) or str(folder) in process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        # Gone, or of another user: ours we may look at.
        return False


def stop_process(pid: int, program: str, folder: Path, *signals: tuple[signal.Signals, float]) -> None:
    """Send each signal in turn, with its seconds of patience, until the server is gone.

    For a server that is not a child of this process. Raises StackError if it outlives the last signal.
    """
    for number, patience in signals:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        except PermissionError:
            break
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if not process_on(pid, program, folder):
                return
            time.sleep(0.02)
    raise StackError(f"{program} of an earlier run is still alive on {folder} and cannot be stopped: process {pid}")
