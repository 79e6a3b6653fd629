from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:31"
VERSION = "1.38.0"
DESCRIPTION = "purchases of both stores: claims, changes, transfers, notifications"

FORWARDS = """
-- One subscription as a store knows it: an original transaction of Apple's, a purchase token of Google's. What stands here
-- is what the store said last. A purchase outlives its person: without one it waits to be claimed by a new account.
CREATE TABLE purchases (
    id uuid PRIMARY KEY,
    user_id uuid CONSTRAINT purchases_user_fk REFERENCES users (id) ON DELETE SET NULL,
    store text NOT NULL CONSTRAINT purchases_store CHECK (store IN ('app_store', 'google_play')),
    environment text NOT NULL CONSTRAINT purchases_environment CHECK (environment IN ('production', 'sandbox')),
    -- What the store is asked by, and its SHA-256, for a token may be longer than an index takes.
    store_key text NOT NULL,
    store_key_hash bytea NOT NULL,
    -- Whom the app named when it was bought (users.store_account_token), as the store tells it.
    account_token uuid,
    product_id text NOT NULL,
    -- Null: a product that we do not know. It gives no access and is reported.
    plan text CONSTRAINT purchases_plan CHECK (plan IN ('monthly', 'yearly')),
    state text NOT NULL CONSTRAINT purchases_state CHECK (state IN ('pending', 'trial', 'active', 'grace',
        'billing_retry', 'on_hold', 'paused', 'cancelled', 'expired', 'revoked')),
    started_at timestamptz,
    -- When access ends, unless it is renewed; in grace, when the grace ends.
    expires_at timestamptz,
    will_renew boolean NOT NULL,
    -- What it is going to be renewed as, if that is another product.
    next_product_id text,
    -- When a pause ends.
    resumes_at timestamptz,
    -- Millionths of the currency's unit.
    price bigint CONSTRAINT purchases_price CHECK (price >= 0),
    currency text CONSTRAINT purchases_currency CHECK (currency ~ '^[A-Z]{3}$'),
    -- SHA-256 of the store_key of the purchase whose place this one takes, if the store named one.
    linked_key_hash bytea,
    -- The purchase that took this one's place (upgrade, re-signup): it gives no access any more.
    replaced_by uuid CONSTRAINT purchases_replaced_fk REFERENCES purchases (id) ON DELETE SET NULL,
    -- Google refunds what is not acknowledged within three days.
    needs_acknowledgement boolean NOT NULL DEFAULT false,
    acknowledged_at timestamptz,
    -- The real instant at which the question was asked that this answers, or a signed payload was signed: only the
    -- answer to a later one may change the row.
    asked_at timestamptz NOT NULL,
    -- The same instant by the business clock, to be compared with expires_at.
    answered_at timestamptz NOT NULL,
    -- Off for a purchase in a store's sandbox of somebody whose purchases there do not count (SANDBOX_PURCHASERS).
    honoured boolean NOT NULL,
    -- By the business clock: when the store is to be asked again without being told to.
    check_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT purchases_key_unique UNIQUE (store, store_key_hash)
);
CREATE INDEX purchases_user ON purchases (user_id);
CREATE INDEX purchases_account_token ON purchases (account_token);
CREATE INDEX purchases_linked ON purchases (linked_key_hash) WHERE linked_key_hash IS NOT NULL;
CREATE INDEX purchases_replaced ON purchases (replaced_by);
CREATE INDEX purchases_check ON purchases (store, check_at) WHERE check_at IS NOT NULL;
CREATE INDEX purchases_unacknowledged ON purchases (created_at) WHERE needs_acknowledgement AND acknowledged_at IS NULL;

-- What an app handed in: a signed transaction or a purchase token, and what came of it.
CREATE TABLE purchase_claims (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT purchase_claims_user_fk REFERENCES users (id) ON DELETE CASCADE,
    purpose text NOT NULL CONSTRAINT purchase_claims_purpose CHECK (purpose IN ('purchase', 'restore')),
    store text NOT NULL CONSTRAINT purchase_claims_store CHECK (store IN ('app_store', 'google_play')),
    product_id text NOT NULL,
    -- Emptied once the claim is decided.
    token text,
    status text NOT NULL CONSTRAINT purchase_claims_status CHECK (status IN ('pending', 'accepted', 'rejected')),
    code text,
    purchase_id uuid CONSTRAINT purchase_claims_purchase_fk REFERENCES purchases (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL,
    decided_at timestamptz,
    CONSTRAINT purchase_claims_decided CHECK ((decided_at IS NULL) = (status = 'pending')),
    CONSTRAINT purchase_claims_token CHECK (token IS NULL OR status = 'pending')
);
CREATE INDEX purchase_claims_user ON purchase_claims (user_id, id DESC);
CREATE INDEX purchase_claims_purchase ON purchase_claims (purchase_id);
CREATE INDEX purchase_claims_open ON purchase_claims (created_at) WHERE status = 'pending';
CREATE INDEX purchase_claims_decided ON purchase_claims (decided_at) WHERE decided_at IS NOT NULL;

-- Every change of a purchase, oldest first: for support, and to explain a state to its person.
CREATE TABLE purchase_changes (
    id uuid PRIMARY KEY,
    purchase_id uuid NOT NULL CONSTRAINT purchase_changes_purchase_fk REFERENCES purchases (id) ON DELETE CASCADE,
    state text NOT NULL CONSTRAINT purchase_changes_state CHECK (state IN ('pending', 'trial', 'active', 'grace',
        'billing_retry', 'on_hold', 'paused', 'cancelled', 'expired', 'revoked')),
    product_id text NOT NULL,
    expires_at timestamptz,
    will_renew boolean NOT NULL,
    -- What made us look: a claim, a notification (with the store's word for it), the reconciliation, a transfer.
    cause text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX purchase_changes_purchase ON purchase_changes (purchase_id, id);

-- A purchase that moved to another account: at most twice in 90 days.
CREATE TABLE purchase_transfers (
    id uuid PRIMARY KEY,
    purchase_id uuid NOT NULL CONSTRAINT purchase_transfers_purchase_fk REFERENCES purchases (id) ON DELETE CASCADE,
    from_id uuid CONSTRAINT purchase_transfers_from_fk REFERENCES users (id) ON DELETE SET NULL,
    to_id uuid CONSTRAINT purchase_transfers_to_fk REFERENCES users (id) ON DELETE SET NULL,
    at timestamptz NOT NULL
);
CREATE INDEX purchase_transfers_purchase ON purchase_transfers (purchase_id, at);
CREATE INDEX purchase_transfers_from ON purchase_transfers (from_id);
CREATE INDEX purchase_transfers_to ON purchase_transfers (to_id);

-- What a store told us of its own accord, as it came. Hints: a job asks the store what is true.
CREATE TABLE store_notifications (
    id uuid PRIMARY KEY,
    store text NOT NULL CONSTRAINT store_notifications_store CHECK (store IN ('app_store', 'google_play')),
    -- notificationUUID, or Pub/Sub's messageId.
    notification_id text NOT NULL,
    -- The store's word for what happened, as far as it could be read.
    word text,
    body text NOT NULL,
    state text NOT NULL CONSTRAINT store_notifications_state CHECK (state IN ('waiting', 'applied', 'ignored')),
    code text,
    received_at timestamptz NOT NULL,
    settled_at timestamptz,
    CONSTRAINT store_notifications_unique UNIQUE (store, notification_id)
);
CREATE INDEX store_notifications_waiting ON store_notifications (received_at) WHERE state = 'waiting';
CREATE INDEX store_notifications_settled ON store_notifications (settled_at);

-- What gives a person access, and from when until when (that instant excluded). The one place in SQL that says so; the
-- same in Python: domain/billing/entitlement.py. A store that is expected to renew, and has not answered a question
-- asked since, gets a day's patience.
CREATE VIEW entitlements AS
SELECT user_id, starts_at, ends_at FROM grants
UNION ALL
SELECT user_id, '-infinity'::timestamptz,
       expires_at + CASE WHEN will_renew AND state IN ('trial', 'active') AND answered_at < expires_at
                         THEN interval '24 hours' ELSE interval '0' END
FROM purchases
WHERE state IN ('trial', 'active', 'grace', 'cancelled') AND plan IS NOT NULL AND honoured AND replaced_by IS NULL;

ALTER TABLE notifications DROP CONSTRAINT notifications_kind;
ALTER TABLE notifications ADD CONSTRAINT notifications_kind CHECK (kind IN ('anchor_daily', 'achievement', 'goal',
    'check_in_reminder', 'comment', 'reply', 'like', 'report_outcome', 'partner_request', 'partner_accepted',
    'partner_message', 'partner_slip', 'partner_sos', 'subscription'));
ALTER TABLE preferences ADD COLUMN push_subscriptions boolean NOT NULL DEFAULT true;

ALTER TABLE audit_events DROP CONSTRAINT audit_events_kind;
ALTER TABLE audit_events ADD CONSTRAINT audit_events_kind CHECK (kind IN ('registered', 'signed_in', 'sign_in_failed',
    'signed_out', 'session_revoked', 'refresh_reused', 'password_changed', 'password_reset', 'email_changed',
    'email_verified', 'identity_linked', 'identity_unlinked', 'account_taken_over',
    'deletion_begun', 'deletion_taken_back', 'export_asked', 'prompt_written', 'prompt_switched_off',
    'prompt_switched_on', 'purchase_moved', 'grant_given'));

ALTER TABLE mails DROP CONSTRAINT mails_kind;
ALTER TABLE mails ADD CONSTRAINT mails_kind CHECK (kind IN ('verify', 'reset', 'change', 'deletion',
    'new_sign_in', 'password_changed', 'email_changing', 'email_changed', 'account_taken_over',
    'deletion_begun', 'deletion_taken_back', 'subscription_moved'));
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
