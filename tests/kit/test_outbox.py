"""The outbox: a job's row stands or falls with its cause; what goes to Redis is a hint, and may be lost."""

import asyncio
import socket
import time
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest
from redis.asyncio import Redis

from domain.kit import log, sending
from domain.kit.clock import real_now
from domain.kit.database import OutsideTransaction, execute, fetch, fetch_row, fetch_value, transaction
from domain.kit.outbox import enqueue, hints
from domain.kit.outbox import jobs as jobs_module
from domain.kit.outbox.hints import Hint, Sender
from domain.kit.redis import connect
from domain.kit.settings import settings
from tests.kit.jobs import Call, Note, Recount, ask, row_of, together


@pytest.fixture
async def sending_to(app, monkeypatch):
    """`await sending_to(url)`: this process sends its hints to another Redis during the test."""
    opened = []

    async def use(url: str) -> Sender:
        monkeypatch.setattr(hints, "_sender", None)
        redis = connect(url, connections=2)
        sender = Sender(redis)
        sender.start()
        opened.append((sender, redis))
        return sender

    yield use
    for sender, redis in opened:
        await sender.stop()
        await redis.aclose()


@pytest.fixture
def closed_port():
    """A port of the loopback interface on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture
def silent_port():
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


async def queued(redis: Redis, queue: str) -> list[UUID]:
    """The jobs that a queue's hints name, in order."""
    ids = await redis.lrange(f"kuitter:{queue}", 0, -1)
    bodies = await redis.hmget(f"kuitter:{queue}.msgs", ids) if ids else []
    return [UUID(msgspec.json.decode(body)["args"][0]) for body in bodies]


async def test_enqueue_outside_a_transaction_is_an_error(app):
    with pytest.raises(OutsideTransaction):
        await enqueue(Note())
    assert await fetch_value("SELECT count(*) FROM jobs") == 0


async def test_commit_leaves_row_and_hint(scratch, broker_redis, eventually):
    async with transaction():
        await execute("INSERT INTO scratch (what) VALUES ('cause')")
        job_id = await enqueue(Note(thing="b"))
    row = await row_of(job_id)
    assert (row["name"], row["queue"], row["state"]) == ("kit.note", "default", "live")
    assert msgspec.json.decode(row["args"]) == {"thing": "b"}
    assert (row["sends"], row["attempts"], row["lease_token"]) == (1, 0, None)
    assert row["runs_in"] <= 0
    assert 29 < row["sent_in"] <= 30

    async def hint():
        return await queued(broker_redis, "default")

    assert await eventually(hint) == [job_id]


async def test_rollback_leaves_neither(scratch, broker_redis):
    with pytest.raises(KeyError):
        async with transaction():
            await enqueue(Note())
            raise KeyError
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with transaction():
            await enqueue(Note())
            await execute("INSERT INTO scratch (parent) VALUES (99999)")
    last = await ask(Call())
    while await queued(broker_redis, "interactive") != [last]:
        await asyncio.sleep(0.01)
    assert await fetch_value("SELECT count(*) FROM jobs") == 1
    assert await queued(broker_redis, "default") == []


async def test_commit_of_unknown_result_sends_no_hint(app, broker_redis, monkeypatch):
    offered = []
    monkeypatch.setattr(jobs_module, "offer", offered.extend)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        async with transaction() as current:
            await enqueue(Note())
            pid = await fetch_value("SELECT pg_backend_pid()")

            async def lose_connection() -> None:
                own = await asyncpg.connect(settings().database_url)
                await own.execute("SELECT pg_terminate_backend($1, 2000)", pid)
                await own.close()

            current.before_commit(lose_connection)
    assert offered == []
    assert await fetch_value("SELECT count(*) FROM jobs") == 0
    await ask(Note())
    assert len(offered) == 1


async def test_rows_go_in_as_the_last_statement(scratch):
    """The command number of a row within its transaction tells the order of the statements."""
    async with transaction():
        await enqueue(Note(thing="1"))
        await enqueue(Call(thing="2"))
        await execute("INSERT INTO scratch (what) VALUES ('x')")
        assert await fetch_value("SELECT count(*) FROM jobs") == 0
        await enqueue(Recount(thing="3"))
        await execute("INSERT INTO scratch (what) VALUES ('y')")
    commands = {row["cmin"] for row in await fetch("SELECT cmin::text::int FROM jobs")}
    assert await fetch_value("SELECT count(*) FROM jobs") == 3
    assert len(commands) == 1
    assert commands.pop() > await fetch_value("SELECT max(cmin::text::int) FROM scratch")


async def test_job_asked_for_by_work_before_the_commit_is_not_lost(app):
    async def ask_more() -> None:
        await enqueue(Note(thing="late"))

    async with transaction() as current:
        await enqueue(Note(thing="early"))
        current.before_commit(ask_more)
    things = {msgspec.json.decode(row["args"])["thing"] for row in await fetch("SELECT args FROM jobs")}
    assert things == {"early", "late"}


async def test_delayed_job_waits_without_a_hint(app, broker_redis):
    job_id = await ask(Note(), delay=timedelta(minutes=2))
    row = await row_of(job_id)
    assert (row["sends"], row["sent_at"]) == (0, None)
    assert 119 < row["runs_in"] <= 120
    assert row["sent_in"] == row["runs_in"]
    last = await ask(Call())
    while await queued(broker_redis, "interactive") != [last]:
        await asyncio.sleep(0.01)
    assert await queued(broker_redis, "default") == []


