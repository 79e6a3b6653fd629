"""Two hundred lives of a year, for picking messages day by day without a database: seeded, and all different."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from uuid import UUID

from domain.anchor.snapshot import CheckIn, CheckInStreak, CleanDays, Facts, Snapshot
from domain.anchor.snapshot_parts import Goal

BEGAN = date(2026, 1, 1)
DAYS = 365


class Life:
    """Somebody with habits of their own: how often they slip, check in, write goals, are low or fall silent."""

    def __init__(self, number: int) -> None:
        self._dice = random.Random(number)
        self.user_id = UUID(int=self._dice.getrandbits(128), version=4)
        # Every tenth slips every few days, every tenth never does.
        self._slips = {0: 0.3, 1: 0.0}.get(number % 10, self._dice.uniform(0.005, 0.08))
        self._checks_in = self._dice.uniform(0.1, 1.0)
        self._mood = self._dice.uniform(1.5, 4.5)
        self._urge = self._dice.uniform(1, 8)
        self._joined_on = BEGAN - timedelta(days=self._dice.choice((0, 0, 0, 3, 40, 400)))
        self._started_on = self._joined_on - timedelta(days=self._dice.choice((0, 0, 0, 25, 200)))
        self._why = "for my evenings" if self._dice.random() < 0.5 else None
        self._last_slip_on: date | None = None
        self._best = self._total = 0
        self._check_ins: list[CheckIn] = []
        self._silent_until = BEGAN
        self._goal: Goal | None = None

    def days(self) -> Iterator[Facts]:
        """The facts of each morning."""
        for number in range(DAYS):
            today = BEGAN + timedelta(days=number)
            self._live(today)
            yield self._facts(today)

    def _live(self, today: date) -> None:
        dice = self._dice
        if dice.random() < self._slips and today > self._started_on:
            self._total += (today - self._started_on).days
            self._started_on = self._last_slip_on = today
        if dice.random() < 0.01:
            self._silent_until = today + timedelta(days=dice.randrange(3, 40))
        if today >= self._silent_until and dice.random() < self._checks_in:
            mood = min(5, max(1, round(dice.gauss(self._mood, 1))))
            urge = min(10, max(0, round(dice.gauss(self._urge, 2))))
            self._check_ins = [CheckIn(today - timedelta(days=1), mood, urge), *self._check_ins[:6]]
        if self._goal is None and dice.random() < 0.05:
            self._goal = Goal("custom", "Mine", 0, 0, "steps", 10, None, today + timedelta(days=dice.randrange(3, 40)))
        elif self._goal is not None:
            done = min(10, self._goal.current + (dice.random() < 0.2))
            due = self._goal.due_on
            ended = done == 10 or (due is not None and due < today)
            self._goal = None if ended else Goal("custom", "Mine", 10 * done, done, "steps", 10, None, due)

    def _facts(self, today: date) -> Facts:
        current = (today - self._started_on).days
        self._best = max(self._best, current)
        snapshot = Snapshot(
            language="en",
            why=self._why,
            goals=[self._goal] if self._goal else [],
            check_ins=self._check_ins,
            check_in=CheckInStreak(0, 0),
            clean=CleanDays(current, self._best, self._total + current, self._started_on, self._last_slip_on),
            today=today,
        )
        return Facts(
            user_id=self.user_id, timezone="Europe/Berlin", today=today, may_leave=True, joined_on=self._joined_on,
            snapshot=snapshot, text="",
        )  # fmt: skip
