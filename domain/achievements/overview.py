"""All achievements as the person sees them: what they have earned, and how far they are with the rest."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.achievements.awards import award
from domain.achievements.metrics import Metric, measured
from domain.kit.clock import clock
from domain.kit.database import fetch_row, transaction
from domain.kit.days import local_date
from domain.kit.errors import NotFound
from domain.kit.pagination import Page


class AchievementView(msgspec.Struct, frozen=True):
    """One achievement: earned when `metric` reaches `level`. `current` is what it is now.

    `progress` is rounded down; it stays 100 for what was earned, whatever becomes of `current`.
    """

    slug: str
    title: str
    description: str
    metric: Metric
    level: int
    current: int
    progress: Annotated[int, Meta(ge=0, le=100)]
    earned_at: datetime | None


# $2 is today in UTC. The person's own today is the day before, the same or the day after: what time moves is measured
# on each of them, and picked from once the zone is known.
_READ = f"""
WITH person AS (SELECT id AS user_id, timezone FROM users WHERE id = $1),
person_day AS (SELECT user_id, $2::date + shift AS today FROM person CROSS JOIN generate_series(-1, 1) AS shift),
measured AS ({measured()})
SELECT timezone,
       ARRAY(SELECT ROW(metric, today, value) FROM measured WHERE value IS NOT NULL) AS measured,
       ARRAY(SELECT ROW(slug, title, description, metric, level, earned_at)
             FROM achievements LEFT JOIN earned_achievements AS earned
                  ON earned.user_id = person.user_id AND earned.achievement = slug
             WHERE active OR earned_at IS NOT NULL ORDER BY position, slug) AS achievements
FROM person
"""


async def read_achievements(user_id: UUID) -> Page[AchievementView]:
    """All achievements as of now, on one page and in one round trip; one that was switched off only if it was earned.

    What was reached and is not noted yet is awarded first, so nothing here waits for a job; that takes a transaction
    and another reading. Raises NotFound if the person is gone.
    """
    items, missing = await _read(user_id)
    if missing:
        async with transaction():
            await award([user_id])
        items, _ = await _read(user_id)
    return Page(items, next_cursor=None)


async def _read(user_id: UUID) -> tuple[list[AchievementView], bool]:
    """The items, and whether one of them was reached and not awarded."""
    now = clock.now()
    row = await fetch_row(_READ, user_id, now.astimezone(UTC).date())
    if row is None:
        raise NotFound
    values = _values_on(local_date(now, row["timezone"]), row["measured"])
    items = [_view(each, values.get(each[3], 0)) for each in row["achievements"]]
    return items, any(item.earned_at is None and item.current >= item.level for item in items)


def _values_on(day: date, found: list[Any]) -> dict[str, int]:
    return {metric: value for metric, on, value in found if on is None or on == day}


def _view(row: Any, current: int) -> AchievementView:
    slug, title, description, metric, level, earned_at = row
    progress = 100 if earned_at is not None else min(100, 100 * current // level)
    return AchievementView(slug, title, description, metric, level, current, progress, earned_at)
