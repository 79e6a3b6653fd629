"""Live signals: heard by whoever listens, never in anybody's way, and a loss is always said."""

import asyncio
import time

import pytest

from domain.kit import signals
from domain.kit.redis import connect
from domain.kit.settings import settings
from tests.kit.jobs import together


@pytest.fixture
async def hub(app, monkeypatch):
    """`hub(url)` sends this test's signals through that Redis."""
    monkeypatch.setattr(signals, "_redis", None)
    monkeypatch.setattr(signals, "_hub", None)
    opened = []

    def use(url: str) -> None:
        redis = connect(url)
        opened.append(redis)
        signals.use(redis)

    use(settings().redis_url)
    yield use
    await signals.close()
    for redis in opened:
        await redis.aclose()


async def heard(subscription, count: int) -> list[bytes]:
    """The next `count` payloads; what only says that something may have been missed is left out."""
    found: list[bytes] = []
    async with asyncio.timeout(5):
        while len(found) < count:
            payload = await subscription.next(1)
            if payload is not None:
                found.append(payload)
    return found


async def test_what_is_published_is_heard_in_order(hub):
    async with signals.subscribe("a") as subscription:
        for number in range(20):
            await signals.publish("a", b"%d" % number)
        assert await heard(subscription, 20) == [b"%d" % number for number in range(20)]


async def test_first_thing_said_after_subscribing_is_heard(hub):
    for number in range(20):
        async with signals.subscribe(f"t{number}") as subscription:
            await signals.publish(f"t{number}", b"x")
            assert await heard(subscription, 1) == [b"x"]


async def test_listeners_of_a_topic_hear_the_same_and_others_nothing(hub):
    async with (
        signals.subscribe("a") as first,
        signals.subscribe("a") as second,
        signals.subscribe("b") as other,
    ):
        await signals.publish("a", b"\x00\xff")
        assert await heard(first, 1) == await heard(second, 1) == [b"\x00\xff"]
        await signals.publish("b", b"b")
        assert await heard(other, 1) == [b"b"]


async def test_one_who_leaves_takes_nothing_from_those_who_stay(hub):
    async with signals.subscribe("a") as stays:
        async with signals.subscribe("a"):
            pass
        await asyncio.sleep(0.05)
        await signals.publish("a", b"x")
        assert await heard(stays, 1) == [b"x"]


async def test_topic_left_and_taken_again_at_once_is_heard(hub):
    async with signals.subscribe("other"):
        for number in range(30):
            async with signals.subscribe("a") as subscription:
                await signals.publish("a", b"x")
                assert await heard(subscription, 1) == [b"x"]
            for _ in range(number % 6):
                await asyncio.sleep(0)


async def test_nobody_left_means_nothing_is_subscribed(hub, eventually):
    redis = connect(settings().redis_url)
    async with signals.subscribe("a"):
        assert await redis.pubsub_numsub("kuitter:signal:a") == [(b"kuitter:signal:a", 1)]

    async def gone():
        return await redis.pubsub_numsub("kuitter:signal:a") == [(b"kuitter:signal:a", 0)]

    await eventually(gone)
    await redis.aclose()


async def test_silence_ends_with_the_timeout(hub):
    async with signals.subscribe("a") as subscription:
        assert await subscription.next(0.05) is None
        begun = time.monotonic()
        assert await subscription.next(0.05) is None
        assert time.monotonic() - begun < 1


async def test_slow_reader_loses_is_told_and_hears_again(hub):
    async with signals.subscribe("a") as slow, signals.subscribe("a") as quick:
        for batch in range(30):
            for _ in range(50):
                await signals.publish("a", b"%d" % batch)
            assert len(await heard(quick, 50)) == 50
        assert slow._queue.qsize() <= 1000
        assert await slow.next(1) is None
        await signals.publish("a", b"after")
        assert await slow.next(1) == b"after"


async def test_many_topics_at_once(hub):
    async def one(number: int) -> list[bytes]:
        async with signals.subscribe(f"m{number}") as subscription:
            await signals.publish(f"m{number}", b"%d" % number)
            return await heard(subscription, 1)

    assert await together(*(one(number) for number in range(60))) == [[b"%d" % number] for number in range(60)]


async def test_topics_that_come_while_the_connection_is_made_are_heard(hub):
    """Each of them a moment later than the one before: some in the middle of the first subscription."""

    async def one(number: int) -> list[bytes]:
        for _ in range(number):
            await asyncio.sleep(0)
        async with signals.subscribe(f"n{number}") as subscription:
            await signals.publish(f"n{number}", b"%d" % number)
            return await heard(subscription, 1)

    begun = time.monotonic()
    assert await together(*(one(number) for number in range(60))) == [[b"%d" % number] for number in range(60)]
    assert time.monotonic() - begun < 3


async def test_restart_of_redis_is_told_and_then_all_is_well(hub, spare_valkey, monkeypatch):
    monkeypatch.setattr(signals, "_PAUSE_WHEN_AWAY", 0.05)
    hub(spare_valkey.url)
    async with signals.subscribe("a") as subscription:
        await signals.publish("a", b"before")
        assert await heard(subscription, 1) == [b"before"]
        spare_valkey.kill()
        begun = time.monotonic()
        await signals.publish("a", b"lost")
        assert time.monotonic() - begun < 1
        spare_valkey.start()
        begun = time.monotonic()
        assert await subscription.next(10) is None
        assert time.monotonic() - begun < 5
        await signals.publish("a", b"after")
        assert await heard(subscription, 1) == [b"after"]
        async with signals.subscribe("b") as other:
            await signals.publish("b", b"new")
            assert await heard(other, 1) == [b"new"]


async def test_redis_away_is_silence(hub, spare_valkey):
    hub(spare_valkey.url)
    spare_valkey.stop()
    begun = time.monotonic()
    async with signals.subscribe("a") as subscription:
        await signals.publish("a", b"x")
        assert await subscription.next(0.05) is None
    assert time.monotonic() - begun < 1.5


async def test_process_without_signals_hears_nothing(app, monkeypatch):
    monkeypatch.setattr(signals, "_redis", None)
    monkeypatch.setattr(signals, "_hub", None)
    await signals.publish("a", b"x")
    async with signals.subscribe("a") as subscription:
        assert await subscription.next(0.01) is None
