from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:23"
VERSION = "1.38.0"
DESCRIPTION = "what Anchor remembers; notices in the talk"

FORWARDS = """
-- What Anchor remembers of a person, one thing a row. What was learned from a journal entry goes with the entry, in the
-- same transaction, whatever removes it. What the person wrote or changed has the origin `person`; entry_id stays, so
-- that it goes with the entry all the same.
CREATE TABLE anchor_memories (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT anchor_memories_user_fk REFERENCES users (id) ON DELETE CASCADE,
    body text NOT NULL,
    origin text NOT NULL CONSTRAINT anchor_memories_origin CHECK (origin IN ('talk', 'journal', 'person')),
    entry_id uuid CONSTRAINT anchor_memories_entry_fk REFERENCES journal_entries (id) ON DELETE CASCADE,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT anchor_memories_entry CHECK (
        CASE origin WHEN 'journal' THEN entry_id IS NOT NULL WHEN 'talk' THEN entry_id IS NULL ELSE true END
    )
);
CREATE INDEX anchor_memories_list ON anchor_memories (user_id, id DESC);
CREATE INDEX anchor_memories_entry ON anchor_memories (entry_id);

-- The talk so far in a few sentences: of the messages up to up_to_seq, which need not go along word by word any more.
CREATE TABLE anchor_summaries (
    user_id uuid PRIMARY KEY CONSTRAINT anchor_summaries_user_fk REFERENCES users (id) ON DELETE CASCADE,
    body text NOT NULL,
    up_to_seq bigint NOT NULL,
    updated_at timestamptz NOT NULL
);

-- How far somebody's talk has been gone through for what is worth remembering. Whoever changes what is remembered of a
-- person holds this row; journal entries, where they matter, are locked before it.
CREATE TABLE anchor_remembering (
    user_id uuid PRIMARY KEY CONSTRAINT anchor_remembering_user_fk REFERENCES users (id) ON DELETE CASCADE,
    -- Rises when the person takes something back: what was asked of the model before that is not written down.
    epoch integer NOT NULL DEFAULT 0,
    talk_up_to bigint NOT NULL DEFAULT 0,
    -- Nothing of the talk up to here goes into a summary again.
    forgotten_up_to bigint NOT NULL DEFAULT 0,
    -- Entries that were last changed before are not read; by the business clock.
    journal_from timestamptz,
    -- Answers about the same messages that could not be read, one after the other.
    misread smallint NOT NULL DEFAULT 0,
    -- When it is to be gone through next, by PostgreSQL's own clock.
    due_at timestamptz
);
CREATE INDEX anchor_remembering_due ON anchor_remembering (due_at) WHERE due_at IS NOT NULL;

-- Entries that have been gone through as they stand.
CREATE TABLE anchor_read_entries (
    entry_id uuid PRIMARY KEY CONSTRAINT anchor_read_entries_entry_fk REFERENCES journal_entries (id) ON DELETE CASCADE,
    user_id uuid NOT NULL CONSTRAINT anchor_read_entries_user_fk REFERENCES users (id) ON DELETE CASCADE
);
CREATE INDEX anchor_read_entries_user ON anchor_read_entries (user_id);

-- The journal and the preferences lie below Anchor and do not know of it: what they take back, these take back.
CREATE FUNCTION anchor_forget_entry() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM FROM anchor_remembering WHERE user_id = OLD.user_id FOR UPDATE;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;  -- the foreign keys do the rest
    END IF;
    -- What the person made of it themselves survives new words, not that Anchor may read the entry no more.
    DELETE FROM anchor_memories WHERE entry_id = NEW.id AND (origin = 'journal' OR NOT NEW.share_with_anchor);
    DELETE FROM anchor_read_entries WHERE entry_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER journal_entries_anchor_gone BEFORE DELETE ON journal_entries
    FOR EACH ROW EXECUTE FUNCTION anchor_forget_entry();
CREATE TRIGGER journal_entries_anchor_changed AFTER UPDATE OF title, body, share_with_anchor ON journal_entries
    FOR EACH ROW WHEN ((OLD.title, OLD.body, OLD.share_with_anchor)
                       IS DISTINCT FROM (NEW.title, NEW.body, NEW.share_with_anchor))
    EXECUTE FUNCTION anchor_forget_entry();

CREATE FUNCTION anchor_forget_journal() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO anchor_remembering (user_id, epoch) VALUES (NEW.user_id, 1)
    ON CONFLICT (user_id) DO UPDATE SET epoch = anchor_remembering.epoch + 1;
    DELETE FROM anchor_memories WHERE user_id = NEW.user_id AND entry_id IS NOT NULL;
    DELETE FROM anchor_read_entries WHERE user_id = NEW.user_id;
    RETURN NULL;
END $$;
CREATE TRIGGER preferences_anchor_journal AFTER INSERT OR UPDATE OF share_journal_with_anchor ON preferences
    FOR EACH ROW WHEN (NOT NEW.share_journal_with_anchor) EXECUTE FUNCTION anchor_forget_journal();

ALTER TABLE anchor_charges DROP CONSTRAINT anchor_charges_purpose;
ALTER TABLE anchor_charges ADD CONSTRAINT anchor_charges_purpose CHECK (purpose IN ('reply', 'daily', 'memory'));

-- A notice says what Anchor is: an AI, no person and no therapy.
ALTER TABLE anchor_messages DROP CONSTRAINT anchor_messages_kind;
ALTER TABLE anchor_messages ADD CONSTRAINT anchor_messages_kind CHECK (kind IN ('chat', 'daily', 'support', 'notice'));
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
