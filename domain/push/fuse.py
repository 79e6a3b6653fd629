"""The fuse: when a push service blames many tokens at once, a setting of ours is wrong and not the tokens.

Rule: semantics, "Push" (a wrong topic or key never deletes any: fuse at 5 % in 5 minutes, alert). Each process counts
the answers that it gets itself.
"""

from __future__ import annotations

import time
from collections import deque

from domain.kit.log import log
from domain.kit.providers import Answer, Outcome

CODE = "fuse"

_SECONDS = 300.0
_SLOT_SECONDS = 10.0
_LEAST_ANSWERS = 20
_MOST_BLAMED = 0.05

_BLAMED = frozenset({Outcome.TOKEN_DEAD, Outcome.QUARANTINE})
# What else says something about a token: an outage must not thin the blamed ones out.
_COUNTED = _BLAMED | {Outcome.OK, Outcome.REJECTED}


class _Counts:
    """The answers of one transport in the last five minutes, in slots of ten seconds: [began, all, blamed]."""

    def __init__(self) -> None:
        self.slots: deque[list[float]] = deque()
        self.said_at: float | None = None

    def add(self, now: float, *, blamed: bool) -> bool:
        """Count one, and say whether too many of them blame their token."""
        while self.slots and self.slots[0][0] <= now - _SECONDS:
            self.slots.popleft()
        if not self.slots or self.slots[-1][0] <= now - _SLOT_SECONDS:
            self.slots.append([now, 0, 0])
        self.slots[-1][1] += 1
        self.slots[-1][2] += blamed
        total, bad = (sum(slot[column] for slot in self.slots) for column in (1, 2))
        return total >= _LEAST_ANSWERS and bad > _MOST_BLAMED * total


_counts: dict[str, _Counts] = {}


def through_fuse(transport: str, answer: Answer) -> Answer:
    """`answer` itself, or CONFIG `fuse` in place of one that blames its token while too many do: then nothing is
    deleted or quarantined, and the push is sent again later. One error line in five minutes says so."""
    if answer.outcome not in _COUNTED:
        return answer
    now, blamed = time.monotonic(), answer.outcome in _BLAMED
    counts = _counts.setdefault(transport, _Counts())
    if not counts.add(now, blamed=blamed) or not blamed:
        return answer
    if counts.said_at is None or counts.said_at <= now - _SECONDS:
        counts.said_at = now
        log().error("push.fuse", transport=transport, code=answer.code)
    return Answer(Outcome.CONFIG, CODE, retry_after=_SECONDS)


def forget() -> None:
    """Begin to count anew, as a new process does."""
    _counts.clear()
