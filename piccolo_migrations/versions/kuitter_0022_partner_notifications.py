from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:22"
VERSION = "1.38.0"
DESCRIPTION = "notifications of partners; support in their talk and in what Anchor says"

FORWARDS = """
ALTER TABLE notifications DROP CONSTRAINT notifications_kind;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind CHECK (kind IN ('anchor_daily', 'achievement', 'goal',
    'check_in_reminder', 'comment', 'reply', 'like', 'report_outcome', 'partner_request', 'partner_accepted',
    'partner_message', 'partner_slip', 'partner_sos'));

ALTER TABLE preferences
    ADD COLUMN push_partner_requests boolean NOT NULL DEFAULT true,
    ADD COLUMN push_partner_accepted boolean NOT NULL DEFAULT true,
    ADD COLUMN push_partner_messages boolean NOT NULL DEFAULT true,
    ADD COLUMN push_partner_slips boolean NOT NULL DEFAULT true,
    ADD COLUMN push_partner_sos boolean NOT NULL DEFAULT true;

ALTER TABLE safety_hits DROP CONSTRAINT safety_hits_source;
ALTER TABLE safety_hits ADD CONSTRAINT safety_hits_source CHECK (source IN ('check_in', 'urge', 'slip', 'journal',
    'post', 'comment', 'chat', 'partner_message', 'anchor_output'));
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
