from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:19"
VERSION = "1.38.0"
DESCRIPTION = "notifications of comments, replies, likes, outcomes of reports"

FORWARDS = """
ALTER TABLE notifications DROP CONSTRAINT notifications_kind;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind CHECK (kind IN ('anchor_daily', 'achievement', 'goal',
    'check_in_reminder', 'comment', 'reply', 'like', 'report_outcome'));

-- A cause is a word of ours. Byte by byte, so that the constraint's index finds all that begin with one thing.
ALTER TABLE notifications ALTER COLUMN cause TYPE text COLLATE "C";
-- Of one that gathers what several people did: when the newest that it tells of was done.
ALTER TABLE notifications ADD COLUMN gathered_until timestamptz;

ALTER TABLE preferences
    ADD COLUMN push_comments boolean NOT NULL DEFAULT true,
    ADD COLUMN push_replies boolean NOT NULL DEFAULT true,
    ADD COLUMN push_likes boolean NOT NULL DEFAULT true,
    ADD COLUMN push_report_outcomes boolean NOT NULL DEFAULT true;
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
