"""What somebody does, step by step, to the model and to the system alike, with the clockwork that runs beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import note

from domain.accounts.profile import ProfileChange, change_profile
from domain.achievements.overview import read_achievements
from domain.goals.making import GoalChange, NewGoal, change_goal, set_goal
from domain.goals.reading import list_goals
from domain.journal.entries import write_entry
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, transaction
from domain.kit.errors import RuleBroken, TooMany
from domain.recovery.attempts import StreakChange, begin_attempt, change_streak
from domain.recovery.check_ins import put_check_in
from domain.recovery.slips import tell_slip, undo_slip
from domain.recovery.standing import read_streak
from domain.urges.urges import log_urge
from tasks.recovery import PERIODIC
from tests.histories.goals import Everything, Noted, Plan, standing
from tests.histories.model import DAY, Checking, Clean, History, calendar

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
Drain = Callable[..., Awaitable[Any]]
# A push of something that happened days ago is dropped, which is right and not looked at here.
LATE = ("skipped",)

ZONES = (
    "Europe/Berlin", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Pacific/Honolulu",
    "Pacific/Kiritimati", "Asia/Kolkata",
)  # fmt: skip
GOALS = ("clean_days", "check_ins", "urges_resisted", "journal_entries", "mood_days", "fewer_slips", "custom")
OUTCOMES = ("resisted", "slipped", "ongoing")


@dataclass(frozen=True)
class Step:
    """`wait` minutes after the one before. What the numbers mean is said at each act; the rest is the clockwork's."""

    wait: int
    act: str = "waits"
    one: int = 0
    two: int = 0
    three: int = 0
    sweep: str = ""
    drain: bool = False
    looks: bool = False


async def forget(user_id: UUID) -> None:
    """Nothing has happened to anybody, and no clock has run."""
    for table in (
        "goals", "check_ins", "check_in_streaks", "slips", "urges", "journal_entries", "attempts", "notifications",
        "earned_achievements", "time_zone_changes",
    ):  # fmt: skip
        await execute(f"DELETE FROM {table} WHERE user_id = $1", user_id)
    await execute("DELETE FROM jobs")
    await execute("DELETE FROM day_sweeps")


async def tick() -> None:
    """All that the clock's process does about people's days."""
    for _, _, work in PERIODIC:
        await work()


async def sweep(how: str) -> None:
    """ "once", "twice", "together" (two clocks at the same time), "" not at all."""
    if how == "together":
        await asyncio.gather(tick(), tick())
        return
    for _ in range(("", "once", "twice").index(how)):
        await tick()


