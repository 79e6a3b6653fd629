"""Posts, likes and comments, in the feed and in groups."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from api.person import Person
from api.urgent import WORDS
from domain.community import comments, feed, likes, posts
from domain.community.comments import Comment
from domain.community.likes import Like
from domain.community.posts import Post, PostChange
from domain.kit.idempotency import IdempotencyKey
from domain.kit.ids import parse_id
from domain.kit.pagination import Page, page_limit

_TAGS = ["Community"]

Sort = Annotated[str | None, QueryParameter(schema_extra={"enum": ["new", "top"], "default": "new"})]
Days = Annotated[
    int | None,
    QueryParameter(
        description="Of `sort=top`: how many days back",
        schema_extra={"minimum": 1, "maximum": feed.MOST_DAYS, "default": feed.DEFAULT_DAYS},
    ),
]


class NewPost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Without a group it is for everybody. `sensitive`: to be folded until it is tapped."""

    body: Annotated[str, Meta(description="1 to 5000 characters")]
    group_id: UUID | None = None
    sensitive: bool = False


class NewComment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`reply_to` is the comment that it answers, itself no reply."""

    body: Annotated[str, Meta(description="1 to 2000 characters")]
    reply_to: UUID | None = None


class CommentChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    body: Annotated[str, Meta(description="1 to 2000 characters")]


@get("/v1/feed", operation_id="readFeed", tags=_TAGS, summary="The feed")
async def read_feed(
    person: NamedDependency[Person],
    sort: Sort = None,
    days: Days = None,
    limit: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page[Post]:
    """Newest first, or with `sort=top` the most liked of the last `days` (7; 1 to 90)."""
    return await feed.read_feed(person.user_id, sort=sort, days=days, limit=page_limit(limit), cursor=cursor)


@post("/v1/posts", operation_id="writePost", tags=_TAGS, summary="Write a post", opt=WORDS)
async def write_post(
    person: NamedDependency[Person],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    data: JSONBody[NewPost],
) -> Post:
    """Needs a confirmed e-mail address and the consent `community_rules`; in a group, to be a member."""
    return await posts.write_post(
        person.user_id, data.body, group_id=data.group_id, sensitive=data.sensitive, key=idempotency_key
    )


@get("/v1/posts/{post_id:str}", operation_id="readPost", tags=_TAGS, summary="One post")
async def read_post(person: NamedDependency[Person], post_id: FromPath[str]) -> Post:
    """Those of groups are for members."""
    return await posts.read_post(person.user_id, parse_id(post_id))


@patch("/v1/posts/{post_id:str}", operation_id="changePost", tags=_TAGS, summary="Change one's own post", opt=WORDS)
async def change_post(person: NamedDependency[Person], post_id: FromPath[str], data: JSONBody[PostChange]) -> Post:
    """Another text is marked by `edited_at`."""
    return await posts.change_post(person.user_id, parse_id(post_id), data)


@delete("/v1/posts/{post_id:str}", operation_id="deletePost", tags=_TAGS, summary="Delete one's own post")
async def delete_post(person: NamedDependency[Person], post_id: FromPath[str]) -> None:
    """At once and everywhere, with its comments and likes."""
    await posts.delete_post(person.user_id, parse_id(post_id))


@put("/v1/posts/{post_id:str}/like", operation_id="likePost", tags=_TAGS, summary="Like a post")
async def like_post(person: NamedDependency[Person], post_id: FromPath[str]) -> Like:
    """Again it changes nothing."""
    return await likes.like_post(person.user_id, parse_id(post_id))


@delete(
    "/v1/posts/{post_id:str}/like", operation_id="unlikePost", tags=_TAGS, summary="Take a like back", status_code=200
)
async def unlike_post(person: NamedDependency[Person], post_id: FromPath[str]) -> Like:
    """Not having liked is the same."""
    return await likes.unlike_post(person.user_id, parse_id(post_id))


@get("/v1/posts/{post_id:str}/comments", operation_id="listComments", tags=_TAGS, summary="Comments of a post")
async def list_comments(
    person: NamedDependency[Person],
    post_id: FromPath[str],
    limit: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page[Comment]:
    """The oldest thread first: a comment, then its replies. What a reply answers may be missing from the list."""
    return await comments.list_comments(person.user_id, parse_id(post_id), page_limit(limit), cursor)


@post(
    "/v1/posts/{post_id:str}/comments", operation_id="writeComment", tags=_TAGS, summary="Comment on a post", opt=WORDS
)
async def write_comment(
    person: NamedDependency[Person],
    post_id: FromPath[str],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    data: JSONBody[NewComment],
) -> Comment:
    """Needs a confirmed e-mail address and the consent `community_rules`."""
    return await comments.write_comment(
        person.user_id, parse_id(post_id), data.body, reply_to=data.reply_to, key=idempotency_key
    )


@patch(
    "/v1/comments/{comment_id:str}",
    operation_id="changeComment",
    tags=_TAGS,
    summary="Change one's own comment",
    opt=WORDS,
)
async def change_comment(
    person: NamedDependency[Person], comment_id: FromPath[str], data: JSONBody[CommentChange]
) -> Comment:
    """Another text is marked by `edited_at`."""
    return await comments.change_comment(person.user_id, parse_id(comment_id), data.body)


@delete("/v1/comments/{comment_id:str}", operation_id="deleteComment", tags=_TAGS, summary="Delete one's own comment")
async def delete_comment(person: NamedDependency[Person], comment_id: FromPath[str]) -> None:
    """At once; replies to it stay."""
    await comments.delete_comment(person.user_id, parse_id(comment_id))


@put("/v1/comments/{comment_id:str}/like", operation_id="likeComment", tags=_TAGS, summary="Like a comment")
async def like_comment(person: NamedDependency[Person], comment_id: FromPath[str]) -> Like:
    """Again it changes nothing."""
    return await likes.like_comment(person.user_id, parse_id(comment_id))


@delete(
    "/v1/comments/{comment_id:str}/like", operation_id="unlikeComment", tags=_TAGS, summary="Take a like back",
    status_code=200,
)  # fmt: skip
async def unlike_comment(person: NamedDependency[Person], comment_id: FromPath[str]) -> Like:
    """Not having liked is the same."""
    return await likes.unlike_comment(person.user_id, parse_id(comment_id))


HANDLERS = [
    read_feed, write_post, read_post, change_post, delete_post, like_post, unlike_post, list_comments, write_comment,
    change_comment, delete_comment, like_comment, unlike_comment,
]  # fmt: skip
