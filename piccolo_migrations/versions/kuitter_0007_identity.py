from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T13:00:07"
VERSION = "1.38.0"
DESCRIPTION = "identities, codes, mail, masks, blocks, exports, deletion, audit"

FORWARDS = """
-- Other ways into an account, keyed on the provider's own subject and never on an e-mail address.
CREATE TABLE identities (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT identities_user_fk REFERENCES users (id) ON DELETE CASCADE,
    provider text NOT NULL CONSTRAINT identities_provider CHECK (provider IN ('google', 'apple')),
    subject text NOT NULL,
    email text,
    -- Whom the provider issued its tokens for.
    client_id text NOT NULL,
    -- Apple's, encrypted: the code lives for five minutes and is exchanged for the token, which is needed once, to be
    -- revoked when the link ends.
    authorization_code bytea,
    refresh_token bytea,
    -- Since when the person has not let Apple pass on mail to the address that it gave us.
    mail_stopped_at timestamptz,
    created_at timestamptz NOT NULL,
    CONSTRAINT identities_subject_unique UNIQUE (provider, subject),
    CONSTRAINT identities_one_a_provider UNIQUE (user_id, provider)
);
CREATE INDEX identities_mail_stopped ON identities (email) WHERE mail_stopped_at IS NOT NULL;

-- Refresh tokens of Apple's that are to be revoked, encrypted; whose they were is nowhere.
CREATE TABLE apple_revocations (
    id uuid PRIMARY KEY,
    client_id text NOT NULL,
    refresh_token bytea NOT NULL,
    created_at timestamptz NOT NULL
);

-- Network addresses from which the person has signed in, as keyed hashes: a stranger's guesses do not count there.
CREATE TABLE familiar_addresses (
    user_id uuid NOT NULL CONSTRAINT familiar_addresses_user_fk REFERENCES users (id) ON DELETE CASCADE,
    address_hash bytea NOT NULL,
    last_used_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, address_hash)
);
CREATE INDEX familiar_addresses_age ON familiar_addresses (last_used_at);

-- What a session began with, and two more reasons for it to end.
ALTER TABLE sessions ADD COLUMN method text
    CONSTRAINT sessions_method CHECK (method IN ('password', 'google', 'apple'));
ALTER TABLE sessions DROP CONSTRAINT sessions_revoked_why;
ALTER TABLE sessions ADD CONSTRAINT sessions_revoked_why CHECK (revoked_why IN
    ('logout', 'logout_all', 'revoked', 'reuse', 'password', 'deletion', 'suspension', 'taken_over', 'provider'));

-- Tokens with a nonce, and one-time tokens of providers, are good once.
CREATE TABLE used_tokens (
    token_hash bytea PRIMARY KEY,
    expires_at timestamptz NOT NULL
);
CREATE INDEX used_tokens_expiry ON used_tokens (expires_at);

-- A six-digit code that was mailed. The code itself is nowhere: it follows from the id and a secret key.
CREATE TABLE codes (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT codes_user_fk REFERENCES users (id) ON DELETE CASCADE,
    purpose text NOT NULL CONSTRAINT codes_purpose CHECK (purpose IN ('verify', 'reset', 'change', 'deletion')),
    email text NOT NULL,
    tries smallint NOT NULL DEFAULT 0 CONSTRAINT codes_tries CHECK (tries BETWEEN 0 AND 5),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE UNIQUE INDEX codes_open ON codes (user_id, purpose) WHERE used_at IS NULL;
CREATE INDEX codes_user ON codes (user_id);
CREATE INDEX codes_expiry ON codes (expires_at);

-- A mail that a job sends; removed when it has been sent. Its words follow from kind and details.
CREATE TABLE mails (
    id uuid PRIMARY KEY,
    user_id uuid CONSTRAINT mails_user_fk REFERENCES users (id) ON DELETE CASCADE,
    kind text NOT NULL CONSTRAINT mails_kind CHECK (kind IN ('verify', 'reset', 'change', 'deletion',
        'new_sign_in', 'password_changed', 'email_changing', 'email_changed', 'account_taken_over',
        'deletion_begun', 'deletion_taken_back')),
    to_address text NOT NULL,
    locale text NOT NULL,
    details jsonb NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX mails_user ON mails (user_id);

ALTER TABLE personas DROP CONSTRAINT personas_kind;
ALTER TABLE personas ADD CONSTRAINT personas_kind CHECK (kind IN ('username', 'alias', 'mask'));
-- The persona that stands for the username while the person is anonymous.
ALTER TABLE users ADD COLUMN mask_id uuid CONSTRAINT users_mask_fk REFERENCES personas (id)
    ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX users_mask ON users (mask_id);
ALTER TABLE users ADD COLUMN username_persona_id uuid CONSTRAINT users_username_persona_fk REFERENCES personas (id)
    ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX users_username_persona ON users (username_persona_id);
ALTER TABLE users ADD COLUMN deleting_since timestamptz;
ALTER TABLE users ADD COLUMN purges_at timestamptz;
-- What restoring leads back to: an account that was suspended stays so.
ALTER TABLE users ADD COLUMN state_before text
    CONSTRAINT users_state_before CHECK (state_before IN ('active', 'suspended'));
ALTER TABLE users ADD CONSTRAINT users_deleting
    CHECK ((state = 'deleting') = (purges_at IS NOT NULL) AND (purges_at IS NULL) = (deleting_since IS NULL)
           AND (purges_at IS NULL) = (state_before IS NULL));
CREATE INDEX users_purge ON users (purges_at) WHERE state = 'deleting';
ALTER TABLE preferences ADD COLUMN searchable boolean NOT NULL DEFAULT true;
ALTER TABLE preferences ADD COLUMN show_streak boolean NOT NULL DEFAULT true;
ALTER TABLE preferences ADD COLUMN share_journal_with_anchor boolean NOT NULL DEFAULT true;
ALTER TABLE preferences ADD COLUMN quiet_from time;
ALTER TABLE preferences ADD COLUMN quiet_to time;
ALTER TABLE preferences ADD CONSTRAINT preferences_quiet CHECK ((quiet_from IS NULL) = (quiet_to IS NULL));

CREATE TABLE visibility_changes (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT visibility_changes_user_fk REFERENCES users (id) ON DELETE CASCADE,
    changed_at timestamptz NOT NULL
);
CREATE INDEX visibility_changes_newest ON visibility_changes (user_id, changed_at DESC);

CREATE TABLE username_changes (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT username_changes_user_fk REFERENCES users (id) ON DELETE CASCADE,
    changed_at timestamptz NOT NULL
);
CREATE INDEX username_changes_newest ON username_changes (user_id, changed_at DESC);

-- A block is of the account, and remembers the public id that was blocked: whoever blocks two ids of one person has two
-- blocks, so that no answer tells that the two are one.
CREATE TABLE blocks (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT blocks_user_fk REFERENCES users (id) ON DELETE CASCADE,
    blocked_id uuid NOT NULL CONSTRAINT blocks_blocked_fk REFERENCES users (id) ON DELETE CASCADE,
    persona_id uuid NOT NULL CONSTRAINT blocks_persona_fk REFERENCES personas (id) ON DELETE CASCADE,
    note text,
    blocked_at timestamptz NOT NULL,
    CONSTRAINT blocks_persona_unique UNIQUE (user_id, persona_id),
    CONSTRAINT blocks_not_oneself CHECK (user_id <> blocked_id)
);
CREATE INDEX blocks_pair ON blocks (user_id, blocked_id);
CREATE INDEX blocks_list ON blocks (user_id, id DESC);
CREATE INDEX blocks_blocked ON blocks (blocked_id);
CREATE INDEX blocks_persona ON blocks (persona_id);

CREATE TABLE exports (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT exports_user_fk REFERENCES users (id) ON DELETE CASCADE,
    state text NOT NULL CONSTRAINT exports_state CHECK (state IN ('pending', 'ready', 'failed')),
    code text,
    bytes bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    -- When the row goes, and the archive with it.
    expires_at timestamptz NOT NULL
);
CREATE INDEX exports_user ON exports (user_id, id DESC);
CREATE INDEX exports_expiry ON exports (expires_at);

-- The archive in pieces, so that neither its maker nor its reader ever holds the whole of it.
CREATE TABLE export_parts (
    export_id uuid NOT NULL CONSTRAINT export_parts_export_fk REFERENCES exports (id) ON DELETE CASCADE,
    number integer NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (export_id, number)
);
ALTER TABLE export_parts ALTER COLUMN content SET STORAGE EXTERNAL;

-- Who was purged: a restored backup is purged of them again. No other trace of them. Written when a purge begins, from
-- which moment nobody can restore the account any more.
CREATE TABLE purges (
    user_id uuid PRIMARY KEY,
    purged_at timestamptz NOT NULL
);

-- Security events, without any text, kept for a year; the person's id goes with the person.
CREATE TABLE audit_events (
    id uuid PRIMARY KEY,
    user_id uuid CONSTRAINT audit_events_user_fk REFERENCES users (id) ON DELETE SET NULL,
    kind text NOT NULL CONSTRAINT audit_events_kind CHECK (kind IN ('registered', 'signed_in', 'sign_in_failed',
        'signed_out', 'session_revoked', 'refresh_reused', 'password_changed', 'password_reset', 'email_changed',
        'email_verified', 'identity_linked', 'identity_unlinked', 'account_taken_over',
        'deletion_begun', 'deletion_taken_back', 'export_asked')),
    session_id uuid,
    at timestamptz NOT NULL,
    details jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_events_user ON audit_events (user_id, id DESC);
CREATE INDEX audit_events_age ON audit_events (at);
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
