"""Reminders: in the evening of the first day without a check-in, to those whose streak is worth keeping.

One for a gap, not one a day; quiet hours and preferences are the push's own business. The instants stand in
check_in_streaks.remind_at (domain/recovery/expiry.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.accounts.consents import SENSITIVE_DATA, TERMS, missing_sql
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, transaction
from domain.kit.days import day_begins, local_date
from domain.push.notifications import Notice, notify_all
from domain.recovery.expiry import SHORTEST_REMINDED
from domain.recovery.standing import ZONE_CHANGES, stored_streak
from domain.recovery.streaks import as_of
from domain.recovery.travel import excused_days

TITLE = "Today's check-in"
DISCREET_BODY = "You have not been here today"
DEEP_LINK = "kuitter://check-in"

# A check-in of one of them waits for the whole batch.
_BATCH = 250

DUE = f"""
SELECT streak.*, users.timezone, users.state, {missing_sql("users.id", TERMS, SENSITIVE_DATA)} AS missing_consent,
       {ZONE_CHANGES} AS zone_changes
FROM check_in_streaks AS streak JOIN users ON users.id = streak.user_id
WHERE streak.remind_at <= $1 ORDER BY streak.remind_at LIMIT $2 FOR UPDATE OF streak SKIP LOCKED
"""

# A check-in that comes first has moved remind_at on; one that comes later waits for the lock and answers the reminder.
_DONE = "UPDATE check_in_streaks SET remind_at = NULL WHERE user_id = ANY ($1)"

# The cause of a reminder is the last day with a check-in before it.
_ANSWERED = """
UPDATE notifications SET read_at = $2
FROM check_in_streaks AS streak
WHERE notifications.user_id = ANY ($1) AND notifications.read_at IS NULL AND kind = 'check_in_reminder'
  AND streak.user_id = notifications.user_id AND streak.last_check_in_on > notifications.cause::date
"""


async def remind() -> int:
    """Remind everybody who is due now; returns how many were. Nobody twice for the same gap, whatever their zone does.

    Each batch commits by itself. One whose day is over by now gets none: it would come too late.
    """
    now = clock.now()
    reminded = 0
    while True:
        async with transaction():
            rows = await fetch(DUE, now, _BATCH)
            if rows:
                await execute(_DONE, [row["user_id"] for row in rows])
            notices = [notice for row in rows if (notice := _notice(row, now)) is not None]
            reminded += await notify_all("check_in_reminder", notices)
        if len(rows) < _BATCH:
            return reminded


def _notice(row: Any, now: datetime) -> Notice | None:
    """The reminder, if it still makes sense."""
    timezone = row["timezone"]
    today = local_date(now, timezone)
    if row["state"] != "active" or row["missing_consent"] is not None or row["last_check_in_on"] >= today:
        return None
    if local_date(row["remind_at"], timezone) != today:
        return None
    days, _ = as_of(stored_streak(row), today, excused_days(row["zone_changes"]))
    if days < SHORTEST_REMINDED:
        return None
    return Notice(
        user_id=row["user_id"],
        cause=str(row["last_check_in_on"]),
        title=TITLE,
        body=f"Your streak of {days} days is waiting for today's check-in.",
        discreet_body=DISCREET_BODY,
        deep_link=DEEP_LINK,
        expires_at=day_begins(today + timedelta(days=1), timezone),
    )


async def withdraw_answered(user_ids: Sequence[UUID]) -> None:
    """Count the reminders as read whose check-in has come: a push that still waits (quiet hours) is not sent then."""
    await execute(_ANSWERED, user_ids, clock.now())
