"""Comments on posts, with one level of replies; the same in the feed and in groups.

The list is flat, in the order of threads: a comment, then its replies. A reply names the comment that it stands under
(`reply_to`), which may be missing from the list: deleted, hidden, or of somebody blocked.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.accounts.authors import Author, author_columns, author_in
from domain.community.posting import may_edit, may_write
from domain.community.sight import HOLD, PostInSight, in_sight, post_in_sight, refuse_others
from domain.community.telling import TellOfComments, TellOfReplies, gather
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, transaction
from domain.kit.errors import NotFound, RuleBroken
from domain.kit.idempotency import IdempotencyKey, once
from domain.kit.ids import new_id
from domain.kit.pagination import Page, decode_cursor, page_of
from domain.kit.text import clean_text
from domain.safety.support import Support, with_support
from domain.safety.text_filter import refuse_objectionable

_LONGEST = 2000
_FIRST = UUID(int=0)


class Comment(msgspec.Struct, frozen=True):
    """A comment as one viewer sees it. `reply_to` is null for one that answers the post itself.

    `support` is for the answer to whoever wrote it; null unless their words say that somebody may be in danger.
    """

    id: UUID
    post_id: UUID
    reply_to: UUID | None
    author: Author
    body: str
    like_count: int
    liked_by_me: bool
    is_mine: bool
    created_at: datetime
    edited_at: datetime | None
    support: Support | None = None


_COLUMNS = f"""
    comments.id, comments.post_id, comments.thread_id, comments.body, comments.likes, comments.created_at,
    comments.edited_at, comments.user_id = $1 AS is_mine, comments.user_id,
    (SELECT true FROM comment_likes WHERE comment_id = comments.id AND user_id = $1 LIMIT 1) IS NOT NULL AS liked_by_me,
    {author_columns("$1")}"""
_FROM = f"comments {in_sight('comments', '$1')}"
_ONE = f"SELECT {_COLUMNS} FROM {_FROM} AND comments.id = $2"
# The length is written in, see feed.py.
_LIST = f"""SELECT {_COLUMNS} FROM {_FROM} AND comments.post_id = $2
            AND (comments.thread_id, comments.id) > ($3::uuid, $4::uuid)
            ORDER BY comments.thread_id, comments.id LIMIT {{}}"""

_ADD = """
WITH written AS (
    INSERT INTO comments (id, post_id, user_id, persona_id, thread_id, body, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
)
UPDATE post_counts SET comments = comments + 1 WHERE post_id = $2"""
_DELETE = f"""
WITH held AS (
    SELECT posts.id FROM posts JOIN comments ON comments.post_id = posts.id
    WHERE comments.id = $1 AND comments.user_id = $2 {HOLD}
)
DELETE FROM comments USING held WHERE comments.id = $1 AND comments.user_id = $2 AND comments.post_id = held.id
RETURNING comments.post_id, comments.thread_id"""


def _view(row: Any) -> Comment:
    return Comment(
        row["id"], row["post_id"], row["thread_id"] if row["thread_id"] != row["id"] else None, author_in(row),
        row["body"], row["likes"], row["liked_by_me"], row["is_mine"], row["created_at"], row["edited_at"],
    )  # fmt: skip


async def list_comments(viewer: UUID, post_id: UUID, limit: int, cursor: str | None) -> Page[Comment]:
    """Comments of a post, the oldest thread first. Raises NotFound, InvalidRequest for a cursor that is not ours."""
    thread, last = decode_cursor(cursor, tuple[UUID, UUID]) or (_FIRST, _FIRST)
    await post_in_sight(viewer, post_id)
    rows = await fetch(_LIST.format(limit + 1), viewer, post_id, thread, last)
    return page_of(rows, limit, _view, lambda row: (row["thread_id"], row["id"]))


@with_support("comment", "body")
async def write_comment(
    user_id: UUID, post_id: UUID, body: str, *, reply_to: UUID | None, key: IdempotencyKey | None
) -> Comment:
    """Write a comment under the present persona, to a post or to one of its comments.

    Raises InvalidRequest for the text's length, RuleBroken `content_refused` or `reply_to_reply`, NotFound for a post
    or a comment that is not in sight, Conflict `group_archived`, and as may_write.
    """
    text = clean_text(body, field="body", longest=_LONGEST)
    refuse_objectionable(text)

    async def create() -> UUID:
        persona_id, now = await may_write(user_id, "comments")
        post = await post_in_sight(user_id, post_id, hold=True)
        post.refuse_if_archived()
        comment_id = new_id()
        thread_id, answered = comment_id, None
        if reply_to is not None:
            thread_id, answered = reply_to, await _answerable(user_id, post_id, reply_to)
        await execute(_ADD, comment_id, post_id, user_id, persona_id, thread_id, text, now)
        if answered is not None and answered != user_id:
            await gather(TellOfReplies(target_id=thread_id))
        # Whoever wrote both the post and the comment hears of the reply alone.
        if post.user_id not in (user_id, answered):
            await gather(TellOfComments(target_id=post_id))
        return comment_id

    written = await once(key, 201, create)
    return await _read(user_id, written.resource_id)


@with_support("comment", "body")
async def change_comment(user_id: UUID, comment_id: UUID, body: str) -> Comment:
    """Change one's own comment; another text is marked as edited. Raises as write_comment, Forbidden for another's."""
    text = clean_text(body, field="body", longest=_LONGEST)
    refuse_objectionable(text)
    post = await _post_of_own(user_id, comment_id)
    post.refuse_if_archived()
    await may_edit(user_id)
    await execute(
        """UPDATE comments SET body = $2, edited_at = CASE WHEN $2 <> body THEN $3 ELSE edited_at END WHERE id = $1""",
        comment_id, text, clock.now(),
    )  # fmt: skip
    return await _read(user_id, comment_id)


async def delete_comment(user_id: UUID, comment_id: UUID) -> None:
    """Delete one's own comment at once, also a hidden one; replies to it stay.

    Raises NotFound, Forbidden for somebody else's that is in sight.
    """
    async with transaction():
        deleted = await fetch_row(_DELETE, comment_id, user_id)
        if deleted is None:
            await _post_of_own(user_id, comment_id)
            raise NotFound
        # What is unread of it may have to go.
        await gather(TellOfComments(target_id=deleted["post_id"]))
        if deleted["thread_id"] != comment_id:
            await gather(TellOfReplies(target_id=deleted["thread_id"]))


async def _answerable(viewer: UUID, post_id: UUID, comment_id: UUID) -> UUID:
    """Who wrote the comment that is to be answered."""
    row = await _in_sight(viewer, comment_id)
    if row["post_id"] != post_id:
        raise NotFound
    if row["thread_id"] != row["id"]:
        raise RuleBroken(
            "A reply cannot be replied to; reply to the comment that it stands under.", code="reply_to_reply"
        )
    owner: UUID = row["user_id"]
    return owner


async def _in_sight(viewer: UUID, comment_id: UUID) -> Any:
    row = await fetch_row(_ONE, viewer, comment_id)
    if row is None:
        raise NotFound
    return row


async def _read(viewer: UUID, comment_id: UUID) -> Comment:
    return _view(await _in_sight(viewer, comment_id))


async def _post_of_own(user_id: UUID, comment_id: UUID) -> PostInSight:
    """The post that the person's own comment stands under. Raises Forbidden for another's, if that is in sight."""
    row = await _in_sight(user_id, comment_id)
    post = await post_in_sight(user_id, row["post_id"])
    refuse_others(row["user_id"], user_id)
    return post
