"""What a person may use of Anchor, and reserving a part of it (semantics: Anchor, "Limits").

A window is the person's own day or the calendar's month in UTC; its key holds its first day, so nothing is ever reset.
Check and reservation are one statement, so that of fifty at once with one left exactly one is served.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.anchor import breaker
from domain.billing.entitlement import Plan, plan_sql
from domain.kit.database import fetch_row
from domain.kit.days import day_begins, local_date
from domain.kit.errors import NotFound, TooMany
from domain.kit.ids import new_id
from domain.kit.settings import settings

Purpose = Literal["reply", "daily", "memory"]


class WindowUse(msgspec.Struct, frozen=True):
    """Replies of one window. `used` includes those that are being written."""

    limit: int
    used: int
    resets_at: datetime


class Quota(msgspec.Struct, frozen=True):
    """What a person may use, and has used, of Anchor's replies."""

    plan: Plan
    day: WindowUse
    month: WindowUse


class Windows(msgspec.Struct, frozen=True):
    """The windows that an instant falls into, and when they end (UTC)."""

    day: date
    month: date
    day_ends: datetime
    month_ends: datetime


def windows_at(now: datetime, timezone: str) -> Windows:
    """The windows of a person in `timezone` at the business instant `now`."""
    day = local_date(now, timezone)
    month = now.astimezone(UTC).date().replace(day=1)
    next_month = (month + timedelta(days=31)).replace(day=1)
    return Windows(
        day=day,
        month=month,
        day_ends=day_begins(day + timedelta(days=1), timezone),
        month_ends=datetime.combine(next_month, datetime.min.time(), tzinfo=UTC),
    )


# $1 person, $2 now, $3 free and $4 subscriber limits (replies a day, replies a month, micro-dollars a month), $5 day,
# $6 month, $7 1 if it takes a reply and else 0, $8 micro-dollars, $9 charge, $10 purpose, $11 message.
# The month is only touched if the day had room, and always after it: every statement here locks in that order.
_RESERVE = f"""
WITH plan AS (
    SELECT CASE WHEN {plan_sql("$1", "$2")} = 'subscriber' THEN $4::bigint[] ELSE $3::bigint[] END AS limits
), today AS (
    INSERT INTO anchor_windows AS w (user_id, kind, starts_on, replies, reserved)
    SELECT $1, 'day', $5, $7, $8 FROM plan WHERE $7 = 0 OR limits[1] >= 1
    ON CONFLICT (user_id, kind, starts_on) DO UPDATE SET replies = w.replies + $7, reserved = w.reserved + $8
    WHERE $7 = 0 OR w.replies < (SELECT limits[1] FROM plan)
    RETURNING w.user_id
), month AS (
    INSERT INTO anchor_windows AS w (user_id, kind, starts_on, replies, reserved)
    SELECT $1, 'month', $6, $7, $8 FROM plan, today WHERE ($7 = 0 OR limits[2] >= 1) AND $8 <= limits[3]
    ON CONFLICT (user_id, kind, starts_on) DO UPDATE SET replies = w.replies + $7, reserved = w.reserved + $8
    WHERE ($7 = 0 OR w.replies < (SELECT limits[2] FROM plan))
      AND w.cost + w.reserved + $8 <= (SELECT limits[3] FROM plan)
    RETURNING w.user_id
), charge AS (
    INSERT INTO anchor_charges (id, user_id, purpose, message_id, state, counted, day, month, reserved)
    SELECT $9, $1, $10, $11, 'reserved', $7 = 1, $5, $6, $8 FROM month
    RETURNING id
)
SELECT (SELECT id FROM charge) AS id, EXISTS (SELECT FROM today) AS day_had_room
"""

_READ = f"""
SELECT users.timezone, {plan_sql("users.id", "$2")} AS plan,
    ARRAY(SELECT ROW(kind, starts_on, replies) FROM anchor_windows AS w
          WHERE w.user_id = users.id
            AND (w.kind = 'month' AND w.starts_on = $3 OR w.kind = 'day' AND w.starts_on BETWEEN $4 AND $5)) AS windows
FROM users WHERE users.id = $1
"""


async def reserve(
    user_id: UUID, timezone: str, *, purpose: Purpose, message_id: UUID, worst: int, now: datetime
) -> UUID:
    """Set aside a call to the model that costs at most `worst` micro-dollars, in the caller's transaction.

    A reply takes one of the person's replies; a daily message only counts towards the cost of the month. Returns the
    charge's id. Raises TooMany `anchor_daily_limit` or `anchor_monthly_limit` (then the caller must roll back), and
    SpendLimit when the whole app may spend no more today.
    """
    await breaker.check_spend(worst, now)
    chosen, at = settings(), windows_at(now, timezone)
    counted = 1 if purpose == "reply" else 0
    free, subscriber = (
        [limits.replies_per_day, limits.replies_per_month, limits.cost_per_month]
        for limits in (chosen.anchor_limits_free, chosen.anchor_limits_subscriber)
    )
    outcome = await fetch_row(
        _RESERVE, user_id, now, free, subscriber, at.day, at.month, counted, worst, new_id(), purpose, message_id
    )
    assert outcome is not None
    if outcome["id"] is None:
        raise _limit_reached(await read_quota(user_id, now), at, now, day_had_room=outcome["day_had_room"])
    charge_id: UUID = outcome["id"]
    return charge_id


def _limit_reached(quota: Quota, at: Windows, now: datetime, *, day_had_room: bool) -> TooMany:
    """Which limit it was. The day's, unless waiting for tomorrow would not help.

    Of a day that had room, `quota` counts the refused reply too: it is read before the caller rolls back.
    """
    daily = not day_had_room and quota.month.used < quota.month.limit
    ends = at.day_ends if daily else at.month_ends
    return TooMany(
        "You have used up Anchor's replies for today." if daily else "You have used up Anchor for this month.",
        code="anchor_daily_limit" if daily else "anchor_monthly_limit",
        retry_after=(ends - now).total_seconds(),
        extra={"resets_at": ends},
    )


async def read_quota(user_id: UUID, now: datetime) -> Quota:
    """What the person has used at the business instant `now`. Raises NotFound if they are gone."""
    today = now.astimezone(UTC).date()
    # The person's own today is the day before, the same or the day after; it is picked once the zone is known.
    row = await fetch_row(
        _READ, user_id, now, today.replace(day=1), today - timedelta(days=1), today + timedelta(days=1)
    )
    if row is None:
        raise NotFound
    return _quota(row, windows_at(now, row["timezone"]))


def _quota(row: Any, at: Windows) -> Quota:
    chosen = settings()
    limits = chosen.anchor_limits_subscriber if row["plan"] == "subscriber" else chosen.anchor_limits_free
    used = {(kind, starts_on): replies for kind, starts_on, replies in row["windows"]}
    return Quota(
        plan=row["plan"],
        day=WindowUse(limits.replies_per_day, used.get(("day", at.day), 0), at.day_ends),
        month=WindowUse(limits.replies_per_month, used.get(("month", at.month), 0), at.month_ends),
    )
