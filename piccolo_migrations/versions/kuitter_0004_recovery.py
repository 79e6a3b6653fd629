from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T12:00:04"
VERSION = "1.38.0"
DESCRIPTION = "check-ins, streaks, attempts"

FORWARDS = """
-- One check-in a person a local day; zone and day are stored as they were, so travel re-buckets nothing.
CREATE TABLE check_ins (
    user_id uuid NOT NULL CONSTRAINT check_ins_user_fk REFERENCES users (id) ON DELETE CASCADE,
    local_date date NOT NULL,
    timezone text NOT NULL,
    mood smallint NOT NULL CONSTRAINT check_ins_mood CHECK (mood BETWEEN 1 AND 5),
    urge_level smallint NOT NULL CONSTRAINT check_ins_urge_level CHECK (urge_level BETWEEN 0 AND 10),
    triggers text[] NOT NULL,
    note text,
    client_id text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, local_date)
);

-- Clean days: an attempt runs from its start to the day of the slip that ended it.
CREATE TABLE attempts (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT attempts_user_fk REFERENCES users (id) ON DELETE CASCADE,
    started_on date NOT NULL,
    ended_on date,
    CONSTRAINT attempts_order CHECK (ended_on >= started_on)
);
CREATE INDEX attempts_user ON attempts (user_id, started_on);
CREATE UNIQUE INDEX attempts_running ON attempts (user_id) WHERE ended_on IS NULL;

-- The check-in streak as of the last check-in. What has become of it since is worked out when it is read.
CREATE TABLE check_in_streaks (
    user_id uuid PRIMARY KEY CONSTRAINT check_in_streaks_user_fk REFERENCES users (id) ON DELETE CASCADE,
    days integer NOT NULL DEFAULT 0,
    best integer NOT NULL DEFAULT 0,
    freezes smallint NOT NULL DEFAULT 0 CONSTRAINT check_in_streaks_freezes CHECK (freezes BETWEEN 0 AND 2),
    toward_freeze smallint NOT NULL DEFAULT 0
        CONSTRAINT check_in_streaks_toward_freeze CHECK (toward_freeze BETWEEN 0 AND 6),
    last_check_in timestamptz,
    last_check_in_on date,
    CONSTRAINT check_in_streaks_best CHECK (best >= days AND days >= 0)
);
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
