"""The nightly repair of counts: in the background, a few seconds at a time, through all of them once a day.

Rule: semantics, "Community" (a nightly job repairs and reports drift).
"""

from __future__ import annotations

import time

from prometheus_client import Counter

from domain.community.counters import BEGINNING, COUNTED, Look, look_at, look_at_all, mend
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, transaction
from domain.kit.log import log

# Seconds of one look, by the real clock.
LONGEST_LOOK = 2.0

_DRIFT = Counter("kuitter_community_drift", "Counts of the community that were wrong, by what they count", ["what"])

_BEGIN = "INSERT INTO count_checks (what) VALUES ($1) ON CONFLICT DO NOTHING"
_CLAIM = "SELECT * FROM count_checks WHERE what = $1 FOR UPDATE SKIP LOCKED"


async def repair_some(longest: float = LONGEST_LOOK) -> int:
    """Go on with today's repair (the day is UTC's) for about `longest` seconds; returns at how many counts it looked.

    When all of a kind were looked at, one line `community.drift` says how many were wrong. Any number of clocks may do
    it: they take turns.
    """
    until, looked = time.monotonic() + longest, 0
    for what in COUNTED:
        while time.monotonic() < until:
            rows = await _repair_batch(what)
            if rows is None:
                break
            looked += rows
    return looked


async def _repair_batch(what: str) -> int | None:
    """At how many counts was looked; None if today's repair of them is over, or another clock is at it."""
    today = clock.now().date()
    async with transaction():
        mark = await fetch_row(_CLAIM, what)
        if mark is None and await execute(_BEGIN, what) == "INSERT 0 1":
            mark = await fetch_row(_CLAIM, what)
        if mark is None or mark["checked_on"] == today:
            return None
        goes_on = mark["checking_on"] == today
        look = await look_at(what, mark["last_id"] if goes_on else BEGINNING)
        mended = await mend(what, look.wrong)
        rows = look.rows + (mark["rows"] if goes_on else 0)
        wrong = mended + (mark["wrong"] if goes_on else 0)
        await execute(
            """UPDATE count_checks SET checking_on = $2, last_id = $3, rows = $4, wrong = $5,
                      checked_on = CASE WHEN $6 THEN $2 ELSE checked_on END
               WHERE what = $1""",
            what, today, look.last_id, rows, wrong, look.is_last,
        )  # fmt: skip
    _DRIFT.labels(what).inc(mended)
    if look.is_last:
        tell = log().error if wrong else log().info
        tell("community.drift", what=what, counts=rows, wrong=wrong)
    return look.rows


async def repair_look(look: Look) -> int:
    """Put right what a look has found; returns how many counts were wrong still."""
    if not look.wrong:
        return 0
    async with transaction():
        mended = await mend(look.what, look.wrong)
    _DRIFT.labels(look.what).inc(mended)
    return mended


async def repair_counts() -> dict[str, int]:
    """Put everything right at once; returns how many counts were wrong, by what they count."""
    return {what: sum([await repair_look(look) async for look in look_at_all(what)]) for what in COUNTED}
