"""What can be reported: finding it for the person who reports it, with what it looks like now.

One who has blocked somebody may still report them, so blocks do not count here. What is in a group is for its members.
What reports took out of sight can be reported until it is reviewed: more people may have it on their screens.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.accounts.authors import person_behind, written_by
from domain.community.hiding import hold
from domain.community.sight import IN_GROUP
from domain.kit.database import fetch_row
from domain.kit.errors import NotFound
from domain.partners.talk import shown_to_partner

TargetType = Literal["post", "comment", "user", "group", "partner_message", "anchor_message"]


class Snapshot(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was reported as it looked then. Names are what others saw."""

    text: str | None = None
    author_id: UUID | None = None
    author_name: str | None = None
    written_at: datetime | None = None
    group_id: UUID | None = None


class Target(msgspec.Struct, frozen=True):
    """`user_id` is whose it is; nobody's for a group."""

    user_id: UUID | None
    snapshot: Snapshot


def _in_sight(content: str, target_type: str) -> str:
    return f"""({content}.state = 'visible' OR EXISTS (SELECT FROM reports
        WHERE target_type = '{target_type}' AND target_id = {content}.id AND reports.state = 'open'))"""


_AUTHOR = "author_shown.id AS author_id, author_shown.name AS author_name"
_POST = f"""
SELECT posts.user_id, posts.body, posts.created_at, posts.group_id, {_AUTHOR}
FROM posts {written_by("posts.persona_id")}
WHERE posts.id = $2 AND {IN_GROUP} AND {_in_sight("posts", "post")}"""
_COMMENT = f"""
SELECT comments.user_id, comments.body, comments.created_at, posts.group_id, {_AUTHOR}
FROM comments JOIN posts ON posts.id = comments.post_id
{written_by("comments.persona_id")} {written_by("posts.persona_id", prefix="poster")}
WHERE comments.id = $2 AND {IN_GROUP} AND {_in_sight("comments", "comment")} AND {_in_sight("posts", "post")}"""
_GROUP = """
SELECT NULL::uuid AS user_id, name || E'\\n' || description AS body, created_at, id AS group_id,
       NULL::uuid AS author_id, NULL::text AS author_name
FROM groups WHERE id = $2 AND $1::uuid IS NOT NULL"""
# Anchor's words to the person: what is reported is the model, and whose talk it was is the person's own business.
_ANCHOR_MESSAGE = """
SELECT NULL::uuid AS user_id, body, created_at, NULL::uuid AS group_id, NULL::uuid AS author_id,
       'Anchor'::text AS author_name
FROM anchor_messages WHERE id = $2 AND user_id = $1 AND role = 'anchor' AND body <> ''"""
# To either of the two, also after the end of the partnership, and when one has blocked the other since. What somebody
# purged wrote is blank. The name is the one that the partner sees; none of somebody who is suspended.
_PARTNER_MESSAGE = f"""
SELECT sender.id AS user_id, partner_messages.body, partner_messages.sent_at AS created_at, NULL::uuid AS group_id,
       {_AUTHOR}
FROM partner_messages
JOIN partnerships ON partnerships.id = partner_messages.partnership_id
JOIN users AS sender ON sender.id = partner_messages.sender_id AND sender.state <> 'deleting'
{written_by(shown_to_partner("sender.id"), join="LEFT JOIN")}
WHERE partner_messages.id = $2 AND $1 IN (partnerships.from_id, partnerships.to_id)"""
_PERSON = """
SELECT users.id AS user_id, NULL::text AS body, NULL::timestamptz AS created_at, NULL::uuid AS group_id,
       personas.id AS author_id, personas.name AS author_name
FROM users JOIN personas ON personas.id = $2 WHERE users.id = $1"""


# Content is held, so that reports of the same thing come one after another and count each other. In a statement of its
# own: the next one then sees what the holder before us has committed.


async def _post(viewer: UUID, target_id: UUID) -> Any:
    await hold("post", target_id)
    return await fetch_row(_POST, viewer, target_id)


async def _comment(viewer: UUID, target_id: UUID) -> Any:
    await hold("comment", target_id)
    return await fetch_row(_COMMENT, viewer, target_id)


async def _user(_: UUID, author_id: UUID) -> Any:
    return await fetch_row(_PERSON, await person_behind(author_id), author_id)


async def _group(viewer: UUID, target_id: UUID) -> Any:
    return await fetch_row(_GROUP, viewer, target_id)


async def _anchor_message(viewer: UUID, target_id: UUID) -> Any:
    return await fetch_row(_ANCHOR_MESSAGE, viewer, target_id)


async def _partner_message(viewer: UUID, target_id: UUID) -> Any:
    return await fetch_row(_PARTNER_MESSAGE, viewer, target_id)


_LOOKS: dict[TargetType, Callable[[UUID, UUID], Awaitable[Any]]] = {
    "post": _post,
    "comment": _comment,
    "user": _user,
    "group": _group,
    "partner_message": _partner_message,
    "anchor_message": _anchor_message,
}


async def find_target(viewer: UUID, target_type: TargetType, target_id: UUID) -> Target:
    """What is reported, in the transaction of the report. Raises NotFound for what the viewer cannot know of."""
    row = await _LOOKS[target_type](viewer, target_id)
    if row is None:
        raise NotFound
    snapshot = Snapshot(row["body"], row["author_id"], row["author_name"], row["created_at"], row["group_id"])
    return Target(row["user_id"], snapshot)
