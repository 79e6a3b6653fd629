"""Lines of several processes on one terminal: each with its process's name in front, in its own colour."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO

_COLOURS = (36, 33, 35, 32, 34, 31)
_NAME_WIDTH = 9


class Output:
    """Writes whole lines from any thread. Colours only on a terminal, and not if NO_COLOR is set."""

    def __init__(self, stream: TextIO | None = None, environ: Mapping[str, str] = os.environ) -> None:
        self._stream = stream or sys.stdout
        self._coloured = self._stream.isatty() and not environ.get("NO_COLOR")
        self._lock = threading.Lock()
        self._names: list[str] = []
        self._gone = False

    def line(self, name: str, text: str) -> None:
        """Write `text` as a line of process `name`."""
        prefix = f"{name:<{_NAME_WIDTH}}| "
        if self._coloured:
            prefix = f"\x1b[{self._colour(name)}m{prefix}\x1b[0m"
        self.write(prefix + text)

    def write(self, text: str) -> None:
        """Write `text` and a line end. A reader that went away (`make run | head`) is no reason to stop."""
        with self._lock:
            if self._gone:
                return
            try:
                self._stream.write(text + "\n")
                self._stream.flush()
            except (OSError, ValueError):
                self._gone = True
                self._point_to_nowhere()

    def _point_to_nowhere(self) -> None:
        # Else the interpreter tries once more at its end, complains, and changes our exit status.
        with suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)

    def _colour(self, name: str) -> int:
        if name not in self._names:
            self._names.append(name)
        return _COLOURS[self._names.index(name) % len(_COLOURS)]
