"""Check-ins: one a person a local day. Making one, and the calendar of those made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.accounts.consents import SENSITIVE_DATA, TERMS, missing_sql
from domain.accounts.profile import today as today_of
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, transaction
from domain.kit.days import local_date
from domain.kit.errors import ConsentRequired, InvalidRequest, NotFound, RuleBroken
from domain.kit.events import Event, tell
from domain.kit.ids import check_client_id
from domain.kit.pagination import Page, decode_cursor, page_of
from domain.kit.text import clean_optional
from domain.recovery import standing
from domain.recovery.expiry import due_of
from domain.recovery.progress import progress_changed
from domain.recovery.standing import Streak, stored_streak, streak_after
from domain.recovery.streaks import CheckInStreak, advance, fold
from domain.recovery.travel import excused_days, zone_changes
from domain.recovery.triggers import clean_triggers
from domain.safety.support import Support, with_support

DAYS_BACK = 7
_LONGEST_NOTE = 2000
_DEFAULT_DAYS = 30
_MOST_DAYS = 366


class CheckIn(msgspec.Struct, frozen=True):
    """How a day was. `mood` is 1 to 5, `urge_level` 0 to 10; `timezone` is where the day was lived."""

    day: date = msgspec.field(name="date")
    timezone: str
    mood: int
    urge_level: int
    triggers: list[str]
    note: str | None
    client_id: str | None
    created_at: datetime
    updated_at: datetime


class CheckedIn(msgspec.Struct, frozen=True):
    """What a check-in answers. `support` is for somebody whose words say that they may be in danger."""

    check_in: CheckIn
    streak: Streak
    support: Support | None = None


# The columns in the order of CheckIn's fields, for `check_in_of`.
COLUMNS = "local_date, timezone, mood, urge_level, triggers, note, client_id, created_at, updated_at"

# The lock on the streak's row makes parallel check-ins of a person follow one another. The row itself is the newest,
# but the rest of this statement may have seen the state before the wait: check_ins are read by the next one only.
_LOCK = f"""WITH streak AS (SELECT * FROM check_in_streaks WHERE user_id = $1 FOR UPDATE)
            SELECT {standing.COLUMNS}, {missing_sql("users.id", TERMS, SENSITIVE_DATA)} AS missing_consent
            FROM users LEFT JOIN streak ON true {standing.JOINS} WHERE users.id = $1"""

_ALL_DAYS = f"""SELECT ARRAY(SELECT local_date FROM check_ins WHERE user_id = $1) AS days,
                       {zone_changes("$1")} AS zone_changes"""

# A change leaves zone and time of the first writing. The streak's row is written only if it changed. If the zone has
# changed while the lock was waited for, when the streak ends stays open, and the clock works it out (expiry.place).
_KEEP = f"""WITH written AS (
                UPDATE check_in_streaks SET days = $9, best = $10, freezes = $11, toward_freeze = $12,
                       last_check_in_on = $13, last_check_in = $14, ended_at = NULL,
                       (expires_at, remind_at) = (SELECT $16::timestamptz, $17::timestamptz FROM users
                                                  WHERE id = $1 AND timezone = $3)
                WHERE user_id = $1 AND (days, best, freezes, toward_freeze, last_check_in_on)
                      IS DISTINCT FROM ($9, $10, $11, $12, $13)
            )
            INSERT INTO check_ins (user_id, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $15, $15)
            ON CONFLICT (user_id, local_date) DO UPDATE SET
                mood = EXCLUDED.mood, urge_level = EXCLUDED.urge_level, triggers = EXCLUDED.triggers,
                note = EXCLUDED.note, client_id = EXCLUDED.client_id, updated_at = EXCLUDED.updated_at
            RETURNING {COLUMNS}"""


def check_in_of(row: Any) -> CheckIn:
    """The check-in in a row with the columns of COLUMNS."""
    return CheckIn(*row)


@with_support("check_in", "note", "triggers")
async def put_check_in(
    user_id: UUID,
    day: date,
    *,
    mood: int,
    urge_level: int,
    triggers: Sequence[str],
    note: str | None = None,
    client_id: str | None = None,
) -> CheckedIn:
    """Write or change the person's check-in of `day`, one of their last seven days or today by their own zone.

    Two round trips inside the transaction for a new day after the last and for a change of the newest; a change of an
    older day and a back-fill take one more, and a person's very first check-in two.
    Raises InvalidRequest for a text too long, ConsentRequired once `terms` or `sensitive_data` is withdrawn,
    RuleBroken `check_in_in_future` or `check_in_too_old`, NotFound if the
    person is gone.
    """
    words = clean_triggers(triggers)
    note = clean_optional(note, field="note", longest=_LONGEST_NOTE)
    check_client_id(client_id)
    now = clock.now()
    async with transaction():
        present = await _lock(user_id)
        today = local_date(now, present["timezone"])
        _check_day(day, today)
        before = stored_streak(present)
        after = await _streak_with(user_id, day, before, present["zone_changes"])
        # The instant of the newest day's check-in: neither a change nor a back-fill moves it.
        newest = after.last_check_in_on != before.last_check_in_on
        last_check_in = now if newest else present["last_check_in"]
        due = due_of(after, present["timezone"], excused_days(present["zone_changes"]))
        # Who is here at this moment needs no reminder for what has passed already.
        remind_at = due.remind_at if due.remind_at and due.remind_at > now else None
        row = await fetch_row(
            _KEEP, user_id, day, present["timezone"], mood, urge_level, words, note, client_id,
            after.days, after.best, after.freezes, after.toward_freeze, after.last_check_in_on, last_check_in, now,
            due.expires_at, remind_at,
        )  # fmt: skip
        await progress_changed(user_id)
        tell(user_id, Event("streak"))
    return CheckedIn(check_in_of(row), streak_after(present, after, last_check_in, today))


async def _lock(user_id: UUID) -> Any:
    row = await fetch_row(_LOCK, user_id)
    if row is None:
        raise NotFound
    if row["missing_consent"] is not None:
        raise ConsentRequired(row["missing_consent"])
    if row["days"] is None:
        await execute("INSERT INTO check_in_streaks (user_id) VALUES ($1) ON CONFLICT DO NOTHING", user_id)
        row = await fetch_row(_LOCK, user_id)
    return row


async def _streak_with(user_id: UUID, day: date, streak: CheckInStreak, zone_changes: Any) -> CheckInStreak:
    """The streak once `day` has its check-in, whether or not it had one before."""
    if streak.last_check_in_on is None or day > streak.last_check_in_on:
        return advance(streak, day, excused_days(zone_changes))
    if day == streak.last_check_in_on:
        return streak
    (known,) = await fetch(_ALL_DAYS, user_id)
    if day in known["days"]:
        return streak
    return fold([*known["days"], day], excused_days(known["zone_changes"]))


def _check_day(day: date, today: date) -> None:
    if day > today:
        raise RuleBroken("That day has not begun in your time zone.", code="check_in_in_future")
    if day < today - timedelta(days=DAYS_BACK):
        raise RuleBroken(f"A check-in can be made up to {DAYS_BACK} days later.", code="check_in_too_old")


async def list_check_ins(
    user_id: UUID, first: date | None, last: date | None, limit: int, cursor: str | None
) -> Page[CheckIn]:
    """The days with a check-in from `first` to `last`, both included, newest first.

    `last` is the person's today if left out, `first` the 30th day up to and including `last`.
    Raises InvalidRequest for a range that is turned round or over 366 days, or a bad cursor; NotFound if the person is
    gone.
    """
    key = decode_cursor(cursor, tuple[date])
    if last is None:
        last = await today_of(user_id)
    if first is None:
        first = date.fromordinal(max(1, last.toordinal() - _DEFAULT_DAYS + 1))
    if first > last:
        raise InvalidRequest("must not be after to", field="from")
    if (last - first).days >= _MOST_DAYS:
        raise InvalidRequest(f"must lie within {_MOST_DAYS} days up to to", field="from")
    # A cursor is the last day shown.
    below = key[0] if key is not None else None
    rows = await fetch(
        f"""SELECT {COLUMNS} FROM check_ins
            WHERE user_id = $1 AND local_date BETWEEN $2 AND $3 AND ($4::date IS NULL OR local_date < $4)
            ORDER BY local_date DESC LIMIT $5""",
        user_id, first, last, below, limit + 1,
    )  # fmt: skip
    return page_of(rows, limit, check_in_of, lambda row: (row["local_date"],))
