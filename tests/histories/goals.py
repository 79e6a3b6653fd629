"""How far goals and achievements are, counted slowly over a History."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime

from domain.achievements.catalogue import DELIVERED
from tests.histories.model import DAY, History, each_day


@dataclass
class Plan:
    """A goal as its person set it; `ticks`: steps done, by day and instant, the latest of a day."""

    kind: str
    target: int
    starts_on: date
    due_on: date | None = None
    level: int = 3
    ticks: dict[date, tuple[int, datetime]] = field(default_factory=dict)

    def holds(self, day: date) -> bool:
        return self.starts_on <= day and (self.due_on is None or day <= self.due_on)


@dataclass
class Standing:
    """`reached_at` is the instant since when the goal is reached, None while it is not."""

    progress: int
    reached_at: datetime | None


def standing(plan: Plan, history: History, now: datetime) -> Standing:
    today = history.day_at(now)
    if plan.kind == "clean_days":
        return _clean_days(plan, history, today)
    if plan.kind == "fewer_slips":
        return _fewer_slips(plan, history, today)
    if plan.kind == "custom":
        return _custom(plan)
    instants = sorted(_instants(plan, history))
    reached = instants[plan.target - 1] if len(instants) >= plan.target else None
    return Standing(min(100, 100 * len(instants) // plan.target), reached)


def _instants(plan: Plan, history: History) -> list[datetime]:
    if plan.kind == "check_ins":
        return [each.made for day, each in history.check_ins.items() if plan.holds(day)]
    if plan.kind == "mood_days":
        return [each.changed for day, each in history.check_ins.items() if plan.holds(day) and each.mood > plan.level]
    if plan.kind == "journal_entries":
        return [at for day, at in history.entries if plan.holds(day)]
    assert plan.kind == "urges_resisted"
    return [at for day, outcome, at in history.urges if plan.holds(day) and outcome == "resisted"]


def _clean_days(plan: Plan, history: History, today: date) -> Standing:
    broken = {slip.day for slip in history.slips.values()}
    length, reached = 0, None
    for day in each_day(history.start, min(today, plan.due_on or today)):
        # A morning adds the day that has passed, if that one was of the goal and of the count.
        if day > max(history.start, plan.starts_on):
            length += 1
        if length >= plan.target and reached is None:
            reached = history.began(day)
        if day in broken:
            length = 0
    return Standing(min(100, 100 * length // plan.target), reached)


def _fewer_slips(plan: Plan, history: History, today: date) -> Standing:
    assert plan.due_on is not None
    window = each_day(plan.starts_on, plan.due_on)
    before = each_day(plan.starts_on - DAY * len(window), plan.starts_on - DAY)
    days = [slip.day for slip in history.slips.values()]
    count, baseline = (len([day for day in days if day in span]) for span in (window, before))
    allowed = baseline * (100 - plan.target) // 100
    over = len([day for day in window if day < today])
    if count > allowed:
        return Standing(min(99, 100 * over * allowed // (len(window) * count)), None)
    reached = history.began(plan.due_on + DAY) if over == len(window) else None
    return Standing(100 * over // len(window), reached)


def _custom(plan: Plan) -> Standing:
    ticks = [tick for day, tick in sorted(plan.ticks.items()) if plan.holds(day)]
    done = ticks[-1][0] if ticks else 0
    reached = None
    for steps, at in reversed(ticks):
        if steps < plan.target:
            break
        reached = at
    return Standing(min(100, 100 * done // plan.target), reached)


@dataclass
class Noted:
    """What was ever true of a goal: when it was reached, as it looked at one time or another."""

    plan: Plan
    set_at: datetime
    reached: list[datetime] = field(default_factory=list)

    def look(self, history: History, now: datetime) -> Standing:
        found = standing(self.plan, history, now)
        if found.reached_at is not None and found.reached_at not in self.reached:
            self.reached.append(found.reached_at)
        return found


@dataclass
class Everything:
    """A history with goals and achievements. `look` is to be called at every instant that makes a difference."""

    history: History
    goals: list[Noted] = field(default_factory=list)
    ever: dict[str, int] = field(default_factory=dict)
    # The same for somebody who is watched all the time: of a goal that was reached at one instant and then, by a
    # correction, at another, the first was noted.
    watched: dict[str, int] = field(default_factory=dict)
    # Whether something was reached and then lost again, or reached at another instant: then the rows may depend on when
    # somebody looked, for what was noted stays.
    fickle: bool = False

    def metrics(self, now: datetime, goals_completed: int) -> dict[str, int]:
        history = self.history
        clean = history.clean(now)
        return {
            "best_clean_days": clean.best,
            "total_clean_days": clean.total,
            "comebacks": history.comebacks(now),
            "check_in_streak": history.checking(now).best,
            "check_ins": len(history.check_ins),
            "urges_logged": len(history.urges),
            "urges_resisted": len([1 for _, outcome, _ in history.urges if outcome == "resisted"]),
            "journal_entries": len(history.entries),
            "slips_reflected": len([1 for slip in history.slips.values() if slip.reflected]),
            "goals_completed": goals_completed,
        }

    def look(self, now: datetime) -> None:
        standings = [goal.look(self.history, now) for goal in self.goals]
        for goal, found in zip(self.goals, standings, strict=True):
            if goal.reached and goal.reached != [found.reached_at]:
                self.fickle = True
        # What was reached before it was set is no achievement.
        at_times = len([goal for goal in self.goals if any(at >= goal.set_at for at in goal.reached)])
        at_first = len([goal for goal in self.goals if goal.reached and goal.reached[0] >= goal.set_at])
        for metric, value in self.metrics(now, at_times).items():
            if value < self.ever.get(metric, 0):
                self.fickle = True
            self.ever[metric] = max(value, self.ever.get(metric, 0))
        for metric, value in self.metrics(now, at_first).items():
            self.watched[metric] = max(value, self.watched.get(metric, 0))

    def certain(self, now: datetime) -> set[str]:
        """The achievements that are reached now, whoever looked or did not look before."""
        reached = [
            goal
            for goal in self.goals
            if standing(goal.plan, self.history, now).reached_at is not None
            and all(at >= goal.set_at for at in goal.reached)
        ]
        return passed(self.metrics(now, len(reached)))

    def possible(self) -> set[str]:
        """Those that were reached at one time or another."""
        return passed(self.ever)

    def noted(self) -> set[str]:
        """Those of somebody who is watched all the time."""
        return passed(self.watched)


def passed(metrics: dict[str, int]) -> set[str]:
    return {each.slug for each in DELIVERED if metrics.get(each.metric, 0) >= each.level}
