"""Transactions and the pool: whatever ends a query or a transaction, the connection comes back."""

import asyncio
import contextlib
import os
import random
import socket
import subprocess
import sys

import asyncpg
import pytest
from piccolo.engine.exceptions import TransactionError

from domain.accounts.tables import Person
from domain.kit import database
from domain.kit.database import (
    KuitterEngine,
    NoPool,
    OutsideTransaction,
    current_transaction,
    engine,
    execute,
    fetch,
    fetch_value,
    sql_error_code,
    transaction,
)
from domain.kit.settings import settings

ORPHAN = "INSERT INTO scratch (what, parent) VALUES ('orphan', 999999)"


async def assert_whole(pool: KuitterEngine, size: int) -> None:
    """All connections can be had at once, and each is fresh: outside a transaction and in our schema."""
    async with asyncio.timeout(10):
        connections = [await pool.take() for _ in range(size)]
        for connection in connections:
            assert not connection.is_in_transaction()
            assert await connection.fetchval("SHOW search_path") == "kuitter"
        for connection in connections:
            await pool.give_back(connection)
    assert pool.pool is not None
    assert pool.pool.get_size() - pool.pool.get_idle_size() == 0
    assert pool.current_transaction.get() is None


async def test_failing_commit_returns_the_connection(scratch, small_pool):
    async with small_pool(2) as pool:
        for _ in range(50):
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                async with pool.transaction():
                    await pool.run("execute", ORPHAN, ())
            assert pool.current_transaction.get() is None
        await assert_whole(pool, 2)
    assert await fetch_value("SELECT count(*) FROM scratch") == 0


async def test_failing_commit_runs_nothing_that_waits_for_a_commit(scratch):
    done = []
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with transaction() as current:
            current.on_commit(lambda: done.append("after"))
            await execute(ORPHAN)
    assert done == []


async def test_lost_connection_does_not_empty_the_pool(scratch, small_pool):
    async with small_pool(2) as pool:
        for _ in range(6):
            with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)):
                async with pool.transaction():
                    pid = await pool.run("fetchval", "SELECT pg_backend_pid()", ())
                    await execute("SELECT pg_terminate_backend($1)", pid)
                    await pool.run("execute", "INSERT INTO scratch (what) VALUES ('x')", ())
                    await pool.run("execute", "INSERT INTO scratch (what) VALUES ('x')", ())
        await assert_whole(pool, 2)
    assert await fetch_value("SELECT count(*) FROM scratch") == 0


async def test_thousands_of_cancellations_leave_the_pool_whole(scratch, small_pool):
    dice = random.Random(7)

    async def one(pool: KuitterEngine) -> None:
        kind = dice.randrange(5)
        if kind == 0:
            await pool.run("fetchval", "SELECT pg_sleep($1::float8)", (dice.random() / 300,))
            return
        async with pool.transaction() as current:
            current.before_commit(lambda: pool.run("execute", "INSERT INTO scratch (what) VALUES ('last')", ()))
            await pool.run("execute", "INSERT INTO scratch (what) VALUES ('first')", ())
            if kind == 1:
                await pool.run("execute", ORPHAN, ())
            elif kind == 2:
                await pool.run("execute", "SELECT pg_sleep(0.002)", ())
            elif kind == 3:
                raise ValueError

    async def cancelled(pool: KuitterEngine) -> bool:
        task = asyncio.create_task(one(pool))
        for _ in range(dice.choice((1, 1, 2, 3))):
            await asyncio.sleep(dice.choice((0, 0, 0.0002, 0.001, 0.002, 0.004)))
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError, ValueError, asyncpg.PostgresError):
            await task
        return task.cancelled()

    async with small_pool(3) as pool:
        ended = [done for _ in range(250) for done in await asyncio.gather(*(cancelled(pool) for _ in range(10)))]
        assert sum(ended) > 1000
        await assert_whole(pool, 3)
    unpaired = await fetch_value(
        "SELECT count(*) FILTER (WHERE what = 'first') - count(*) FILTER (WHERE what = 'last') FROM scratch"
    )
    assert unpaired == 0


async def test_transaction_left_in_another_task_returns_the_connection(small_pool):
    async def rows(pool):
        async with pool.transaction():
            yield await pool.run("fetchval", "SELECT 1", ())

    async with small_pool(2) as pool, asyncio.timeout(10):
        for _ in range(4):
            generator = rows(pool)
            await asyncio.create_task(anext(generator))
            with contextlib.suppress(ValueError):
                await asyncio.create_task(generator.aclose())
        await assert_whole(pool, 2)


async def test_nested_transaction_is_refused_and_the_outer_one_goes_on(scratch):
    async with transaction():
        with pytest.raises(TransactionError):
            transaction()
        with pytest.raises(TransactionError):
            engine().transaction(allow_nested=True)
        await execute("INSERT INTO scratch (what) VALUES ('outer')")
    assert await fetch_value("SELECT count(*) FROM scratch") == 1


async def test_exception_rolls_back(scratch):
    with pytest.raises(KeyError):
        async with transaction():
            await execute("INSERT INTO scratch (what) VALUES ('x')")
            raise KeyError
    assert await fetch_value("SELECT count(*) FROM scratch") == 0


async def test_query_builder_and_hand_written_sql_share_the_transaction(scratch):
    with pytest.raises(KeyError):
        async with transaction():
            await execute("INSERT INTO scratch (what) VALUES ('x')")
            assert await Person.raw("SELECT what FROM scratch") == [{"what": "x"}]
            raise KeyError
    assert await Person.raw("SELECT what FROM scratch") == []


