"""What of the community a person may see: one rule, for every list, every single post and whatever hangs on it.

A post is in sight while it is not hidden, its author is there and neither of the two has blocked the other, and, in a
group, to members only. Rules: semantics, "Community".
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from domain.accounts.authors import written_by
from domain.accounts.blocks import blocked_between
from domain.kit.database import fetch_row
from domain.kit.errors import Conflict, Forbidden, NotFound


class PostInSight(msgspec.Struct, frozen=True):
    """A post that the viewer may see. `archived`: its group is read-only now."""

    id: UUID
    user_id: UUID
    group_id: UUID | None
    archived: bool

    def refuse_if_archived(self) -> None:
        """Raises Conflict `group_archived`: what is in an archived group can be read, and that is all."""
        if self.archived:
            raise group_archived()


def refuse_others(owner: UUID, user_id: UUID) -> None:
    """Raises Forbidden for what somebody else wrote; to be asked once it is known to be in sight."""
    if owner != user_id:
        raise Forbidden("Only who wrote it may do this.")


def group_archived() -> Conflict:
    return Conflict("This group is archived: it can be read, nothing more.", code="group_archived")


def in_sight(content: str, viewer: str, *, prefix: str = "author", own_hidden: bool = False) -> str:
    """The joins and the condition (to follow FROM `content`) under which a row of posts or comments is in sight.

    `content` is what the table is called in the statement, `viewer` the SQL of who is looking. The joins are those of
    `written_by`, so the author's columns can be selected. Membership of a group is not in it: see `in_group`. With
    `own_hidden` who wrote it sees it even though it is hidden.
    """
    shown = f"{content}.state = 'visible'"
    if own_hidden:
        shown = f"({shown} OR {content}.user_id = {viewer})"
    return f"""{written_by(content + ".persona_id", prefix=prefix)}
        WHERE {shown}
          AND ({content}.user_id = {viewer} OR NOT {blocked_between(content + ".user_id", viewer)})"""


def in_group(viewer: str) -> str:
    """SQL for a row of posts: whether the viewer (SQL of a user's id) may see what its group shows."""
    return f"""(posts.group_id IS NULL OR EXISTS (SELECT FROM memberships
        WHERE memberships.group_id = posts.group_id AND memberships.user_id = {viewer}))"""


IN_GROUP = in_group("$1")

_POST = f"""
SELECT posts.id, posts.user_id, posts.group_id,
       EXISTS (SELECT FROM groups WHERE groups.id = posts.group_id AND archived_at IS NOT NULL) AS archived
FROM posts {in_sight("posts", "$1")} AND posts.id = $2 AND {IN_GROUP}"""
# What adds to a post, or takes from it, holds the post before anything else: whoever deletes the post does so first as
# well, so the two wait for each other in one order and never in a circle.
HOLD = "FOR KEY SHARE OF posts"


async def post_in_sight(viewer: UUID, post_id: UUID, *, hold: bool = False) -> PostInSight:
    """The post, if the viewer may see it; for whatever they want to do with it. Raises NotFound.

    With `hold` it will not be deleted before the caller's transaction ends.
    """
    row = await fetch_row(f"{_POST} {HOLD}" if hold else _POST, viewer, post_id)
    if row is None:
        raise NotFound
    return PostInSight(row["id"], row["user_id"], row["group_id"], row["archived"])
