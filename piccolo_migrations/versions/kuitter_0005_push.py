from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T12:00:05"
VERSION = "1.38.0"
DESCRIPTION = "devices, preferences, notifications, pushes"

FORWARDS = """
CREATE TABLE devices (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT devices_user_fk REFERENCES users (id) ON DELETE CASCADE,
    session_id uuid NOT NULL CONSTRAINT devices_session_fk REFERENCES sessions (id) ON DELETE CASCADE,
    installation_id text NOT NULL,
    platform text NOT NULL CONSTRAINT devices_platform CHECK (platform IN ('ios', 'android')),
    transport text NOT NULL CONSTRAINT devices_transport CHECK (transport IN ('apns', 'fcm')),
    token text NOT NULL,
    -- SHA-256: a token may be longer than an index takes.
    token_hash bytea NOT NULL,
    token_kind text NOT NULL CONSTRAINT devices_token_kind CHECK (token_kind IN ('apns', 'fid', 'fcm')),
    environment text NOT NULL CONSTRAINT devices_environment CHECK (environment IN ('development', 'production')),
    app_version text NOT NULL,
    registered_at timestamptz NOT NULL,
    quarantined_at timestamptz,
    CONSTRAINT devices_installation_unique UNIQUE (user_id, installation_id),
    -- A token belongs to one person, whatever else an app says about it.
    CONSTRAINT devices_token_unique UNIQUE (token_hash)
);
CREATE INDEX devices_session ON devices (session_id);

CREATE TABLE preferences (
    user_id uuid PRIMARY KEY CONSTRAINT preferences_user_fk REFERENCES users (id) ON DELETE CASCADE,
    discreet_push boolean NOT NULL DEFAULT true,
    push_daily boolean NOT NULL DEFAULT true,
    daily_message_time time NOT NULL DEFAULT '09:00'
);

CREATE TABLE notifications (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT notifications_user_fk REFERENCES users (id) ON DELETE CASCADE,
    kind text NOT NULL CONSTRAINT notifications_kind CHECK (kind IN ('anchor_daily')),
    -- Twice the same cause is one notification.
    cause text NOT NULL,
    title text NOT NULL,
    body text NOT NULL,
    discreet_body text NOT NULL,
    deep_link text NOT NULL,
    collapse_id text NOT NULL CONSTRAINT notifications_collapse_id CHECK (octet_length(collapse_id) <= 64),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    read_at timestamptz,
    CONSTRAINT notifications_cause_unique UNIQUE (user_id, kind, cause)
);
CREATE INDEX notifications_inbox ON notifications (user_id, id DESC);
CREATE INDEX notifications_unread ON notifications (user_id) WHERE read_at IS NULL;

-- A notification on one device. The id is what the provider sees (apns-id), so a repeat shows once.
CREATE TABLE pushes (
    id uuid PRIMARY KEY,
    notification_id uuid NOT NULL CONSTRAINT pushes_notification_fk REFERENCES notifications (id) ON DELETE CASCADE,
    device_id uuid CONSTRAINT pushes_device_fk REFERENCES devices (id) ON DELETE SET NULL,
    state text NOT NULL CONSTRAINT pushes_state CHECK (state IN ('pending', 'sent', 'dropped', 'failed')),
    code text,
    provider_id text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT pushes_device_unique UNIQUE (notification_id, device_id)
);
CREATE INDEX pushes_device ON pushes (device_id);
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
