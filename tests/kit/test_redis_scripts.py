"""Scripts that share a round trip: everybody gets their own answer, whatever becomes of the others."""

import asyncio
import os

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from domain.kit.redis import connect
from domain.kit.redis_scripts import Scripts

ADD = "return redis.call('INCRBY', KEYS[1], ARGV[1])"
ECHO = "return ARGV[1]"


@pytest.fixture
async def redis():
    client = connect(os.environ["REDIS_URL"])
    await client.flushdb()
    yield client
    await client.flushdb()
    await client.aclose()


class Counting(Redis):
    """Counts the round trips."""

    trips = 0

    def pipeline(self, *args, **more):
        Counting.trips += 1
        return super().pipeline(*args, **more)


async def test_everybody_gets_their_own_answer(redis):
    scripts = Scripts(redis)
    answers = await asyncio.gather(*[scripts.run(ECHO, [], f"word {number}") for number in range(200)])
    assert answers == [f"word {number}".encode() for number in range(200)]


async def test_what_is_asked_in_one_turn_shares_a_round_trip(redis):
    scripts = Scripts(Counting(connection_pool=redis.connection_pool))
    await scripts.run(ADD, ["n"], 0)  # now the server knows it
    Counting.trips = 0
    await asyncio.gather(*[scripts.run(ADD, ["n"], 1) for _ in range(50)])
    assert Counting.trips == 1
    assert await redis.get("n") == b"50"


async def test_a_server_that_has_forgotten_its_scripts_runs_each_once(redis):
    scripts = Scripts(redis)
    await scripts.run(ADD, ["n"], 1)
    for _ in range(3):
        await redis.script_flush()
        await asyncio.gather(*[scripts.run(ADD, ["n"], 1) for _ in range(10)], scripts.run(ECHO, [], "x"))
    assert await redis.get("n") == b"31"


async def test_an_error_is_its_own_script_s(redis):
    await redis.set("word", "no number")
    scripts = Scripts(redis)
    good, bad, more = await asyncio.gather(
        scripts.run(ADD, ["n"], 1), scripts.run(ADD, ["word"], 1), scripts.run(ADD, ["n"], 1), return_exceptions=True
    )
    assert (good, more) == (1, 2)
    assert isinstance(bad, ResponseError)


async def test_whoever_leaves_takes_nothing_from_the_others(redis):
    scripts = Scripts(redis)
    tasks = [asyncio.create_task(scripts.run(ECHO, [], str(number))) for number in range(3)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    assert await asyncio.gather(*tasks[1:]) == [b"1", b"2"]
    assert await scripts.run(ECHO, [], "after") == b"after"


async def test_without_redis_everybody_hears_so(free_tcp_port_of_nobody):
    away = connect(f"redis://127.0.0.1:{free_tcp_port_of_nobody}/0")
    answers = await asyncio.gather(*[Scripts(away).run(ECHO, [], "x") for _ in range(5)], return_exceptions=True)
    assert all(isinstance(answer, RedisError | OSError) for answer in answers)
    await away.aclose()


@pytest.fixture
def free_tcp_port_of_nobody():
    from ops.stack.ports import free_port

    return free_port()
