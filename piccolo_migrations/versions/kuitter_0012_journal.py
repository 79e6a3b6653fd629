from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:12"
VERSION = "1.38.0"
DESCRIPTION = "the journal"

FORWARDS = """
CREATE TABLE journal_entries (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT journal_entries_user_fk REFERENCES users (id) ON DELETE CASCADE,
    timezone text NOT NULL,
    local_date date NOT NULL,
    title text,
    body text NOT NULL,
    share_with_anchor boolean NOT NULL DEFAULT true,
    client_id text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    -- The words of title and body, made by domain/journal/words.py: never shown.
    search tsvector NOT NULL
);
-- A search walks the person's own entries by this one, newest first (why no GIN: domain/journal/words.py).
CREATE INDEX journal_entries_list ON journal_entries (user_id, created_at DESC, id DESC);
CREATE INDEX journal_entries_days ON journal_entries (user_id, local_date);
-- The app's own id of it: a retry is the same entry.
CREATE UNIQUE INDEX journal_entries_client_id ON journal_entries (user_id, client_id) WHERE client_id IS NOT NULL;
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
