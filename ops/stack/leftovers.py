"""Processes of a stack that was itself killed: noted while they run, stopped at the next start."""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import psutil  # type: ignore[import-untyped]

# A start is reckoned from the machine's boot, and the kernel moves that moment when it corrects its clock.
_CLOCK_SECONDS = 2.0


def note_process(folder: Path, name: str, pid: int) -> None:
    """Note in `folder` that process `pid` runs as `name`."""
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(psutil.NoSuchProcess):
        (folder / f"{name}.json").write_text(json.dumps({"pid": pid, "started": psutil.Process(pid).create_time()}))


def forget_process(folder: Path, name: str) -> None:
    """Take the note back."""
    (folder / f"{name}.json").unlink(missing_ok=True)


def stop_leftovers(folder: Path, patience: float = 3.0) -> list[str]:
    """Stop the groups of all processes noted in `folder` that still run. Returns their names.

    A process id alone proves nothing, since ids are used again: the time of its start has to be the noted one too.
    """
    alive: dict[str, psutil.Process] = {}
    for file in sorted(folder.glob("*.json")):
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied, ValueError, KeyError, TypeError):
            note = json.loads(file.read_text())
            process = psutil.Process(int(note["pid"]))
            same = abs(process.create_time() - float(note["started"])) <= _CLOCK_SECONDS
            if same and process.status() != psutil.STATUS_ZOMBIE:
                process.terminate()
                alive[file.stem] = process
    psutil.wait_procs(list(alive.values()), timeout=patience)
    for process in alive.values():
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    for file in folder.glob("*.json"):
        file.unlink(missing_ok=True)
    return list(alive)
