"""Attempts: runs of clean days, one of them running.

They follow from two things only, the first start and the days with a slip: the first attempt begins at the start, each
broken day ends one and begins the next. Whatever changes either of the two has the table made anew by one statement,
so splitting, merging and undoing have no code of their own that could go wrong. Rules: semantics, "Days and streaks".
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from domain.accounts.ages import age_on
from domain.accounts.profile import today as today_of
from domain.kit.database import execute, fetch_row, fetch_value, transaction
from domain.kit.errors import InvalidRequest, RuleBroken
from domain.kit.events import Event, tell
from domain.kit.ids import new_id
from domain.recovery.moments import moment_of
from domain.recovery.progress import progress_changed
from domain.recovery.standing import Streak, read_streak
from domain.recovery.tables import Attempt

_LONGEST_AGO = 50


class StreakChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed of a streak; a field left out stays. `started_on` is the first attempt's first day."""

    started_on: date | UnsetType = UNSET


# Only what differs is written, and nobody refers to an attempt by its id. The start comes before a slip on its own day.
# Counting what is gone has the DELETE run first: two running attempts are refused, if only for a moment.
_REBUILD = """
WITH turns AS (
    SELECT $2::date AS day, 0 AS place
    UNION ALL
    SELECT DISTINCT local_date, 1 FROM slips WHERE user_id = $1
), runs AS (
    SELECT day AS started_on, lead(day) OVER (ORDER BY day, place) AS ended_on FROM turns
), gone AS (
    DELETE FROM attempts WHERE user_id = $1 AND NOT EXISTS (
        SELECT FROM runs
        WHERE runs.started_on = attempts.started_on AND runs.ended_on IS NOT DISTINCT FROM attempts.ended_on)
    RETURNING id
)
INSERT INTO attempts (id, user_id, started_on, ended_on)
SELECT gen_random_uuid(), $1, started_on, ended_on FROM runs
WHERE (SELECT count(*) FROM gone) >= 0 AND NOT EXISTS (
    SELECT FROM attempts AS known
    WHERE user_id = $1 AND known.started_on = runs.started_on AND known.ended_on IS NOT DISTINCT FROM runs.ended_on)
"""


async def begin_attempt(user_id: UUID, started_on: date) -> None:
    """Begin the person's first attempt, in the caller's transaction. An imported start date is not a slip.

    The caller has seen to it that the start does not lie in the future. Raises asyncpg.UniqueViolationError if an
    attempt is running.
    """
    await Attempt(id=new_id(), user_id=user_id, started_on=started_on, ended_on=None).save()
    if started_on < await today_of(user_id):
        # The days that they bring along count towards achievements.
        await progress_changed(user_id)


async def first_start(user_id: UUID) -> date | None:
    """The day that the person's first attempt began; None for who has none, which signing up does not leave."""
    start: date | None = await fetch_value("SELECT min(started_on) FROM attempts WHERE user_id = $1", user_id)
    return start


async def rebuild(user_id: UUID, start: date) -> None:
    """Make the person's attempts what follows from the first start and their slips, and have their progress worked out.

    To be called in the transaction of the change, by whoever holds the person (see moments).
    """
    await execute(_REBUILD, user_id, start)
    await progress_changed(user_id)
    tell(user_id, Event("streak"))


async def change_streak(user_id: UUID, change: StreakChange) -> Streak:
    """Correct the first start: people who could not tell it when they signed up, or told a wrong one. It is not a slip.

    Raises InvalidRequest for a day over 50 years back, RuleBroken `start_in_future` or `start_after_slip`,
    ConsentRequired once `terms` or `sensitive_data` is withdrawn, NotFound if the person is gone.
    """
    async with transaction():
        today = (await moment_of(user_id, hold=True)).today
        row = await fetch_row(
            """SELECT (SELECT min(started_on) FROM attempts WHERE user_id = $1) AS start,
                      (SELECT min(local_date) FROM slips WHERE user_id = $1) AS first_slip""",
            user_id,
        )  # fmt: skip
        assert row is not None
        # What stands there stays allowed, even if the person's calendar has gone back behind it since.
        if change.started_on is not UNSET and change.started_on != row["start"]:
            _check_start(change.started_on, today, row["first_slip"])
            await rebuild(user_id, change.started_on)
    return await read_streak(user_id)


def _check_start(started_on: date, today: date, first_slip: date | None) -> None:
    if started_on > today:
        raise RuleBroken("The start may not lie in the future.", code="start_in_future")
    if age_on(today, started_on) > _LONGEST_AGO:
        raise InvalidRequest(f"may lie at most {_LONGEST_AGO} years back", field="started_on")
    if first_slip is not None and started_on > first_slip:
        raise RuleBroken("There is a slip before that day.", code="start_after_slip")
