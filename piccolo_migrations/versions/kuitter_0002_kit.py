from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T12:00:02"
VERSION = "1.38.0"
DESCRIPTION = "jobs and idempotency keys"

FORWARDS = """
CREATE TABLE jobs (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    args jsonb NOT NULL,
    queue text NOT NULL CONSTRAINT jobs_queue CHECK (queue IN ('interactive', 'default', 'push', 'bulk')),
    state text NOT NULL DEFAULT 'live' CONSTRAINT jobs_state CHECK (state IN ('live', 'dead', 'skipped')),
    dedupe_key text,
    generation integer NOT NULL DEFAULT 1,
    run_at timestamptz NOT NULL,
    not_after timestamptz,
    sends integer NOT NULL,
    sent_at timestamptz,
    next_send_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    lease_token uuid,
    lease_until timestamptz,
    error_code text,
    request_id text,
    created_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    CONSTRAINT jobs_counts CHECK (sends >= 0 AND attempts >= 0 AND generation >= 1),
    CONSTRAINT jobs_ended CHECK ((state = 'live') = (ended_at IS NULL)),
    CONSTRAINT jobs_lease CHECK ((lease_token IS NULL) = (lease_until IS NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX jobs_dedupe ON jobs (name, dedupe_key) WHERE dedupe_key IS NOT NULL AND state = 'live';
CREATE INDEX jobs_due ON jobs (next_send_at) WHERE state = 'live';
CREATE INDEX jobs_over ON jobs (ended_at) WHERE state <> 'live';

"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
