from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:26"
VERSION = "1.38.0"
DESCRIPTION = "prompts: who wrote a version, and what administrators did to them"

FORWARDS = """
-- Who wrote a version: what administrators wrote stays in use when a newer one is delivered.
ALTER TABLE prompts ADD COLUMN source text NOT NULL DEFAULT 'delivered'
    CONSTRAINT prompts_source CHECK (source IN ('delivered', 'administrator'));
ALTER TABLE prompts ALTER COLUMN source DROP DEFAULT;

ALTER TABLE audit_events DROP CONSTRAINT audit_events_kind;
ALTER TABLE audit_events ADD CONSTRAINT audit_events_kind CHECK (kind IN ('registered', 'signed_in', 'sign_in_failed',
    'signed_out', 'session_revoked', 'refresh_reused', 'password_changed', 'password_reset', 'email_changed',
    'email_verified', 'identity_linked', 'identity_unlinked', 'account_taken_over',
    'deletion_begun', 'deletion_taken_back', 'export_asked',
    'prompt_written', 'prompt_switched_off', 'prompt_switched_on'));
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
