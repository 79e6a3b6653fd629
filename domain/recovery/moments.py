"""When and where something happened to a person: the day and hour that it counts for, by the clocks around them.

Rule: semantics, "Days and streaks" (the person's zone decides their day; it is stored, and travel re-buckets nothing).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.accounts.consents import SENSITIVE_DATA, TERMS, missing_sql
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row
from domain.kit.days import local_date, zone
from domain.kit.errors import ConsentRequired, InvalidRequest, NotFound, RuleBroken

# A phone's clock may run ahead of ours by this much; what it says to lie there happens now.
_CLOCK_SKEW = timedelta(minutes=5)
# Nobody tells of more; far behind it, calendars end.
_LONGEST_AGO = timedelta(days=100 * 366)


class Moment(msgspec.Struct, frozen=True):
    """An instant with the person's calendar around it. `day` and `hour` are those of `timezone` at that instant;
    `today` is the person's day now, `now` the business instant."""

    at: datetime
    timezone: str
    day: date
    hour: int
    today: date
    now: datetime


# Before the first change of zone after an instant, the person was in the zone that it left.
_READ = f"""
SELECT users.timezone, {missing_sql("users.id", TERMS, SENSITIVE_DATA)} AS missing_consent,
       (SELECT from_zone FROM time_zone_changes WHERE user_id = users.id AND changed_at > $2
        ORDER BY changed_at LIMIT 1) AS zone_then
FROM users WHERE id = $1"""


async def moment_of(user_id: UUID, occurred_at: datetime | None = None, *, hold: bool = False) -> Moment:
    """The moment of something that the person tells of; without `occurred_at` it is now. One round trip.

    With `hold` the person's row is locked until the transaction ends, so that changes to their attempts follow one
    another; that takes a round trip more.
    Raises NotFound if the person is gone, ConsentRequired once `terms` or `sensitive_data` is withdrawn, RuleBroken
    `in_future` for an instant that lies ahead, InvalidRequest for one over a hundred years back.
    """
    now = clock.now()
    at = now if occurred_at is None else occurred_at
    if at > now + _CLOCK_SKEW:
        raise RuleBroken("That moment lies in the future.", code="in_future")
    if at < now - _LONGEST_AGO:
        raise InvalidRequest("lies too far back", field="occurred_at")
    if hold:
        await hold_person(user_id)
    row = await fetch_row(_READ, user_id, min(at, now))
    if row is None:
        raise NotFound
    if row["missing_consent"] is not None:
        raise ConsentRequired(row["missing_consent"])
    return _moment(row, min(at, now), now)


async def hold_person(user_id: UUID) -> None:
    """Lock the person's row until the transaction ends, so that changes to their attempts follow one another."""
    # In a statement of its own: the next one then sees what the holder before us has committed.
    await execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id)


def _moment(row: Any, at: datetime, now: datetime) -> Moment:
    timezone = row["zone_then"] or row["timezone"]
    there = at.astimezone(zone(timezone))
    return Moment(at, timezone, there.date(), there.hour, local_date(now, row["timezone"]), now)
