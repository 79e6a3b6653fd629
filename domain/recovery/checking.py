"""The daily look for drift, in the background: a few seconds at a time, through everybody once a day."""

from __future__ import annotations

import time
from collections import Counter
from uuid import UUID

import msgspec
from prometheus_client import Counter as Metric

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, transaction
from domain.kit.log import log
from domain.recovery.drift import NOBODY, look_at

# Seconds of one look, by the real clock.
LONGEST_LOOK = 2.0

_NAME = "streaks"
_drift = Metric("kuitter_streak_drift", "People whose streak did not follow from their events, by kind", ["kind"])

_BEGIN = "INSERT INTO drift_checks (name) VALUES ($1) ON CONFLICT DO NOTHING"
_CLAIM = """
SELECT checked_on, checking_on, last_user_id, people, found FROM drift_checks WHERE name = $1 FOR UPDATE SKIP LOCKED
"""


async def check_some(longest: float = LONGEST_LOOK) -> int:
    """Go on with today's look (the day is UTC's) for about `longest` seconds; returns at how many people it looked.

    When everybody was looked at, one line `streaks.drift` says how many people differ, by kind. Any number of clocks
    may do it: they take turns.
    """
    until = time.monotonic() + longest
    people = 0
    while time.monotonic() < until:
        looked = await _check_batch()
        if looked is None:
            break
        people += looked
    return people


async def _check_batch() -> int | None:
    """At how many people was looked; None if today's look is over, or another clock is at it."""
    today = clock.now().date()
    async with transaction():
        mark = await fetch_row(_CLAIM, _NAME)
        if mark is None and await execute(_BEGIN, _NAME) == "INSERT 0 1":
            mark = await fetch_row(_CLAIM, _NAME)
        if mark is None or mark["checked_on"] == today:
            return None
        goes_on = mark["checking_on"] == today
        after: UUID = mark["last_user_id"] if goes_on else NOBODY
        look = await look_at(after)
        found = Counter(msgspec.json.decode(mark["found"], type=dict[str, int])) if goes_on else Counter[str]()
        found += look.counts()
        people = look.people + (mark["people"] if goes_on else 0)
        await execute(
            """UPDATE drift_checks SET checking_on = $2, last_user_id = $3, people = $4, found = $5,
                      checked_on = CASE WHEN $6 THEN $2 ELSE checked_on END
               WHERE name = $1""",
            _NAME, today, look.last_user_id, people, msgspec.json.encode(found).decode(), look.is_last,
        )  # fmt: skip
    for kind, count in look.counts().items():
        _drift.labels(kind).inc(count)
    if look.is_last:
        tell = log().error if found else log().info
        tell("streaks.drift", people=people, **found)
    return look.people
