"""The bytes that we write to Redis are Dramatiq's: its own broker reads, acknowledges and forgets them."""

import asyncio
import time
from uuid import UUID

import dramatiq
import msgspec
import pytest

from domain.kit.ids import new_id
from domain.kit.outbox.hints import Hint, push_hints
from domain.kit.settings import QUEUES


def consume(queue: str, count: int) -> list[dramatiq.Message]:
    """Take and acknowledge `count` messages of `queue`, and see that there is no other. Blocks."""
    from tasks.broker import broker

    consumer = broker.consume(queue, prefetch=count + 1, timeout=50)
    taken = []
    end = time.monotonic() + 5
    while len(taken) < count and time.monotonic() < end:
        message = next(consumer)
        if message is not None:
            taken.append(message)
    assert next(consumer) is None
    for message in taken:
        consumer.ack(message)
    consumer.close()
    return taken


@pytest.mark.parametrize("queue", QUEUES)
async def test_broker_consumes_what_was_pushed(broker_redis, queue):
    asked = [Hint(new_id(), "kit.note", queue) for _ in range(30)]
    await push_hints(broker_redis, asked)
    assert await broker_redis.llen(f"kuitter:{queue}") == 30
    taken = await asyncio.to_thread(consume, queue, 30)
    assert [UUID(message.args[0]) for message in taken] == [hint.job_id for hint in asked]
    assert {(message.actor_name, message.queue_name) for message in taken} == {("kit.note", queue)}
    assert await broker_redis.llen(f"kuitter:{queue}") == 0
    assert await broker_redis.hlen(f"kuitter:{queue}.msgs") == 0
    left = [key for key in await broker_redis.keys("*") if b"__heartbeats__" not in key]
    assert left == []


async def test_pushed_and_enqueued_messages_have_one_shape(broker_redis):
    from tasks.broker import broker

    job_id = new_id()
    await push_hints(broker_redis, [Hint(job_id, "kit.note", "default")])
    ours = await broker_redis.hgetall("kuitter:default.msgs")
    await broker_redis.flushdb()
    message = dramatiq.Message(queue_name="default", actor_name="kit.note", args=(str(job_id),), kwargs={}, options={})
    await asyncio.to_thread(broker.enqueue, message)
    theirs = await broker_redis.hgetall("kuitter:default.msgs")

    def shape(stored):
        ((key, raw),) = stored.items()
        body = msgspec.json.decode(raw)
        assert body["options"].pop("redis_message_id") == key.decode()
        varying = {name: type(body.pop(name)) for name in ("message_id", "message_timestamp")}
        return body, varying

    assert shape(ours) == shape(theirs)
    assert await broker_redis.type("kuitter:default") == b"list"


async def test_hints_of_several_queues_go_at_once_and_in_order(broker_redis):
    asked = [Hint(new_id(), "kit.note", QUEUES[number % 4]) for number in range(40)]
    await push_hints(broker_redis, asked)
    for queue in QUEUES:
        ids = await broker_redis.lrange(f"kuitter:{queue}", 0, -1)
        assert ids == sorted(ids)
        assert len(ids) == 10


async def test_no_hints_are_no_round_trip(app):
    await push_hints(None, [])


async def test_broker_does_not_retry_and_has_four_queues(app):
    from dramatiq.middleware import Retries

    from tasks.broker import broker

    assert not any(isinstance(part, Retries) for part in broker.middleware)
    assert broker.get_declared_queues() >= set(QUEUES)
    assert broker.maintenance_chance >= 100_000
    assert broker.dead_message_ttl <= 86_400_000
