from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:18"
VERSION = "1.38.0"
DESCRIPTION = "reports"

FORWARDS = """
-- Somebody's word that something breaks the rules, with what it looked like then. The snapshot outlives what it shows.
CREATE TABLE reports (
    id uuid PRIMARY KEY,
    user_id uuid CONSTRAINT reports_user_fk REFERENCES users (id) ON DELETE SET NULL,
    target_type text NOT NULL CONSTRAINT reports_target_type CHECK (target_type IN ('post', 'comment', 'user', 'group',
        'partner_message', 'anchor_message')),
    target_id uuid NOT NULL,
    -- Whose it is that was reported; for a group nobody.
    target_user_id uuid CONSTRAINT reports_target_user_fk REFERENCES users (id) ON DELETE SET NULL,
    reason text NOT NULL CONSTRAINT reports_reason CHECK (reason IN ('spam', 'harassment', 'hate', 'sexual', 'self_harm',
        'contact_data', 'minor_safety', 'other')),
    details text,
    snapshot jsonb NOT NULL,
    state text NOT NULL CONSTRAINT reports_state CHECK (state IN ('open', 'upheld', 'dismissed')),
    created_at timestamptz NOT NULL,
    resolved_at timestamptz,
    -- When it is to be removed: 180 days after it was reviewed, or after either person was purged. Open ones wait.
    forget_at timestamptz
);
CREATE UNIQUE INDEX reports_one_open ON reports (user_id, target_type, target_id) WHERE state = 'open';
CREATE INDEX reports_user ON reports (user_id);
CREATE INDEX reports_target ON reports (target_type, target_id);
CREATE INDEX reports_target_user ON reports (target_user_id);
CREATE INDEX reports_queue ON reports (target_type, target_id) WHERE state = 'open';
CREATE INDEX reports_forget ON reports (forget_at) WHERE forget_at IS NOT NULL;
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
