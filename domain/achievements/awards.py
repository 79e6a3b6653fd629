"""Awarding achievements: once each, by what a person's rows say, and never taken back.

Rule: semantics, "Days and streaks" (exactly once, by `>=` over all levels passed; the same rows however late or often).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from domain.achievements.metrics import PASSED_BY_TIME, measured
from domain.achievements.reaching import reached_on
from domain.kit.clock import clock
from domain.kit.database import current_transaction, fetch
from domain.kit.days import local_date
from domain.push.notifications import Notice, notify_all
from domain.recovery.travel import Change, changes_of, day_began

DEEP_LINK = "kuitter://achievements"
_OF_USE_FOR = timedelta(days=3)

_ZONES = "SELECT id, timezone FROM users WHERE id = ANY ($1) AND state = 'active'"

_PERSON_DAY = "person_day AS (SELECT * FROM unnest($1::uuid[], $2::date[]) AS given (user_id, today))"

# What a person has is read at once: joined by slug it would be a look into the index for each level ever passed.
_NEW = f"""
WITH {_PERSON_DAY},
person AS (
    SELECT user_id, ARRAY(SELECT achievement FROM earned_achievements WHERE user_id = person_day.user_id) AS earned
    FROM person_day
),
measured AS ({measured()})
SELECT user_id, slug, metric, level, title, description, today,
       CASE WHEN today IS NOT NULL
            THEN ARRAY(SELECT ROW(started_on, ended_on) FROM attempts WHERE user_id = measured.user_id) END AS attempts,
       CASE WHEN metric = 'goals_completed'
            THEN (SELECT completed_at FROM goals WHERE user_id = measured.user_id AND completed_at >= created_at
                  ORDER BY completed_at OFFSET achievements.level - 1 LIMIT 1) END AS completed_at
FROM measured JOIN person USING (user_id) JOIN achievements USING (metric)
WHERE level <= value AND active AND slug <> ALL (earned)
ORDER BY position, slug
"""

# In one order, so that parallel runs wait for each other in turn. Whoever has left meanwhile gets nothing.
_WRITE = """
INSERT INTO earned_achievements (user_id, achievement, earned_at)
SELECT users.id, slug, earned_at
FROM unnest($1::uuid[], $2::text[], $3::timestamptz[]) AS reached (user_id, slug, earned_at)
     JOIN users ON users.id = reached.user_id AND users.state = 'active'
ORDER BY users.id, slug FOR KEY SHARE OF users
ON CONFLICT DO NOTHING RETURNING user_id, achievement
"""


async def award(user_ids: Sequence[UUID]) -> None:
    """Award what these people have reached and not been awarded yet, in the caller's transaction.

    Each gets one notification for all that is new to them. For people with nothing new nothing is written. What was
    reached by clean days is dated to the beginning of that day where the person was, what was reached by goals to the
    completion of the last that it took, everything else to now.
    Raises OutsideTransaction without a transaction.
    """
    current_transaction()
    if not user_ids:
        return
    zones, todays = await _where_and_when(user_ids)
    rows = await fetch(_NEW, list(todays), list(todays.values())) if todays else []
    if not rows:
        return
    now = clock.now()
    by_time = {row["user_id"] for row in rows if row["today"] is not None}
    changes = await changes_of(by_time) if by_time else {}
    written = await fetch(
        _WRITE,
        [row["user_id"] for row in rows],
        [row["slug"] for row in rows],
        [_earned_at(row, zones[row["user_id"]], changes, now) for row in rows],
    )
    # What a parallel run has written is told by that one.
    ours = {(row["user_id"], row["achievement"]) for row in written}
    by_person: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        if (row["user_id"], row["slug"]) in ours:
            by_person[row["user_id"]].append(row)
    await notify_all("achievement", [_notice(user_id, new, now) for user_id, new in by_person.items()])


async def passed_by_time(user_ids: Sequence[UUID], today: date) -> list[UUID]:
    """Whom to `award` of people of whom nothing new is known but that a day has ended, and whose day is `today`.

    Looking is cheaper by far than awarding: only clean days are asked about.
    """
    return [row["user_id"] for row in await fetch(PASSED_BY_TIME, user_ids, today)]


async def _where_and_when(user_ids: Sequence[UUID]) -> tuple[dict[UUID, str], dict[UUID, date]]:
    """Zone and present day of those whose account is alive."""
    now = clock.now()
    zones = {row["id"]: row["timezone"] for row in await fetch(_ZONES, user_ids)}

    @cache
    def today(timezone: str) -> date:
        return local_date(now, timezone)

    return zones, {user_id: today(timezone) for user_id, timezone in zones.items()}


def _earned_at(row: Any, timezone: str, changes: Mapping[UUID, Sequence[Change]], now: datetime) -> datetime:
    if row["today"] is None:
        return row["completed_at"] or now
    day = reached_on(row["metric"], row["level"], row["attempts"], row["today"])
    # The rows that the level was measured by are those of the same statement.
    assert day is not None
    return day_began(day, timezone, changes.get(row["user_id"], ()))


def _notice(user_id: UUID, new: Sequence[Any], now: datetime) -> Notice:
    several = len(new) > 1
    return Notice(
        user_id=user_id,
        # Each is earned once, so the first of them stands for this notification and no other.
        cause=new[0]["slug"],
        title=f"{len(new)} milestones reached" if several else new[0]["title"],
        body=" · ".join(row["title"] for row in new) if several else new[0]["description"],
        discreet_body="Something good is waiting for you",
        deep_link=DEEP_LINK,
        expires_at=now + _OF_USE_FOR,
    )
