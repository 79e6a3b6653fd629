"""The home screen: all that it shows, read in one statement."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import msgspec

from domain.kit.clock import clock
from domain.kit.database import fetch_row
from domain.kit.days import local_date
from domain.kit.errors import NotFound
from domain.recovery import check_ins, standing
from domain.recovery.check_ins import CheckIn
from domain.recovery.standing import Streak

_DAYS_SHOWN = 7


class MessageOfToday(msgspec.Struct, frozen=True):
    """Anchor's daily message."""

    id: UUID
    body: str
    sent_at: datetime


class Home(msgspec.Struct, frozen=True):
    """The home screen. `date` is the person's day; `check_ins` are those of the last seven days, newest first."""

    day: date = msgspec.field(name="date")
    timezone: str
    public_name: str | None
    why: str | None
    streak: Streak
    check_in: CheckIn | None
    check_ins: list[CheckIn]
    anchor_message: MessageOfToday | None
    unread_notifications: int


# $2 is today in UTC. The person's own today is the day before, the same or the day after: each of them is read, and
# picked from once the zone is known.
_READ = f"""
    SELECT {standing.COLUMNS}, personas.name AS public_name, users.why,
        ARRAY(SELECT ROW({check_ins.COLUMNS}) FROM check_ins
              WHERE user_id = users.id AND local_date BETWEEN $2::date - {_DAYS_SHOWN} AND $2::date + 1
              ORDER BY local_date DESC) AS check_ins,
        ARRAY(SELECT ROW(daily.local_date, message.id, message.body, daily.sent_at)
              FROM daily_messages AS daily JOIN anchor_messages AS message ON message.id = daily.message_id
              WHERE daily.user_id = users.id AND daily.state = 'sent'
                AND daily.local_date BETWEEN $2::date - 1 AND $2::date + 1) AS daily_messages,
        (SELECT count(*) FROM notifications WHERE user_id = users.id AND read_at IS NULL) AS unread_notifications
    FROM users
    LEFT JOIN personas ON personas.id = users.persona_id
    LEFT JOIN check_in_streaks AS streak ON streak.user_id = users.id
    {standing.JOINS}
    WHERE users.id = $1"""


async def read_home(user_id: UUID) -> Home:
    """The home screen as of now. Raises NotFound if the person is gone."""
    now = clock.now()
    row = await fetch_row(_READ, user_id, now.astimezone(UTC).date())
    if row is None:
        raise NotFound
    today = local_date(now, row["timezone"])
    oldest = today - timedelta(days=_DAYS_SHOWN - 1)
    shown = [check_ins.check_in_of(each) for each in row["check_ins"] if oldest <= each[0] <= today]
    return Home(
        day=today,
        timezone=row["timezone"],
        public_name=row["public_name"],
        why=row["why"],
        streak=standing.streak_on(row, today),
        check_in=shown[0] if shown and shown[0].day == today else None,
        check_ins=shown,
        anchor_message=next(
            (MessageOfToday(*message) for day, *message in row["daily_messages"] if day == today), None
        ),
        unread_notifications=row["unread_notifications"],
    )
