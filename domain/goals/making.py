"""Setting oneself a goal, changing it, ticking its steps, giving it up."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.goals.kinds import DAYS_AFTER_START, DEFAULT_LEVEL, KINDS, GoalKind, Kind
from domain.goals.live import OPEN, Goal
from domain.goals.reading import read_goal
from domain.goals.settling import settle
from domain.goals.tables import Goal as GoalTable
from domain.kit.database import execute, fetch_row, fetch_value, transaction
from domain.kit.errors import InvalidRequest, NotFound, RuleBroken
from domain.kit.events import Event, tell
from domain.kit.idempotency import IdempotencyKey, once
from domain.kit.ids import new_id
from domain.kit.text import clean_optional
from domain.recovery.moments import Moment, moment_of
from domain.recovery.progress import progress_changed

_MOST_OPEN = 50
_LONGEST_TITLE = 100
_START_WITHIN = timedelta(days=366)
# Five years with their leap days.
_LONGEST = timedelta(days=1827)


class NewGoal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A goal to be set. `starts_on` is today if left out; for clean_days the first day of the running attempt, so long
    as that does not reach the goal at once. `title` is that of the kind. `level` (mood_days): a day counts if its mood
    is above."""

    kind: Kind
    target: Annotated[int, Meta(description="By GET /v1/goal-kinds")]
    starts_on: date | None = None
    due_on: date | None = None
    title: Annotated[str, Meta(description="Up to 100 characters")] | None = None
    level: Annotated[int, Meta(description="1 to 4; only of mood_days")] | None = None


class GoalChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed. Fields left out stay; null gives the title of the kind again, or takes the last day away.

    `steps_done` is how many steps are done by now, not how many more. `status` archives a goal, or takes it up again.
    """

    title: Annotated[str, Meta(description="Up to 100 characters")] | UnsetType | None = UNSET
    target: Annotated[int, Meta(description="By GET /v1/goal-kinds")] | UnsetType = UNSET
    due_on: date | UnsetType | None = UNSET
    level: Annotated[int, Meta(description="1 to 4; only of mood_days")] | UnsetType = UNSET
    steps_done: Annotated[int, Meta(description="0 to the target; only of custom")] | UnsetType = UNSET
    status: Literal["archived", "active"] | UnsetType = UNSET


async def set_goal(user_id: UUID, new: NewGoal, key: IdempotencyKey | None) -> Goal:
    """Write a goal down.

    Raises InvalidRequest for a target, level or text out of range, RuleBroken `start_too_far`, `due_before_start`,
    `due_too_far`, or `too_many_goals` beyond 50 that are neither archived nor completed, ConsentRequired once `terms`
    or `sensitive_data` is withdrawn, Conflict for a reused key, NotFound if the goal was removed since.
    """
    kind = KINDS[new.kind]
    _check_target(new.target, kind)
    title = clean_optional(new.title, field="title", longest=_LONGEST_TITLE) or kind.title
    level = _level(new.level, kind)

    async def create() -> UUID:
        moment = await moment_of(user_id, hold=True)
        starts_on = await _start(user_id, new, moment.today)
        due_on = new.due_on
        if due_on is None and kind.needs_due_on:
            due_on = starts_on + timedelta(days=DAYS_AFTER_START)
        _check_due(due_on, starts_on, moment.today)
        await _check_room(user_id)
        goal_id = new_id()
        await execute(
            """INSERT INTO goals (id, user_id, kind, title, target, level, starts_on, due_on, created_at, updated_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)""",
            goal_id, user_id, new.kind, title, new.target, level, starts_on, due_on, moment.now,
        )  # fmt: skip
        await progress_changed(user_id)
        tell(user_id, Event("goal", goal_id))
        return goal_id

    made = await once(key, 201, create)
    return await read_goal(user_id, made.resource_id)


async def change_goal(user_id: UUID, goal_id: UUID, change: GoalChange) -> Goal:
    """Write the fields that are set. What was reached before the change stays completed.

    Raises as `set_goal`; besides InvalidRequest for a field that goals of this kind have not, RuleBroken
    `goal_not_begun` or `goal_over` for steps outside of its days, NotFound if it is not theirs.
    """
    async with transaction():
        moment = await moment_of(user_id, hold=True)
        await settle([user_id])
        row = await fetch_row("SELECT * FROM goals WHERE id = $1 AND user_id = $2 FOR NO KEY UPDATE", goal_id, user_id)
        if row is None:
            raise NotFound
        fields = _fields(change, row, moment)
        if change.status == "active" and row["archived_at"] is not None and row["completed_at"] is None:
            await _check_room(user_id)
        if change.steps_done is not UNSET:
            _check_steps(change.steps_done, {**dict(row), **fields}, moment.today)
            await _tick(goal_id, change.steps_done, moment)
        if change != GoalChange():
            # The names are ours, from _fields; only the values come from the person.
            columns = "".join(f", {column} = ${place}" for place, column in enumerate(fields, start=3))
            statement = f"UPDATE goals SET updated_at = $2{columns} WHERE id = $1"
            await execute(statement, goal_id, moment.now, *fields.values())
            await settle([user_id])
            await progress_changed(user_id)
            tell(user_id, Event("goal", goal_id))
    return await read_goal(user_id, goal_id)


async def remove_goal(user_id: UUID, goal_id: UUID) -> None:
    """Remove the goal with its steps. Raises NotFound if it is not theirs."""
    gone = (
        await GoalTable.delete()
        .where((GoalTable.id == goal_id) & (GoalTable.user_id == user_id))
        .returning(GoalTable.id)
    )
    if not gone:
        raise NotFound


def _fields(change: GoalChange, row: Any, moment: Moment) -> dict[str, Any]:
    """The columns that change."""
    kind = KINDS[row["kind"]]
    fields: dict[str, Any] = {}
    if change.title is not UNSET:
        fields["title"] = clean_optional(change.title, field="title", longest=_LONGEST_TITLE) or kind.title
    if change.target is not UNSET:
        _check_target(change.target, kind)
        fields["target"] = change.target
    if change.due_on is not UNSET:
        if change.due_on is None and kind.needs_due_on:
            raise InvalidRequest("is needed by goals of this kind", field="due_on")
        _check_due(change.due_on, row["starts_on"], moment.today)
        fields["due_on"] = change.due_on
    if change.level is not UNSET:
        fields["level"] = _level(change.level, kind)
    if change.status is not UNSET:
        # Archiving again leaves the time of the first.
        fields["archived_at"] = (row["archived_at"] or moment.now) if change.status == "archived" else None
    return fields


def _check_target(target: int, kind: GoalKind) -> None:
    if not kind.smallest_target <= target <= kind.largest_target:
        raise InvalidRequest(f"must lie between {kind.smallest_target} and {kind.largest_target}", field="target")


def _level(level: int | None, kind: GoalKind) -> int | None:
    if "level" not in kind.fields:
        if level is not None:
            raise InvalidRequest("is of goals of the kind mood_days", field="level")
        return None
    if level is None:
        return DEFAULT_LEVEL
    if not 1 <= level <= 4:
        raise InvalidRequest("must lie between 1 and 4", field="level")
    return level


async def _start(user_id: UUID, new: NewGoal, today: date) -> date:
    if new.starts_on is not None:
        if not today - _START_WITHIN <= new.starts_on <= today + _START_WITHIN:
            raise RuleBroken(
                f"A goal starts at most {_START_WITHIN.days} days from now, back or ahead.", code="start_too_far"
            )
        return new.starts_on
    running: date | None = None
    if new.kind == "clean_days":
        running = await fetch_value("SELECT started_on FROM attempts WHERE user_id = $1 AND ended_on IS NULL", user_id)
    # Somebody clean for a hundred days who wants thirty means the next thirty.
    return today if running is None or (today - running).days >= new.target else running


def _check_due(due_on: date | None, starts_on: date, today: date) -> None:
    if due_on is None:
        return
    if due_on < starts_on:
        raise RuleBroken("The last day of a goal is not before its first.", code="due_before_start")
    # Clean days may have begun many years ago.
    if due_on > max(starts_on, today) + _LONGEST:
        raise RuleBroken("A goal ends within five years.", code="due_too_far")


async def _check_room(user_id: UUID) -> None:
    """Raise RuleBroken `too_many_goals`. The caller holds the person, so that no other goal comes in between."""
    if await _open_goals(user_id) >= _MOST_OPEN:
        # Some of them may have been reached meanwhile.
        await settle([user_id])
        if await _open_goals(user_id) >= _MOST_OPEN:
            raise RuleBroken(
                f"You have {_MOST_OPEN} goals under way. Archive one of them first.", code="too_many_goals"
            )


async def _open_goals(user_id: UUID) -> int:
    count: int = await fetch_value(f"SELECT count(*) FROM goals WHERE user_id = $1 AND {OPEN}", user_id)
    return count


def _check_steps(done: int, goal: dict[str, Any], today: date) -> None:
    if goal["kind"] != "custom":
        raise InvalidRequest("is of goals of the kind custom", field="steps_done")
    if not 0 <= done <= goal["target"]:
        raise InvalidRequest(f"must lie between 0 and {goal['target']}", field="steps_done")
    if today < goal["starts_on"]:
        raise RuleBroken("This goal has not begun yet.", code="goal_not_begun")
    if goal["due_on"] is not None and goal["due_on"] < today:
        raise RuleBroken("The last day of this goal is over. Move it first.", code="goal_over")


async def _tick(goal_id: UUID, done: int, moment: Moment) -> None:
    # Who flew west may have ticked on a date that has not come yet here: what is said now holds.
    await execute("DELETE FROM goal_steps WHERE goal_id = $1 AND local_date > $2", goal_id, moment.today)
    await execute(
        """INSERT INTO goal_steps (goal_id, local_date, done, updated_at)
           SELECT $1, $2, $3, $4 WHERE $3 IS DISTINCT FROM (
               SELECT done FROM goal_steps WHERE goal_id = $1 ORDER BY local_date DESC LIMIT 1)
           ON CONFLICT (goal_id, local_date) DO UPDATE SET done = EXCLUDED.done, updated_at = EXCLUDED.updated_at""",
        goal_id, moment.today, done, moment.now,
    )  # fmt: skip
