"""People who may write, a group to write in, and short ways to what they do there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch
from domain.kit.ids import new_id
from tests.accounts.conftest import setting  # noqa: F401  a fixture
from tests.conftest import Api
from tests.recovery.conftest import statements  # noqa: F401  a fixture


async def confirm(person: Api) -> None:
    """As if the person had confirmed their e-mail address."""
    await execute("UPDATE users SET email_verified_at = $2 WHERE id = $1", UUID(person.user["id"]), clock.now())


@pytest.fixture
def writer(sign_up: Callable[..., Awaitable[Api]]) -> Callable[..., Awaitable[Api]]:
    """`await writer(username=…)` signs somebody up who may write posts and comments."""

    async def begin(*, consents: tuple[str, ...] = (), **fields: Any) -> Api:
        person = await sign_up(consents=("community_rules", *consents), **fields)
        await confirm(person)
        return person

    return begin


async def make_group(name: str = "Evenings", *, seeded: int = 0, archived: bool = False) -> str:
    """A group, as an administrator makes one; its id."""
    group_id = new_id()
    await execute(
        """INSERT INTO groups (id, slug, name, description, seeded_members, created_at, archived_at)
           VALUES ($1, $2, $3, 'For the hours after work', $4, $5, CASE WHEN $6 THEN $5::timestamptz END)""",
        group_id, f"group-{group_id}", name, seeded, clock.now(), archived,
    )  # fmt: skip
    return str(group_id)


async def post(person: Api, body: str = "A quiet day", **fields: Any) -> dict[str, Any]:
    """A post of theirs."""
    written: dict[str, Any] = await person.ok("POST", "/v1/posts", json={"body": body, **fields})
    return written


async def comment(person: Api, post_id: str, body: str = "Well done", **fields: Any) -> dict[str, Any]:
    """A comment of theirs."""
    written: dict[str, Any] = await person.ok("POST", f"/v1/posts/{post_id}/comments", json={"body": body, **fields})
    return written


async def take_away(person: Api, state: str) -> None:
    """As if the account were suspended, or deleting."""
    dates = "deleting_since = now(), purges_at = now() + interval '30 days', state_before = state"
    await execute(
        f"UPDATE users SET state = $2 {', ' + dates if state == 'deleting' else ''} WHERE id = $1",
        UUID(person.user["id"]), state,
    )  # fmt: skip


async def bring_back(person: Api) -> None:
    await execute(
        """UPDATE users SET state = 'active', deleting_since = NULL, purges_at = NULL, state_before = NULL
           WHERE id = $1""",
        UUID(person.user["id"]),
    )


async def listed(person: Api, path: str = "/v1/feed") -> list[dict[str, Any]]:
    """The items of a list's first page."""
    items: list[dict[str, Any]] = (await person.ok("GET", path))["items"]
    return items


async def bodies(person: Api, path: str = "/v1/feed") -> list[str]:
    return [item["body"] for item in await listed(person, path)]


async def pages(person: Api, path: str, limit: int = 2) -> list[list[str]]:
    """The bodies (or names) on every page of a list."""
    found, cursor = [], ""
    while True:
        page = await person.ok("GET", f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
        found.append([item.get("body", item.get("name")) for item in page["items"]])
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def at_once(calls: Iterable[Awaitable[Any]]) -> list[Any]:
    """The answers to requests made at the same time; none of them may be our fault."""
    answers = await asyncio.gather(*calls)
    assert [answer.text for answer in answers if answer.status_code >= 500] == []
    return answers


@pytest.fixture
def unlimited(setting: Callable[..., None]) -> None:  # noqa: F811
    """No limit of requests, for tests that make many."""
    setting(REQUESTS_PER_MINUTE="100000")


# Every count that is kept, beside the number of rows that it stands for.
_KEPT = """
SELECT 'likes of posts' AS what, post_id AS id, likes AS kept,
       (SELECT count(*) FROM post_likes WHERE post_likes.post_id = post_counts.post_id) AS rows FROM post_counts
UNION ALL SELECT 'comments', post_id, comments, (SELECT count(*) FROM comments
       WHERE comments.post_id = post_counts.post_id AND state = 'visible') FROM post_counts
UNION ALL SELECT 'likes of comments', id, likes,
       (SELECT count(*) FROM comment_likes WHERE comment_id = comments.id) FROM comments
UNION ALL SELECT 'members', id, members,
       (SELECT count(*) FROM memberships WHERE group_id = groups.id) FROM groups
UNION ALL SELECT 'posts without counts', id, 0, 1 FROM posts
       WHERE NOT EXISTS (SELECT FROM post_counts WHERE post_id = posts.id)"""


async def wrong_counts() -> list[str]:
    """What is counted otherwise than there are rows of it."""
    rows = await fetch(f"SELECT * FROM ({_KEPT}) AS counts WHERE kept <> rows")
    return [f"{row['what']} of {row['id']}: {row['kept']} for {row['rows']}" for row in rows]