class Life:
    """A person who lives by the system, and the model of them. Every act must be refused by both, or by neither."""

    def __init__(self, user_id: UUID, zone: str, now: datetime, clean_before: int) -> None:
        self.user_id, self.now = user_id, now
        self.history = History(zone, calendar(now, zone) - DAY * clean_before)
        self.all = Everything(self.history)
        self.slips: list[UUID] = []
        self.goals: list[UUID] = []

    async def begins(self) -> None:
        await execute("UPDATE users SET timezone = $2 WHERE id = $1", self.user_id, self.history.zone)
        await forget(self.user_id)
        async with transaction():
            await begin_attempt(self.user_id, self.history.start)
        self.all.look(self.now)

    @property
    def today(self) -> date:
        return self.history.day_at(self.now)

    async def does(self, step: Step) -> None:
        """The act of a step, at its time; the clock is the caller's."""
        note(f"{self.now} in {self.history.zone_at(self.now)}: {step}")
        self.all.look(self.now)
        await getattr(self, f"_{step.act}")(step.one, step.two, step.three)
        self.all.look(self.now)

    async def _both(self, expected: str | None, act: Awaitable[Any]) -> Any:
        """What was made; None if it was refused, as the model refused it."""
        made = code = None
        try:
            made = await act
        except (RuleBroken, TooMany) as refusal:
            code = refusal.code
        assert code == expected
        return made

    async def _waits(self, *_: int) -> None:
        pass

    async def _checks_in(self, days_back: int, mood: int, _: int) -> None:
        day = self.today - DAY * days_back
        expected = self.history.checks_in(self.now, day, mood)
        await self._both(expected, put_check_in(self.user_id, day, mood=mood, urge_level=0, triggers=[]))

    async def _slips(self, hours_ago: int, reflected: int, _: int) -> None:
        at = self.now - HOUR * hours_ago
        reflection = "I was tired." if reflected else None
        expected = self.history.slipped(self.now, len(self.slips), at, bool(reflected))
        told = await self._both(expected, tell_slip(self.user_id, occurred_at=at, reflection=reflection))
        if told is not None:
            self.slips.append(told.id)

    async def _undoes(self, number: int, *_: int) -> None:
        known = sorted(self.history.slips)
        if known:
            chosen = known[number % len(known)]
            await self._both(self.history.undoes(self.now, chosen), undo_slip(self.user_id, self.slips[chosen]))

    async def _corrects(self, by: int, *_: int) -> None:
        start = self.history.start + DAY * by
        expected = self.history.corrects(self.now, start)
        await self._both(expected, change_streak(self.user_id, StreakChange(started_on=start)))

    async def _moves(self, zone: int, *_: int) -> None:
        there = ZONES[zone % len(ZONES)]
        expected = self.history.moves(self.now, there)
        await self._both(expected, change_profile(self.user_id, ProfileChange(timezone=there)))

    async def _urges(self, outcome: int, hours_ago: int, _: int) -> None:
        what, at = OUTCOMES[outcome % 3], self.now - HOUR * hours_ago
        self.history.urges.append((self.history.day_at(at), what, self.now))
        await log_urge(self.user_id, intensity=5, outcome=what, occurred_at=at)

    async def _writes(self, *_: int) -> None:
        self.history.entries.append((self.today, self.now))
        await write_entry(self.user_id, body="A day like others.")

    async def _plans(self, kind: int, target: int, days: int) -> None:
        """A goal of the kind; it begins a few days ago or ahead, and ends `days` later, or never for 0."""
        what = GOALS[kind % len(GOALS)]
        starts_on = self.today - DAY * (days % 5 - 1)
        due_on = starts_on + DAY * (days or 9) if days or what == "fewer_slips" else None
        wanted = 50 if what == "fewer_slips" else target
        plan = Plan(what, wanted, starts_on, due_on)
        self.all.goals.append(Noted(plan, self.now))
        level = plan.level if what == "mood_days" else None
        new = NewGoal(kind=what, target=wanted, starts_on=starts_on, due_on=due_on, level=level)
        self.goals.append((await set_goal(self.user_id, new, None)).id)

    async def _ticks(self, number: int, steps: int, _: int) -> None:
        custom = [place for place, goal in enumerate(self.all.goals) if goal.plan.kind == "custom"]
        if not custom:
            return
        place = custom[number % len(custom)]
        plan = self.all.goals[place].plan
        steps, expected = min(steps, plan.target), None
        if self.today < plan.starts_on:
            expected = "goal_not_begun"
        elif plan.due_on is not None and self.today > plan.due_on:
            expected = "goal_over"
        elif plan.ticks.get(self.today, (None,))[0] != steps:
            plan.ticks[self.today] = (steps, self.now)
        await self._both(expected, change_goal(self.user_id, self.goals[place], GoalChange(steps_done=steps)))

    # -- what both say ---------------------------------------------------------------------------------------------

    async def streaks_agree(self) -> None:
        found = await read_streak(self.user_id)
        clean, checking = found.clean, found.check_in
        assert clean.started_on is not None
        assert self.history.clean(self.now) == Clean(
            clean.current_days, clean.best_days, clean.total_clean_days, clean.attempts, clean.started_on
        )
        assert self.history.checking(self.now) == Checking(
            checking.current_days, checking.best_days, checking.freezes_left, checking.last_check_in,
            checking.last_check_in_on,
        )  # fmt: skip
        rows = await fetch(
            "SELECT started_on, ended_on FROM attempts WHERE user_id = $1 ORDER BY started_on, ended_on", self.user_id
        )
        assert [tuple(row) for row in rows] == self.history.attempts()

    async def goals_agree(self) -> None:
        """What is reached now is completed, what never was is not; that it was reached once may have been noted."""
        shown = {goal.id: goal for goal in (await list_goals(self.user_id, None, 100, None)).items}
        assert len(shown) == len(self.goals)
        for goal_id, goal in zip(self.goals, self.all.goals, strict=True):
            seen, found = shown[goal_id], standing(goal.plan, self.history, self.now)
            assert seen.progress == found.progress, goal
            assert seen.completed_at in (goal.reached if found.reached_at else [*goal.reached, None]), goal
            over = goal.plan.due_on is not None and goal.plan.due_on < self.today
            assert seen.status == ("completed" if seen.completed_at else "missed" if over else "active"), goal

    async def achievements_agree(self) -> None:
        earned = {each.slug for each in (await read_achievements(self.user_id)).items if each.earned_at is not None}
        assert self.all.certain(self.now) <= earned <= self.all.possible()

    # -- what is written -------------------------------------------------------------------------------------------

    async def completed(self) -> list[datetime | None]:
        rows = await fetch("SELECT id, completed_at FROM goals WHERE user_id = $1", self.user_id)
        at = {row["id"]: row["completed_at"] for row in rows}
        return [at[goal_id] for goal_id in self.goals]

    async def earned(self) -> dict[str, datetime]:
        rows = await fetch("SELECT achievement, earned_at FROM earned_achievements WHERE user_id = $1", self.user_id)
        return {row["achievement"]: row["earned_at"] for row in rows}

    async def rows(self) -> dict[str, Any]:
        """Everything that the system keeps of the person's numbers, but the progress of goals that was noted last: that
        is as of the last event, and nothing is shown from it."""
        streak = await fetch("SELECT * FROM check_in_streaks WHERE user_id = $1", self.user_id)
        attempts = "SELECT started_on, ended_on FROM attempts WHERE user_id = $1 ORDER BY started_on, ended_on"
        return {
            "streak": [
                (row["days"], row["best"], row["freezes"], row["toward_freeze"], row["last_check_in"],
                 row["last_check_in_on"]) for row in streak
            ],
            "attempts": [tuple(row) for row in await fetch(attempts, self.user_id)],
            "completed": await self.completed(),
            "earned": await self.earned(),
        }  # fmt: skip


