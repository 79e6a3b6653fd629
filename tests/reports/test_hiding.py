"""Enough reporters take it out of everybody's sight until it is reviewed (semantics, "Community")."""

from __future__ import annotations

import asyncio
import dataclasses
from uuid import UUID

import pytest

from domain.community.counters import COUNTED
from domain.community.repair import repair_counts
from domain.kit.database import fetch_value
from domain.kit.settings import settings
from domain.reports import reporting
from domain.reports.review import open_cases, resolve
from tests.community.conftest import comment, make_group, post
from tests.reports.conftest import all_report, inbox, report, reported, rows


async def lists(reader, group=None):
    """The ids in every list of posts."""
    paths = ["/v1/feed", "/v1/feed?sort=top"]
    if group:
        paths = [f"/v1/groups/{group}/posts", f"/v1/groups/{group}/posts?sort=top"]
    return {item["id"] for path in paths for item in (await reader.ok("GET", path))["items"]}


async def test_three_reporters_hide_a_post_everywhere(writer, people):
    author, reporters = await writer(), await people(3)
    written = await post(author)
    said = await comment(author, written["id"])
    await reporters[0].ok("PUT", f"/v1/posts/{written['id']}/like")
    for reporter in reporters[:2]:
        await reported(reporter, "post", written["id"])
    assert await lists(reporters[0]) == {written["id"]}
    await reported(reporters[2], "post", written["id"])
    for reader in (reporters[0], await writer(), author):
        assert await lists(reader) == set()
        shown = await reader("GET", f"/v1/posts/{written['id']}")
        assert (shown.status_code, shown.json().get("hidden")) == ((200, True) if reader is author else (404, None))
        for method, path in (
            ("GET", "/comments"), ("PUT", "/like"), ("DELETE", "/like"), ("POST", "/comments"),
        ):  # fmt: skip
            body = {"json": {"body": "Well"}} if method == "POST" else {}
            assert (await reader(method, f"/v1/posts/{written['id']}{path}", **body)).status_code in (404, 403)
        for method, path in (("PUT", "/like"), ("DELETE", "/like")):
            assert (await reader(method, f"/v1/comments/{said['id']}{path}")).status_code == 404
    assert (await author("PATCH", f"/v1/posts/{written['id']}", json={"body": "Other"})).status_code == 404


async def test_a_hidden_post_of_a_group_is_in_no_list_of_it(writer, people):
    author, reporters, group = await writer(), await people(3), await make_group()
    for member in (author, *reporters):
        await member.ok("PUT", f"/v1/groups/{group}/membership")
    written, other = await post(author, group_id=group), await post(author, group_id=group)
    await all_report(reporters, "post", written["id"])
    assert await lists(reporters[0], group) == {other["id"]}


async def test_a_hidden_comment_is_neither_listed_nor_counted_and_its_replies_stay(writer, people):
    author, reporters = await writer(), await people(3)
    written = await post(author)
    said, other = await comment(author, written["id"], "Bad"), await comment(author, written["id"], "Good")
    reply = await comment(author, written["id"], "True", reply_to=said["id"])
    await all_report(reporters, "comment", said["id"])
    for reader in (reporters[0], author):
        shown = (await reader.ok("GET", f"/v1/posts/{written['id']}/comments"))["items"]
        assert [item["id"] for item in shown] == [reply["id"], other["id"]]
        assert (await reader.ok("GET", f"/v1/posts/{written['id']}"))["comment_count"] == 2
        for path in ("/v1/feed", "/v1/feed?sort=top"):
            assert [item["comment_count"] for item in (await reader.ok("GET", path))["items"]] == [2]
        assert (await reader("PUT", f"/v1/comments/{said['id']}/like")).status_code == 404
    assert (await author("PATCH", f"/v1/comments/{said['id']}", json={"body": "x"})).status_code == 404
    assert await repair_counts() == dict.fromkeys(COUNTED, 0)
    # Deleting one that is hidden does not count it a second time.
    await author.ok("DELETE", f"/v1/comments/{said['id']}")
    assert (await author.ok("GET", f"/v1/posts/{written['id']}"))["comment_count"] == 2


@pytest.mark.parametrize("target", ["post", "comment"])
async def test_fifty_at_once_hide_once_and_all_count(writer, people, target, monkeypatch):
    author, reporters = await writer(), await people(50)
    written = await post(author)
    said = await comment(author, written["id"])
    target_id = written["id"] if target == "post" else said["id"]
    hidden, real = [], reporting.hide

    async def hide(*arguments):
        changed = await real(*arguments)
        hidden.append(changed)
        return changed

    monkeypatch.setattr(reporting, "hide", hide)
    assert await all_report(reporters, target, target_id) == [201] * 50
    assert sorted(hidden) == [False] * 47 + [True]
    [case] = await open_cases(10)
    assert (case.reporters, case.hidden, len(await rows(target_id))) == (50, True, 50)
    assert len(await inbox(author)) == 1
    if target == "comment":
        assert (await reporters[0].ok("GET", f"/v1/posts/{written['id']}"))["comment_count"] == 0
    assert await repair_counts() == dict.fromkeys(COUNTED, 0)


