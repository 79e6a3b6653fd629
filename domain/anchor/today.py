"""Today's daily message as the app shows it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.anchor.schedule import occurrence
from domain.anchor.silence import last_seen_sql, next_day
from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_row
from domain.kit.days import instant, local_date
from domain.kit.errors import NotFound


class DailyView(msgspec.Struct, frozen=True):
    """A daily message."""

    id: UUID
    body: str
    sent_at: datetime


class Today(msgspec.Struct, frozen=True):
    """`due_at` is when today's message is or was due; the next one's if none comes today: to somebody who joined after
    today's time, or of whom nothing was heard for so long that they come once a week."""

    message: DailyView | None
    due_at: datetime


# $2 is today in UTC: the person's own day is that one, the one before or the one after. $3 is now.
_READ = f"""
SELECT users.timezone, users.created_at, schedule.local_time, schedule.next_at,
    {last_seen_sql("users.id", "$3")} AS seen_at,
    ARRAY(SELECT ROW(daily.local_date, daily.state, daily.due_at, daily.sent_at, message.id, message.body)
          FROM daily_messages AS daily LEFT JOIN anchor_messages AS message ON message.id = daily.message_id
          WHERE daily.user_id = users.id AND daily.local_date BETWEEN $2::date - 1 AND $2::date + 1) AS messages
FROM users JOIN daily_schedule AS schedule ON schedule.user_id = users.id WHERE users.id = $1
"""


async def read_today(user_id: UUID) -> Today:
    """The message of the person's day, or when it is due. Raises NotFound if the person is gone."""
    now = clock.now()
    row = await fetch_row(_READ, user_id, now.astimezone(UTC).date(), now)
    if row is None:
        raise NotFound
    timezone, local_time = row["timezone"], row["local_time"]
    today = local_date(now, timezone)
    at = occurrence(today, local_time, timezone)
    of_today: Any = next((each for each in row["messages"] if each[0] == today), (None,) * 6)
    _, state, due_at, sent_at, message_id, body = of_today
    if message_id is not None:
        return Today(DailyView(message_id, body, sent_at), due_at or at.due_at)
    if state in ("planned", "written"):
        return Today(None, at.due_at)
    seen_on = local_date(row["seen_at"], timezone) if row["seen_at"] else today
    # The clock has passed over today: it brings none any more.
    over = row["next_at"] is not None and row["next_at"] > at.write_at(user_id)
    begin = today + timedelta(days=1) if over or state is not None or at.due_at <= row["created_at"] else today
    return Today(None, instant(next_day(begin, seen_on), local_time, timezone))


async def read_some(user_id: UUID, ids: Sequence[UUID]) -> list[DailyView]:
    """Those of the messages `ids` (of the talk) that are daily messages of the person's and were sent."""
    rows = await fetch(
        """SELECT message.id, message.body, daily.sent_at
           FROM daily_messages AS daily JOIN anchor_messages AS message ON message.id = daily.message_id
           WHERE daily.user_id = $1 AND daily.state = 'sent' AND message.id = ANY ($2)""",
        user_id, ids,
    )  # fmt: skip
    return [DailyView(row["id"], row["body"], row["sent_at"]) for row in rows]
