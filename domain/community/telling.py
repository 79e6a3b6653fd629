"""Telling people that somebody liked, commented or replied: gathered ("3 people …"), by job, without names.

A notification stands for all that happened since the last one about the same thing that the person has read: while it
is unread it is brought up to date in place, and no second push goes out. It names nobody, because names are resolved
when read. Likes taken back, people who left, blocks either way: all of that is asked when the job runs.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

import msgspec

from domain.accounts.admission import active
from domain.accounts.authors import written_by
from domain.accounts.blocks import blocked_between
from domain.community.sight import in_group, in_sight
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row
from domain.kit.outbox import Job, enqueue
from domain.kit.settings import settings
from domain.push.notifications import notify
from domain.push.preferences import Kind

_WORTH_TELLING = timedelta(days=3)
DISCREET_BODY = "There is something new for you"


class Telling(Job, frozen=True, kw_only=True):
    """Tell the author of a post or a comment what was done to it; asked for again, it is the same job."""

    target_id: UUID

    def dedupe_key(self) -> str:
        return str(self.target_id)


class TellOfPostLikes(Telling, frozen=True, kw_only=True):
    """Tell the author of a post who liked it."""

    name: ClassVar[str] = "community.post_likes"


class TellOfCommentLikes(Telling, frozen=True, kw_only=True):
    """Tell the author of a comment who liked it."""

    name: ClassVar[str] = "community.comment_likes"


class TellOfComments(Telling, frozen=True, kw_only=True):
    """Tell the author of a post who commented on it."""

    name: ClassVar[str] = "community.comments"


class TellOfReplies(Telling, frozen=True, kw_only=True):
    """Tell the author of a comment who replied to it."""

    name: ClassVar[str] = "community.replies"


async def gather(job: Telling) -> None:
    """Ask for `job` in the present transaction; it waits a little for more of the same."""
    await enqueue(job, delay=timedelta(seconds=settings().gather_seconds))


class _Words(msgspec.Struct, frozen=True):
    """`about` reads the owner and the post of the thing $1, `people` counts who did it to them after $2, and says when
    the newest of that was done."""

    kind: Kind
    about: str
    people: str
    one: str
    many: str


# Likes bear no name, so they are counted by people. Comments do, and are counted by the names that are seen: as one,
# two names of one person would be known to be theirs.
_BY_PEOPLE = f"JOIN users AS doer ON doer.id = done.user_id AND {active('doer')}", "doer.id"
_BY_NAMES = written_by("done.persona_id", prefix="doer"), "doer_shown.id"


def _count(table: str, by: tuple[str, str], condition: str, when: str) -> str:
    """How many; who did it twice is one. $1 is the thing, $2 after when (null: ever), $3 its owner."""
    joins, one = by
    return f"""SELECT count(DISTINCT {one}) AS people, max(done.{when}) AS newest FROM {table} AS done {joins}
               WHERE {condition} AND ($2::timestamptz IS NULL OR done.{when} > $2) AND done.user_id <> $3
                 AND NOT {blocked_between("done.user_id", "$3::uuid")}"""


# Nobody is told of what is out of their own sight: in a group that they left, under a post of somebody blocked.
_POST = f"""SELECT posts.user_id, posts.id AS post_id FROM posts {in_sight("posts", "posts.user_id")}
            AND posts.id = $1 AND {in_group("posts.user_id")}"""
_COMMENT = f"""SELECT comments.user_id, comments.post_id FROM comments JOIN posts ON posts.id = comments.post_id
               {in_sight("posts", "comments.user_id")}
               AND comments.id = $1 AND comments.state = 'visible' AND {in_group("comments.user_id")}"""

# Of replies to their own comments the post's author hears as the author of those.
_TO_THE_POST = """done.post_id = $1 AND done.state = 'visible' AND NOT EXISTS (
    SELECT FROM comments AS answered
    WHERE answered.id = done.thread_id AND answered.id <> done.id AND answered.user_id = $3)"""
# The post makes it a look into the index of its threads.
_TO_THE_COMMENT = """done.post_id = (SELECT post_id FROM comments WHERE id = $1) AND done.thread_id = $1
    AND done.id <> $1 AND done.state = 'visible'"""

_TELLINGS: dict[type[Telling], _Words] = {
    TellOfPostLikes: _Words(
        "like", _POST, _count("post_likes", _BY_PEOPLE, "done.post_id = $1", "liked_at"),
        "Somebody likes your post", "{} people like your post",
    ),
    TellOfCommentLikes: _Words(
        "like", _COMMENT, _count("comment_likes", _BY_PEOPLE, "done.comment_id = $1", "liked_at"),
        "Somebody likes your comment", "{} people like your comment",
    ),
    TellOfComments: _Words(
        "comment", _POST, _count("comments", _BY_NAMES, _TO_THE_POST, "created_at"),
        "Somebody commented on your post", "{} people commented on your post",
    ),
    TellOfReplies: _Words(
        "reply", _COMMENT,
        _count("comments", _BY_NAMES, _TO_THE_COMMENT, "created_at"),
        "Somebody replied to your comment", "{} people replied to your comment",
    ),
}  # fmt: skip

# The two newest notifications about one thing. Their causes are its id, a colon and a number; a semicolon follows the
# colon. (LIKE with a parameter would walk over all notifications of the person.) Held, so that none is read while
# it is brought up to date: what is new in it would pass for read, too.
_EARLIER = """
SELECT id, read_at IS NULL AS unread, gathered_until, split_part(cause, ':', 2)::integer AS number
FROM notifications WHERE user_id = $1 AND kind = $2 AND cause > $3::text || ':' AND cause < $3::text || ';'
ORDER BY id DESC LIMIT 2 FOR NO KEY UPDATE"""
_GATHERED = "UPDATE notifications SET title = $2, body = $2, gathered_until = $3 WHERE id = $1"


async def tell(job: Telling) -> None:
    """Write, or bring up to date, the notification that `job` is about; in the job's transaction."""
    telling = _TELLINGS[type(job)]
    target = job.target_id
    about = await fetch_row(telling.about, target)
    if about is None:
        return
    owner = about["user_id"]
    # Holds the owner: another job about the same thing waits, and sees what this one wrote.
    if await fetch_row(f"SELECT FROM users WHERE id = $1 AND {active()} FOR NO KEY UPDATE", owner) is None:
        return
    earlier = await fetch(_EARLIER, owner, telling.kind, str(target))
    unread = earlier[0] if earlier and earlier[0]["unread"] else None
    told = earlier[1:] if unread else earlier
    # Not since it was read: what was done before that, and waits for its job, was not in it.
    since = told[0]["gathered_until"] if told else None
    counted: Any = await fetch_row(telling.people, target, since, owner)
    people = counted["people"]
    title = telling.one if people == 1 else telling.many.format(people)
    if unread is None:
        if people:
            number = earlier[0]["number"] + 1 if earlier else 0
            notification_id = await notify(
                owner, kind=telling.kind, cause=f"{target}:{number}", title=title, body=title,
                discreet_body=DISCREET_BODY, deep_link=f"kuitter://posts/{about['post_id']}",
                expires_at=clock.now() + _WORTH_TELLING,
            )  # fmt: skip
            await execute(_GATHERED, notification_id, title, counted["newest"])
    elif people:
        await execute(_GATHERED, unread["id"], title, counted["newest"])
    else:
        await execute("DELETE FROM notifications WHERE id = $1", unread["id"])
