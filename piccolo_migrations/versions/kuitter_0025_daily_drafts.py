from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:25"
VERSION = "1.38.0"
DESCRIPTION = "daily messages that are written ahead of their time"

FORWARDS = """
-- due_at is when the message is to be with its person; nobody knows of those that were planned before this migration.
-- body is the text that waits for that instant, and is emptied when it is sent: it lives in the talk from then on.
-- writing_until (PostgreSQL's clock): a worker is asking the model, for the job writing_by, so that no second one does.
-- look_at (business time): when the clock sees next to it that the message goes out; nobody needs to look at one that
-- is sent or skipped.
ALTER TABLE daily_messages
    ADD COLUMN due_at timestamptz,
    ADD COLUMN body text,
    ADD COLUMN writing_until timestamptz,
    ADD COLUMN writing_by uuid,
    ADD COLUMN look_at timestamptz;
UPDATE daily_messages SET due_at = planned_at, look_at = planned_at WHERE state = 'planned';

ALTER TABLE daily_messages DROP CONSTRAINT daily_messages_state;
ALTER TABLE daily_messages
    ADD CONSTRAINT daily_messages_state CHECK (state IN ('planned', 'written', 'sent', 'skipped')),
    ADD CONSTRAINT daily_messages_draft CHECK ((state = 'written') = (body IS NOT NULL));
CREATE INDEX daily_messages_look ON daily_messages (look_at) WHERE look_at IS NOT NULL;

-- A million rows are planned before any of them has a prompt.
DROP INDEX daily_messages_prompt;
CREATE INDEX daily_messages_prompt ON daily_messages (prompt_id) WHERE prompt_id IS NOT NULL;
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
