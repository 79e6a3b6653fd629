from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:20"
VERSION = "1.38.0"
DESCRIPTION = "counts of answers with support"

FORWARDS = """
-- How often words of danger were answered with support: no text, no person, and no hour that would tell of one.
CREATE TABLE safety_hits (
    day date NOT NULL,
    source text NOT NULL CONSTRAINT safety_hits_source CHECK (source IN ('check_in', 'urge', 'slip', 'journal', 'post',
        'comment', 'chat')),
    hits integer NOT NULL CONSTRAINT safety_hits_hits CHECK (hits > 0),
    PRIMARY KEY (day, source)
);
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
