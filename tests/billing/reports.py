"""What a store might say, made by hand: for tests of what follows from it, whichever store it was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from domain.billing.applying import Applied, apply
from domain.billing.report import StoreReport
from domain.kit.database import fetch_row, fetch_value, transaction
from tests.conftest import Api

NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
MONTH = timedelta(days=30)
_keys = count(1)
# Reports bear real instants of asking, and none of the future counts.
_asked = datetime(2026, 1, 1, tzinfo=UTC)


def later() -> datetime:
    """The next instant at which a store was asked."""
    global _asked
    _asked += timedelta(seconds=1)
    return _asked


def report(**fields: Any) -> StoreReport:
    """A monthly subscription that was bought just now, unless `fields` say otherwise."""
    given: dict[str, Any] = {
        "store": "google_play",
        "environment": "production",
        "store_key": f"key-{next(_keys)}",
        "account_token": None,
        "product_id": "kuitter_plus",
        "plan": "monthly",
        "state": "active",
        "started_at": NOW,
        "expires_at": NOW + MONTH,
        "will_renew": True,
        "asked_at": later(),
        **fields,
    }
    return StoreReport(**given)


async def applied(said: StoreReport, cause: str = "test") -> Applied:
    """Write it down as the jobs do."""
    async with transaction():
        return await apply(said, cause)


def token_of(person: Api) -> UUID:
    """What the person's app hands to the stores."""
    return UUID(person.user["store_account_token"])


def id_of(person: Api) -> UUID:
    return UUID(person.user["id"])


async def row_of(key: str) -> Any:
    return await fetch_row("SELECT * FROM purchases WHERE store_key = $1", key)


async def owner_of(key: str) -> UUID | None:
    owner: UUID | None = await fetch_value("SELECT user_id FROM purchases WHERE store_key = $1", key)
    return owner


async def subscription(person: Api) -> Any:
    return await person.ok("GET", "/v1/billing/subscription")


async def plan(person: Api) -> str:
    """As the person sees it; the quota must not say anything else."""
    quota = (await person.ok("GET", "/v1/anchor/quota"))["plan"]
    mine = (await person.ok("GET", "/v1/me"))["plan"]
    assert quota == mine
    return str(mine)
