from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T12:00:03"
VERSION = "1.38.0"
DESCRIPTION = "people, personas, consents, sessions, idempotency keys"

FORWARDS = """
CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL CONSTRAINT users_email_unique UNIQUE,
    email_verified_at timestamptz,
    password_hash text,
    username text CONSTRAINT users_username_unique UNIQUE
        CONSTRAINT users_username CHECK (username ~ '^[a-z0-9_]{3,20}$'),
    visibility text NOT NULL CONSTRAINT users_visibility CHECK (visibility IN ('public', 'anonymous')),
    persona_id uuid,
    birth_date date NOT NULL,
    timezone text NOT NULL,
    locale text NOT NULL DEFAULT 'en',
    country text CONSTRAINT users_country CHECK (country ~ '^[A-Z]{2}$'),
    why text,
    state text NOT NULL DEFAULT 'active' CONSTRAINT users_state CHECK (state IN ('active', 'suspended', 'deleting')),
    store_account_token uuid NOT NULL CONSTRAINT users_store_account_token_unique UNIQUE,
    created_at timestamptz NOT NULL
);

-- What others see of a person. Names of every kind share one namespace; a persona is never deleted while content
-- bears it, so a name is never worn by two people.
CREATE TABLE personas (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT personas_user_fk REFERENCES users (id) ON DELETE CASCADE,
    kind text NOT NULL CONSTRAINT personas_kind CHECK (kind IN ('username', 'alias')),
    name text NOT NULL,
    name_key text NOT NULL CONSTRAINT personas_name_unique UNIQUE,
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);
CREATE INDEX personas_user ON personas (user_id);
ALTER TABLE users ADD CONSTRAINT users_persona_fk FOREIGN KEY (persona_id) REFERENCES personas (id)
    ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX users_persona ON users (persona_id);

-- Every change of a consent is a row; the newest of a kind is in force. Which is the newest is for the sequence to say,
-- not for the clocks of machines.
CREATE TABLE consents (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT consents_seq_unique UNIQUE,
    user_id uuid NOT NULL CONSTRAINT consents_user_fk REFERENCES users (id) ON DELETE CASCADE,
    kind text NOT NULL CONSTRAINT consents_kind
        CHECK (kind IN ('terms', 'community_rules', 'third_party_ai', 'sensitive_data', 'partner_sharing')),
    version text NOT NULL,
    granted boolean NOT NULL,
    changed_at timestamptz NOT NULL
);
CREATE INDEX consents_newest ON consents (user_id, kind, seq DESC);

CREATE TABLE time_zone_changes (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT time_zone_changes_user_fk REFERENCES users (id) ON DELETE CASCADE,
    changed_at timestamptz NOT NULL,
    from_zone text NOT NULL,
    to_zone text NOT NULL
);
CREATE INDEX time_zone_changes_newest ON time_zone_changes (user_id, changed_at DESC);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT sessions_user_fk REFERENCES users (id) ON DELETE CASCADE,
    generation integer NOT NULL DEFAULT 1,
    -- The newest generation of which an access token was ever used.
    seen_generation integer NOT NULL DEFAULT 0,
    rotated_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    revoked_why text CONSTRAINT sessions_revoked_why
        CHECK (revoked_why IN ('logout', 'logout_all', 'revoked', 'reuse', 'password', 'deletion', 'suspension')),
    client text,
    CONSTRAINT sessions_revoked CHECK ((revoked_at IS NULL) = (revoked_why IS NULL))
);
CREATE INDEX sessions_user ON sessions (user_id, id DESC);
CREATE INDEX sessions_living ON sessions (user_id) WHERE revoked_at IS NULL;
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE idempotency_keys (
    user_id uuid NOT NULL CONSTRAINT idempotency_keys_user_fk REFERENCES users (id) ON DELETE CASCADE,
    method text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    body_hash bytea NOT NULL,
    status smallint NOT NULL,
    resource_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, key, method, path)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
