from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:16"
VERSION = "1.38.0"
DESCRIPTION = "calls for help"

FORWARDS = """
-- That somebody pressed the panic button: when, and nothing else.
CREATE TABLE sos_calls (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT sos_calls_user_fk REFERENCES users (id) ON DELETE CASCADE,
    called_at timestamptz NOT NULL
);
CREATE INDEX sos_calls_user ON sos_calls (user_id, id DESC);

-- What helped before: a panic button must not read through years of urges.
CREATE INDEX urges_helped ON urges (user_id, occurred_at DESC) WHERE outcome = 'resisted' AND coping IS NOT NULL;
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