async def test_statement_after_a_caught_violation_fails(scratch):
    with pytest.raises(asyncpg.InFailedSQLTransactionError):
        async with transaction():
            await execute("INSERT INTO scratch (key) VALUES ('same')")
            with pytest.raises(asyncpg.UniqueViolationError):
                await execute("INSERT INTO scratch (key) VALUES ('same')")
            await fetch("SELECT 1")


async def test_commit_that_turns_out_a_rollback_is_an_error(scratch):
    """After a caught violation PostgreSQL answers COMMIT with ROLLBACK: nothing may look done then."""
    done = []
    with pytest.raises(asyncpg.PostgresError):
        async with transaction() as current:
            current.on_commit(lambda: done.append("after"))
            await execute("INSERT INTO scratch (key) VALUES ('same')")
            with pytest.raises(asyncpg.UniqueViolationError):
                await execute("INSERT INTO scratch (key) VALUES ('same')")
    assert done == []
    assert await fetch_value("SELECT count(*) FROM scratch") == 0


async def test_savepoint_lets_a_transaction_go_on(scratch):
    async with transaction() as current:
        savepoint = await current.savepoint()
        await execute("INSERT INTO scratch (key) VALUES ('same')")
        with pytest.raises(asyncpg.UniqueViolationError):
            await execute("INSERT INTO scratch (key) VALUES ('same')")
        await savepoint.rollback_to()
        await execute("INSERT INTO scratch (key) VALUES ('other')")
    assert [row["key"] for row in await fetch("SELECT key FROM scratch")] == ["other"]


async def test_query_without_pool_raises(app):
    closed = KuitterEngine(settings())
    with pytest.raises(NoPool):
        await closed.run("fetch", "SELECT 1", ())
    with pytest.raises(NoPool):
        await closed._run_in_new_connection("SELECT 1")
    with pytest.raises(NoPool):
        async with closed.transaction():
            pass
    assert closed.current_transaction.get() is None


async def test_outside_a_transaction_there_is_none(app):
    with pytest.raises(OutsideTransaction):
        current_transaction()


async def test_connections_go_to_whoever_asked_first(small_pool):
    async with small_pool(2) as pool:
        held = [await pool.take(), await pool.take()]
        order: list[int] = []

        async def wait(number: int) -> None:
            connection = await pool.take()
            order.append(number)
            await asyncio.sleep(0)
            await pool.give_back(connection)

        waiting = []
        for number in range(30):
            waiting.append(asyncio.create_task(wait(number)))
            await asyncio.sleep(0)
        waiting[3].cancel()
        for connection in held:
            await pool.give_back(connection)
        await asyncio.gather(*waiting, return_exceptions=True)
        assert order == [number for number in range(30) if number != 3]


async def test_nobody_overtakes_those_who_wait(small_pool):
    """A newcomer who asks in the very moment that a connection comes back, whichever moment that is."""
    async with small_pool(2) as pool:
        for moment in range(12):
            held = [await pool.take(), await pool.take()]
            order: list[str] = []

            async def ask(name: str, ticks: int, order: list[str] = order) -> None:
                for _ in range(ticks):
                    await asyncio.sleep(0)
                connection = await pool.take()
                order.append(name)
                await asyncio.sleep(0.001)
                await pool.give_back(connection)

            waiting = asyncio.create_task(ask("waited", 0))
            await asyncio.sleep(0)
            giving = asyncio.create_task(pool.give_back(held.pop()))
            await asyncio.gather(waiting, giving, ask("newcomer", moment))
            assert order == ["waited", "newcomer"]
            await pool.give_back(held.pop())


async def test_waiting_for_a_connection_ends(small_pool, monkeypatch):
    monkeypatch.setattr(database, "_LONGEST_WAIT", 0.1)
    async with small_pool(2) as pool:
        held = [await pool.take(), await pool.take()]
        with pytest.raises(TimeoutError):
            await pool.run("fetchval", "SELECT 1", ())
        with pytest.raises(TimeoutError):
            async with pool.transaction():
                pass
        for connection in held:
            await pool.give_back(connection)
        await assert_whole(pool, 2)


async def test_session_is_the_same_after_release(small_pool):
    async with small_pool(2) as pool:
        before = await pool.run("fetch", "SELECT name, setting FROM pg_settings ORDER BY name", ())
        assert dict(before)["search_path"] == "kuitter"
        assert dict(before)["TimeZone"] == "UTC"
        for _ in range(4):
            async with pool.transaction():
                await pool.run("execute", "SET LOCAL search_path = public", ())
                await pool.run("execute", "SET LOCAL lock_timeout = '1s'", ())
                await pool.run("fetchval", "SELECT pg_advisory_xact_lock(4711)", ())
        assert await pool.run("fetch", "SELECT name, setting FROM pg_settings ORDER BY name", ()) == before
        assert await fetch_value("SELECT pg_try_advisory_xact_lock(4711)")


def test_imports_open_no_connection():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"127.0.0.1:{server.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "-c", "import piccolo_conf, api.app, tasks.actors, tasks.worker, tasks.clock, ops.cli"],
            env=os.environ | {"DATABASE_URL": f"postgresql://u@{address}/d", "REDIS_URL": f"redis://{address}/0"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        with pytest.raises(BlockingIOError):
            server.accept()


async def test_error_code_holds_no_value(scratch):
    await execute("INSERT INTO scratch (key) VALUES ('ann@example.org')")
    with pytest.raises(asyncpg.UniqueViolationError) as caught:
        await execute("INSERT INTO scratch (key) VALUES ('ann@example.org')")
    assert "ann@example.org" in str(caught.value.detail)
    assert sql_error_code(caught.value) == "UniqueViolationError:23505"
    assert sql_error_code(ValueError("ann@example.org")) == "ValueError"
