"""Pages of posts, of the feed of all and of groups: newest, or best of the last days.

One round trip each; for a group's, one before it asks for the membership. The time of a page does not depend on how
many posts there are nor on how far it lies back: each begins at its place in an index. The best are looked up week by
week, best first (see post_counts), so an old success is never walked over.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec

from domain.community.groups import require_member
from domain.community.posts import COLUMNS, FROM, FROM_COUNTS, Post, post_in, week_of
from domain.kit.clock import clock
from domain.kit.database import fetch
from domain.kit.errors import InvalidRequest
from domain.kit.pagination import Page, decode_cursor, page_of

MOST_DAYS = 90
DEFAULT_DAYS = 7
# Beyond all that there are: where a first page begins. A condition on NULL would keep the index from being used.
_LAST = UUID(int=2**128 - 1)
_MOST_LIKES = 2**31 - 1
_Likes = Annotated[int, msgspec.Meta(ge=0, le=_MOST_LIKES)]


# A page's length is written into the statement: with a parameter PostgreSQL would plan for a tenth of all posts.
def _newest(scope: str) -> str:
    return f"SELECT {COLUMNS} FROM {FROM} AND {scope} AND posts.id < $2 ORDER BY posts.id DESC LIMIT {{}}"


def _top(scope: str, counted: str) -> str:
    # The inner select is limited to a page as well, after all conditions: no week can leave a page short.
    return f"""
        SELECT best.* FROM unnest($3::date[]) AS weeks (week) CROSS JOIN LATERAL (
            SELECT {COLUMNS} FROM {FROM_COUNTS} AND {scope} AND {counted} AND counts.week = weeks.week
                AND (counts.likes, counts.post_id) < ($4::integer, $2::uuid) AND counts.created_at >= $5
            ORDER BY counts.likes DESC, counts.post_id DESC LIMIT {{0}}
        ) AS best ORDER BY best.likes DESC, best.id DESC LIMIT {{0}}"""


_FEED = _newest("posts.group_id IS NULL")
_FEED_TOP = _top("posts.group_id IS NULL", "counts.group_id IS NULL")
_GROUP = _newest("posts.group_id = $3")
_GROUP_TOP = _top("posts.group_id = $6", "counts.group_id = $6")


async def read_feed(viewer: UUID, *, sort: str | None, days: int | None, limit: int, cursor: str | None) -> Page[Post]:
    """A page of the posts that are in no group. Raises InvalidRequest for a bad sort, number of days or cursor."""
    if _is_top(sort, days):
        return await _best(_FEED_TOP, viewer, days, limit, cursor)
    return await _latest(_FEED, viewer, limit, cursor)


async def read_group_posts(
    viewer: UUID, group_id: UUID, *, sort: str | None, days: int | None, limit: int, cursor: str | None
) -> Page[Post]:
    """A page of a group's posts, for members. Raises as read_feed, NotFound, Forbidden `not_a_member`."""
    top = _is_top(sort, days)
    await require_member(viewer, group_id)
    if top:
        return await _best(_GROUP_TOP, viewer, days, limit, cursor, group_id)
    return await _latest(_GROUP, viewer, limit, cursor, group_id)


def _is_top(sort: str | None, days: int | None) -> bool:
    if sort not in (None, "new", "top"):
        raise InvalidRequest("must be new or top", field="sort")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise InvalidRequest(f"must lie between 1 and {MOST_DAYS}", field="days")
    return sort == "top"


async def _latest(statement: str, viewer: UUID, limit: int, cursor: str | None, *scope: UUID) -> Page[Post]:
    after = decode_cursor(cursor, tuple[UUID])
    rows = await fetch(statement.format(limit + 1), viewer, after[0] if after else _LAST, *scope)
    return page_of(rows, limit, post_in, lambda row: (row["id"],))


async def _best(
    statement: str, viewer: UUID, days: int | None, limit: int, cursor: str | None, *scope: UUID
) -> Page[Post]:
    # The window stays where it was for the first page, or it would move under the reader.
    since, likes, last = decode_cursor(cursor, tuple[datetime, _Likes, UUID]) or (
        clock.now() - timedelta(days=days or DEFAULT_DAYS), _MOST_LIKES, _LAST,
    )  # fmt: skip
    rows = await fetch(statement.format(limit + 1), viewer, last, _weeks(since), likes, since, *scope)

    def key(row: Any) -> tuple[datetime, int, UUID]:
        return since, row["likes"], row["id"]

    return page_of(rows, limit, post_in, key)


def _weeks(since: datetime) -> list[date]:
    """The Mondays of the weeks from `since` until now; a cursor cannot ask for more than there may be."""
    first = max(week_of(since), week_of(clock.now() - timedelta(days=2 * MOST_DAYS)))
    count = (week_of(clock.now()) - first).days // 7
    return [first + timedelta(days=7 * number) for number in range(count + 1)]
