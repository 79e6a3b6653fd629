"""People whose clock and place the test decides, and a record of what is sent to PostgreSQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Any
from uuid import UUID

import httpx2
import pytest

from domain.kit.clock import clock
from domain.kit.database import KuitterEngine, execute, fetch, fetch_row, transaction
from domain.kit.days import instant
from domain.recovery.standing import stored_streak
from domain.recovery.streaks import CheckInStreak, fold
from domain.recovery.travel import excused_days
from tests.conftest import Api


def moment(local: str, zone: str) -> datetime:
    """The instant when clocks in `zone` show `local` ("2026-03-08 23:59")."""
    wall = datetime.fromisoformat(local)
    return instant(wall.date(), wall.time(), zone)


class Traveller:
    """A person who acts at times of the clocks around them: each `when` is local to the zone they are in."""

    def __init__(self, api: Api, zone: str) -> None:
        self.api = api
        self.zone = zone
        self.user_id = UUID(api.user["id"])

    async def puts(self, when: str, day: str | None = None, **said: Any) -> httpx2.Response:
        body = {"mood": 3, "urge_level": 0, "triggers": [], **said}
        with clock.frozen(moment(when, self.zone)):
            return await self.api("PUT", f"/v1/check-ins/{day or when[:10]}", json=body)

    async def checks_in(self, when: str, day: str | None = None, **said: Any) -> Any:
        response = await self.puts(when, day, **said)
        assert response.status_code == 200, response.text
        return response.json()

    async def moves(self, when: str, zone: str) -> None:
        with clock.frozen(moment(when, self.zone)):
            await self.api.ok("PATCH", "/v1/me", json={"timezone": zone})
        self.zone = zone

    async def reads(self, when: str, path: str = "/v1/streak") -> Any:
        with clock.frozen(moment(when, self.zone)):
            return await self.api.ok("GET", path)

    async def streak(self, when: str) -> tuple[int, int]:
        """Days of the check-in streak and freezes left."""
        found = (await self.reads(when))["check_in"]
        return found["current_days"], found["freezes_left"]


@pytest.fixture
def live_in(sign_up: Callable[..., Awaitable[Api]]) -> Callable[..., Awaitable[Traveller]]:
    """`await live_in("Europe/Berlin", "2026-03-01 09:00")` signs a person up there and then."""

    async def begin(zone: str, when: str, **fields: Any) -> Traveller:
        with clock.frozen(moment(when, zone)):
            return Traveller(await sign_up(timezone=zone, **fields), zone)

    return begin


@pytest.fixture
async def mara(live_in: Callable[..., Awaitable[Traveller]]) -> Traveller:
    """In Berlin since 1 May 2026, with a count that began on 1 January."""
    return await live_in("Europe/Berlin", "2026-05-01 09:00", started_on="2026-01-01")


async def written(user_id: UUID) -> CheckInStreak:
    """The streak that stands in the table."""
    row = await fetch_row("SELECT * FROM check_in_streaks WHERE user_id = $1", user_id)
    return stored_streak(row) if row is not None else CheckInStreak()


async def folded(user_id: UUID) -> CheckInStreak:
    """The streak that follows from all check-ins and changes of zone."""
    days = await fetch("SELECT local_date FROM check_ins WHERE user_id = $1", user_id)
    changes = await fetch("SELECT changed_at, from_zone, to_zone FROM time_zone_changes WHERE user_id = $1", user_id)
    return fold([row["local_date"] for row in days], excused_days(tuple(row) for row in changes))


async def plan(statement: str, *arguments: Any) -> str:
    """How PostgreSQL would run `statement` if every table were large."""
    async with transaction():
        await execute("SET LOCAL enable_seqscan = off")
        return "\n".join(row[0] for row in await fetch(f"EXPLAIN {statement}", *arguments))


def run_of(first: date, days: int) -> list[str]:
    """`days` consecutive days, at noon."""
    return [f"{date.fromordinal(first.toordinal() + n)} 12:00" for n in range(days)]


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that is sent to PostgreSQL, as asyncpg logs it; clear it before the part that counts."""
    sent: list[str] = []

    def note(record: Any) -> None:
        sent.append(record.query)

    take, give_back = KuitterEngine.take, KuitterEngine.give_back

    async def listening(engine: KuitterEngine) -> Any:
        connection = await take(engine)
        connection.add_query_logger(note)
        return connection

    async def deaf_again(engine: KuitterEngine, connection: Any) -> None:
        connection.remove_query_logger(note)
        await give_back(engine, connection)

    monkeypatch.setattr(KuitterEngine, "take", listening)
    monkeypatch.setattr(KuitterEngine, "give_back", deaf_again)
    return sent


async def attempts_of(user_id: UUID) -> list[tuple[date, date | None]]:
    """The attempts that stand in the table, the running one last."""
    rows = await fetch(
        "SELECT started_on, ended_on FROM attempts WHERE user_id = $1 ORDER BY started_on, ended_on", user_id
    )
    return [tuple(row) for row in rows]
