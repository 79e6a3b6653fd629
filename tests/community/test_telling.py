"""Gathered notifications: one while it is unread, whatever happens meanwhile, and no names (see telling.py)."""

from __future__ import annotations

import asyncio
import json
from contextvars import copy_context
from uuid import UUID

import pytest

from domain.community import telling
from domain.community.telling import TellOfPostLikes, TellOfReplies
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.outbox import enqueue
from tasks import actors  # noqa: F401  binds every actor
from tasks.actor import bindings
from tests.community.conftest import comment, post
from tests.push.phones import iphone, pushes


@pytest.fixture(autouse=True)
def _providers(sandbox) -> None:
    """Whoever drains may send pushes."""


@pytest.fixture
async def author(writer):
    """Somebody with a phone."""
    person = await writer(username="anna_a")
    await person.ok("PUT", "/v1/me/devices/phone", json=iphone())
    return person


async def inbox(person):
    """Kind, title and whether it was read, newest first."""
    items = (await person.ok("GET", "/v1/notifications"))["items"]
    assert all(item["title"] == item["body"] for item in items)
    return [(item["kind"], item["title"], item["read_at"] is not None) for item in items]


async def like(person, written, of="posts"):
    await person.ok("PUT", f"/v1/{of}/{written['id']}/like")


async def unlike(person, written):
    await person.ok("DELETE", f"/v1/posts/{written['id']}/like")


async def read_all(person):
    await person.ok("POST", "/v1/notifications/read-all")


async def sent():
    """How many pushes went out."""
    return [state for state, _ in await pushes()].count("sent")


# -- gathering -----------------------------------------------------------------------------------------------------


async def test_one_like_is_one_notification_and_one_push(author, person, drain):
    written = await post(author)
    await like(person, written)
    await drain()
    assert await inbox(author) == [("like", "Somebody likes your post", False)]
    assert await sent() == 1
    items = (await author.ok("GET", "/v1/notifications"))["items"]
    assert items[0]["deep_link"] == f"kuitter://posts/{written['id']}"


async def test_more_while_it_is_unread_change_its_text_without_a_push(author, sign_up, drain):
    written = await post(author)
    for number in range(1, 4):
        await like(await sign_up(), written)
        await drain()
        title = "Somebody likes your post" if number == 1 else f"{number} people like your post"
        assert await inbox(author) == [("like", title, False)]
    assert await sent() == 1


async def test_many_before_the_job_are_one(author, sign_up, drain):
    written = await post(author)
    readers = [await sign_up() for _ in range(12)]
    await asyncio.gather(*(like(reader, written) for reader in readers))
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'community.post_likes'") == 1
    await drain()
    assert await inbox(author) == [("like", "12 people like your post", False)]
    assert await sent() == 1


async def test_after_reading_a_new_one_tells_of_what_is_new(author, sign_up, drain):
    written = await post(author)
    for _ in range(2):
        await like(await sign_up(), written)
    await drain()
    await read_all(author)
    await like(await sign_up(), written)
    await drain()
    assert await inbox(author) == [
        ("like", "Somebody likes your post", False), ("like", "2 people like your post", True),
    ]  # fmt: skip
    assert await sent() == 2
    await like(await sign_up(), written)
    await drain()
    await read_all(author)
    await like(await sign_up(), written)
    await drain()
    assert await inbox(author) == [
        ("like", "Somebody likes your post", False), ("like", "2 people like your post", True),
        ("like", "2 people like your post", True),
    ]  # fmt: skip


async def test_what_waited_for_its_job_while_the_last_one_was_read_is_told(author, sign_up, drain):
    written = await post(author)
    await like(await sign_up(), written)
    await drain()
    # Done before the reading, told of after it.
    await like(await sign_up(), written)
    await read_all(author)
    await drain()
    assert await inbox(author) == [
        ("like", "Somebody likes your post", False), ("like", "Somebody likes your post", True),
    ]  # fmt: skip


async def test_each_post_has_its_own_and_likes_are_not_comments(author, writer, drain):
    one, other, reader = await post(author), await post(author), await writer()
    for written in (one, other):
        await like(reader, written)
    await comment(reader, one["id"])
    await drain()
    assert sorted(await inbox(author)) == [
        ("comment", "Somebody commented on your post", False),
        ("like", "Somebody likes your post", False), ("like", "Somebody likes your post", False),
    ]  # fmt: skip


async def test_nothing_new_changes_nothing(author, person, drain):
    written = await post(author)
    await like(person, written)
    await drain()
    for _ in range(2):
        await read_all(author)
        async with transaction():
            await enqueue(TellOfPostLikes(target_id=UUID(written["id"])))
        await drain()
    assert await inbox(author) == [("like", "Somebody likes your post", True)]


# -- what is not counted -------------------------------------------------------------------------------------------


