"""The business clock: days, due times and expiry go by it, so that tests and `kuitter time travel` can move it.

Leases, re-sends, rate limits, tokens and time-outs go by the real clock (`real_now`) and cannot be moved.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path


def real_now() -> datetime:
    """The instant by the machine's clock, in UTC."""
    return datetime.now(UTC)


class Clock:
    """Says what time it is for the business: the real time plus an offset.

    The offset lies in a small file in DATA_DIR, which all local processes look at, so that one command moves
    them together. Production never looks: there is no file to be found (`follow` is not called).
    """

    def __init__(self) -> None:
        self._offset = timedelta()
        self._file: str | None = None
        self._stamp: tuple[int, int] | None = None
        self._frozen: datetime | None = None

    def follow(self, data_dir: Path) -> None:
        """Take the offset from `data_dir`/clock from now on. Development only."""
        self._file = str(data_dir / "clock")

    def now(self) -> datetime:
        """The business instant, in UTC."""
        if self._frozen is not None:
            return self._frozen
        if self._file is not None:
            self._look()
        return datetime.now(UTC) + self._offset

    def _look(self) -> None:
        assert self._file is not None
        try:
            seen = os.stat(self._file)
        except FileNotFoundError:
            stamp = None
        else:
            # Two moves may bear the same time; each is a new file.
            stamp = (seen.st_mtime_ns, seen.st_ino)
        if stamp != self._stamp:
            self._stamp = stamp
            self._offset = timedelta(seconds=float(Path(self._file).read_text())) if stamp else timedelta()

    @contextmanager
    def frozen(self, at: datetime) -> Iterator[None]:
        """Tests: the clock stands at `at` inside the block."""
        before, self._frozen = self._frozen, at
        try:
            yield
        finally:
            self._frozen = before


clock = Clock()


def move(data_dir: Path, by: timedelta) -> timedelta:
    """Move the clock that the processes of `data_dir` follow; returns the whole offset from real time."""
    file = data_dir / "clock"
    offset = timedelta(seconds=float(file.read_text()) if file.exists() else 0.0) + by
    draft = file.with_suffix(".new")
    draft.write_text(str(offset.total_seconds()))
    draft.replace(file)
    return offset
