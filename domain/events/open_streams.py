"""The event streams that are open in this process: a few a person, and all of them end when it stops."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Protocol
from uuid import UUID

from prometheus_client import Gauge

# Phones, tablets and a browser; more is an app that forgets to close.
MOST_A_PERSON = 8

_gauge = Gauge("kuitter_event_streams", "Open event streams")


class Stream(Protocol):
    def end(self, code: str | None) -> None:
        """Have it end, as soon as may be; `code` is what its app is told, if anything."""


_open: dict[UUID, list[Stream]] = defaultdict(list)


@contextlib.contextmanager
def entered(user_id: UUID, stream: Stream) -> Iterator[None]:
    """Inside the block `stream` is one of the person's; of more than MOST_A_PERSON the oldest ends."""
    theirs = _open[user_id]
    theirs.append(stream)
    _gauge.inc()
    for old in theirs[:-MOST_A_PERSON]:
        old.end("too_many_streams")
    try:
        yield
    finally:
        _gauge.dec()
        theirs.remove(stream)
        if not theirs:
            _open.pop(user_id, None)


def count(user_id: UUID | None = None) -> int:
    """How many are open, of all people or of one."""
    if user_id is not None:
        return len(_open.get(user_id, ()))
    return sum(len(theirs) for theirs in _open.values())


def end_all() -> None:
    """The process stops: apps go on with another one, from where they are."""
    for theirs in list(_open.values()):
        for stream in list(theirs):
            stream.end(None)
