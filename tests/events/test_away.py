"""Redis or PostgreSQL away: nothing breaks, nothing is held up, and what may have been missed is said."""

import asyncio
import time

import pytest

from domain.events import stream, trail
from domain.kit import events, signals
from domain.kit.database import KuitterEngine
from domain.kit.events import Event
from domain.kit.redis import connect
from tests.events.conftest import told, until

STREAK = Event("streak")


@pytest.fixture
async def through(app, monkeypatch, spare_valkey):
    """Live events through a Redis that this test may stop; quick to notice that it is back."""
    for module, names in ((signals, ("_redis", "_hub")), (events, ("_sending",)), (trail, ("_reader",))):
        for name in names:
            monkeypatch.setattr(module, name, None)
    monkeypatch.setattr(signals, "_PAUSE_WHEN_AWAY", 0.05)
    monkeypatch.setattr(trail, "_PAUSE_WHEN_AWAY", 0.05)
    monkeypatch.setattr("domain.kit.sending._PAUSE_WHEN_AWAY", 0.05)
    monkeypatch.setattr(stream, "_BEHIND_SECONDS", 0.1)
    redis = connect(spare_valkey.url)
    signals.use(redis)
    events.use(redis)
    trail.use(redis)
    yield spare_valkey
    await events.close()
    await signals.close()
    await redis.aclose()


async def test_redis_away_and_back(person, listen, through):
    async with listen(person) as phone:
        await phone.hear("hello")
        through.kill()
        began = time.monotonic()
        await told(person, STREAK)
        assert time.monotonic() - began < 1
        await asyncio.sleep(0.2)
        through.start()
        await phone.hear("resync", 5)
        await told(person, STREAK)
        await phone.hear("streak", 5)


async def test_events_that_were_lost_on_their_way_are_said(person, listen, through, monkeypatch):
    """Redis itself remembers all that it ever heard, but somebody could not reach it for a moment."""
    monkeypatch.setattr(stream, "_KEEP_ALIVE_SECONDS", 0.2)
    async with listen(person) as phone:
        await phone.hear("hello")
        last = phone.last
        await asyncio.sleep(0.01)
        with monkeypatch.context() as patches:
            patches.setattr(events, "KEPT", "nonsense")  # refused by Redis
            await told(person, STREAK)
            redis = connect(through.url)

            async def marked():
                return await redis.exists(events.LOSS_KEY)

            await until(marked)
            await redis.aclose()
        # What comes afterwards does not hide it.
        await told(person, STREAK)
        while (found := await phone.next(5))[0] == ":":
            continue
        assert found[:2] == ("resync", {})
        assert phone.last != last
        # And it is said once.
        assert "resync" not in [(await phone.next(5))[0] for _ in range(2)]
        await told(person, STREAK)
        names: list[str] = []
        while "streak" not in names or names[-2:] != [":", ":"]:
            names.append((await phone.next(5))[0])
        assert set(names) == {"streak", ":"}
    async with listen(person, last) as back:
        await back.hear("resync")
    async with listen(person, phone.last) as back:
        assert (await back.next(3))[0] == ":"


async def test_redis_away_when_it_opens(person, listen, through, monkeypatch):
    monkeypatch.setattr(stream, "_KEEP_ALIVE_SECONDS", 0.3)
    through.kill()
    async with listen(person) as phone:
        assert phone.status == 200
        assert (await phone.next(5))[0] == ":"
        through.start()
        while (found := await phone.next(5))[0] == ":":
            continue
        assert found[0] == "resync"
        await told(person, STREAK)
        while (found := await phone.next(5))[0] == ":":
            continue
        assert found[0] == "streak"


async def test_postgres_away_loses_nothing(person, listen, monkeypatch):
    monkeypatch.setattr(stream, "_BEHIND_SECONDS", 0.05)
    async with listen(person) as phone:
        await phone.hear("hello")
        await told(person, STREAK)
        await phone.hear("streak")
        left = [2]
        run = KuitterEngine.run

        async def failing(self, method, sql, args):
            if "streak" in sql and left[0]:
                left[0] -= 1
                raise ConnectionError
            return await run(self, method, sql, args)

        monkeypatch.setattr(KuitterEngine, "run", failing)
        await told(person, STREAK)
        await phone.hear("streak", 3)
        assert left == [0]
        left[0] = stream._MOST_TRIES
        await told(person, STREAK)
        await phone.hear("resync", 3)
        await told(person, STREAK)
        await phone.hear("streak", 3)
