from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from domain.kit.database import execute

ID = "2026-11-23T14:00:17"
VERSION = "1.38.0"
DESCRIPTION = "groups, posts, comments, likes"

FORWARDS = """
-- Groups are made by administrators. Shown is seeded + real, stored apart.
CREATE TABLE groups (
    id uuid PRIMARY KEY,
    slug text NOT NULL CONSTRAINT groups_slug_unique UNIQUE,
    name text NOT NULL,
    description text NOT NULL,
    seeded_members integer NOT NULL DEFAULT 0 CONSTRAINT groups_seeded_members CHECK (seeded_members >= 0),
    members integer NOT NULL DEFAULT 0 CONSTRAINT groups_members CHECK (members >= 0),
    position integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    archived_at timestamptz
);

CREATE TABLE memberships (
    group_id uuid NOT NULL CONSTRAINT memberships_group_fk REFERENCES groups (id) ON DELETE CASCADE,
    user_id uuid NOT NULL CONSTRAINT memberships_user_fk REFERENCES users (id) ON DELETE CASCADE,
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX memberships_user ON memberships (user_id);

-- A post bears the persona that it was written under, never a name; user_id is for limits, blocks and removal. Without
-- a group it is in the feed of all. Hidden is what reporters or moderators took out of sight.
CREATE TABLE posts (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT posts_user_fk REFERENCES users (id) ON DELETE CASCADE,
    persona_id uuid NOT NULL CONSTRAINT posts_persona_fk REFERENCES personas (id) ON DELETE CASCADE,
    group_id uuid CONSTRAINT posts_group_fk REFERENCES groups (id) ON DELETE CASCADE,
    body text NOT NULL,
    sensitive boolean NOT NULL DEFAULT false,
    state text NOT NULL DEFAULT 'visible' CONSTRAINT posts_state CHECK (state IN ('visible', 'hidden')),
    created_at timestamptz NOT NULL,
    edited_at timestamptz
);
CREATE INDEX posts_feed ON posts (id DESC) WHERE group_id IS NULL AND state = 'visible';
CREATE INDEX posts_group ON posts (group_id, id DESC) WHERE state = 'visible';
CREATE INDEX posts_group_fk ON posts (group_id);
CREATE INDEX posts_user ON posts (user_id, created_at);
CREATE INDEX posts_persona ON posts (persona_id);

-- What is counted about a post, apart from it: a like rewrites a few bytes and not the text. `week` is the Monday of the
-- post's week in UTC: the best of the last days are found week by week, best first, whatever has been before.
CREATE TABLE post_counts (
    post_id uuid PRIMARY KEY CONSTRAINT post_counts_post_fk REFERENCES posts (id) ON DELETE CASCADE,
    group_id uuid CONSTRAINT post_counts_group_fk REFERENCES groups (id) ON DELETE CASCADE,
    week date NOT NULL,
    likes integer NOT NULL DEFAULT 0 CONSTRAINT post_counts_likes CHECK (likes >= 0),
    comments integer NOT NULL DEFAULT 0 CONSTRAINT post_counts_comments CHECK (comments >= 0)
);
CREATE INDEX post_counts_top ON post_counts (week, likes DESC, post_id DESC) WHERE group_id IS NULL;
CREATE INDEX post_counts_group_top ON post_counts (group_id, week, likes DESC, post_id DESC);

CREATE TABLE post_likes (
    post_id uuid NOT NULL CONSTRAINT post_likes_post_fk REFERENCES posts (id) ON DELETE CASCADE,
    user_id uuid NOT NULL CONSTRAINT post_likes_user_fk REFERENCES users (id) ON DELETE CASCADE,
    liked_at timestamptz NOT NULL,
    PRIMARY KEY (post_id, user_id)
);
CREATE INDEX post_likes_user ON post_likes (user_id);

-- One level of replies: thread_id is the comment that a reply stands under, or the comment's own id. It is no reference,
-- because a reply stays when what it answers is deleted.
CREATE TABLE comments (
    id uuid PRIMARY KEY,
    post_id uuid NOT NULL CONSTRAINT comments_post_fk REFERENCES posts (id) ON DELETE CASCADE,
    user_id uuid NOT NULL CONSTRAINT comments_user_fk REFERENCES users (id) ON DELETE CASCADE,
    persona_id uuid NOT NULL CONSTRAINT comments_persona_fk REFERENCES personas (id) ON DELETE CASCADE,
    thread_id uuid NOT NULL,
    body text NOT NULL,
    state text NOT NULL DEFAULT 'visible' CONSTRAINT comments_state CHECK (state IN ('visible', 'hidden')),
    likes integer NOT NULL DEFAULT 0 CONSTRAINT comments_likes CHECK (likes >= 0),
    created_at timestamptz NOT NULL,
    edited_at timestamptz
);
CREATE INDEX comments_list ON comments (post_id, thread_id, id) WHERE state = 'visible';
CREATE INDEX comments_post ON comments (post_id);
CREATE INDEX comments_user ON comments (user_id, created_at);
CREATE INDEX comments_persona ON comments (persona_id);

CREATE TABLE comment_likes (
    comment_id uuid NOT NULL CONSTRAINT comment_likes_comment_fk REFERENCES comments (id) ON DELETE CASCADE,
    user_id uuid NOT NULL CONSTRAINT comment_likes_user_fk REFERENCES users (id) ON DELETE CASCADE,
    liked_at timestamptz NOT NULL,
    PRIMARY KEY (comment_id, user_id)
);
CREATE INDEX comment_likes_user ON comment_likes (user_id);

-- What accounts write on their first day, for its limits; forgotten after an hour.
CREATE TABLE early_writings (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT early_writings_user_fk REFERENCES users (id) ON DELETE CASCADE,
    kind text NOT NULL CONSTRAINT early_writings_kind CHECK (kind IN ('posts', 'comments')),
    written_at timestamptz NOT NULL
);
CREATE INDEX early_writings_limit ON early_writings (user_id, kind, written_at);
CREATE INDEX early_writings_old ON early_writings (written_at);

-- How far the daily repair of counts is, by what they count; last_id is the last one of the batch that was looked at.
CREATE TABLE count_checks (
    what text PRIMARY KEY,
    checked_on date,
    checking_on date,
    last_id uuid,
    rows integer NOT NULL DEFAULT 0,
    wrong integer NOT NULL DEFAULT 0
);

-- What adds a row counts it in the same statement. Rows go in many ways (by the person, with their account, with what
-- they belong to), so what is taken away is counted here. Whoever changes several counts holds them first, in one order.
CREATE FUNCTION count_post_likes_gone() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM FROM post_counts WHERE post_id IN (SELECT post_id FROM old_rows) ORDER BY post_id FOR NO KEY UPDATE;
    UPDATE post_counts SET likes = greatest(0, likes - gone.rows)
    FROM (SELECT post_id, count(*) AS rows FROM old_rows GROUP BY post_id) AS gone
    WHERE post_counts.post_id = gone.post_id;
    RETURN NULL;
END $$;
CREATE TRIGGER post_likes_gone AFTER DELETE ON post_likes REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_post_likes_gone();

CREATE FUNCTION count_comment_likes_gone() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM FROM comments WHERE id IN (SELECT comment_id FROM old_rows) ORDER BY id FOR NO KEY UPDATE;
    UPDATE comments SET likes = greatest(0, likes - gone.rows)
    FROM (SELECT comment_id, count(*) AS rows FROM old_rows GROUP BY comment_id) AS gone
    WHERE comments.id = gone.comment_id;
    RETURN NULL;
END $$;
CREATE TRIGGER comment_likes_gone AFTER DELETE ON comment_likes REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_comment_likes_gone();

-- Only visible comments are counted: hiding one takes it out of the count, and showing it puts it back.
CREATE FUNCTION count_comments_gone() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM FROM post_counts WHERE post_id IN (SELECT post_id FROM old_rows) ORDER BY post_id FOR NO KEY UPDATE;
    UPDATE post_counts SET comments = greatest(0, comments - gone.rows)
    FROM (SELECT post_id, count(*) AS rows FROM old_rows WHERE state = 'visible' GROUP BY post_id) AS gone
    WHERE post_counts.post_id = gone.post_id;
    RETURN NULL;
END $$;
CREATE TRIGGER comments_gone AFTER DELETE ON comments REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_comments_gone();

CREATE FUNCTION count_memberships_gone() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    PERFORM FROM groups WHERE id IN (SELECT group_id FROM old_rows) ORDER BY id FOR NO KEY UPDATE;
    UPDATE groups SET members = greatest(0, members - gone.rows)
    FROM (SELECT group_id, count(*) AS rows FROM old_rows GROUP BY group_id) AS gone
    WHERE groups.id = gone.group_id;
    RETURN NULL;
END $$;
CREATE TRIGGER memberships_gone AFTER DELETE ON memberships REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_memberships_gone();
"""


async def run() -> None:
    await execute(FORWARDS)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="kuitter", description=DESCRIPTION)
    manager.add_raw(run)
    return manager