async def test_same_key_within_one_transaction_is_one_row(app):
    async with transaction():
        for thing in "abab":
            await enqueue(Recount(thing=thing))
    rows = await fetch("SELECT dedupe_key FROM jobs ORDER BY dedupe_key")
    assert [row["dedupe_key"] for row in rows] == ["a", "b"]


async def test_fifty_parallel_enqueues_of_a_key_are_one_row_of_generation_fifty(app, broker_redis):
    assert [e for e in await together(*(ask(Recount()) for _ in range(50))) if isinstance(e, BaseException)] == []
    row = await fetch_row("SELECT id, count(*) OVER () AS rows, generation FROM jobs")
    assert (row["rows"], row["generation"]) == (1, 50)
    while not await queued(broker_redis, "bulk"):
        await asyncio.sleep(0.01)
    assert await queued(broker_redis, "bulk") == [row["id"]]


async def test_transactions_that_share_keys_in_any_order_do_not_deadlock(app):
    async def several(number: int) -> None:
        async with transaction():
            for step in range(400):
                await enqueue(Recount(thing=str(step if number % 2 else 399 - step)))

    assert await together(*(several(number) for number in range(20))) == [None] * 20
    assert await fetch_value("SELECT array_agg(DISTINCT generation) FROM jobs") == [20]


async def test_new_request_does_not_wait_for_the_old_ones_time(app):
    job_id = await ask(Recount(), delay=timedelta(minutes=10))
    await ask(Recount(), delay=timedelta(minutes=20))
    assert (await row_of(job_id))["runs_in"] > 590
    await ask(Recount())
    row = await row_of(job_id)
    assert (row["generation"], row["runs_in"] <= 0, row["sent_in"] <= 30) == (3, True, True)


async def test_new_request_does_not_end_with_the_old_one(app):
    now = real_now()
    job_id = await ask(Recount(), not_after=now + timedelta(hours=2))
    await ask(Recount(), not_after=now + timedelta(hours=1))
    assert (await row_of(job_id))["not_after"] == now + timedelta(hours=2)
    await ask(Recount(), not_after=now + timedelta(hours=3))
    assert (await row_of(job_id))["not_after"] == now + timedelta(hours=3)
    await ask(Recount())
    assert (await row_of(job_id))["not_after"] is None


async def test_key_is_free_again_once_its_job_has_ended(app):
    first = await ask(Recount())
    await execute("UPDATE jobs SET state = 'dead', ended_at = now()")
    second = await ask(Recount())
    assert first != second
    assert await fetch_value("SELECT count(*) FROM jobs WHERE state = 'live' AND id = $1", second) == 1


async def test_redis_holds_ids_and_nothing_else(app, broker_redis, eventually):
    secret = "ann@example.org"
    mark = log.request_id.set("req-1")
    try:
        asked = {str(await ask(job)) for job in (Note(thing=secret), Call(thing=secret), Recount(thing=secret))}
    finally:
        log.request_id.reset(mark)
    assert await fetch_value("SELECT array_agg(DISTINCT request_id) FROM jobs") == ["req-1"]

    async def all_there():
        return len(await broker_redis.keys("*.msgs")) == 3

    await eventually(all_there)
    seen = set()
    for key in await broker_redis.keys("*"):
        kind = await broker_redis.type(key)
        texts = await (broker_redis.hvals(key) if kind == b"hash" else broker_redis.lrange(key, 0, -1))
        for text in texts:
            assert secret.encode() not in text
            if kind == b"hash":
                body = msgspec.json.decode(text)
                assert body["kwargs"] == {}
                assert set(body["options"]) == {"redis_message_id"}
                seen.update(body["args"])
    assert seen == asked


@pytest.mark.parametrize("port", ["closed_port", "silent_port"])
async def test_requests_stay_fast_while_redis_is_away(app, sending_to, request, port):
    sender = await sending_to(f"redis://127.0.0.1:{request.getfixturevalue(port)}/1")
    longest = 0.0
    for _ in range(15):
        begun = time.monotonic()
        assert [e for e in await together(*(ask(Note()) for _ in range(10))) if isinstance(e, Exception)] == []
        longest = max(longest, time.monotonic() - begun)
        await asyncio.sleep(0.03)
    assert longest < 0.6
    assert await fetch_value("SELECT count(*) FROM jobs") == 150
    assert len(sender._waiting) <= 150


async def test_waiting_hints_are_bounded_and_dropped_while_redis_is_away(app, sending_to, closed_port, log_lines):
    sender = await sending_to(f"redis://127.0.0.1:{closed_port}/1")
    sender.offer(Hint(uuid4(), "kit.note", "default") for _ in range(60_000))
    assert len(sender._waiting) <= 20_000
    async with asyncio.timeout(3):
        while sender._waiting:
            await asyncio.sleep(0.01)
    assert "outbox.redis_away" in log_lines()


async def test_sending_goes_on_when_redis_is_back(app, sending_to, spare_valkey, monkeypatch):
    monkeypatch.setattr(sending, "_PAUSE_WHEN_AWAY", 0.05)
    spare_valkey.kill()
    await sending_to(spare_valkey.url)
    lost = await ask(Note())
    await asyncio.sleep(0.1)
    spare_valkey.start()
    sent = await ask(Note())
    redis = Redis.from_url(spare_valkey.url)
    async with asyncio.timeout(5):
        while sent not in await queued(redis, "default"):
            await asyncio.sleep(0.01)
    assert lost not in await queued(redis, "default")
    await redis.aclose()


async def test_stopping_sends_what_is_left(app, sending_to, broker_redis, monkeypatch):
    sender = await sending_to(settings().broker_url)
    asked = [await ask(Note()) for _ in range(5)]
    await sender.stop()
    assert await queued(broker_redis, "default") == asked