async def lived_as_drawn(life: Life, steps: list[Step], drain: Drain) -> None:
    """With the clockwork that each step says; nothing that was noted ever goes or changes."""
    await life.begins()
    completed: dict[int, datetime] = {}
    earned: dict[str, datetime] = {}
    for step in steps:
        life.now += MINUTE * step.wait
        with clock.frozen(life.now):
            await life.does(step)
            await life.streaks_agree()
            if step.drain:
                await drain(allow=LATE)
            await sweep(step.sweep)
            if step.looks or step is steps[-1]:
                await life.streaks_agree()
                await life.goals_agree()
                await life.achievements_agree()
            if step.drain or step.looks:
                now = dict(enumerate(await life.completed()))
                assert {number: now[number] for number in completed} == completed
                completed = {number: at for number, at in now.items() if at is not None}
                before, earned = earned, await life.earned()
                assert {slug: earned.get(slug) for slug in before} == before


async def lived_with_care(life: Life, steps: list[Step], drain: Drain) -> None:
    """The clock and the workers look right before and right after everything: what is ever reached is noted then."""
    await life.begins()
    for step in steps:
        life.now += MINUTE * step.wait
        with clock.frozen(life.now):
            life.all.look(life.now)
            await sweep("once")
            await life.does(step)
            await drain(allow=LATE)
            await sweep("once")
            await life.streaks_agree()
    with clock.frozen(life.now):
        await drain(allow=LATE)
        first = [goal.reached[0] if goal.reached else None for goal in life.all.goals]
        assert await life.completed() == first
        assert set(await life.earned()) == life.all.noted()


async def lived_unwatched(life: Life, steps: list[Step], drain: Drain) -> None:
    """No clock and no worker runs, and nobody looks, before it is over."""
    await life.begins()
    for step in steps:
        life.now += MINUTE * step.wait
        with clock.frozen(life.now):
            await life.does(step)
    with clock.frozen(life.now):
        await life.streaks_agree()
        await life.goals_agree()
        await life.achievements_agree()
        await drain(allow=LATE)
        await life.streaks_agree()
        await life.goals_agree()
        await life.achievements_agree()


async def lived_swept(life: Life, steps: list[Step], drain: Drain, every: timedelta | None, how: str = "once") -> None:
    """The workers are quick. The clock looks at all full hours that `every` divides and at the end, or only then."""
    await life.begins()
    for step in steps:
        until = life.now + MINUTE * step.wait
        if every is not None:
            at = datetime.fromtimestamp(life.now.timestamp() // 3600 * 3600, life.now.tzinfo) + every
            while at < until:
                with clock.frozen(at):
                    await sweep(how)
                at += every
        life.now = until
        with clock.frozen(life.now):
            await life.does(step)
            await drain(allow=LATE)
    with clock.frozen(life.now):
        await sweep(how)
        await drain(allow=LATE)
