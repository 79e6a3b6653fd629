"""What a gathered notification gives away: neither that two names are one person, nor what its owner may not see."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute
from tests.accounts.people import switch, worn_by
from tests.community.conftest import comment, make_group, post
from tests.community.test_telling import _providers, inbox, like, read_all
from tests.push.phones import iphone, pushes

__all__ = ["_providers"]

NIGHT = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


@pytest.mark.parametrize("of", ["posts", "comments"])
async def test_two_names_of_one_person_are_told_as_two(writer, drain, of):
    """Counted as one, two comments under two names would be seen to be of one account."""
    author, other = await writer(), await writer(username="anna_1")
    written = await post(author)
    under = {} if of == "posts" else {"reply_to": (await comment(author, written["id"]))["id"]}
    await comment(other, written["id"], **under)
    await switch(other, "anonymous")
    await comment(other, written["id"], **under)
    # Once more under the same name.
    await comment(other, written["id"], **under)
    await drain()
    kind, title = ("comment", "commented on your post") if of == "posts" else ("reply", "replied to your comment")
    assert await inbox(author) == [(kind, f"2 people {title}", False)]


async def test_what_was_written_in_public_stays_one_however_often_the_name_changes(writer, drain):
    author, other = await writer(), await writer(username="anna_1")
    written = await post(author)
    await comment(other, written["id"])
    await other.ok("PATCH", "/v1/me", json={"username": "anna_2"})
    await comment(other, written["id"])
    await drain()
    assert await inbox(author) == [("comment", "Somebody commented on your post", False)]


async def test_a_group_that_was_left_tells_nothing_any_more(writer, drain):
    author, other, group = await writer(), await writer(), await make_group()
    for member in (author, other):
        await member.ok("PUT", f"/v1/groups/{group}/membership")
    written = await post(author, group_id=group)
    said = await comment(author, written["id"])
    await author.ok("DELETE", f"/v1/groups/{group}/membership")
    await like(other, written)
    await like(other, said, "comments")
    await comment(other, written["id"])
    await comment(other, written["id"], reply_to=said["id"])
    await drain()
    assert await inbox(author) == []
    # It is told when they are back.
    await author.ok("PUT", f"/v1/groups/{group}/membership")
    await comment(other, written["id"])
    await drain()
    assert await inbox(author) == [("comment", "Somebody commented on your post", False)]


@pytest.mark.parametrize("how", ["blocks", "is blocked", "hidden", "suspended"])
async def test_nothing_is_told_of_a_comment_under_a_post_that_is_out_of_sight(writer, drain, how):
    poster, commenter, third = await writer(), await writer(), await writer()
    written = await post(poster)
    said = await comment(commenter, written["id"])
    await drain()
    await read_all(poster)
    await like(third, said, "comments")
    await comment(third, written["id"], reply_to=said["id"])
    if how == "blocks":
        await commenter.ok("PUT", f"/v1/me/blocks/{await worn_by(poster)}")
    elif how == "is blocked":
        await poster.ok("PUT", f"/v1/me/blocks/{await worn_by(commenter)}")
    elif how == "hidden":
        await execute("UPDATE posts SET state = 'hidden' WHERE id = $1", UUID(written["id"]))
    else:
        await execute("UPDATE users SET state = 'suspended' WHERE id = $1", UUID(poster.user["id"]))
    await drain()
    assert await inbox(commenter) == []


@pytest.mark.parametrize("how", ["blocks", "is blocked"])
async def test_a_block_takes_the_other_out_of_what_is_unread(writer, drain, how):
    author, other, third = await writer(), await writer(), await writer()
    written = await post(author)
    said = await comment(author, written["id"])
    for person in (other, third):
        await like(person, written)
        await comment(person, written["id"])
    await like(other, said, "comments")
    await comment(other, written["id"], reply_to=said["id"])
    await drain()
    assert len(await inbox(author)) == 4
    if how == "blocks":
        await author.ok("PUT", f"/v1/me/blocks/{await worn_by(other)}")
    else:
        await other.ok("PUT", f"/v1/me/blocks/{await worn_by(author)}")
    await drain()
    # Again it is the same block, and changes nothing more.
    for _ in range(2):
        assert sorted(await inbox(author)) == [
            ("comment", "Somebody commented on your post", False), ("like", "Somebody likes your post", False),
        ]  # fmt: skip
        await author.ok("PUT", f"/v1/me/blocks/{await worn_by(other)}")
        await drain()


async def test_a_push_that_waits_for_the_morning_goes_with_a_block(writer, drain):
    author, other = await writer(timezone="Etc/UTC"), await writer()
    await author.ok("PUT", "/v1/me/devices/phone", json=iphone())
    await author.ok("PATCH", "/v1/me/preferences", json={"quiet_hours": {"from": "22:00", "to": "08:00"}})
    with clock.frozen(NIGHT):
        await like(other, await post(author))
        await drain(allow=("retry",))
        assert [state for state, _ in await pushes()] == ["pending"]
        await author.ok("PUT", f"/v1/me/blocks/{await worn_by(other)}")
        await drain(allow=("retry",))
    assert await inbox(author) == []
    assert await pushes() == []
