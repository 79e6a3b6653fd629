from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:10"
VERSION = "1.38.0"
DESCRIPTION = "the sweep: streaks that end, reminders, zones whose day has ended"

FORWARDS = """
-- When a streak ends unless a check-in comes (expires_at), when it was noted that it has (ended_at), and when the person
-- is to be reminded. Without expires_at, a streak that has begun is still to be placed: the clock does, by the rules in
-- domain/recovery.
ALTER TABLE check_in_streaks
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN ended_at timestamptz,
    ADD COLUMN remind_at timestamptz;
CREATE INDEX check_in_streaks_expiry ON check_in_streaks (expires_at) WHERE ended_at IS NULL;
CREATE INDEX check_in_streaks_reminders ON check_in_streaks (remind_at) WHERE remind_at IS NOT NULL;
CREATE INDEX check_in_streaks_open ON check_in_streaks (user_id) WHERE expires_at IS NULL AND last_check_in_on IS NOT NULL;

-- Another zone moves the ends of days, and with them all three. The row is made where there is none, so that a first
-- check-in at the same moment waits for the change, or the change for it.
CREATE FUNCTION check_in_streaks_follow_user() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO check_in_streaks (user_id) VALUES (NEW.id)
    ON CONFLICT (user_id) DO UPDATE SET expires_at = NULL, ended_at = NULL, remind_at = NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER users_check_in_streaks_zone AFTER UPDATE OF timezone ON users
    FOR EACH ROW WHEN (OLD.timezone <> NEW.timezone) EXECUTE FUNCTION check_in_streaks_follow_user();

-- A zone's newest local day that was swept, and how far the sweep of the present one has come (the last person done).
CREATE TABLE day_sweeps (
    timezone text PRIMARY KEY,
    swept_on date,
    sweeping_on date,
    last_user_id uuid
);
CREATE INDEX users_timezone ON users (timezone, id) WHERE state = 'active';

-- The same for the daily look whether what is written down follows from the events: how far it has come (people looked
-- at, the last of them) and what it has found so far, people by kind of drift.
CREATE TABLE drift_checks (
    name text PRIMARY KEY,
    checked_on date,
    checking_on date,
    last_user_id uuid,
    people integer NOT NULL DEFAULT 0,
    found jsonb NOT NULL DEFAULT '{}'
);
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