async def test_a_like_taken_back_is_not_told(author, sign_up, drain):
    written, readers = await post(author), [await sign_up() for _ in range(2)]
    await like(readers[0], written)
    await unlike(readers[0], written)
    await drain()
    assert await inbox(author) == []
    for reader in readers:
        await like(reader, written)
    await unlike(readers[1], written)
    await drain()
    assert await inbox(author) == [("like", "Somebody likes your post", False)]


async def test_when_nothing_is_left_an_unread_one_goes(author, sign_up, drain):
    written, readers = await post(author), [await sign_up() for _ in range(2)]
    await like(readers[0], written)
    await drain()
    await like(readers[1], written)
    for reader in readers:
        await unlike(reader, written)
    await drain()
    assert await inbox(author) == []
    await like(readers[0], written)
    await drain()
    assert await inbox(author) == [("like", "Somebody likes your post", False)]


async def test_what_is_taken_back_later_leaves_the_inbox_unless_it_was_read(author, writer, drain):
    written, reader = await post(author), await writer()
    said = await comment(author, written["id"])
    await like(reader, written)
    await like(reader, said, of="comments")
    words = [await comment(reader, written["id"]), await comment(reader, written["id"], reply_to=said["id"])]
    await drain()
    assert len(await inbox(author)) == 4
    await unlike(reader, written)
    await reader.ok("DELETE", f"/v1/comments/{said['id']}/like")
    for each in words:
        await reader.ok("DELETE", f"/v1/comments/{each['id']}")
    await drain()
    assert await inbox(author) == []
    await like(reader, written)
    await drain()
    await read_all(author)
    await unlike(reader, written)
    await drain()
    assert await inbox(author) == [("like", "Somebody likes your post", True)]


@pytest.mark.parametrize("how", ["blocked by the author", "blocked the author", "suspended", "leaving", "purged"])
async def test_whoever_is_out_of_sight_is_not_counted(author, writer, sign_up, drain, how):
    written, gone, there = await post(author), await writer(), await sign_up()
    await like(gone, written)
    await comment(gone, written["id"])
    gone_id = UUID(gone.user["id"])
    if how == "blocked by the author":
        theirs = await post(gone)
        await author.ok("PUT", f"/v1/me/blocks/{theirs['author']['id']}")
    elif how == "blocked the author":
        await gone.ok("PUT", f"/v1/me/blocks/{written['author']['id']}")
    elif how == "suspended":
        await execute("UPDATE users SET state = 'suspended' WHERE id = $1", gone_id)
    elif how == "leaving":
        assert (await gone("DELETE", "/v1/me", json={"password": "correct horse battery"})).status_code == 200
    else:
        await execute("DELETE FROM users WHERE id = $1", gone_id)
    await drain()
    assert await inbox(author) == []
    await like(there, written)
    await drain()
    assert await inbox(author) == [("like", "Somebody likes your post", False)]


async def test_what_one_does_oneself_is_no_news(author, drain):
    written = await post(author)
    await like(author, written)
    said = await comment(author, written["id"])
    await like(author, said, "comments")
    await comment(author, written["id"], reply_to=said["id"])
    assert [name for name, _ in await drain() if name.startswith("community.")] == []
    assert await inbox(author) == []


async def test_a_hidden_comment_is_not_told(author, writer, drain):
    written = await post(author)
    said = await comment(await writer(), written["id"])
    await execute("UPDATE comments SET state = 'hidden' WHERE id = $1", UUID(said["id"]))
    await drain()
    assert await inbox(author) == []


async def test_somebody_who_is_suspended_is_told_nothing(author, person, drain):
    await like(person, await post(author))
    await execute("UPDATE users SET state = 'suspended' WHERE id = $1", UUID(author.user["id"]))
    await drain()
    assert await fetch_value("SELECT count(*) FROM notifications") == 0


# -- comments and replies ------------------------------------------------------------------------------------------


async def test_comments_tell_the_post_s_author_by_people(author, writer, drain):
    written, one, other = await post(author), await writer(), await writer()
    for _ in range(3):
        await comment(one, written["id"])
    await drain()
    assert await inbox(author) == [("comment", "Somebody commented on your post", False)]
    await comment(other, written["id"])
    await drain()
    assert await inbox(author) == [("comment", "2 people commented on your post", False)]


async def test_a_reply_tells_whoever_is_replied_to_and_the_post_s_author(author, writer, drain):
    written, commenter, replier = await post(author), await writer(), await writer()
    said = await comment(commenter, written["id"])
    await comment(replier, written["id"], reply_to=said["id"])
    await drain()
    assert await inbox(commenter) == [("reply", "Somebody replied to your comment", False)]
    assert await inbox(author) == [("comment", "2 people commented on your post", False)]
    items = (await commenter.ok("GET", "/v1/notifications"))["items"]
    assert items[0]["deep_link"] == f"kuitter://posts/{written['id']}"


