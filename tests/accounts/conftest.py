"""What the tests of accounts share."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.conftest import PASSWORD

NEW_PERSON = {
    "email": "new@example.org",
    "password": PASSWORD,
    "birth_date": "1990-05-17",
    "timezone": "Europe/Berlin",
    "accepted_terms": True,
}


@pytest.fixture
def setting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """`setting(ADDRESS_LIMITS="on")` changes settings for this test; whatever was derived from them is made anew."""
    from api import address
    from domain.accounts import keys
    from domain.kit.settings import settings

    def forget() -> None:
        for derived in (settings, keys.keyring, address._trusted):
            derived.cache_clear()

    def change(**variables: str) -> None:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        forget()

    yield change
    monkeypatch.undo()
    forget()


def key_setting(*keys: tuple[str, bytes]) -> str:
    """SECRET_KEYS for these keys."""
    return ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in keys)


@pytest.fixture
async def redis(app: Any) -> AsyncIterator[Redis]:
    """The Redis of the app."""
    from domain.kit.settings import settings

    client = Redis.from_url(settings().redis_url)
    yield client
    await client.aclose()


class RedisAway:
    """`redis_away()` points the app at a Redis of which nothing is heard; `redis_away.back()` at the real one again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patches = monkeypatch
        self._opened: list[Redis] = []

    def __call__(self, port: int | None = None) -> None:
        """Nothing listens at `port`, or something that does not answer."""
        from api import gate
        from domain.accounts import sessions
        from domain.kit import limits
        from domain.kit.redis import connect
        from domain.kit.redis_scripts import Scripts
        from ops.stack.ports import free_port

        gone = connect(f"redis://127.0.0.1:{port or free_port()}/0", timeout=0.25)
        self._opened.append(gone)
        self._patches.setattr(gate, "_away_until", 0.0)
        self._patches.setattr(sessions, "_redis", gone)
        self._patches.setattr(sessions, "_scripts", Scripts(gone))
        self._patches.setattr(limits, "_limiter", limits.Limiter(gone))

    def back(self) -> None:
        from api import gate

        self._patches.undo()
        gate._away_until = 0.0

    async def close(self) -> None:
        self.back()
        for client in self._opened:
            await client.aclose()


@pytest.fixture
async def redis_away(app: Any) -> AsyncIterator[RedisAway]:
    with pytest.MonkeyPatch.context() as patches:
        away = RedisAway(patches)
        yield away
        await away.close()


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 5) -> None:
    """Wait until `look()` says yes."""
    async with asyncio.timeout(seconds):
        while True:
            if await look():
                return
            await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def quick_passwords() -> None:
    """Here argon2 works as it does in earnest."""


class Hasher:
    """argon2's hasher, with its calls counted."""

    def __init__(self, hasher: Any) -> None:
        self._hasher = hasher
        self.verified: list[str] = []
        self.hashed = 0

    def hash(self, password: str) -> str:
        self.hashed += 1
        return str(self._hasher.hash(password))

    def verify(self, stored: str, password: str) -> bool:
        self.verified.append(stored)
        return bool(self._hasher.verify(stored, password))


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> Hasher:
    """Counts what argon2 is asked to do."""
    from domain.accounts import passwords

    passwords._nobodys_hash()
    counting = Hasher(passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", counting)
    return counting


@pytest.fixture
async def fresh_keys(app: Any, sandbox: Any) -> AsyncIterator[None]:
    """Nobody has asked the sign-in providers for their keys yet, nor knows of those that this test makes."""
    from domain.accounts import connections

    await connections.close()
    yield
    await connections.close()
