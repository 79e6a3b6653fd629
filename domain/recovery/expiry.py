"""When a check-in streak ends and when its person is to be reminded, written down for the clock to find.

Nothing that people see comes from here: reading works everything out (domain/recovery/standing.py). A check-in writes
both instants; a change of zone opens them by a trigger (kuitter_0010), and `place` closes them again. Noting that a
streak has ended leaves its days and freezes alone: who flies west after midnight has the day once more.
Rule: semantics, "Days and streaks" (run twice, late, or by two clocks at once, the rows are the same).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time

import msgspec

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.days import day_begins, instant
from domain.recovery.standing import ZONE_CHANGES, stored_streak
from domain.recovery.streaks import CheckInStreak, days_to_come, ends_on
from domain.recovery.travel import excused_days

REMIND_AT = time(20, 0)
# A run of one day is no streak that anybody would miss.
SHORTEST_REMINDED = 2

_BATCH = 1000


class Due(msgspec.Struct, frozen=True):
    """`expires_at` is the first instant at which a streak has ended if no check-in comes; `remind_at` is 20:00 on the
    first day without one, None for a streak that is not worth a reminder."""

    expires_at: datetime
    remind_at: datetime | None


def due_of(streak: CheckInStreak, timezone: str, excused: Collection[date]) -> Due:
    """When a streak that has begun ends in `timezone`, and when to remind of it; both may lie in the past.

    A day that the person never had in full is neither missed nor one to be reminded on.
    """
    remind_at = None
    if streak.days >= SHORTEST_REMINDED:
        remind_at = instant(days_to_come(streak, 1, excused), REMIND_AT, timezone)
    return Due(day_begins(ends_on(streak, excused), timezone), remind_at)


# The lock gives the newest streak, but everything else may be as it was before the wait for it: a zone that has changed
# meanwhile is seen by the second statement, and its streak stays open for the next look.
OPEN = f"""
SELECT streak.*, users.timezone, {ZONE_CHANGES} AS zone_changes
FROM check_in_streaks AS streak JOIN users ON users.id = streak.user_id
WHERE streak.expires_at IS NULL AND streak.last_check_in_on IS NOT NULL
ORDER BY streak.user_id LIMIT $1 FOR UPDATE OF streak SKIP LOCKED
"""

_PLACE = """
UPDATE check_in_streaks AS streak SET expires_at = due.expires_at, remind_at = due.remind_at
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[])
         AS due (user_id, timezone, expires_at, remind_at)
     JOIN users ON users.id = due.user_id AND users.timezone = due.timezone
WHERE streak.user_id = due.user_id
"""


async def place() -> int:
    """Work out both instants for the people whose zone has changed; returns for how many.

    A reminder of a day that is not over stays due even if 20:00 has passed.
    """
    placed = 0
    while True:
        async with transaction():
            rows = await fetch(OPEN, _BATCH)
            dues = [due_of(stored_streak(row), row["timezone"], excused_days(row["zone_changes"])) for row in rows]
            if rows:
                await execute(
                    _PLACE,
                    [row["user_id"] for row in rows],
                    [row["timezone"] for row in rows],
                    [due.expires_at for due in dues],
                    [due.remind_at for due in dues],
                )
        placed += len(rows)
        if len(rows) < _BATCH:
            return placed


# Whatever state the person is in: a row that is left out would be looked at again and again.
ENDED = """
SELECT user_id FROM check_in_streaks WHERE ended_at IS NULL AND expires_at <= $1
ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
"""

_NOTE = f"""
WITH ended AS (
    UPDATE check_in_streaks SET ended_at = expires_at WHERE user_id = ANY (ARRAY({ENDED})) RETURNING 1
)
SELECT count(*) FROM ended
"""


async def note_ended() -> int:
    """Write down which streaks have ended, as of the instant when they did, however late this comes; returns how many.

    Each batch commits by itself.
    """
    now = clock.now()
    noted = 0
    while True:
        ended: int = await fetch_value(_NOTE, now, _BATCH)
        noted += ended
        if ended < _BATCH:
            return noted
