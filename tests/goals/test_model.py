"""Goals of every kind against the slow, obvious ones, over random lives and windows."""

from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.goals.history import read_history
from domain.goals.reading import list_goals, read_goal
from domain.kit.clock import clock
from domain.kit.database import execute
from domain.kit.days import instant, local_date
from tests.goals.conftest import DAY, TODAY, Life, noon, settled
from tests.goals.model import Plan, World, history, outcome

KINDS = [
    "clean_days", "check_ins", "journal_entries", "urges_resisted", "fewer_urges", "fewer_slips", "mood_days", "custom",
]  # fmt: skip
ZONES = ["Europe/Berlin", "America/Havana", "Pacific/Kiritimati", "Asia/Kathmandu"]

# Days of events: around today and before, dense enough to reach targets and to miss them.
DAYS = st.integers(-50, 0).map(lambda n: TODAY + n * DAY)
INSTANTS = st.integers(0, 50 * 24 * 60).map(lambda n: datetime.combine(TODAY, time(0), UTC) - timedelta(minutes=n))


@st.composite
def lives(draw):
    moods = {}
    for day in draw(st.lists(DAYS, unique=True, max_size=25)):
        created = draw(INSTANTS)
        moods[day] = (draw(st.integers(1, 5)), created, draw(st.sampled_from([created, created + timedelta(hours=5)])))
    start = draw(st.none() | st.integers(-80, -5).map(lambda n: TODAY + n * DAY))
    slip_days = draw(st.lists(DAYS, max_size=8))
    steps = [
        (day, draw(st.integers(0, 6)), datetime.combine(day, time(9, draw(st.integers(0, 59))), UTC))
        for day in sorted(draw(st.lists(DAYS, unique=True, max_size=6)))
    ]
    return World(
        draw(st.sampled_from(ZONES)),
        start,
        moods,
        [(day, draw(INSTANTS)) for day in slip_days if start is not None and day >= start],
        draw(st.lists(st.tuples(DAYS, st.sampled_from(["resisted", "slipped", "ongoing"]), INSTANTS), max_size=15)),
        draw(st.lists(st.tuples(DAYS, INSTANTS), max_size=10)),
        steps,
    )


@st.composite
def plans(draw, kind):
    starts_on = TODAY + draw(st.integers(-40, 8)) * DAY
    length = draw(st.integers(0, 45))
    needs_due = kind in ("fewer_urges", "fewer_slips")
    due_on = starts_on + length * DAY if needs_due or draw(st.booleans()) else None
    target = draw(st.integers(1, 100) if needs_due else st.integers(1, 7 if kind == "custom" else 12))
    return Plan(kind, target, starts_on, due_on, draw(st.integers(1, 4)) if kind == "mood_days" else None)


async def write(life, world):
    await life.forget()
    await life.lives_in(world.timezone)
    for day, (mood, created, updated) in world.moods.items():
        await life.checks_in([day], mood, created, updated)
    for day, created in world.slips:
        await life.slips([day], created)
    if world.start is not None:
        await life.attempts(world.start, [day for day, _ in world.slips])
    for day, what, updated in world.urges:
        await life.urges([day], what, updated - timedelta(hours=1), updated)
    for day, created in world.entries:
        await life.writes([day], created)


async def write_goal(life, plan, world, goal_id):
    await execute("DELETE FROM goals WHERE user_id = $1", life.user_id)
    await execute("DELETE FROM notifications WHERE user_id = $1", life.user_id)
    await life.goal(plan.kind, plan.target, plan.starts_on, plan.due_on, level=plan.level, goal_id=goal_id)
    for day, done, at in world.steps if plan.kind == "custom" else ():
        await execute("INSERT INTO goal_steps VALUES ($1, $2, $3, $4)", goal_id, day, done, at)


def expected(plan, world, today):
    found = outcome(plan, world, today)
    if found.completed_at is not None:
        status = "completed"
    else:
        status = "missed" if plan.due_on is not None and plan.due_on < today else "active"
    return found.current, found.progress, found.completed_at, status


def shown(goal):
    return goal.current, goal.progress, goal.completed_at, goal.status


def at_noon(world, day):
    return clock.frozen(instant(day, time(12), world.timezone))


@pytest.mark.parametrize("kind", KINDS)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data())
async def test_a_goal_is_what_its_events_and_its_window_make_it(kind, person, data):
    world, plan = data.draw(lives()), data.draw(plans(kind))
    life, goal_id = Life(person.user["id"]), uuid4()
    await write(life, world)
    later = TODAY + 3 * DAY
    wanted = expected(plan, world, later)
    # Events at random instants may lie before the goal was set: then reaching it is no news.
    is_news = wanted[2] is not None and wanted[2] >= noon(plan.starts_on - 2 * DAY)

    async def left():
        """What stands in the tables after somebody has read, three days later."""
        with at_noon(world, later):
            assert local_date(clock.now(), world.timezone) == later
            assert shown(await read_goal(life.user_id, goal_id)) == wanted
            await settled(life)
        (row,) = await life.rows()
        assert row["completed_at"] == wanted[2]
        assert await life.told() == ([str(goal_id)] if is_news else [])
        return row

    # Nobody has ever looked.
    await write_goal(life, plan, world, goal_id)
    never = await left()
    # The job ran on each day, and twice.
    await write_goal(life, plan, world, goal_id)
    for number in range(3):
        with at_noon(world, TODAY + number * DAY):
            await settled(life)
            await settled(life)
            assert shown(await read_goal(life.user_id, goal_id)) == expected(plan, world, TODAY + number * DAY)
    assert await left() == never
    # Only a list was read, of the status that it has.
    await write_goal(life, plan, world, goal_id)
    with at_noon(world, later):
        (listed,) = (await list_goals(life.user_id, wanted[3], 20, None)).items
        assert shown(listed) == wanted
        for other in {"active", "completed", "missed", "archived"} - {wanted[3]}:
            assert (await list_goals(life.user_id, other, 20, None)).items == []
        found = await read_history(life.user_id, goal_id)
    assert await left() == never
    assert [(point.day, point.progress, point.current) for point in found.items] == history(plan, world, later)
