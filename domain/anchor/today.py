"""Today's daily message as the app shows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from domain.kit.clock import clock
from domain.kit.database import fetch_row
from domain.kit.days import instant, local_date
from domain.kit.errors import NotFound


class DailyView(msgspec.Struct, frozen=True):
    """A daily message."""

    id: UUID
    body: str
    sent_at: datetime


class Today(msgspec.Struct, frozen=True):
    """`due_at` is when today's message is or was due; for somebody who joined after today's time, tomorrow's."""

    message: DailyView | None
    due_at: datetime


# $2 is today in UTC: the person's own day is that one, the one before or the one after.
_READ = """
SELECT users.timezone, users.created_at, schedule.local_time,
    ARRAY(SELECT ROW(daily.local_date, message.id, message.body, daily.sent_at)
          FROM daily_messages AS daily JOIN anchor_messages AS message ON message.id = daily.message_id
          WHERE daily.user_id = users.id AND daily.state = 'sent'
            AND daily.local_date BETWEEN $2::date - 1 AND $2::date + 1) AS messages
FROM users JOIN daily_schedule AS schedule ON schedule.user_id = users.id WHERE users.id = $1
"""


async def read_today(user_id: UUID) -> Today:
    """The message of the person's day, or when it is due. Raises NotFound if the person is gone."""
    now = clock.now()
    row = await fetch_row(_READ, user_id, now.astimezone(UTC).date())
    if row is None:
        raise NotFound
    today = local_date(now, row["timezone"])
    message = next((DailyView(*parts) for day, *parts in row["messages"] if day == today), None)
    due_at = instant(today, row["local_time"], row["timezone"])
    if message is None and due_at <= row["created_at"]:
        due_at = instant(today + timedelta(days=1), row["local_time"], row["timezone"])
    return Today(message, due_at)
