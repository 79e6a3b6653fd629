from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:24"
VERSION = "1.38.0"
DESCRIPTION = "names that are nearly spelled so; blocks by either side; who has just come of age"

FORWARDS = """
-- pg_trgm lives in `extensions` where that schema is (Supabase keeps all of its extensions there), else beside our own
-- tables. Wherever it is, also if somebody has installed it before, it is named by its schema: nothing but this function
-- and this index uses it, so no search_path of a connection has to know.
DO $$
DECLARE
    place name;
BEGIN
    SELECT nspname INTO place FROM pg_namespace WHERE nspname = 'extensions';
    EXECUTE format('CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA %I', COALESCE(place, 'kuitter'));
    SELECT nspname INTO STRICT place FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace
    WHERE extname = 'pg_trgm';
    -- Its settings are only known once it has been loaded.
    EXECUTE format('SELECT %I.show_limit()', place);
    EXECUTE format('CREATE INDEX personas_name_likeness ON personas USING gin (name_key %I.gin_trgm_ops)
                    WHERE retired_at IS NULL', place);
    -- A function, because the threshold is a setting: as part of it, it costs no statement and leaks nowhere. At 0.4 two
    -- letters of nine may have changed places; at 0.5 they may not, and at 0.3 it takes twice as long.
    EXECUTE format($function$
        CREATE FUNCTION near_names(wanted text, most integer) RETURNS TABLE (persona_id uuid, likeness real)
        LANGUAGE sql STABLE
        SET search_path TO kuitter, %1$I
        SET pg_trgm.similarity_threshold TO '0.4'
        AS $body$
            SELECT personas.id, %1$I.similarity(personas.name_key, wanted)
            FROM personas JOIN users ON users.id = personas.user_id AND users.persona_id = personas.id
            WHERE personas.retired_at IS NULL AND personas.name_key OPERATOR(%1$I.%%) wanted
            ORDER BY 2 DESC, personas.name_key LIMIT most
        $body$
    $function$, place);
END
$$;

-- Whether one has blocked the other, by either side of the index alone: by one who is blocked it would be a walk over
-- all who have blocked them, which a plan for everybody may choose because most people have few.
DROP INDEX blocks_blocked;
CREATE INDEX blocks_blocked ON blocks (blocked_id, user_id);

-- Whose age group has just changed.
CREATE INDEX users_birth_date ON users (birth_date);
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
