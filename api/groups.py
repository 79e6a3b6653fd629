"""Groups: looking for them, joining, leaving, their posts."""

from typing import Annotated

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from api.community import Days, Sort
from api.person import Person
from domain.community import feed, groups
from domain.community.groups import Group
from domain.community.posts import Post
from domain.kit.ids import parse_id
from domain.kit.pagination import Page, page_limit

_TAGS = ["Community"]


@get("/v1/groups", operation_id="listGroups", tags=_TAGS, summary="Groups")
async def list_groups(
    person: NamedDependency[Person],
    mine: FromQuery[bool | None] = None,
    q: Annotated[str | None, QueryParameter(description="In name or description; at most 60 characters")] = None,
    limit: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page[Group]:
    """All that are open, and archived ones that the person is in. `mine` and `q` narrow it down."""
    return await groups.list_groups(person.user_id, mine=mine, search=q, limit=page_limit(limit), cursor=cursor)


@get("/v1/groups/{group_id:str}", operation_id="readGroup", tags=_TAGS, summary="One group")
async def read_group(person: NamedDependency[Person], group_id: FromPath[str]) -> Group:
    """Also an archived one."""
    return await groups.read_group(person.user_id, parse_id(group_id))


@put("/v1/groups/{group_id:str}/membership", operation_id="joinGroup", tags=_TAGS, summary="Join a group")
async def join_group(person: NamedDependency[Person], group_id: FromPath[str]) -> Group:
    """Joining twice is once."""
    return await groups.join(person.user_id, parse_id(group_id))


@delete("/v1/groups/{group_id:str}/membership", operation_id="leaveGroup", tags=_TAGS, summary="Leave a group")
async def leave_group(person: NamedDependency[Person], group_id: FromPath[str]) -> None:
    """What the person wrote there stays."""
    await groups.leave(person.user_id, parse_id(group_id))


@get("/v1/groups/{group_id:str}/posts", operation_id="listGroupPosts", tags=_TAGS, summary="Posts of a group")
async def list_group_posts(
    person: NamedDependency[Person],
    group_id: FromPath[str],
    sort: Sort = None,
    days: Days = None,
    limit: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page[Post]:
    """For members; sorted as the feed."""
    return await feed.read_group_posts(
        person.user_id, parse_id(group_id), sort=sort, days=days, limit=page_limit(limit), cursor=cursor
    )


HANDLERS = [list_groups, read_group, join_group, leave_group, list_group_posts]
