from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:11"
VERSION = "1.38.0"
DESCRIPTION = "urges, the catalogue of triggers"

FORWARDS = """
-- Day, hour and zone are those of the place where it came up.
CREATE TABLE urges (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT urges_user_fk REFERENCES users (id) ON DELETE CASCADE,
    occurred_at timestamptz NOT NULL,
    timezone text NOT NULL,
    local_date date NOT NULL,
    local_hour smallint NOT NULL CONSTRAINT urges_local_hour CHECK (local_hour BETWEEN 0 AND 23),
    intensity smallint NOT NULL CONSTRAINT urges_intensity CHECK (intensity BETWEEN 1 AND 10),
    triggers text[] NOT NULL,
    outcome text NOT NULL CONSTRAINT urges_outcome CHECK (outcome IN ('resisted', 'slipped', 'ongoing')),
    coping text,
    note text,
    client_id text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
-- The app's own id of it: a retry is the same urge.
CREATE UNIQUE INDEX urges_client_id ON urges (user_id, client_id) WHERE client_id IS NOT NULL;
CREATE INDEX urges_days ON urges (user_id, local_date) INCLUDE (outcome);
CREATE INDEX urges_list ON urges (user_id, occurred_at DESC, id DESC);

-- The triggers that the app offers; what else people write are their own. One that is not active is not offered, and
-- what people wrote keeps its label.
CREATE TABLE triggers (
    slug text PRIMARY KEY,
    label text NOT NULL,
    category text NOT NULL,
    position integer NOT NULL,
    active boolean NOT NULL DEFAULT true
);
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
