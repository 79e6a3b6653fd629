from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:09"
VERSION = "1.38.0"
DESCRIPTION = "slips"

FORWARDS = """
-- A slip ends the attempt of its day (attempts) and stays as an event; several on one day are one broken day. Hour and
-- zone are those of the place where it happened, local_date is the day that it counts for.
CREATE TABLE slips (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT slips_user_fk REFERENCES users (id) ON DELETE CASCADE,
    occurred_at timestamptz NOT NULL,
    timezone text NOT NULL,
    local_date date NOT NULL,
    local_hour smallint NOT NULL CONSTRAINT slips_local_hour CHECK (local_hour BETWEEN 0 AND 23),
    triggers text[] NOT NULL,
    feeling text,
    reflection text,
    plan text,
    client_id text,
    created_at timestamptz NOT NULL
);
CREATE INDEX slips_days ON slips (user_id, local_date);
CREATE INDEX slips_list ON slips (user_id, occurred_at DESC, id DESC);
CREATE UNIQUE INDEX slips_client_id ON slips (user_id, client_id) WHERE client_id IS NOT NULL;
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
