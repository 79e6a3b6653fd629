"""A person's goals as they are now, whether or not a job ever ran."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from domain.goals.live import COLUMNS, OPEN_GOALS, WITH_STATUS, Goal, LiveGoal, Status, live_goal
from domain.goals.settling import settle
from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_row, transaction
from domain.kit.days import local_date
from domain.kit.errors import NotFound
from domain.kit.pagination import ABOVE_ALL_IDS, Page, decode_cursor, page_of
from domain.recovery.progress import progress_changed

_ONE = f"""SELECT users.timezone, {COLUMNS} FROM goals JOIN users ON users.id = goals.user_id
           WHERE goals.id = $2 AND goals.user_id = $1"""
_OPEN = f"SELECT users.timezone, {OPEN_GOALS} AS goals FROM users WHERE users.id = $1"


async def read_goal(user_id: UUID, goal_id: UUID) -> Goal:
    """Raises NotFound if it is not theirs."""
    live = await _read(user_id, goal_id)
    if live.is_due:
        await settle_now(user_id)
        live = await _read(user_id, goal_id)
    return live.goal


async def _read(user_id: UUID, goal_id: UUID) -> LiveGoal:
    row = await fetch_row(_ONE, user_id, goal_id)
    if row is None:
        raise NotFound
    timezone, *values = row
    return live_goal(values, local_date(clock.now(), timezone))


async def read_some(user_id: UUID, goal_ids: Sequence[UUID]) -> list[Goal]:
    """Those of the goals that are the person's, in no order. Raises NotFound if the person is gone."""
    today = await _settled_today(user_id)
    rows = await fetch(f"SELECT {COLUMNS} FROM goals WHERE id = ANY($2) AND user_id = $1", user_id, goal_ids)
    return [live_goal(row, today).goal for row in rows]


async def list_goals(user_id: UUID, status: Status | None, limit: int, cursor: str | None) -> Page[Goal]:
    """A page of up to `limit` goals, newest first, all or those with one status.

    Raises InvalidRequest for a cursor that is not ours, NotFound if the person is gone.
    """
    after = decode_cursor(cursor, tuple[UUID])
    today = await _settled_today(user_id)
    # Without a status the day decides nothing; PostgreSQL wants to know the type of $2 all the same.
    rows = await fetch(
        f"""SELECT {COLUMNS} FROM goals
            WHERE user_id = $1 AND id < $3 AND $2::date IS NOT NULL
              AND {WITH_STATUS[status] if status else "true"}
            ORDER BY id DESC LIMIT $4""",
        user_id, today, after[0] if after else ABOVE_ALL_IDS, limit + 1,
    )  # fmt: skip
    return page_of(rows, limit, lambda row: live_goal(row, today).goal, lambda row: (row["id"],))


async def _settled_today(user_id: UUID) -> date:
    """The person's day, once what is reached among their goals is noted: until then it would stand as active."""
    person = await fetch_row(_OPEN, user_id)
    if person is None:
        raise NotFound
    today = local_date(clock.now(), person["timezone"])
    if any(live_goal(values, today).is_due for values in person["goals"]):
        await settle_now(user_id)
    return today


async def settle_now(user_id: UUID) -> None:
    """What a reader does who finds a goal that is reached and not noted yet; a completed one may be an achievement."""
    async with transaction():
        await settle([user_id])
        await progress_changed(user_id)
