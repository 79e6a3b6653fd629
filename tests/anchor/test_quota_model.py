"""Whatever comes in whatever order, the windows say what the ledger says, and nobody gets more than their limits."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.anchor import breaker, ledger, quota
from domain.anchor.prices import Cost, Usage
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.errors import TooMany
from domain.kit.ids import new_id

# Small, so that every limit is met often.
LIMITS = {"free": (2, 5, 900), "subscriber": (4, 9, 3000)}
ZONES = ("Europe/Berlin", "America/New_York", "Pacific/Auckland", "Etc/UTC")
# The last days of a month, so that days and months end meanwhile.
BEGINS = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
STEPS = 70

# What the ledger says about each window.
RECOUNT = """
SELECT kind, starts_on, count(*) FILTER (WHERE counted AND state <> 'refunded') AS replies,
       COALESCE(sum(reserved) FILTER (WHERE state = 'reserved'), 0)::bigint AS reserved, sum(cost)::bigint AS cost
FROM (SELECT *, 'day' AS kind, day AS starts_on FROM anchor_charges UNION ALL
      SELECT *, 'month' AS kind, month AS starts_on FROM anchor_charges) AS charges
GROUP BY kind, starts_on ORDER BY kind, starts_on
"""
# A window that was reserved in and refunded stays, with nothing in it.
WINDOWS = "SELECT kind, starts_on, replies, reserved, cost FROM anchor_windows ORDER BY kind, starts_on"
SPEND = "SELECT COALESCE(sum(cost), 0) FROM anchor_spend"


class Life:
    """One person, a clock of their own, and everything that may happen to their charges."""

    def __init__(self, person: Any, seed: int) -> None:
        self.dice = random.Random(seed)
        self.person_id = UUID(person.user["id"])
        self.now = BEGINS
        self.zone = "Europe/Berlin"
        self.plan = "free"
        self.ids: list[UUID] = []
        self.accepted = self.refused = 0

    async def reserve(self) -> None:
        purpose = self.dice.choice(["reply", "reply", "reply", "daily", "memory"])
        worst = self.dice.choice([1, 90, 300])
        may = await self._may(purpose, worst)
        try:
            async with transaction():
                charge_id = await quota.reserve(
                    self.person_id, self.zone, purpose=purpose, message_id=new_id(), worst=worst, now=self.now
                )
        except TooMany as refused:
            said, resets_at = refused.code, refused.extra["resets_at"]
        else:
            said, resets_at = None, None
            self.ids.append(charge_id)
        assert said == may
        if said is not None:
            ends = quota.windows_at(self.now, self.zone)
            assert resets_at == (ends.day_ends if said == "anchor_daily_limit" else ends.month_ends) > self.now
        self.accepted += said is None
        self.refused += said is not None

    async def _may(self, purpose: str, worst: int) -> str | None:
        """What the ledger alone says about another call: the limit in its way, or None."""
        at = quota.windows_at(self.now, self.zone)
        day, month, spent = await self._used(at.day, at.month)
        a_day, a_month, money = LIMITS[self.plan]
        if purpose != "reply":
            return "anchor_monthly_limit" if spent + worst > money else None
        if day >= a_day and month < a_month:
            return "anchor_daily_limit"
        return "anchor_monthly_limit" if day >= a_day or month >= a_month or spent + worst > money else None

    async def _used(self, day: Any, month: Any) -> tuple[int, int, int]:
        rows = await fetch("SELECT * FROM anchor_charges")
        counted = [row for row in rows if row["counted"] and row["state"] != "refunded"]
        held = sum(row["cost"] + (row["reserved"] if row["state"] == "reserved" else 0)
                   for row in rows if row["month"] == month)  # fmt: skip
        return sum(row["day"] == day for row in counted), sum(row["month"] == month for row in counted), held

    def _cost(self) -> Cost:
        # Prices change, and a try may cost more than was reserved for it.
        valid_from = self.dice.choice([date(2026, 8, 16), date(2026, 12, 1)])
        spent = self.dice.choice([0, 1, 40, 200])
        return Cost(spent, Usage(0, spent, 0, "m"), valid_from)

    async def settle(self) -> None:
        if self.ids:
            await ledger.settle(self.dice.choice(self.ids), self._cost())

    async def refund(self) -> None:
        if self.ids:
            await ledger.refund(self.dice.choice(self.ids), self.dice.choice([None, self._cost()]))

    async def abort(self) -> None:
        if self.ids:
            await ledger.close(self.dice.choice(self.ids), self.dice.choice([None, self._cost()]))

    async def book_a_try(self) -> None:
        """Twice, as when two workers say it of the same try."""
        if self.ids:
            charge_id, number = self.dice.choice(self.ids), self.dice.randint(1, 3)
            await ledger.add_try(charge_id, number, self._cost())
            before = await fetch_value("SELECT sum(cost) FROM anchor_charges")
            await ledger.add_try(charge_id, number, self._cost())
            assert await fetch_value("SELECT sum(cost) FROM anchor_charges") == before

    async def sweep(self) -> None:
        await execute("UPDATE anchor_charges SET created_at = now() - interval '20 minutes' WHERE random() < 0.3")
        dead = await fetch_value(
            """SELECT count(*) FROM anchor_charges
               WHERE state = 'reserved' AND created_at < now() - interval '15 minutes'"""
        )
        assert await ledger.free_dead_reservations() == dead

    async def time_passes(self) -> None:
        self.now += timedelta(hours=self.dice.choice([1, 5, 13, 30]))

    async def travel(self) -> None:
        self.zone = self.dice.choice(ZONES)
        await execute("UPDATE users SET timezone = $1 WHERE id = $2", self.zone, self.person_id)

    async def change_plan(self) -> None:
        self.plan = "free" if self.plan == "subscriber" else "subscriber"
        await execute("DELETE FROM grants")
        if self.plan == "subscriber":
            await execute(
                "INSERT INTO grants (id, user_id, starts_at, ends_at, reason) VALUES ($1, $2, $3, $4, 'test')",
                new_id(), self.person_id, BEGINS - timedelta(days=1), BEGINS + timedelta(days=400),
            )  # fmt: skip

    async def step(self) -> None:
        what = self.dice.choices(
            [self.reserve, self.settle, self.refund, self.abort, self.book_a_try, self.sweep, self.time_passes,
             self.travel, self.change_plan],
            [12, 4, 3, 1, 2, 1, 2, 1, 1],
        )[0]  # fmt: skip
        with clock.frozen(self.now):
            await what()
            told, at = await quota.read_quota(self.person_id, self.now), quota.windows_at(self.now, self.zone)
        used = await self._used(at.day, at.month)
        assert (told.plan, told.day.used, told.month.used) == (self.plan, *used[:2])
        assert [tuple(row) for row in await fetch(WINDOWS)] == [tuple(row) for row in await fetch(RECOUNT)]
        assert await fetch_value(SPEND) == await fetch_value("SELECT COALESCE(sum(cost), 0) FROM anchor_charges")


@pytest.mark.parametrize("seed", range(5))
async def test_any_life(person, configure, seed: int) -> None:
    await _live(person, configure, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
async def test_many_lives(person, configure, seed: int) -> None:
    await _live(person, configure, seed)


async def _live(person: Any, configure: Any, seed: int) -> None:
    free, subscriber = ("/".join(map(str, LIMITS[plan])) for plan in ("free", "subscriber"))
    configure(ANCHOR_LIMITS_FREE=free, ANCHOR_LIMITS_SUBSCRIBER=subscriber)
    breaker.forget_cached_spend()
    life = Life(person, seed)
    for _ in range(STEPS):
        await life.step()
    assert life.accepted > 2
    assert life.refused > 0
