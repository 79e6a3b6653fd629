"""Limits: never more than the limit in any window, from however many processes, and room again as soon as there is."""

import asyncio
import socket
import time

import pytest
from redis.asyncio import Redis

from domain.kit import limits
from domain.kit.limits import Limiter, Window
from domain.kit.redis import connect
from domain.kit.settings import settings
from tests.kit.jobs import together

pytestmark = pytest.mark.usefixtures("app")

_CLOCK_STEP = 0.002  # Redis counts whole milliseconds


@pytest.fixture
async def redis(app):
    redis = Redis.from_url(settings().redis_url)
    yield redis
    await redis.aclose()


@pytest.fixture
async def shared(redis) -> Limiter:
    return Limiter(redis)


@pytest.fixture
async def alone(app):
    """A limiter whose Redis is away."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        redis = connect(f"redis://127.0.0.1:{taken.getsockname()[1]}/0")
        yield Limiter(redis)
        await redis.aclose()


@pytest.fixture(params=["shared", "alone"])
def limiter(request) -> Limiter:
    return request.getfixturevalue(request.param)


async def test_exact_in_every_window_and_free_again_at_once(limiter):
    window = Window("test", 6, 0.3)
    allowed: list[tuple[float, float]] = []
    end = time.monotonic() + 1.25
    while time.monotonic() < end:
        begun = time.monotonic()
        if (await limiter.hit(window, "ann")).allowed:
            allowed.append((begun, time.monotonic()))
        await asyncio.sleep(0.004)
    for (begun, _), (_, done) in zip(allowed, allowed[6:], strict=False):
        assert done - begun >= 0.3 - _CLOCK_STEP
    # 1.25 s hold four windows and the beginning of a fifth.
    assert len(allowed) >= 24


async def test_two_hundred_at_once_from_two_processes_let_the_limit_through(redis):
    window = Window("test", 60, 60)
    clients = [connect(settings().redis_url, timeout=5) for _ in range(2)]
    pair = [Limiter(client) for client in clients]
    verdicts = await together(*(pair[number % 2].hit(window, "ann") for number in range(200)))
    assert sum(verdict.allowed for verdict in verdicts) == 60
    assert sorted({verdict.remaining for verdict in verdicts}) == list(range(60))
    assert not (await pair[0].hit(window, "ann")).allowed
    for client in clients:
        await client.aclose()


async def test_two_hundred_at_once_without_redis_let_the_limit_through(alone):
    window = Window("test", 60, 60)
    verdicts = await together(*(alone.hit(window, "ann") for _ in range(200)))
    assert sum(verdict.allowed for verdict in verdicts) == 60


async def test_verdict_says_what_is_left_and_how_long_to_wait(limiter):
    window = Window("test", 3, 10)
    verdicts = [await limiter.hit(window, "ann") for _ in range(5)]
    assert [verdict.allowed for verdict in verdicts] == [True, True, True, False, False]
    assert [verdict.remaining for verdict in verdicts] == [2, 1, 0, 0, 0]
    assert {verdict.limit for verdict in verdicts} == {3}
    assert all(9 < verdict.reset <= 10 for verdict in verdicts)


async def test_refused_ones_are_not_counted(limiter):
    window = Window("test", 2, 0.3)
    for _ in range(50):
        await limiter.hit(window, "ann")
    await asyncio.sleep(0.31)
    assert (await limiter.hit(window, "ann")).remaining == 1


async def test_looking_counts_nothing(limiter):
    window = Window("test", 2, 10)
    for _ in range(5):
        verdict = await limiter.hit(window, "ann", count=False)
        assert (verdict.allowed, verdict.remaining) == (True, 2)
    await limiter.hit(window, "ann")
    await limiter.hit(window, "ann")
    assert not (await limiter.hit(window, "ann", count=False)).allowed


async def test_taken_back_is_free_again(limiter):
    window = Window("test", 2, 10)
    await limiter.hit(window, "ann")
    await limiter.hit(window, "ann")
    await limiter.take_back(window, "ann")
    assert (await limiter.hit(window, "ann")).allowed
    assert not (await limiter.hit(window, "ann")).allowed
    await limiter.take_back(window, "nobody")


async def test_people_and_windows_are_counted_apart(limiter):
    small, large = Window("small", 1, 10), Window("large", 5, 10)
    assert (await limiter.hit(small, "ann")).allowed
    assert (await limiter.hit(small, "bob")).allowed
    assert not (await limiter.hit(small, "ann")).allowed
    assert (await limiter.hit(large, "ann")).remaining == 4


async def test_keys_expire_with_their_window(shared, redis):
    window = Window("test", 5, 0.2)
    await shared.hit(window, "ann")
    await asyncio.sleep(0.1)
    await shared.hit(window, "ann")
    assert 100 < await redis.pttl(Limiter.key(window, "ann")) <= 200
    await asyncio.sleep(0.25)
    assert await redis.exists(Limiter.key(window, "ann")) == 0


async def test_local_windows_are_bounded(alone, monkeypatch):
    monkeypatch.setattr(limits, "_MOST_LOCAL", 100)
    for number in range(300):
        alone.hit_locally(Window("test", 5, 10), str(number))
    assert len(alone._local) == 100


async def test_hung_redis_holds_nobody_up(app):
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        redis = connect(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", timeout=0.25)
        limiter = Limiter(redis)
        begun = time.monotonic()
        verdicts = await together(*(limiter.hit(Window("test", 2, 10), "ann") for _ in range(4)))
        assert time.monotonic() - begun < 1
        assert [verdict.allowed for verdict in verdicts].count(True) == 2
        await redis.aclose()


async def test_wiped_redis_begins_anew_without_an_error(shared, redis):
    window = Window("test", 1, 10)
    await shared.hit(window, "ann")
    await redis.flushall()
    await redis.script_flush()
    assert (await shared.hit(window, "ann")).allowed
    assert not (await shared.hit(window, "ann")).allowed
