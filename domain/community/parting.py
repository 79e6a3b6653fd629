"""What a block ends in the community: what either was told of the other, as far as it is unread.

Rules: semantics, "Push" (blocks are checked when sending; a push may wait a whole night for that) and "Community".
"""

from __future__ import annotations

from uuid import UUID

from domain.community.telling import Telling, TellOfCommentLikes, TellOfComments, TellOfPostLikes, TellOfReplies
from domain.kit.database import fetch
from domain.kit.outbox import enqueue

# By the job that tells of it, the things that one of the two was told of and the other had to do with.
_TOLD = """
WITH told AS (
    SELECT kind, split_part(cause, ':', 1)::uuid AS target, CASE user_id WHEN $1 THEN $2::uuid ELSE $1::uuid END AS doer
    FROM notifications WHERE user_id IN ($1, $2) AND read_at IS NULL AND kind IN ('like', 'comment', 'reply')
)
SELECT 'post_likes' AS what, target FROM told JOIN post_likes ON post_id = target AND user_id = doer WHERE kind = 'like'
UNION SELECT 'comment_likes', target FROM told JOIN comment_likes ON comment_id = target AND user_id = doer
      WHERE kind = 'like'
UNION SELECT 'comments', target FROM told JOIN comments ON post_id = target AND user_id = doer WHERE kind = 'comment'
UNION SELECT 'replies', target FROM told JOIN comments ON thread_id = target AND user_id = doer WHERE kind = 'reply'"""

_JOBS: dict[str, type[Telling]] = {
    "post_likes": TellOfPostLikes,
    "comment_likes": TellOfCommentLikes,
    "comments": TellOfComments,
    "replies": TellOfReplies,
}


async def part(one: UUID, other: UUID) -> None:
    """Have told anew what these two were told of each other, in the transaction of the block: without the other, or
    not at all. A push of it that still waits goes with it."""
    for row in await fetch(_TOLD, one, other):
        await enqueue(_JOBS[row["what"]](target_id=row["target"]))
