from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:35"
VERSION = "1.38.0"
DESCRIPTION = "the best posts of a week of which only the last hours count"

FORWARDS = """
-- "The best of the last day" begins somewhere within a week. Near the week's end nearly all of its posts are older, and
-- whether one is stood only in the posts themselves, one by one. Now the index knows.
-- The default is for what the version before this one still writes.
ALTER TABLE post_counts ADD COLUMN created_at timestamptz NOT NULL DEFAULT now();
UPDATE post_counts SET created_at = posts.created_at FROM posts WHERE posts.id = post_counts.post_id;
DROP INDEX post_counts_top;
DROP INDEX post_counts_group_top;
CREATE INDEX post_counts_top ON post_counts (week, likes DESC, post_id DESC, created_at) WHERE group_id IS NULL;
CREATE INDEX post_counts_group_top ON post_counts (group_id, week, likes DESC, post_id DESC, created_at);
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
