"""Histories of slips, undos and corrected starts, against a model that walks through every day."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.kit.clock import clock
from domain.kit.database import execute, transaction
from domain.kit.days import local_date
from domain.kit.errors import RuleBroken
from domain.recovery.attempts import StreakChange, begin_attempt, change_streak
from domain.recovery.slips import tell_slip, undo_slip
from domain.recovery.standing import read_streak
from domain.recovery.streaks import CleanDays
from tests.recovery.conftest import Traveller, attempts_of, moment

BERLIN = "Europe/Berlin"
# The clocks change within the days that follow.
BEGIN, START = moment("2026-03-20 20:00", BERLIN), date(2026, 3, 10)

# What somebody does, with a number: hours that pass, hours since the slip, which of the slips is undone, days by which
# the start is moved.
steps = st.one_of(
    st.tuples(st.just("waits"), st.integers(1, 60)),
    st.tuples(st.just("slips"), st.one_of(st.just(0), st.integers(0, 24 * 25))),
    st.tuples(st.just("undoes"), st.integers(0, 5)),
    st.tuples(st.just("corrects"), st.integers(-15, 15)),
)


def walk(start: date, broken: Collection[date], today: date) -> tuple[list[tuple[date, date | None]], CleanDays]:
    """The attempts and the clean days, counted one day after the other."""
    ended: list[tuple[date, date | None]] = []
    counts = []
    day = began = start
    clean = 0
    while True:
        if day in broken:
            ended.append((began, day))
            counts.append(clean)
            began, clean = day, 0
        if day == today:
            break
        day += timedelta(days=1)
        clean += 1
    counts.append(clean)
    return [*ended, (began, None)], CleanDays(clean, max(counts), began, sum(counts), len(counts))


@contextmanager
def rule(refused: str | None) -> Iterator[None]:
    """What is done inside must be refused with this code, or, with None, succeed."""
    if refused is None:
        yield
        return
    with pytest.raises(RuleBroken) as caught:
        yield
    assert caught.value.code == refused


class Life:
    """A person who acts, and what should be true of them."""

    def __init__(self, user_id: UUID) -> None:
        self.user_id = user_id
        self.now = BEGIN
        self.start = START
        self.slips: list[tuple[UUID, date, datetime]] = []

    @property
    def today(self) -> date:
        return local_date(self.now, BERLIN)

    async def begins(self) -> None:
        await execute("DELETE FROM slips")
        await execute("DELETE FROM attempts")
        async with transaction():
            await begin_attempt(self.user_id, self.start)

    async def waits(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    async def slips_(self, hours_ago: int) -> None:
        at = self.now - timedelta(hours=hours_ago)
        day = local_date(at, BERLIN)
        refused = "slip_before_start" if day < self.start else None
        with rule(refused):
            slip = await tell_slip(self.user_id, occurred_at=at)
            self.slips.append((slip.id, day, self.now))

    async def undoes(self, number: int) -> None:
        if not self.slips:
            return
        slip_id, _, told_at = chosen = self.slips[number % len(self.slips)]
        refused = "undo_expired" if self.now > told_at + timedelta(hours=24) else None
        with rule(refused):
            await undo_slip(self.user_id, slip_id)
            self.slips.remove(chosen)

    async def corrects(self, by: int) -> None:
        start = self.start + timedelta(days=by)
        refused = None
        if start > self.today:
            refused = "start_in_future"
        elif any(day < start for _, day, _ in self.slips):
            refused = "start_after_slip"
        with rule(refused):
            await change_streak(self.user_id, StreakChange(started_on=start))
            self.start = start

    async def is_true(self) -> None:
        attempts, clean = walk(self.start, {day for _, day, _ in self.slips}, self.today)
        assert await attempts_of(self.user_id) == attempts
        assert (await read_streak(self.user_id)).clean == clean


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(steps, min_size=1, max_size=14))
@example(history=[("slips", 0), ("slips", 0), ("undoes", 0), ("undoes", 0)])
@example(history=[("slips", 0), ("slips", 240), ("slips", 120), ("undoes", 1), ("corrects", 5), ("undoes", 1)])
@example(history=[("slips", 72), ("waits", 24), ("undoes", 0), ("slips", 0), ("waits", 25), ("undoes", 0)])
async def test_attempts_follow_from_the_start_and_the_days_with_a_slip(
    mara: Traveller, history: list[tuple[str, int]]
) -> None:
    life = Life(mara.user_id)
    await life.begins()
    acts = {"waits": life.waits, "slips": life.slips_, "undoes": life.undoes, "corrects": life.corrects}
    for act, number in history:
        with clock.frozen(life.now):
            await acts[act](number)
        with clock.frozen(life.now):
            await life.is_true()
