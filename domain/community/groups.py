"""Groups: made by administrators, joined and left by people; what is shown is seeded + real members.

Rules: semantics, "Community". Whether the seeded part counts is a setting: in some countries it may mislead people.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec

from domain.community.sight import group_archived
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row
from domain.kit.errors import Forbidden, NotFound
from domain.kit.pagination import Page, decode_cursor, page_of
from domain.kit.settings import settings
from domain.kit.text import clean_optional

_LONGEST_SEARCH = 60
_Position = Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)]


class Group(msgspec.Struct, frozen=True):
    """A group as one viewer sees it. An archived one can be read and no more."""

    id: UUID
    slug: str
    name: str
    description: str
    member_count: int
    is_member: bool
    archived: bool
    created_at: datetime


_COLUMNS = """groups.id, groups.slug, groups.name, groups.description,
    groups.members + CASE WHEN $2 THEN groups.seeded_members ELSE 0 END AS member_count,
    mine.user_id IS NOT NULL AS is_member, groups.archived_at IS NOT NULL AS archived, groups.created_at,
    groups.position"""
_FROM = "groups LEFT JOIN memberships AS mine ON mine.group_id = groups.id AND mine.user_id = $1"


def _view(row: Any) -> Group:
    return Group(
        row["id"], row["slug"], row["name"], row["description"], row["member_count"], row["is_member"],
        row["archived"], row["created_at"],
    )  # fmt: skip


async def list_groups(
    viewer: UUID, *, mine: bool | None, search: str | None, limit: int, cursor: str | None
) -> Page[Group]:
    """Groups by their position: all that are open and those that the viewer is in.

    `mine` leaves only those that they are in, or are not in; `search` those with the words in name or description.
    Raises InvalidRequest for too long a search or a cursor that is not ours.
    """
    after = decode_cursor(cursor, tuple[_Position, UUID])
    words = clean_optional(search, field="q", longest=_LONGEST_SEARCH)
    rows = await fetch(
        f"""SELECT {_COLUMNS} FROM {_FROM}
            WHERE (groups.archived_at IS NULL OR mine.user_id IS NOT NULL)
              AND ($3::boolean IS NULL OR (mine.user_id IS NOT NULL) = $3)
              AND ($4::text IS NULL OR strpos(lower(groups.name || ' ' || groups.description), lower($4)) > 0)
              AND ($5::integer IS NULL OR (groups.position, groups.id) > ($5, $6::uuid))
            ORDER BY groups.position, groups.id LIMIT $7""",
        viewer, settings().group_seeded_members, mine, words, after[0] if after else None, after[1] if after else None,
        limit + 1,
    )  # fmt: skip
    return page_of(rows, limit, _view, lambda row: (row["position"], row["id"]))


async def read_group(viewer: UUID, group_id: UUID) -> Group:
    """One group; an archived one too. Raises NotFound."""
    row = await fetch_row(
        f"SELECT {_COLUMNS} FROM {_FROM} WHERE groups.id = $3", viewer, settings().group_seeded_members, group_id
    )
    if row is None:
        raise NotFound
    return _view(row)


async def join(user_id: UUID, group_id: UUID) -> Group:
    """Become a member; again it changes nothing. Raises NotFound, Conflict `group_archived`."""
    await execute(
        """WITH open AS (SELECT id FROM groups WHERE id = $1 AND archived_at IS NULL),
                joined AS (INSERT INTO memberships (group_id, user_id, joined_at) SELECT id, $2, $3 FROM open
                           ON CONFLICT DO NOTHING RETURNING group_id)
           UPDATE groups SET members = members + 1 FROM joined WHERE groups.id = joined.group_id""",
        group_id, user_id, clock.now(),
    )  # fmt: skip
    group = await read_group(user_id, group_id)
    if group.archived and not group.is_member:
        raise group_archived()
    return group


async def leave(user_id: UUID, group_id: UUID) -> None:
    """Be no member any more; what the person wrote there stays. Not having been one is the same. Raises NotFound."""
    gone = await execute("DELETE FROM memberships WHERE group_id = $1 AND user_id = $2", group_id, user_id)
    if gone != "DELETE 1":
        await read_group(user_id, group_id)


async def require_member(user_id: UUID, group_id: UUID) -> bool:
    """Whether the group is archived, for somebody who is in it. Raises NotFound, Forbidden `not_a_member`."""
    row = await fetch_row(
        """SELECT archived_at IS NOT NULL AS archived,
                  EXISTS (SELECT FROM memberships WHERE group_id = groups.id AND user_id = $2) AS member
           FROM groups WHERE id = $1""",
        group_id, user_id,
    )  # fmt: skip
    if row is None:
        raise NotFound
    if not row["member"]:
        raise Forbidden("Join this group first.", code="not_a_member")
    return bool(row["archived"])


async def membership_for_writing(user_id: UUID, group_id: UUID) -> None:
    """Raises as require_member, and Conflict `group_archived`."""
    if await require_member(user_id, group_id):
        raise group_archived()
