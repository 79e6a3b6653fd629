"""Taking a post or a comment out of everybody's sight, and back. Hidden comments are not counted."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from domain.community.sight import HOLD
from domain.kit.database import fetch_value

Content = Literal["post", "comment"]

_HOLD_POST = "SELECT user_id FROM posts WHERE id = $1 FOR NO KEY UPDATE"
# The post of a comment is held first, see sight.py.
_HELD = f"SELECT posts.id FROM posts JOIN comments ON comments.post_id = posts.id WHERE comments.id = $1 {HOLD}"
_HOLD_COMMENT = f"""
WITH held AS ({_HELD})
SELECT user_id FROM comments JOIN held ON held.id = comments.post_id WHERE comments.id = $1
FOR NO KEY UPDATE OF comments"""

_POST = "UPDATE posts SET state = $2 WHERE id = $1 AND state <> $2 RETURNING true"
_COMMENT = f"""
WITH held AS ({_HELD}), changed AS (
    UPDATE comments SET state = $2 FROM held
    WHERE comments.id = $1 AND comments.post_id = held.id AND state <> $2 RETURNING post_id
)
UPDATE post_counts SET comments = greatest(0, comments + CASE $2 WHEN 'visible' THEN 1 ELSE -1 END)
FROM changed WHERE post_counts.post_id = changed.post_id RETURNING true"""


async def hold(content: Content, content_id: UUID) -> UUID | None:
    """Keep others from hiding, showing or removing it until the transaction ends; who wrote it, None if it is gone."""
    owner: UUID | None = await fetch_value(_HOLD_POST if content == "post" else _HOLD_COMMENT, content_id)
    return owner


async def hide(content: Content, content_id: UUID) -> bool:
    """Take it out of sight, in the caller's transaction; False if it is hidden already or gone."""
    return bool(await fetch_value(_POST if content == "post" else _COMMENT, content_id, "hidden"))


async def show(content: Content, content_id: UUID) -> bool:
    """Put it back; False if it is visible or gone."""
    return bool(await fetch_value(_POST if content == "post" else _COMMENT, content_id, "visible"))
