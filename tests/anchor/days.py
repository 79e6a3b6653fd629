"""What the tests of daily messages share: people who joined some days ago, and what the clock does at an instant."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from domain.anchor import planning, sending
from domain.kit.clock import clock
from domain.kit.database import execute, fetch

Api = Any

JOINED = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
# A Monday in Berlin. The provider is dear then, so the message is written between six and seven.
NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SEVEN = NINE - timedelta(hours=2)


async def somebody(sign_up: Callable[..., Awaitable[Api]], *consents: str, **fields: Any) -> Api:
    """Somebody in Berlin who joined three days before NINE."""
    with clock.frozen(JOINED):
        return await sign_up(consents=consents, **fields)


async def look(at: datetime) -> None:
    """What the clock does for daily messages at an instant."""
    with clock.frozen(at):
        await planning.plan_daily()
        await sending.send_due()


async def plan(at: datetime = NINE) -> None:
    """As if the clock had stood still until `at`: the message is planned when it is due already."""
    with clock.frozen(at - timedelta(days=1)):
        await planning.place(clock.now())
    await look(at)


async def write(drain: Callable[..., Awaitable[Any]], at: datetime = SEVEN) -> None:
    """Let the message be planned and written ahead of its time."""
    await look(at)
    with clock.frozen(at):
        await drain()


async def deliver(drain: Callable[..., Awaitable[Any]], at: datetime = NINE, **allow: Any) -> Any:
    """All that is due at `at`."""
    await look(at)
    with clock.frozen(at):
        return await drain(**allow)


async def today(person: Api, at: datetime = NINE) -> Any:
    """Today's message as the app reads it at `at`."""
    with clock.frozen(at):
        return await person.ok("GET", "/v1/anchor/today")


async def rows() -> list[Any]:
    """All daily messages."""
    return await fetch("SELECT * FROM daily_messages ORDER BY local_date, id")


async def curated_bodies() -> set[str]:
    """All prepared texts."""
    return {row["body"] for row in await fetch("SELECT body FROM prompts WHERE kind = 'curated'")}


async def change(person: Api, column: str, value: str) -> None:
    """Change a column of the person's account behind everybody's back."""
    await execute(f"UPDATE users SET {column} = $2 WHERE id = $1", UUID(person.user["id"]), value)
