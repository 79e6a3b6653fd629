"""People who leave, and days that pass."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from redis.asyncio import Redis

from domain.kit.database import fetch, fetch_row
from tests.conftest import PASSWORD, Api

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
GRACE = timedelta(days=30)


async def delete_me(api: Api, password: str = PASSWORD) -> httpx2.Response:
    return await api("DELETE", "/v1/me", json={"password": password})


async def leave(api: Api) -> Any:
    """The answer to a deletion that must begin."""
    response = await delete_me(api)
    assert response.status_code == 200, response.text
    return response.json()


async def log_in(api: Api, email: str, password: str = PASSWORD) -> httpx2.Response:
    return await api("POST", "/v1/auth/login", json={"email": email, "password": password})


async def restore(api: Api, token: str) -> httpx2.Response:
    return await api("POST", "/v1/me/restore", json={"restore_token": token})


async def state_of(email: str) -> Any:
    return await fetch_row("SELECT * FROM users WHERE email = $1", email)


async def everything() -> dict[str, list[str]]:
    """Every row of every table, as text."""
    tables = await fetch("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'kuitter' ORDER BY relname")
    found = {}
    for row in tables:
        name = row["relname"]
        found[name] = sorted(line[0] for line in await fetch(f"SELECT {name}::text FROM {name}"))
    return found


PHONE = {
    "platform": "ios",
    "transport": "apns",
    "token": "ab" * 32,
    "token_kind": "apns",
    "environment": "production",
    "app_version": "1.0",
}


@pytest.fixture
async def redis(app: Any) -> AsyncIterator[Redis]:
    """The Redis of the app."""
    from domain.kit.settings import settings

    client = Redis.from_url(settings().redis_url)
    yield client
    await client.aclose()


@pytest.fixture(autouse=True)
def _providers(request: pytest.FixtureRequest) -> None:
    """Whoever drains sends mail, so that somebody has to be there to take it."""
    if "drain" in request.fixturenames:
        request.getfixturevalue("sandbox")
