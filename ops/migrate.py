"""`kuitter migrate`: bring the schema up to date, one process at a time."""

from __future__ import annotations

import asyncpg
from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager

from domain.kit.database import SCHEMA, engine
from domain.kit.settings import settings

# Any fixed number will do, so long as nothing else in the database uses it.
_LOCK = 0x6B75697474657231


async def migrate() -> None:
    """Run the migrations that are missing, under an advisory lock: two releases at once wait for each other.

    Raises asyncpg.PostgresError; a lock that is not had within ten minutes is one.
    """
    guard = await asyncpg.connect(settings().database_url, timeout=10)
    try:
        await guard.execute("SET lock_timeout = '10min'")
        await guard.execute("SELECT pg_advisory_lock($1)", _LOCK)
        if not await guard.fetchval("SELECT true FROM pg_namespace WHERE nspname = $1", SCHEMA):
            await guard.execute(f"CREATE SCHEMA {SCHEMA}")
        # A migration that waits for a busy table must not make everybody else wait behind it.
        await engine().start_connection_pool(
            max_size=2, server_settings={**engine().config["server_settings"], "lock_timeout": "10s"}
        )
        try:
            await ForwardsMigrationManager(app_name="kuitter", migration_id="all", fake=False).run()
        finally:
            await engine().close_connection_pool()
    finally:
        await guard.close()