async def test_a_reply_to_the_author_s_own_comment_is_told_once(author, writer, drain):
    written, replier = await post(author), await writer()
    said = await comment(author, written["id"])
    await comment(replier, written["id"], reply_to=said["id"])
    await drain()
    assert await inbox(author) == [("reply", "Somebody replied to your comment", False)]
    # Nor is it counted when somebody else comments.
    await comment(await writer(), written["id"])
    await drain()
    assert await inbox(author) == [
        ("comment", "Somebody commented on your post", False), ("reply", "Somebody replied to your comment", False),
    ]  # fmt: skip


async def test_an_answer_to_oneself_tells_the_post_s_author_alone(author, writer, drain):
    written, commenter = await post(author), await writer()
    said = await comment(commenter, written["id"])
    await comment(commenter, written["id"], reply_to=said["id"])
    await drain()
    assert await inbox(commenter) == []
    assert await inbox(author) == [("comment", "Somebody commented on your post", False)]


async def test_a_like_of_a_comment_tells_its_author(author, writer, person, drain):
    written, commenter = await post(author), await writer()
    said = await comment(commenter, written["id"])
    for reader in (person, author):
        await like(reader, said, "comments")
    await drain()
    assert await inbox(commenter) == [("like", "2 people like your comment", False)]


# -- what goes out -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "act"),
    [("like", like), ("comment", lambda person, written: comment(person, written["id"]))],
    ids=["like", "comment"],
)
async def test_a_muted_kind_stands_in_the_inbox_alone(author, writer, drain, kind, act):
    await author.ok("PATCH", "/v1/me/preferences", json={"push": {kind: False}})
    await act(await writer(), await post(author))
    await drain()
    assert [told[0] for told in await inbox(author)] == [kind]
    assert await pushes() == []


async def test_no_name_and_no_text_is_in_any_of_it(author, writer, drain, sandbox):
    await author.ok("PATCH", "/v1/me/preferences", json={"discreet_push": False})
    reader = await writer(username="jonas_j")
    written = await post(author, "Unspeakable post")
    said = await comment(author, written["id"], "Unspeakable own comment")
    await like(reader, written)
    await like(reader, said, "comments")
    await comment(reader, written["id"], "Unspeakable comment")
    await comment(reader, written["id"], "Unspeakable reply", reply_to=said["id"])
    rows = str(await fetch("SELECT * FROM jobs"))
    await drain()
    rows += str(await fetch("SELECT * FROM notifications"))
    outside = (await sandbox.get("/_control/sent")).text
    assert len(await inbox(author)) == 4
    for secret in ("jonas", "Unspeakable", reader.user["id"]):
        assert secret not in rows + json.dumps(await inbox(author)) + outside


async def test_a_discreet_push_says_nothing_at_all(author, person, drain, sandbox):
    await like(person, await post(author))
    await drain()
    outside = (await sandbox.get("/_control/sent")).text
    assert telling.DISCREET_BODY in outside
    assert "likes your post" not in outside


# -- at once -------------------------------------------------------------------------------------------------------


async def test_ten_jobs_at_once_make_one(author, sign_up, drain):
    written, readers = await post(author), [await sign_up() for _ in range(3)]
    for reader in readers:
        await like(reader, written)
    await execute("DELETE FROM jobs")

    async def tell():
        async with transaction():
            await telling.tell(TellOfPostLikes(target_id=UUID(written["id"])))

    await asyncio.gather(*(tell() for _ in range(10)))
    assert await inbox(author) == [("like", "3 people like your post", False)]
    await drain()
    assert await sent() == 1


async def test_a_like_while_the_job_runs_is_never_lost(author, sign_up, drain, monkeypatch):
    written, first, second = await post(author), await sign_up(), await sign_up()
    real, outside = telling.notify, copy_context()

    async def notify(*arguments, **fields):
        # After the counting, before the end of the job, and not in its transaction.
        await asyncio.create_task(like(second, written), context=outside)
        return await real(*arguments, **fields)

    await like(first, written)
    with monkeypatch.context() as patches:
        patches.setattr(telling, "notify", notify)
        job_id = await fetch_value("SELECT id FROM jobs WHERE name = 'community.post_likes'")
        assert await bindings["community.post_likes"].run(str(job_id)) == "again"
    assert await inbox(author) == [("like", "Somebody likes your post", False)]
    await drain()
    assert await inbox(author) == [("like", "2 people like your post", False)]
    assert await sent() == 1


