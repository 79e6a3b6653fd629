"""Reports of what a partner wrote (api: POST /v1/reports; semantics, "Community")."""

from __future__ import annotations

import asyncio
from uuid import UUID

import msgspec
import pytest

from domain.kit.database import execute, fetch_value
from domain.reports.review import open_cases, resolve
from tests.community.conftest import take_away
from tests.partners.talking import block, end, id_of, pair, said, write
from tests.reports.conftest import inbox, report, reported, rows
from tests.routes.conftest import problem


@pytest.fixture
async def two(sign_up):
    one, other = await sign_up(username="anna_a"), await sign_up()
    return one, other, await pair(one, other)


async def snapshot(message):
    [row] = await rows(message["id"])
    return msgspec.json.decode(row["snapshot"])


async def test_the_other_s_message_with_what_it_looked_like(two):
    one, other, talk = two
    written = await write(one, talk, "You are worth nothing")
    made = await reported(other, "partner_message", written["id"], "harassment")
    assert (made["target_type"], made["state"]) == ("partner_message", "open")
    [row] = await rows(written["id"])
    assert row["target_user_id"] == id_of(one)
    seen = await snapshot(written)
    assert (seen["text"], seen["author_name"]) == ("You are worth nothing", "anna_a")


async def test_the_name_is_the_one_that_is_seen_now(two):
    one, other, talk = two
    written = await write(one, talk)
    await one.ok("PUT", "/v1/me/visibility", json={"visibility": "anonymous"})
    [item] = (await other.ok("GET", "/v1/partners"))["items"]
    await reported(other, "partner_message", written["id"])
    seen = await snapshot(written)
    assert (seen["author_id"], seen["author_name"]) == (item["partner"]["id"], item["partner"]["name"])
    assert seen["author_name"] != "anna_a"


async def test_of_a_talk_that_has_ended_it_is_the_name_that_is_seen_of_then(two):
    one, other, talk = two
    written = await write(one, talk)
    await one.ok("DELETE", f"/v1/partners/{talk}")
    await one.ok("PUT", "/v1/me/visibility", json={"visibility": "anonymous"})
    [item] = (await other.ok("GET", "/v1/partners", params={"state": "ended"}))["items"]
    await reported(other, "partner_message", written["id"])
    seen = await snapshot(written)
    assert (seen["author_id"], seen["author_name"]) == (item["partner"]["id"], item["partner"]["name"])


async def test_nobody_reports_themselves(two):
    one, _, talk = two
    written = await write(one, talk)
    problem(await report(one, "partner_message", written["id"]), 422, "cannot_report_oneself")


async def test_nobody_else_can_know_of_it(two, person):
    one, other, talk = two
    written = await write(one, talk)
    await pair(person, one)
    problem(await report(person, "partner_message", written["id"]), 404)
    problem(await report(other, "partner_message", talk), 404)
    assert await fetch_value("SELECT count(*) FROM reports") == 0


@pytest.mark.parametrize("what", ["ended", "blocked", "by the blocked", "suspended"])
async def test_it_can_be_reported_when_it_is_over(two, what):
    one, other, talk = two
    written = await write(one, talk)
    if what == "ended":
        await end(talk)
    elif what == "suspended":
        await take_away(one, "suspended")
    else:
        await block(*((other, one) if what == "blocked" else (one, other)))
    await reported(other, "partner_message", written["id"])


async def test_of_somebody_about_to_leave_or_gone_there_is_nothing(two):
    one, other, talk = two
    written = await write(one, talk)
    await take_away(one, "deleting")
    problem(await report(other, "partner_message", written["id"]), 404)
    await execute("UPDATE partner_messages SET sender_id = NULL, body = ''")
    problem(await report(other, "partner_message", written["id"]), 404)


async def test_it_is_reviewed_and_nothing_is_hidden(two):
    one, other, talk = two
    written = await write(one, talk)
    await reported(other, "partner_message", written["id"])
    [case] = await open_cases(10)
    assert (case.target_type, case.hidden, case.gone) == ("partner_message", None, None)
    assert await resolve("partner_message", UUID(written["id"]), "upheld") == 1
    assert [item["title"] for item in await inbox(other)] == ["Thank you for your report"]
    assert await inbox(one) == []
    assert await said(other, talk) == [(1, "How are you?")]


async def test_fifty_reports_at_once_are_one(two, unlimited):
    one, other, talk = two
    written = await write(one, talk)
    answers = await asyncio.gather(*(report(other, "partner_message", written["id"]) for _ in range(50)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await rows(written["id"])) == 1