async def test_one_person_many_times_is_one_reporter(writer, person):
    written = await post(await writer())
    await asyncio.gather(*(report(person, "post", written["id"]) for _ in range(10)))
    assert (await person("GET", f"/v1/posts/{written['id']}")).status_code == 200


@pytest.mark.parametrize("needed", [1, 2, 5])
async def test_how_many_is_a_setting(writer, people, monkeypatch, needed):
    chosen = dataclasses.replace(settings(), reports_to_hide=needed)
    monkeypatch.setattr(reporting, "settings", lambda: chosen)
    reporters, written = await people(needed), await post(await writer())
    for number, reporter in enumerate(reporters):
        assert (await reporter("GET", f"/v1/posts/{written['id']}")).status_code == 200, number
        await reported(reporter, "post", written["id"])
    assert (await reporters[0]("GET", f"/v1/posts/{written['id']}")).status_code == 404


async def test_reports_of_people_groups_and_anchor_hide_nothing(writer, people):
    author, reporters, group = await writer(), await people(4), await make_group()
    written = await post(author)
    assert await all_report(reporters, "user", written["author"]["id"]) == [201] * 4
    assert await all_report(reporters, "group", group) == [201] * 4
    assert (await reporters[0]("GET", f"/v1/posts/{written['id']}")).status_code == 200
    assert (await reporters[0]("GET", f"/v1/groups/{group}")).status_code == 200


async def test_whoever_had_it_on_their_screen_may_still_report_it_and_the_comments(writer, people):
    author, reporters = await writer(), await people(4)
    written = await post(author)
    said = await comment(author, written["id"])
    await all_report(reporters[:3], "post", written["id"])
    assert (await report(reporters[3], "post", written["id"])).status_code == 201
    assert (await report(reporters[3], "comment", said["id"])).status_code == 201
    # The same again, too.
    assert (await report(reporters[0], "post", written["id"])).status_code == 200


async def test_the_author_is_told_that_and_why_without_names_or_quotes(writer, people):
    author, reporters = await writer(username="anna_a"), await people(3)
    written = await post(author, "Unspeakable words")
    for reporter, reason in zip(reporters, ("spam", "hate", "spam"), strict=True):
        assert await inbox(author) == []
        await reported(reporter, "post", written["id"], reason, details="Confidential details")
    [told] = await inbox(author)
    assert told["title"] == "Your post is out of sight for now"
    assert "(spam, hate)" in told["body"]
    assert "automatically" in told["body"]
    for secret in ("Unspeakable", "Confidential", *(one.user["public_name"] for one in reporters)):
        assert secret not in str(told)


async def test_a_reported_post_that_is_deleted_keeps_its_snapshot(writer, people):
    author, reporters = await writer(), await people(3)
    written = await post(author, "Soon gone")
    await all_report(reporters, "post", written["id"])
    await author.ok("DELETE", f"/v1/posts/{written['id']}")
    [case] = await open_cases(10)
    assert (case.gone, case.reporters, [one.text for one in case.snapshots]) == (True, 3, ["Soon gone"])
    assert await resolve("post", UUID(written["id"]), "upheld") == 3
    # Nothing was done to what is not there.
    assert [told["title"] for told in await inbox(author)] == ["Your post is out of sight for now"]


async def test_an_edit_before_the_second_report_shows_in_the_case(writer, people):
    author, reporters = await writer(), await people(2)
    written = await post(author, "Bad words")
    await reported(reporters[0], "post", written["id"])
    await author.ok("PATCH", f"/v1/posts/{written['id']}", json={"body": "Nice words"})
    await reported(reporters[1], "post", written["id"])
    [case] = await open_cases(10)
    assert {one.text for one in case.snapshots} == {"Bad words", "Nice words"}


async def test_reports_and_deletions_at_once_leave_right_counts(writer, people):
    author, reporters = await writer(), await people(3)
    written = await post(author)
    said = [await comment(author, written["id"], f"Number {number}") for number in range(8)]

    async def remove(one):
        await author("DELETE", f"/v1/comments/{one['id']}")

    await asyncio.gather(
        *(all_report(reporters, "comment", one["id"]) for one in said), *(remove(one) for one in said[::2])
    )
    assert await repair_counts() == dict.fromkeys(COUNTED, 0)
    left = await fetch_value("SELECT count(*) FROM comments WHERE state = 'visible'")
    assert (await author.ok("GET", f"/v1/posts/{written['id']}"))["comment_count"] == left == 0
