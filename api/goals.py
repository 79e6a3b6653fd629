"""Goals: setting them, how far they are, their history, the kinds there are."""

from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from api.person import Person
from domain.goals import history, kinds, making, reading
from domain.goals.history import GoalDay
from domain.goals.kinds import GoalKind
from domain.goals.live import Goal, Status
from domain.goals.making import GoalChange, NewGoal
from domain.kit.idempotency import IdempotencyKey
from domain.kit.ids import parse_id
from domain.kit.pagination import Page, page_limit

_TAGS = ["Recovery"]


@get("/v1/goal-kinds", operation_id="listGoalKinds", tags=_TAGS, summary="What a goal may be about")
async def list_goal_kinds(
    person: NamedDependency[Person], limit: FromQuery[int | None] = None, cursor: FromQuery[str | None] = None
) -> Page[GoalKind]:
    """The kinds with their texts, units and targets, to set a goal by."""
    return kinds.list_kinds(page_limit(limit), cursor)


@post("/v1/goals", operation_id="setGoal", tags=_TAGS, summary="Set a goal")
async def set_goal(
    person: NamedDependency[Person],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    data: JSONBody[NewGoal],
) -> Goal:
    """It may start up to 366 days ago or ahead: what happened since its first day counts. `due_on`, its last day, may
    be left out, but fewer_urges and fewer_slips then end on their thirtieth."""
    return await making.set_goal(person.user_id, data, idempotency_key)


@get("/v1/goals", operation_id="listGoals", tags=_TAGS, summary="Goals")
async def list_goals(
    person: NamedDependency[Person],
    status: FromQuery[Status | None] = None,
    limit: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page[Goal]:
    """Newest first, with their progress as of now."""
    return await reading.list_goals(person.user_id, status, page_limit(limit), cursor)


@get("/v1/goals/{goal_id:str}", operation_id="readGoal", tags=_TAGS, summary="One goal")
async def read_goal(person: NamedDependency[Person], goal_id: FromPath[str]) -> Goal:
    """`progress` is worked out from what happened in the goal's days and may fall; `completed_at` stays."""
    return await reading.read_goal(person.user_id, parse_id(goal_id))


@patch("/v1/goals/{goal_id:str}", operation_id="changeGoal", tags=_TAGS, summary="Change a goal, tick its steps")
async def change_goal(person: NamedDependency[Person], goal_id: FromPath[str], data: JSONBody[GoalChange]) -> Goal:
    """Fields left out stay. With another target or last day the progress is another; a completed goal stays completed.

    `steps_done` (custom) is how many steps are done by now: sending it again changes nothing.
    """
    return await making.change_goal(person.user_id, parse_id(goal_id), data)


@delete("/v1/goals/{goal_id:str}", operation_id="removeGoal", tags=_TAGS, summary="Remove a goal")
async def remove_goal(person: NamedDependency[Person], goal_id: FromPath[str]) -> None:
    """For good; to keep it, archive it."""
    await making.remove_goal(person.user_id, parse_id(goal_id))


@get("/v1/goals/{goal_id:str}/history", operation_id="readGoalHistory", tags=_TAGS, summary="A goal day by day")
async def read_goal_history(person: NamedDependency[Person], goal_id: FromPath[str]) -> Page[GoalDay]:
    """A point for each day from the goal's first to today or its last, the oldest first, at most the newest 366, all in
    one answer.

    It is worked out from the events: filling in a day or undoing a slip mends it.
    """
    return await history.read_history(person.user_id, parse_id(goal_id))


HANDLERS = [list_goal_kinds, set_goal, list_goals, read_goal, change_goal, remove_goal, read_goal_history]
