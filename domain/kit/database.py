"""The way to PostgreSQL: one engine, one pool a process, transactions that cannot leak a connection.

Piccolo's own transaction keeps a pooled connection for ever when COMMIT fails or the task is cancelled, and its
engine connects at import (tests/kit/test_database.py holds both cases); the two subclasses here mend that. Waiting
for a connection is first come, first served: asyncpg's own queue is last in, first out, which starves somebody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any, Literal

import asyncpg
from piccolo.engine.postgres import PostgresEngine, PostgresTransaction

from domain.kit.settings import Settings, settings

SCHEMA = "kuitter"
_OLDEST_SERVER = 15
# Seconds, for a place in the queue and for a connection.
_LONGEST_WAIT = 5.0
# Of a statement outside of any transaction that lost a deadlock.
_MORE_TRIES = 2


class NoPool(RuntimeError):
    """A query ran before the pool was opened, which would have cost a connection a query."""


class OutsideTransaction(RuntimeError):
    """Something that must commit together with its cause was done outside a transaction."""


class KuitterTransaction(PostgresTransaction):
    """A transaction that always gives its connection back, whatever ended it, and never nests.

    Work registered with `on_commit` runs after a COMMIT that is known to have succeeded, and only then.
    `before_commit` work runs as the last statements before it.
    """

    __slots__ = ("_after", "_before", "jobs")

    def __init__(self, engine: KuitterEngine) -> None:
        super().__init__(engine=engine, allow_nested=False)
        self._after: list[Callable[[], None]] = []
        self._before: list[Callable[[], Awaitable[None]]] = []
        self.jobs: list[Any] = []

    def on_commit(self, work: Callable[[], None]) -> None:
        self._after.append(work)

    def before_commit(self, work: Callable[[], Awaitable[None]]) -> None:
        self._before.append(work)

    async def __aenter__(self) -> KuitterTransaction:
        engine = self.engine
        assert isinstance(engine, KuitterEngine)
        self.connection = await engine.take()
        try:
            await self.connection.execute("BEGIN")
        except BaseException:
            await engine.give_back(self.connection)
            raise
        self.context = engine.current_transaction.set(self)
        return self

    async def __aexit__(self, exception_type: Any, exception: Any, traceback: Any) -> Literal[False]:
        engine = self.engine
        assert isinstance(engine, KuitterEngine)
        committed = False
        try:
            if exception is None and not self._committed and not self._rolled_back:
                try:
                    for work in self._before:
                        await work()
                except BaseException:
                    await self._undo()
                    raise
                await self.commit()
                committed = True
            elif exception is not None and not self._rolled_back and not self._committed:
                await self._undo()
        finally:
            try:
                # Refuses (ValueError) in another task than the one that began: an abandoned async generator.
                engine.current_transaction.reset(self.context)
            finally:
                await engine.give_back(self.connection)
        if committed:
            for done in self._after:
                done()
        return False

    async def commit(self) -> None:
        """COMMIT. Raises InFailedSQLTransactionError where PostgreSQL rolls back instead: a statement had failed."""
        # asyncpg's own Transaction does not look at the answer, and a caught error would pass for a success.
        if await self.connection.execute("COMMIT") != "COMMIT":
            raise asyncpg.InFailedSQLTransactionError("a statement failed, so COMMIT rolled everything back")
        self._committed = True

    async def rollback(self) -> None:
        await self.connection.execute("ROLLBACK")
        self._rolled_back = True

    async def _undo(self) -> None:
        try:
            await self.rollback()
        except Exception:
            # The connection is of no more use; the server rolls back by itself when it is gone.
            self.connection.terminate()


class KuitterEngine(PostgresEngine):
    """Piccolo's engine on one pool, in the schema `kuitter`, that does not connect before it is told to."""

    __slots__ = ("_slots",)

    def __init__(self, settings: Settings) -> None:
        self._slots: asyncio.Semaphore | None = None
        super().__init__(
            config={
                "dsn": settings.database_url,
                "min_size": 1,
                "max_size": settings.database_pool_size,
                "command_timeout": 30,
                "timeout": 5,
                "server_settings": {"search_path": SCHEMA, "application_name": "kuitter", "timezone": "UTC"},
            }
        )

    async def check_version(self) -> None:
        """Piccolo asks the server's version at import; here the pool does, when it opens."""

    async def prep_database(self) -> None:
        """Extensions belong to the migrations."""

    async def start_connection_pool(self, **kwargs: Any) -> None:
        """Open the pool on the running loop. Raises RuntimeError for a server older than PostgreSQL 15."""
        # Nothing here changes a session but for the length of a transaction, so the reset that asyncpg would send
        # at every release is left out; asyncpg still rolls back what is open.
        config = {**self.config, "reset": _nothing, **kwargs}
        self._slots = asyncio.Semaphore(config["max_size"])
        self.pool = await asyncpg.create_pool(**config)
        async with self.pool.acquire() as connection:
            version = connection.get_server_version()
            if version.major < _OLDEST_SERVER:
                raise RuntimeError(f"PostgreSQL {_OLDEST_SERVER} or newer is needed, this is {version.major}")

    async def close_connection_pool(self) -> None:
        """Close the pool, waiting up to 5 seconds for what is under way."""
        pool, self.pool = self.pool, None
        if pool is None:
            return
        try:
            async with asyncio.timeout(5):
                await pool.close()
        except TimeoutError:
            pool.terminate()

    async def take(self) -> Any:
        """A connection from the pool, in order of asking. Give it back with `give_back`.

        Raises TimeoutError after 5 seconds of waiting: with PostgreSQL hung, nobody may queue for ever.
        """
        if self.pool is None or self._slots is None:
            raise NoPool("the database pool is not open in this process")
        if self._slots.locked():
            async with asyncio.timeout(_LONGEST_WAIT):
                await self._slots.acquire()
        else:
            await self._slots.acquire()
        try:
            # Whoever has a slot finds a connection free; one that has to be made has its own limit (`timeout`).
            return await self.pool.acquire()
        except BaseException:
            self._slots.release()
            raise

    async def give_back(self, connection: Any) -> None:
        """Return `connection`; one that is broken or still inside a transaction is closed instead of reused."""
        assert self._slots is not None
        try:
            if self.pool is None:
                connection.terminate()
            else:
                # asyncpg shields the release itself; a second cancellation must not keep the slot.
                await self.pool.release(connection)
        finally:
            self._slots.release()

    async def run(self, method: str, sql: str, args: Sequence[Any]) -> Any:
        """Run `sql` by the connection's `method`, inside the present transaction if there is one.

        Outside of any, a statement that lost a deadlock is run again.
        """
        current = self.current_transaction.get()
        if current is not None:
            return await getattr(current.connection, method)(sql, *args)
        for _ in range(_MORE_TRIES):
            try:
                return await self._run_alone(method, sql, args)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                # PostgreSQL chose this one to give way. Alone in its transaction, it has had no effect.
                continue
        return await self._run_alone(method, sql, args)

    async def _run_alone(self, method: str, sql: str, args: Sequence[Any]) -> Any:
        connection = await self.take()
        try:
            return await getattr(connection, method)(sql, *args)
        finally:
            await self.give_back(connection)

    async def _run_in_pool(self, query: str, args: Sequence[Any] | None = None) -> Any:
        return await self.run("fetch", query, args or ())

    async def _run_in_new_connection(self, query: str, args: Sequence[Any] | None = None) -> Any:
        raise NoPool("the database pool is not open in this process")

    def transaction(self, allow_nested: bool = False) -> KuitterTransaction:
        """Begin a transaction. Raises TransactionError inside another one, whatever `allow_nested` says."""
        return KuitterTransaction(self)


