from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T12:00:01"
VERSION = "1.38.0"
DESCRIPTION = "the schema, closed to Supabase's REST roles"

FORWARDS = """
-- Supabase serves tables to whoever holds the app's public key, as these two roles. Neither may see anything of ours,
-- now or later.
DO $$
DECLARE
    outsider text;
BEGIN
    REVOKE ALL ON SCHEMA kuitter FROM PUBLIC;
    ALTER DEFAULT PRIVILEGES IN SCHEMA kuitter REVOKE ALL ON TABLES FROM PUBLIC;
    FOR outsider IN SELECT rolname FROM pg_roles WHERE rolname IN ('anon', 'authenticated') LOOP
        EXECUTE format('REVOKE ALL ON SCHEMA kuitter FROM %I', outsider);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA kuitter FROM %I', outsider);
        EXECUTE format('REVOKE ALL ON ALL SEQUENCES IN SCHEMA kuitter FROM %I', outsider);
        EXECUTE format('REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kuitter FROM %I', outsider);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA kuitter REVOKE ALL ON TABLES FROM %I', outsider);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA kuitter REVOKE ALL ON SEQUENCES FROM %I', outsider);
        EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA kuitter REVOKE ALL ON FUNCTIONS FROM %I', outsider);
    END LOOP;
END
$$;
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
