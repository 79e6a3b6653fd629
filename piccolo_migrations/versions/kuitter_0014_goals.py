from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:14"
VERSION = "1.38.0"
DESCRIPTION = "goals"

FORWARDS = """
CREATE TABLE goals (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT goals_user_fk REFERENCES users (id) ON DELETE CASCADE,
    kind text NOT NULL CONSTRAINT goals_kind CHECK (kind IN ('clean_days', 'check_ins', 'journal_entries',
        'urges_resisted', 'fewer_urges', 'fewer_slips', 'mood_days', 'custom')),
    title text NOT NULL,
    target integer NOT NULL CONSTRAINT goals_target CHECK (target > 0),
    -- Of mood_days: a day counts if its mood is above this.
    level smallint CONSTRAINT goals_level CHECK (level BETWEEN 1 AND 4),
    starts_on date NOT NULL,
    due_on date,
    -- Progress as it was last noted, 0 to 100: what is shown is always worked out anew.
    progress smallint NOT NULL DEFAULT 0 CONSTRAINT goals_progress CHECK (progress BETWEEN 0 AND 100),
    completed_at timestamptz,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT goals_order CHECK (due_on >= starts_on)
)
-- Progress is noted after every event: there is room for the next version of a row beside it, so that no index is touched.
WITH (fillfactor = 80);
CREATE INDEX goals_list ON goals (user_id, id DESC);
CREATE INDEX goals_open ON goals (user_id, id DESC) WHERE completed_at IS NULL AND archived_at IS NULL;

-- Steps of a custom goal that were ticked by hand: how many were done by the end of a day.
CREATE TABLE goal_steps (
    goal_id uuid NOT NULL CONSTRAINT goal_steps_goal_fk REFERENCES goals (id) ON DELETE CASCADE,
    local_date date NOT NULL,
    done integer NOT NULL CONSTRAINT goal_steps_done CHECK (done >= 0),
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (goal_id, local_date)
);
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
