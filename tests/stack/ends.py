"""Waiting for the end of processes that are not our children."""

import os
import time
from pathlib import Path


def gone(pid: int, seconds: float = 5) -> bool:
    """Whether `pid` ends within `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        # An orphan waits for whoever adopts it; in a bare container that may take for ever.
        stat = Path(f"/proc/{pid}/stat")
        try:
            if stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (FileNotFoundError, ProcessLookupError):
            return True
        time.sleep(0.01)
    return False