async def _nothing(connection: Any) -> None:
    """asyncpg's reset hook: nothing to do (see start_connection_pool)."""


@cache
def engine() -> KuitterEngine:
    """The engine of this process; piccolo_conf.py hands the same one to Piccolo."""
    return KuitterEngine(settings())


def transaction() -> KuitterTransaction:
    """`async with transaction():` is one PostgreSQL transaction. They do not nest: rules that need one expect it."""
    return engine().transaction()


def current_transaction() -> KuitterTransaction:
    """The transaction under way. Raises OutsideTransaction when there is none."""
    current = engine().current_transaction.get()
    if current is None:
        raise OutsideTransaction("this must happen inside a transaction")
    assert isinstance(current, KuitterTransaction)
    return current


async def fetch(sql: str, *args: Any) -> list[Any]:
    """All rows of one hand-written statement."""
    rows: list[Any] = await engine().run("fetch", sql, args)
    return rows


async def fetch_row(sql: str, *args: Any) -> Any | None:
    """The first row, or None."""
    return await engine().run("fetchrow", sql, args)


async def fetch_value(sql: str, *args: Any) -> Any:
    """The first column of the first row, or None."""
    return await engine().run("fetchval", sql, args)


async def execute(sql: str, *args: Any) -> str:
    """Run a statement for its effect; returns the server's tag ("UPDATE 3")."""
    tag: str = await engine().run("execute", sql, args)
    return tag


def sql_error_code(error: BaseException) -> str:
    """Class and SQLSTATE of a database error: its text may hold what a person wrote, so it is never shown."""
    state = getattr(error, "sqlstate", None)
    return f"{type(error).__name__}:{state}" if state else type(error).__name__
