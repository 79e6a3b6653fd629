from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:08"
VERSION = "1.38.0"
DESCRIPTION = "notifications of reminders, achievements and goals"

FORWARDS = """
ALTER TABLE notifications DROP CONSTRAINT notifications_kind;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind
    CHECK (kind IN ('anchor_daily', 'achievement', 'goal', 'check_in_reminder'));

ALTER TABLE preferences
    ADD COLUMN push_achievements boolean NOT NULL DEFAULT true,
    ADD COLUMN push_goals boolean NOT NULL DEFAULT true,
    ADD COLUMN push_reminders boolean NOT NULL DEFAULT true;
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
