from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T12:00:06"
VERSION = "1.38.0"
DESCRIPTION = "Anchor: prompts, messages, quota, daily messages, grants"

FORWARDS = """
-- A subscription given by an administrator; what the stores report joins it in the entitlement.
CREATE TABLE grants (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT grants_user_fk REFERENCES users (id) ON DELETE CASCADE,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    reason text NOT NULL,
    CONSTRAINT grants_order CHECK (ends_at > starts_at)
);
CREATE INDEX grants_user ON grants (user_id, ends_at DESC);

-- What the model is told beside its fixed core: how to talk (chat), what a daily message is about (daily). A curated one
-- is a daily message as it stands, for people whose data does not leave the system and for when the provider is down.
CREATE TABLE prompts (
    id uuid PRIMARY KEY,
    slug text NOT NULL,
    version integer NOT NULL,
    kind text NOT NULL CONSTRAINT prompts_kind CHECK (kind IN ('chat', 'daily', 'curated')),
    tone text NOT NULL,
    technique text NOT NULL,
    conditions text[] NOT NULL,
    weight integer NOT NULL DEFAULT 1 CONSTRAINT prompts_weight CHECK (weight > 0),
    body text NOT NULL,
    active boolean NOT NULL DEFAULT true,
    CONSTRAINT prompts_version_unique UNIQUE (slug, version)
);

-- The talk with Anchor, in the order of seq. An answer is a row from the moment that it was asked for.
CREATE TABLE anchor_messages (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    user_id uuid NOT NULL CONSTRAINT anchor_messages_user_fk REFERENCES users (id) ON DELETE CASCADE,
    role text NOT NULL CONSTRAINT anchor_messages_role CHECK (role IN ('person', 'anchor')),
    kind text NOT NULL CONSTRAINT anchor_messages_kind CHECK (kind IN ('chat', 'daily', 'support')),
    status text NOT NULL CONSTRAINT anchor_messages_status CHECK (status IN ('pending', 'streaming', 'done', 'failed')),
    body text NOT NULL,
    reply_to uuid CONSTRAINT anchor_messages_reply_fk REFERENCES anchor_messages (id) ON DELETE CASCADE,
    client_id text,
    attempt integer NOT NULL DEFAULT 0,
    error_code text,
    -- Of an answer: until when it may be under way, by PostgreSQL's own clock.
    deadline timestamptz,
    -- Of an answer: the seq of the oldest message that went to the model with it. The next answer begins there too, so
    -- that the beginning of the prompt stays the same and the provider's cache holds.
    history_from bigint,
    prompt_id uuid CONSTRAINT anchor_messages_prompt_fk REFERENCES prompts (id) ON DELETE SET NULL,
    helpful boolean,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    CONSTRAINT anchor_messages_reply_unique UNIQUE (reply_to),
    CONSTRAINT anchor_messages_client_unique UNIQUE (user_id, client_id),
    CONSTRAINT anchor_messages_seq_unique UNIQUE (user_id, seq)
);
CREATE INDEX anchor_messages_prompt ON anchor_messages (prompt_id);
-- One answer under way a person.
CREATE UNIQUE INDEX anchor_messages_one_open ON anchor_messages (user_id) WHERE status IN ('pending', 'streaming');
CREATE INDEX anchor_messages_overdue ON anchor_messages (deadline) WHERE status IN ('pending', 'streaming');

-- What a person has used of a window: their own day, or the calendar month in UTC. The key holds the window, so nothing
-- is ever reset. Costs are micro-dollars.
CREATE TABLE anchor_windows (
    user_id uuid NOT NULL CONSTRAINT anchor_windows_user_fk REFERENCES users (id) ON DELETE CASCADE,
    kind text NOT NULL CONSTRAINT anchor_windows_kind CHECK (kind IN ('day', 'month')),
    starts_on date NOT NULL,
    replies integer NOT NULL DEFAULT 0 CONSTRAINT anchor_windows_replies CHECK (replies >= 0),
    reserved bigint NOT NULL DEFAULT 0 CONSTRAINT anchor_windows_reserved CHECK (reserved >= 0),
    cost bigint NOT NULL DEFAULT 0 CONSTRAINT anchor_windows_cost CHECK (cost >= 0),
    PRIMARY KEY (user_id, kind, starts_on)
);

-- The ledger: one row a call to the model. Reserved at its worst, settled to what the provider says that it used.
CREATE TABLE anchor_charges (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT anchor_charges_user_fk REFERENCES users (id) ON DELETE CASCADE,
    purpose text NOT NULL CONSTRAINT anchor_charges_purpose CHECK (purpose IN ('reply', 'daily')),
    -- The answer, or the daily_messages row.
    message_id uuid,
    state text NOT NULL CONSTRAINT anchor_charges_state CHECK (state IN ('reserved', 'settled', 'refunded')),
    -- Whether it takes one of the person's replies; the windows that it was counted in.
    counted boolean NOT NULL,
    day date NOT NULL,
    month date NOT NULL,
    reserved bigint NOT NULL CONSTRAINT anchor_charges_reserved CHECK (reserved >= 0),
    cost bigint NOT NULL DEFAULT 0 CONSTRAINT anchor_charges_cost CHECK (cost >= 0),
    input_hit integer NOT NULL DEFAULT 0,
    input_miss integer NOT NULL DEFAULT 0,
    output integer NOT NULL DEFAULT 0,
    model text,
    price_from date,
    created_at timestamptz NOT NULL DEFAULT now(),
    settled_at timestamptz,
    CONSTRAINT anchor_charges_tokens CHECK (input_hit >= 0 AND input_miss >= 0 AND output >= 0)
);
CREATE INDEX anchor_charges_user ON anchor_charges (user_id, created_at DESC);
CREATE INDEX anchor_charges_open ON anchor_charges (created_at) WHERE state = 'reserved';
CREATE INDEX anchor_charges_message ON anchor_charges (message_id);

-- The whole app's spend of a UTC day, on 16 rows, so that replies do not queue for one.
CREATE TABLE anchor_spend (
    day date NOT NULL,
    shard smallint NOT NULL,
    cost bigint NOT NULL CONSTRAINT anchor_spend_cost CHECK (cost >= 0),
    PRIMARY KEY (day, shard)
);

-- When each person's next daily message is due: narrow, because it is claimed by the thousand. Without next_at it is
-- still to be worked out, which the clock does within a second, by the business time that no trigger knows.
CREATE TABLE daily_schedule (
    user_id uuid PRIMARY KEY CONSTRAINT daily_schedule_user_fk REFERENCES users (id) ON DELETE CASCADE,
    timezone text NOT NULL,
    local_time time NOT NULL DEFAULT '09:00',
    next_at timestamptz
);
CREATE INDEX daily_schedule_due ON daily_schedule (next_at);

-- The schedule follows the person's zone and chosen time by itself: those who write them lie below Anchor and do not
-- know of it, and to compare a million people again and again would cost more than the few changes do.
CREATE FUNCTION daily_schedule_follow_user() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO daily_schedule (user_id, timezone) VALUES (NEW.id, NEW.timezone)
    ON CONFLICT (user_id) DO UPDATE SET timezone = EXCLUDED.timezone, next_at = NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER users_daily_schedule_new AFTER INSERT ON users
    FOR EACH ROW EXECUTE FUNCTION daily_schedule_follow_user();
CREATE TRIGGER users_daily_schedule_zone AFTER UPDATE OF timezone ON users
    FOR EACH ROW WHEN (OLD.timezone <> NEW.timezone) EXECUTE FUNCTION daily_schedule_follow_user();

CREATE FUNCTION daily_schedule_follow_preferences() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE daily_schedule SET local_time = NEW.daily_message_time, next_at = NULL
    WHERE user_id = NEW.user_id AND local_time <> NEW.daily_message_time;
    RETURN NULL;
END $$;
CREATE TRIGGER preferences_daily_schedule AFTER INSERT OR UPDATE OF daily_message_time ON preferences
    FOR EACH ROW EXECUTE FUNCTION daily_schedule_follow_preferences();

CREATE TABLE daily_messages (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT daily_messages_user_fk REFERENCES users (id) ON DELETE CASCADE,
    local_date date NOT NULL,
    state text NOT NULL CONSTRAINT daily_messages_state CHECK (state IN ('planned', 'sent', 'skipped')),
    source text CONSTRAINT daily_messages_source CHECK (source IN ('model', 'curated')),
    prompt_id uuid CONSTRAINT daily_messages_prompt_fk REFERENCES prompts (id) ON DELETE SET NULL,
    message_id uuid CONSTRAINT daily_messages_message_fk REFERENCES anchor_messages (id) ON DELETE SET NULL,
    -- Of what the text was made from: SHA-256 of the snapshot, checked again when it is sent.
    snapshot_hash bytea,
    planned_at timestamptz NOT NULL,
    sent_at timestamptz,
    CONSTRAINT daily_messages_day_unique UNIQUE (user_id, local_date)
);
CREATE INDEX daily_messages_prompt ON daily_messages (prompt_id);
CREATE INDEX daily_messages_message ON daily_messages (message_id);
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
