"""Likes of posts and of comments: a row a person, and a count that changes in the statement that made the row.

Rule: semantics, "Community". Fifty at once count one; taking one back is as idempotent (the count then changes by the
trigger on removal, whichever way the row goes: kuitter_0017).
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from domain.community.sight import HOLD, IN_GROUP, group_archived, in_sight
from domain.community.telling import Telling, TellOfCommentLikes, TellOfPostLikes, gather
from domain.kit.clock import clock
from domain.kit.database import fetch_row, fetch_value, transaction
from domain.kit.errors import NotFound


class Like(msgspec.Struct, frozen=True):
    """Whether the person likes it now, and how many do."""

    liked: bool
    like_count: int


_ARCHIVED = "EXISTS (SELECT FROM groups WHERE groups.id = posts.group_id AND archived_at IS NOT NULL)"
_POST = f"""
SELECT posts.id, posts.user_id, {_ARCHIVED} AS archived
FROM posts {in_sight("posts", "$1")} AND posts.id = {{}} AND {IN_GROUP} {HOLD}"""
_POST_IN_SIGHT = _POST.format("$2")
# The comment has to be in sight, and the post that it stands under; both are held, the post first (see sight.py).
_COMMENT_IN_SIGHT = f"""
SELECT comments.id, comments.user_id, post.archived
FROM comments CROSS JOIN LATERAL ({_POST.format("comments.post_id")}) AS post
{in_sight("comments", "$1", prefix="writer")} AND comments.id = $2 FOR KEY SHARE OF comments"""

_LIKE = """
WITH seen AS ({seen}),
liked AS (
    INSERT INTO {likes} ({key}, user_id, liked_at) SELECT id, $1, $3 FROM seen WHERE NOT archived
    ON CONFLICT DO NOTHING RETURNING {key} AS id
), counted AS (
    UPDATE {counts} SET likes = likes + 1 FROM liked WHERE {counts}.{counts_key} = liked.id RETURNING likes
)
SELECT archived, user_id AS owner, (SELECT likes FROM counted) AS likes FROM seen"""
_UNLIKE = """
WITH seen AS ({seen}),
unliked AS (
    DELETE FROM {likes} USING seen WHERE {likes}.{key} = seen.id AND {likes}.user_id = $1 AND NOT archived
    RETURNING true
)
SELECT archived, user_id AS owner, EXISTS (SELECT FROM unliked) AS unliked FROM seen"""
_COUNT = "SELECT likes FROM {counts} WHERE {counts_key} = $1"


class _Likes(msgspec.Struct, frozen=True):
    """The statements for likes of one kind of thing, and the job that tells of them."""

    like: str
    unlike: str
    count: str
    tell: type[Telling]


def _likes(tell: type[Telling], **names: str) -> _Likes:
    return _Likes(_LIKE.format(**names), _UNLIKE.format(**names), _COUNT.format(**names), tell)


_OF_POSTS = _likes(
    TellOfPostLikes,
    seen=_POST_IN_SIGHT, likes="post_likes", key="post_id", counts="post_counts", counts_key="post_id",
)  # fmt: skip
_OF_COMMENTS = _likes(
    TellOfCommentLikes,
    seen=_COMMENT_IN_SIGHT, likes="comment_likes", key="comment_id", counts="comments", counts_key="id",
)  # fmt: skip


async def like_post(user_id: UUID, post_id: UUID) -> Like:
    """Like a post; again it changes nothing. Raises NotFound, Conflict `group_archived`."""
    return await _like(_OF_POSTS, user_id, post_id)


async def like_comment(user_id: UUID, comment_id: UUID) -> Like:
    """Like a comment; again it changes nothing. Raises NotFound, Conflict `group_archived`."""
    return await _like(_OF_COMMENTS, user_id, comment_id)


async def unlike_post(user_id: UUID, post_id: UUID) -> Like:
    """Take a like back; not having liked is the same. Raises NotFound, Conflict `group_archived`."""
    return await _unlike(_OF_POSTS, user_id, post_id)


async def unlike_comment(user_id: UUID, comment_id: UUID) -> Like:
    """Take a like back; not having liked is the same. Raises NotFound, Conflict `group_archived`."""
    return await _unlike(_OF_COMMENTS, user_id, comment_id)


async def _like(of: _Likes, user_id: UUID, liked_id: UUID) -> Like:
    async with transaction():
        row = _likeable(await fetch_row(of.like, user_id, liked_id, clock.now()))
        if row["likes"] is not None and row["owner"] != user_id:
            await gather(of.tell(target_id=liked_id))
    if row["likes"] is not None:
        return Like(True, row["likes"])
    # It was liked before, perhaps a moment ago: the statement saw the count from before it waited for that.
    return Like(True, await _count(of, liked_id))


async def _unlike(of: _Likes, user_id: UUID, liked_id: UUID) -> Like:
    async with transaction():
        row = _likeable(await fetch_row(of.unlike, user_id, liked_id))
        if row["unliked"] and row["owner"] != user_id:
            # What is unread of it may have to go.
            await gather(of.tell(target_id=liked_id))
    # The trigger counts at the statement's end.
    return Like(False, await _count(of, liked_id))


def _likeable(row: Any) -> Any:
    if row is None:
        raise NotFound
    if row["archived"]:
        raise group_archived()
    return row


async def _count(of: _Likes, liked_id: UUID) -> int:
    likes: int | None = await fetch_value(of.count, liked_id)
    if likes is None:
        raise NotFound
    return likes
