"""What tests of goals share: events written straight into the tables, and a day that the test decides."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

from domain.goals.settling import settle
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, transaction
from tests.conftest import Api
from tests.recovery.conftest import statements  # noqa: F401

DAY = timedelta(days=1)
TODAY = date(2026, 6, 15)


def noon(day: date) -> datetime:
    """An instant that lies on `day` in Berlin and in UTC."""
    return datetime.combine(day, time(12), tzinfo=UTC)


def days(first: date, number: int) -> list[date]:
    return [first + DAY * n for n in range(number)]


class Life:
    """What happens to one person, as rows. Instants are the noon of the day unless said."""

    def __init__(self, user_id: UUID | str) -> None:
        self.user_id = UUID(str(user_id))

    async def forget(self) -> None:
        for table in ("goals", "check_ins", "slips", "urges", "journal_entries", "attempts", "notifications"):
            await execute(f"DELETE FROM {table} WHERE user_id = $1", self.user_id)

    async def lives_in(self, timezone: str) -> None:
        await execute("UPDATE users SET timezone = $2 WHERE id = $1", self.user_id, timezone)

    async def checks_in(
        self, on: Sequence[date], mood: int = 4, created: datetime | None = None, updated: datetime | None = None
    ) -> None:
        for day in on:
            await execute(
                """INSERT INTO check_ins (user_id, local_date, timezone, mood, urge_level, triggers, created_at,
                                          updated_at)
                   VALUES ($1, $2, 'Europe/Berlin', $3, 0, '{}', $4, $5)""",
                self.user_id, day, mood, created or noon(day), updated or created or noon(day),
            )  # fmt: skip

    async def slips(self, on: Sequence[date], created: datetime | None = None) -> None:
        """The events alone; see `attempts`."""
        for day in on:
            await execute(
                """INSERT INTO slips (id, user_id, occurred_at, timezone, local_date, local_hour, triggers, created_at)
                   VALUES ($1, $2, $3, 'Europe/Berlin', $4, 12, '{}', $5)""",
                uuid4(), self.user_id, noon(day), day, created or noon(day),
            )  # fmt: skip

    async def attempts(self, start: date, broken: Sequence[date] = ()) -> None:
        """In place of the present ones: from `start`, with a slip on each of the days `broken`."""
        await execute("DELETE FROM attempts WHERE user_id = $1", self.user_id)
        turns: list[date | None] = [start, *sorted(set(broken)), None]
        for begins, ends in pairwise(turns):
            await execute(
                "INSERT INTO attempts (id, user_id, started_on, ended_on) VALUES ($1, $2, $3, $4)",
                uuid4(), self.user_id, begins, ends,
            )  # fmt: skip

    async def urges(
        self,
        on: Sequence[date],
        outcome: str = "resisted",
        created: datetime | None = None,
        updated: datetime | None = None,
    ) -> None:
        for day in on:
            await execute(
                """INSERT INTO urges (id, user_id, occurred_at, timezone, local_date, local_hour, intensity, triggers,
                                      outcome, created_at, updated_at)
                   VALUES ($1, $2, $3, 'Europe/Berlin', $4, 12, 5, '{}', $5, $6, $7)""",
                uuid4(), self.user_id, noon(day), day, outcome, created or noon(day),
                updated or created or noon(day),
            )  # fmt: skip

    async def writes(self, on: Sequence[date], created: datetime | None = None) -> None:
        for day in on:
            await execute(
                """INSERT INTO journal_entries (id, user_id, timezone, local_date, body, search, created_at, updated_at)
                   VALUES ($1, $2, 'Europe/Berlin', $3, 'A day.', 'a day', $4, $4)""",
                uuid4(), self.user_id, day, created or noon(day),
            )  # fmt: skip

    async def goal(
        self,
        kind: str,
        target: int,
        starts_on: date,
        due_on: date | None = None,
        *,
        level: int | None = None,
        goal_id: UUID | None = None,
    ) -> UUID:
        goal_id = goal_id or uuid4()
        await execute(
            """INSERT INTO goals (id, user_id, kind, title, target, level, starts_on, due_on, created_at, updated_at)
               VALUES ($1, $2, $3, 'Mine', $4, $5, $6, $7, $8, $8)""",
            goal_id, self.user_id, kind, target, level, starts_on, due_on, noon(starts_on - 2 * DAY),
        )  # fmt: skip
        return goal_id

    async def rows(self) -> list[dict[str, Any]]:
        """The goals as they stand in the table."""
        return [dict(row) for row in await fetch("SELECT * FROM goals WHERE user_id = $1 ORDER BY id", self.user_id)]

    async def told(self) -> list[str]:
        """The goals that the person was told of, by notification."""
        rows = await fetch("SELECT cause FROM notifications WHERE user_id = $1 AND kind = 'goal'", self.user_id)
        return [row["cause"] for row in rows]


async def settled(*lives: Life) -> None:
    async with transaction():
        await settle([life.user_id for life in lives])


def on(day: date) -> AbstractContextManager[None]:
    """It is noon of `day` inside the block."""
    return clock.frozen(noon(day))


async def post(person: Api, kind: str = "custom", target: int = 5, **more: Any) -> Any:
    """A new goal of the person's."""
    return await person.ok("POST", "/v1/goals", json={"kind": kind, "target": target, **more})