async def test_a_storm_of_likes_and_jobs_ends_with_the_right_number(author, sign_up, drain):
    written, readers = await post(author), [await sign_up() for _ in range(10)]

    async def waver(reader):
        for _ in range(3):
            await like(reader, written)
            await unlike(reader, written)
        await like(reader, written)

    async def work():
        for _ in range(20):
            job_id = await fetch_value("SELECT id FROM jobs WHERE name = 'community.post_likes' AND state = 'live'")
            if job_id:
                await bindings["community.post_likes"].run(str(job_id))
            await asyncio.sleep(0)

    await asyncio.gather(*(waver(reader) for reader in readers), work(), work())
    await drain()
    assert await inbox(author) == [("like", "10 people like your post", False)]


async def test_reading_while_it_is_brought_up_to_date_loses_nothing(author, sign_up, drain, monkeypatch):
    written = await post(author)
    await like(await sign_up(), written)
    await drain()
    await like(await sign_up(), written)
    real, outside, reading, waits = telling.fetch_row, copy_context(), [], []

    async def fetch_row(statement, *arguments):
        row = await real(statement, *arguments)
        if "count(DISTINCT" in statement and not reading:
            reading.append(asyncio.create_task(read_all(author), context=outside))
            # Until it is done, or waits for the job to end.
            while not reading[0].done() and not await fetch_value("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                await asyncio.sleep(0)
            waits.append(not reading[0].done())
        return row

    with monkeypatch.context() as patches:
        patches.setattr(telling, "fetch_row", fetch_row)
        await drain()
    await asyncio.gather(*reading)
    # Nothing was put into a notification that had been read before: what is read is what stands there now.
    assert waits == [True]
    assert await inbox(author) == [("like", "2 people like your post", True)]


@pytest.mark.parametrize("when", ["before the job", "after the telling"])
async def test_a_post_that_is_deleted_meanwhile(author, writer, drain, when):
    written, reader = await post(author), await writer()
    said = await comment(author, written["id"])
    if when == "after the telling":
        await like(reader, written)
        await drain()
    await like(reader, written)
    await comment(reader, written["id"], reply_to=said["id"])
    await author.ok("DELETE", f"/v1/posts/{written['id']}")
    await drain()
    assert len(await inbox(author)) == (1 if when == "after the telling" else 0)


# -- somebody with very many ---------------------------------------------------------------------------------------


async def plan(statement, *arguments):
    return "\n".join(row[0] for row in await fetch(f"EXPLAIN {statement}", *arguments))


async def test_among_fifty_thousand_notifications_its_own_are_found_by_the_index(author):
    user_id = UUID(author.user["id"])
    await execute(
        """INSERT INTO notifications (id, user_id, kind, cause, title, body, discreet_body, deep_link, collapse_id,
                                      created_at, expires_at)
           SELECT gen_random_uuid(), $1, 'like', gen_random_uuid() || ':0', '', '', '', '', '', $2, $2
           FROM generate_series(1, 50000)""",
        user_id, clock.now(),
    )  # fmt: skip
    await execute("ANALYZE notifications")
    target = await fetch_value("SELECT split_part(cause, ':', 1) FROM notifications LIMIT 1")
    assert len(await fetch(telling._EARLIER, user_id, "like", target)) == 1
    # As it is planned for any parameters, too: asyncpg prepares its statements.
    async with transaction():
        for mode in ("force_custom_plan", "force_generic_plan"):
            await execute(f"SET LOCAL plan_cache_mode = {mode}")
            found = await plan(telling._EARLIER, user_id, "like", target)
            assert "notifications_cause_unique" in found, found
            [condition] = [line for line in found.splitlines() if "Index Cond" in line]
            assert condition.count("cause") == 2
            assert "Filter" not in found


async def test_among_many_comments_replies_are_found_by_the_index(author):
    user_id = UUID(author.user["id"])
    persona_id = await fetch_value("SELECT persona_id FROM users WHERE id = $1", user_id)
    await execute(
        """INSERT INTO posts (id, user_id, persona_id, body, created_at)
           SELECT gen_random_uuid(), $1, $2, 'Quiet', now() FROM generate_series(1, 400)""",
        user_id, persona_id,
    )  # fmt: skip
    await execute(
        """INSERT INTO comments (id, post_id, user_id, persona_id, thread_id, body, created_at)
           SELECT gen_random_uuid(), posts.id, $1, $2, gen_random_uuid(), 'Well', now()
           FROM posts, generate_series(1, 50)""",
        user_id, persona_id,
    )  # fmt: skip
    await execute("ANALYZE posts; ANALYZE comments")
    comment_id = await fetch_value("SELECT id FROM comments LIMIT 1")
    found = await plan(telling._TELLINGS[TellOfReplies].people, comment_id, None, UUID(int=2))
    assert "Seq Scan on comments" not in found
    [condition] = [line for line in found.splitlines() if "Index Cond" in line and "thread_id" in line]
    assert "post_id" in condition
