"""How far a long command is."""

from __future__ import annotations

import sys


class Progress:
    """Lines about how much of `total` is done, on standard error, apart from the result; they name `what` it is."""

    # Between two lines.
    A_LINE = 10_000

    def __init__(self, total: int, what: str) -> None:
        self._total = total
        self._what = what
        self._done = 0

    def note(self, more: int, *, end: bool) -> None:
        """`more` of it are done; at the `end` there is a line in any case."""
        before, self._done = self._done, self._done + more
        if end or before // self.A_LINE != self._done // self.A_LINE:
            print(f"{self._done} of {self._total} {self._what}", file=sys.stderr)
