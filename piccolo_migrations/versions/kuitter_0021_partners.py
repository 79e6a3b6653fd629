from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:21"
VERSION = "1.38.0"
DESCRIPTION = "partners: requests, partnerships, their talk"

FORWARDS = """
-- What is and was between two people: a request, then perhaps a partnership, then its end. One row all along, so the
-- request's id is the partnership's. Who is purged leaves the other's copy of the talk behind: hence SET NULL.
CREATE TABLE partnerships (
    id uuid PRIMARY KEY,
    from_id uuid CONSTRAINT partnerships_from_fk REFERENCES users (id) ON DELETE SET NULL,
    to_id uuid CONSTRAINT partnerships_to_fk REFERENCES users (id) ON DELETE SET NULL,
    -- Under which names it was asked, and who was asked: what both see until it is accepted.
    from_persona_id uuid CONSTRAINT partnerships_from_persona_fk REFERENCES personas (id) ON DELETE SET NULL,
    to_persona_id uuid CONSTRAINT partnerships_to_persona_fk REFERENCES personas (id) ON DELETE SET NULL,
    state text NOT NULL CONSTRAINT partnerships_state
        CHECK (state IN ('pending', 'partners', 'ended', 'declined', 'withdrawn', 'expired')),
    message text,
    requested_at timestamptz NOT NULL,
    -- Until when the request may be answered, by the business clock.
    expires_at timestamptz NOT NULL,
    -- When it was accepted, and when the request or the partnership was over.
    accepted_at timestamptz,
    closed_at timestamptz,
    -- The newest message's place in the talk, and how far each has read.
    last_seq bigint NOT NULL DEFAULT 0,
    from_read bigint NOT NULL DEFAULT 0,
    to_read bigint NOT NULL DEFAULT 0,
    CONSTRAINT partnerships_two_people CHECK (from_id <> to_id),
    CONSTRAINT partnerships_closed CHECK ((closed_at IS NULL) = (state IN ('pending', 'partners'))),
    CONSTRAINT partnerships_accepted CHECK (state NOT IN ('partners', 'ended') OR accepted_at IS NOT NULL),
    CONSTRAINT partnerships_read CHECK (from_read BETWEEN 0 AND last_seq AND to_read BETWEEN 0 AND last_seq)
);
-- One open row for two people, whoever asked whom. (LEAST passes NULL over: two rows of which the other is gone would
-- be of one person with themselves.)
CREATE UNIQUE INDEX partnerships_one_open ON partnerships (LEAST(from_id, to_id), GREATEST(from_id, to_id))
    WHERE state IN ('pending', 'partners') AND from_id IS NOT NULL AND to_id IS NOT NULL;
CREATE INDEX partnerships_from ON partnerships (from_id, state, id DESC);
CREATE INDEX partnerships_to ON partnerships (to_id, state, id DESC);
CREATE INDEX partnerships_from_persona ON partnerships (from_persona_id);
CREATE INDEX partnerships_to_persona ON partnerships (to_persona_id);
CREATE INDEX partnerships_expiry ON partnerships (expires_at) WHERE state = 'pending';

CREATE TABLE partner_messages (
    id uuid PRIMARY KEY,
    partnership_id uuid NOT NULL
        CONSTRAINT partner_messages_partnership_fk REFERENCES partnerships (id) ON DELETE CASCADE,
    seq bigint NOT NULL CONSTRAINT partner_messages_seq CHECK (seq > 0),
    sender_id uuid CONSTRAINT partner_messages_sender_fk REFERENCES users (id) ON DELETE SET NULL,
    body text NOT NULL,
    client_id text,
    sent_at timestamptz NOT NULL,
    CONSTRAINT partner_messages_order UNIQUE (partnership_id, seq),
    CONSTRAINT partner_messages_client_unique UNIQUE (partnership_id, sender_id, client_id)
);
CREATE INDEX partner_messages_sender ON partner_messages (sender_id);

-- What partners see, once the consent partner_sharing is given; each can be left out.
ALTER TABLE preferences
    ADD COLUMN share_streak_with_partners boolean NOT NULL DEFAULT true,
    ADD COLUMN share_slips_with_partners boolean NOT NULL DEFAULT true,
    ADD COLUMN share_sos_with_partners boolean NOT NULL DEFAULT true;

-- Search by the beginning of a name and by near spellings, among the names that are worn now.
CREATE INDEX personas_name_beginning ON personas (name_key text_pattern_ops) WHERE retired_at IS NULL;
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
