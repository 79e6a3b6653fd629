"""`kuitter migrate`: bring the schema up to date, one process at a time."""

from __future__ import annotations

import asyncpg
from piccolo.apps.migrations.auto.migration_manager import MigrationManager
from piccolo.apps.migrations.commands.base import BaseMigrationManager
from piccolo.apps.migrations.tables import Migration

from domain.kit.database import SCHEMA, engine, transaction
from domain.kit.settings import settings

_APP = "kuitter"
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
        await engine().start_connection_pool(
            max_size=2,
            command_timeout=None,  # an index on a large table takes its time
            # A migration that waits for a busy table must not make everybody else wait behind it.
            server_settings={**engine().config["server_settings"], "lock_timeout": "10s"},
        )
        try:
            await _run_missing()
        finally:
            await engine().close_connection_pool()
    finally:
        await guard.close()


async def _run_missing() -> None:
    """Piccolo notes a migration after it has committed; here both are one transaction, so that a release that is
    killed between the two does not meet its own tables."""
    piccolo = BaseMigrationManager()
    await piccolo.create_migration_table()
    modules = piccolo.get_migration_modules(piccolo.get_app_config(app_name=_APP).resolved_migrations_folder_path)
    done = set(await Migration.get_migrations_which_ran(app_name=_APP))
    missing = [name for name in sorted(piccolo.get_migration_ids(modules)) if name not in done]
    for name in missing:
        step = await modules[name].forwards()
        if not isinstance(step, MigrationManager):
            raise TypeError(f"migration {name} is not one of Piccolo's")
        if step.wrap_in_transaction:
            step.wrap_in_transaction = False
            async with transaction():
                await step.run()
                await _note(name)
        else:
            await step.run()
            await _note(name)
        print("done")
    print(f"{len(missing)} migrations were missing" if missing else "the schema is up to date")


async def _note(name: str) -> None:
    await Migration.insert().add(Migration(name=name, app_name=_APP)).run()
