"""What is reported is held in the order of everything else: the post before what stands under it (see sight.py)."""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from uuid import UUID

import asyncpg
import pytest

from domain.community.hiding import hold
from domain.community.repair import repair_counts
from domain.kit.database import execute, fetch_value, transaction
from tests.community.conftest import at_once, comment, post, setting, unlimited
from tests.reports.conftest import report

__all__ = ["setting", "unlimited"]


async def deadlocks():
    return await fetch_value("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


async def test_the_post_is_held_before_its_comment(writer):
    author = await writer()
    written = await post(author)
    said = await comment(author, written["id"])
    outside = copy_context()

    async def hold_it():
        async with transaction():
            return await hold("comment", UUID(said["id"]))

    async with transaction():
        await execute("SELECT FROM comments WHERE id = $1 FOR UPDATE", UUID(said["id"]))
        holding = asyncio.create_task(hold_it(), context=outside.copy())
        while not await fetch_value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await asyncio.sleep(0)
        # It waits for the comment, and nobody can take the post from under it any more.
        taking = execute("SELECT FROM posts WHERE id = $1 FOR UPDATE NOWAIT", UUID(written["id"]))
        with pytest.raises(asyncpg.LockNotAvailableError):
            await asyncio.create_task(taking, context=outside.copy())
    assert await holding == UUID(author.user["id"])


async def test_what_is_gone_is_held_by_nobody(writer):
    author = await writer()
    said = await comment(author, (await post(author))["id"])
    await author.ok("DELETE", f"/v1/comments/{said['id']}")
    async with transaction():
        assert await hold("comment", UUID(said["id"])) is None


async def test_posts_go_while_their_comments_are_reported_and_liked(writer, people, unlimited):
    author, reporters = await writer(), await people(4)
    before = await deadlocks()
    for _ in range(6):
        written = await post(author)
        said = [(await comment(author, written["id"]))["id"] for _ in range(4)]
        calls = [report(one, "comment", each) for each in said for one in reporters]
        calls += [one("PUT", f"/v1/comments/{each}/like") for each in said for one in reporters]
        calls.insert(12, author("DELETE", f"/v1/posts/{written['id']}"))
        answers = await at_once(calls)
        assert {answer.status_code for answer in answers} <= {200, 201, 204, 404}
    assert set((await repair_counts()).values()) == {0}
    assert await deadlocks() == before
