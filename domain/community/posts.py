"""Posts: as they are shown, and writing, changing and deleting one. The feed and groups are the same code."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.accounts.authors import Author, author_columns, author_in
from domain.community.groups import membership_for_writing
from domain.community.posting import may_edit, may_write
from domain.community.sight import IN_GROUP, in_sight, post_in_sight, refuse_others
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row
from domain.kit.errors import NotFound
from domain.kit.idempotency import IdempotencyKey, once
from domain.kit.ids import new_id
from domain.kit.text import clean_text
from domain.safety.support import Support, with_support
from domain.safety.text_filter import refuse_objectionable

_LONGEST = 5000


class Post(msgspec.Struct, frozen=True):
    """A post as one viewer sees it. `sensitive`: to be folded until it is tapped. `edited_at` is null unless edited.

    `hidden`: out of everybody's sight but its author's, until it is reviewed or for good.
    `support` is for the answer to whoever wrote it; null unless their words say that somebody may be in danger.
    """

    id: UUID
    author: Author
    body: str
    sensitive: bool
    group_id: UUID | None
    like_count: int
    comment_count: int
    liked_by_me: bool
    is_mine: bool
    created_at: datetime
    edited_at: datetime | None
    hidden: bool = False
    support: Support | None = None


class PostChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed of one's own post; a field left out stays as it is."""

    body: Annotated[str, Meta(description="1 to 5000 characters")] | UnsetType = UNSET
    sensitive: bool | UnsetType = UNSET


# For every statement that shows posts to $1; the rows are read by `post_in`. Counts and the viewer's like are looked up
# post by post, which the LIMITs see to: as joins PostgreSQL would sooner or later walk over all counts, or over all
# that somebody has ever liked.
COLUMNS = f"""
    posts.id, posts.group_id, posts.body, posts.sensitive, posts.created_at, posts.edited_at,
    counts.likes, counts.comments, posts.user_id = $1 AS is_mine, posts.state = 'hidden' AS hidden,
    (SELECT true FROM post_likes WHERE post_id = posts.id AND user_id = $1 LIMIT 1) IS NOT NULL AS liked_by_me,
    {author_columns("$1")}"""
_COUNTED = """posts
    CROSS JOIN LATERAL (SELECT likes, comments FROM post_counts WHERE post_id = posts.id LIMIT 1) AS counts"""
FROM = f"{_COUNTED} {in_sight('posts', '$1')}"
# The same, found by what is counted: from `counts` on, one by one.
FROM_COUNTS = f"""post_counts AS counts
    CROSS JOIN LATERAL (SELECT * FROM posts WHERE posts.id = counts.post_id LIMIT 1) AS posts
    {in_sight("posts", "$1")}"""

_ONE = f"""SELECT {COLUMNS} FROM {_COUNTED} {in_sight("posts", "$1", own_hidden=True)}
           AND posts.id = $2 AND {IN_GROUP}"""

_ADD = """
WITH written AS (
    INSERT INTO posts (id, user_id, persona_id, group_id, body, sensitive, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
)
INSERT INTO post_counts (post_id, group_id, week, created_at) VALUES ($1, $4, $8, $7)"""


def post_in(row: Any) -> Post:
    """The post in a row with COLUMNS."""
    return Post(
        row["id"], author_in(row), row["body"], row["sensitive"], row["group_id"], row["likes"], row["comments"],
        row["liked_by_me"], row["is_mine"], row["created_at"], row["edited_at"], row["hidden"],
    )  # fmt: skip


def week_of(at: datetime) -> date:
    """The Monday of the week in UTC, by which the best posts are looked up."""
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())


async def read_post(viewer: UUID, post_id: UUID) -> Post:
    """The post, if the viewer may see it; one's own also while it is hidden. Raises NotFound."""
    row = await fetch_row(_ONE, viewer, post_id)
    if row is None:
        raise NotFound
    return post_in(row)


@with_support("post", "body")
async def write_post(
    user_id: UUID, body: str, *, group_id: UUID | None, sensitive: bool, key: IdempotencyKey | None
) -> Post:
    """Write a post under the present persona, to all or to a group that the person is in.

    Raises InvalidRequest for the text's length, RuleBroken `content_refused`, NotFound for an unknown group,
    Forbidden `not_a_member`, Conflict `group_archived`, and as may_write.
    """
    text = clean_text(body, field="body", longest=_LONGEST)
    refuse_objectionable(text)

    async def create() -> UUID:
        persona_id, now = await may_write(user_id, "posts")
        if group_id is not None:
            await membership_for_writing(user_id, group_id)
        post_id = new_id()
        await execute(_ADD, post_id, user_id, persona_id, group_id, text, sensitive, now, week_of(now))
        return post_id

    written = await once(key, 201, create)
    return await read_post(user_id, written.resource_id)


@with_support("post", "change.body")
async def change_post(user_id: UUID, post_id: UUID, change: PostChange) -> Post:
    """Change one's own post; another text is marked as edited.

    Raises as write_post for the text and as may_edit, NotFound, Forbidden for somebody else's, Conflict
    `group_archived`.
    """
    text = None
    if change.body is not UNSET:
        text = clean_text(change.body, field="body", longest=_LONGEST)
        refuse_objectionable(text)
    sensitive = None if change.sensitive is UNSET else change.sensitive
    post = await post_in_sight(user_id, post_id)
    refuse_others(post.user_id, user_id)
    post.refuse_if_archived()
    if text is not None:
        await may_edit(user_id)
    await execute(
        """UPDATE posts SET body = coalesce($2, body), sensitive = coalesce($3, sensitive),
                            edited_at = CASE WHEN $2 <> body THEN $4 ELSE edited_at END
           WHERE id = $1""",
        post_id, text, sensitive, clock.now(),
    )  # fmt: skip
    return await read_post(user_id, post_id)


async def delete_post(user_id: UUID, post_id: UUID) -> None:
    """Delete one's own post with all that hangs on it, at once: also a hidden one, or one in a group that was left.

    Raises NotFound, Forbidden for somebody else's that is in sight.
    """
    done = await execute("DELETE FROM posts WHERE id = $1 AND user_id = $2", post_id, user_id)
    if done != "DELETE 1":
        refuse_others((await post_in_sight(user_id, post_id)).user_id, user_id)
        raise NotFound
