"""The talk of two partners: writing, order, retries, and who gets in (api, "Partners"; semantics, "Partners", Chat)."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from tests.community.conftest import at_once, bring_back, take_away
from tests.partners.talking import block, end, id_of, pair, path, said, write
from tests.routes.conftest import fields, problem

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
CRY = "I want to kill myself tonight"
NOBODYS = "01990000-0000-7000-8000-000000000000"


@pytest.fixture
async def two(sign_up):
    """Two partners and the id of their partnership."""
    one, other = await sign_up(username="anna_a"), await sign_up()
    return one, other, await pair(one, other)


async def stored(talk):
    rows = await fetch("SELECT seq, body FROM partner_messages WHERE partnership_id = $1 ORDER BY seq", UUID(talk))
    return [tuple(row) for row in rows]


# -- writing -------------------------------------------------------------------------------------------------------


async def test_a_message_as_both_see_it(two):
    one, other, talk = two
    with clock.frozen(NOON):
        answer = await one("POST", path(talk), json={"body": "  How are you?\u200b ", "client_id": "c1"})
    assert answer.status_code == 201
    written = answer.json()
    assert written == {
        "id": written["id"], "seq": 1, "body": "How are you?", "is_mine": True, "client_id": "c1",
        "sent_at": "2026-12-01T12:00:00Z", "support": None,
    }  # fmt: skip
    [mine] = (await one.ok("GET", path(talk)))["items"]
    [theirs] = (await other.ok("GET", path(talk)))["items"]
    assert mine == written
    # An app's own id is nobody else's business.
    assert theirs == {**written, "is_mine": False, "client_id": None}


async def test_each_gets_the_next_place(two):
    one, other, talk = two
    for number, person in enumerate((one, other, other, one), start=1):
        assert (await write(person, talk, f"message {number}"))["seq"] == number
    assert await said(one, talk) == await said(other, talk) == [(n, f"message {n}") for n in (4, 3, 2, 1)]


async def test_talks_are_counted_apart(two, sign_up):
    one, other, talk = two
    second = await pair(await sign_up(), one)
    await write(one, talk)
    assert (await write(one, second))["seq"] == 1
    assert await said(other, talk) == [(1, "How are you?")]


async def test_what_is_no_message(two):
    one, _, talk = two
    for body, field in (
        ({}, "body"), ({"body": " \u200b\n"}, "body"), ({"body": "é" * 2001}, "body"), ({"body": 5}, "body"),
        ({"body": "x", "client_id": ""}, "client_id"), ({"body": "x", "client_id": "a" * 101}, "client_id"),
        ({"body": "x", "to": "y"}, "to"),
    ):  # fmt: skip
        answer = await one("POST", path(talk), json=body)
        problem(answer, 400, "invalid_request")
        assert field in answer.text
    assert await stored(talk) == []


async def test_the_longest_message_is_counted_as_people_see_it(two):
    one, _, talk = two
    assert (await write(one, talk, "👩‍👩‍👧" * 2000))["seq"] == 1


async def test_it_is_filtered_as_in_the_community(two):
    one, _, talk = two
    for body, reason in (
        ("see https://example.com/x", "link"), ("mail me: anna@example.org", "contact_data"),
        ("my number is +49 170 1234567", "contact_data"),
    ):  # fmt: skip
        refused = problem(await one("POST", path(talk), json={"body": body}), 422, "content_refused")
        assert refused["reason"] == reason
    assert await stored(talk) == []


async def test_words_of_danger_are_answered_at_once_and_sent_all_the_same(two):
    one, other, talk = two
    written = await write(one, talk, CRY)
    assert written["support"]["resources"]
    [seen] = (await other.ok("GET", path(talk)))["items"]
    assert (seen["body"], seen["support"]) == (CRY, None)
    assert await fetch_value("SELECT hits FROM safety_hits WHERE source = 'partner_message'") == 1


async def test_words_of_danger_are_heard_past_the_limit_of_requests(two):
    one, _, talk = two
    for _ in range(70):
        answer = await one("GET", "/v1/me")
    problem(answer, 429, "rate_limited")
    problem(await one("POST", path(talk), json={"body": "A quiet day"}), 429)
    assert (await write(one, talk, CRY))["support"]["resources"]


async def test_even_a_talk_that_has_ended_answers_them_with_support(two):
    one, _, talk = two
    await end(talk)
    refused = problem(await one("POST", path(talk), json={"body": CRY}), 409, "partnership_ended")
    assert refused["support"]["resources"]


async def test_writing_is_one_transaction_of_two_round_trips(two, statements):
    one, _, talk = two
    from domain.partners.messages import write_message

    statements.clear()
    await write_message(id_of(one), UUID(talk), "How are you?", client_id="c1", key=None)
    assert [sent.split()[0].rstrip(";") for sent in statements] == ["BEGIN", "WITH", "INSERT", "COMMIT"]


# -- the same again ------------------------------------------------------------------------------------------------


async def test_the_same_client_id_is_the_same_message(two):
    one, other, talk = two
    first = await write(one, talk, "How are you?", client_id="c1")
    await write(other, talk, "Well", client_id="c1")
    again = await one("POST", path(talk), json={"body": "How are you? Again", "client_id": "c1"})
    assert (again.status_code, again.json()) == (201, first)
    # The retry took no place, and the other's client_id is another one.
    assert (await write(one, talk, "Good"))["seq"] == 3
    assert await stored(talk) == [(1, "How are you?"), (2, "Well"), (3, "Good")]


async def test_a_retry_after_the_end_finds_its_message(two):
    one, other, talk = two
    first = await write(one, talk, client_id="c1")
    await end(talk)
    assert await write(one, talk, client_id="c1") == first
    problem(await one("POST", path(talk), json={"body": "x", "client_id": "c2"}), 409, "partnership_ended")
    await block(other, one)
    problem(await one("POST", path(talk), json={"body": "x", "client_id": "c1"}), 404)


async def test_fifty_retries_at_once_are_one_message(two, unlimited):
    one, _, talk = two
    answers = await at_once(one("POST", path(talk), json={"body": "Hello", "client_id": "c1"}) for _ in range(50))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await stored(talk) == [(1, "Hello")]
    assert (await write(one, talk))["seq"] == 2


async def test_an_idempotency_key_makes_it_the_same_message(two):
    one, _, talk = two
    headers = {"Idempotency-Key": "k1"}
    answers = [await one("POST", path(talk), json={"body": "Hello"}, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    problem(await one("POST", path(talk), json={"body": "Other"}, headers=headers), 409, "idempotency_conflict")
    assert await stored(talk) == [(1, "Hello")]


# -- at once -------------------------------------------------------------------------------------------------------


async def test_a_hundred_at_once_have_places_without_a_gap(two, unlimited):
    one, other, talk = two
    answers = await at_once(
        person("POST", path(talk), json={"body": f"{name} {n}", "client_id": f"{n}"})
        for n in range(50) for name, person in (("one", one), ("other", other))
    )  # fmt: skip
    assert sorted(answer.json()["seq"] for answer in answers) == list(range(1, 101))
    seen = await said(one, talk, limit=100)
    assert seen == await said(other, talk, limit=100)
    assert [seq for seq, _ in seen] == list(range(100, 0, -1))
    # What each was answered is what stands there.
    assert {answer.json()["seq"]: answer.json()["body"] for answer in answers} == dict(seen)


async def test_whoever_catches_up_meanwhile_misses_nothing(two, unlimited):
    one, other, talk = two
    writing = asyncio.gather(*(person("POST", path(talk), json={"body": f"{n}"}) for n in range(30)
                               for person in (one, other)))  # fmt: skip

    async def follow(person):
        have = []
        while not (writing.done() and len(have) >= 60):
            have += await said(person, talk, after=len(have), limit=7)
        return have

    first, second, _ = await asyncio.gather(follow(one), follow(other), writing)
    assert first == second
    assert [seq for seq, _ in first] == list(range(1, 61))


async def test_an_end_comes_before_a_message_or_after_it(two, unlimited):
    one, other, talk = two
    answers = await asyncio.gather(
        *(one("POST", path(talk), json={"body": f"{n}"}) for n in range(20)), end(talk),
        *(other("POST", path(talk), json={"body": f"{n}"}) for n in range(20)),
    )  # fmt: skip
    statuses = [answer.status_code for answer in answers if answer is not None]
    assert set(statuses) <= {201, 409}
    assert len(await stored(talk)) == statuses.count(201) == await _last_place(talk)


@pytest.mark.parametrize("blocker", [0, 1])
async def test_a_block_comes_before_a_message_or_after_it(two, unlimited, blocker):
    one, other, talk = two
    by, whom = (one, other) if blocker == 0 else (other, one)
    calls = [person("POST", path(talk), json={"body": f"{n}"}) for n in range(20) for person in (one, other)]
    *answers, _ = await asyncio.gather(*calls, block(by, whom))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {201, 404}
    assert len(await stored(talk)) == statuses.count(201) == await _last_place(talk)
    assert await fetch_value("SELECT state FROM partnerships") == "ended"


async def _last_place(talk):
    return await fetch_value("SELECT last_seq FROM partnerships WHERE id = $1", UUID(talk))


# -- reading -------------------------------------------------------------------------------------------------------


async def test_pages_go_back_from_the_newest(two):
    one, other, talk = two
    for n in range(1, 6):
        await write(one if n % 2 else other, talk, f"{n}")
    first = await other.ok("GET", path(talk), params={"limit": 2})
    assert [item["seq"] for item in first["items"]] == [5, 4]
    # What comes in meanwhile moves nothing.
    await write(one, talk, "6")
    second = await other.ok("GET", path(talk), params={"limit": 2, "cursor": first["next_cursor"]})
    third = await other.ok("GET", path(talk), params={"limit": 2, "cursor": second["next_cursor"]})
    assert [item["seq"] for item in second["items"] + third["items"]] == [3, 2, 1]
    assert third["next_cursor"] is None


async def test_after_a_place_come_the_later_ones_oldest_first(two):
    one, other, talk = two
    for n in range(1, 6):
        await write(one, talk, f"{n}")
    assert await said(other, talk, after=3) == [(4, "4"), (5, "5")]
    assert await said(other, talk, after=5) == await said(other, talk, after=99) == []
    first = await other.ok("GET", path(talk), params={"after": 0, "limit": 3})
    assert [item["seq"] for item in first["items"]] == [1, 2, 3]
    for more in ({"after": 0}, {}):
        second = await other.ok("GET", path(talk), params={"limit": 3, "cursor": first["next_cursor"], **more})
        assert [item["seq"] for item in second["items"]] == [4, 5]
        assert second["next_cursor"] is None


async def test_what_no_page_can_be_asked_with(two):
    one, _, talk = two
    for query in ("after=-1", "after=x", "after=9223372036854775808", "limit=0", "limit=101", "cursor=x",
                  "cursor=WyJ1cCIsMV0", "cursor="):  # fmt: skip
        assert fields(await one("GET", f"{path(talk)}?{query}")) == [query.split("=")[0]], query


async def test_a_cursor_of_the_other_order_is_refused(two):
    one, _, talk = two
    for _ in range(3):
        await write(one, talk)
    back = (await one.ok("GET", path(talk), params={"limit": 1}))["next_cursor"]
    assert fields(await one("GET", path(talk), params={"after": 1, "cursor": back})) == ["cursor"]


async def test_a_page_is_one_round_trip(two, statements):
    one, _, talk = two
    from domain.partners.reading import list_messages

    await write(one, talk)
    statements.clear()
    await list_messages(id_of(one), UUID(talk), after=None, limit=20, cursor=None)
    assert len(statements) == 1


# -- who gets in ---------------------------------------------------------------------------------------------------


async def refused(person, talk):
    """The statuses of all that one can do with a talk."""
    calls = (("GET", "messages", {}), ("POST", "messages", {"json": {"body": "x"}}),
             ("PUT", "read", {"json": {"up_to": 1}}))  # fmt: skip
    return [(await person(method, path(talk, what), **more)).status_code for method, what, more in calls]


async def test_nobody_else_gets_in(two, person):
    one, _, talk = two
    await write(one, talk)
    assert await refused(person, talk) == [404, 404, 404]
    for unknown in (NOBODYS, "no-id", str(uuid4())):
        assert await refused(one, unknown) == [404, 404, 404]


async def test_before_there_are_partners_there_is_no_talk(sign_up):
    one, other = await sign_up(), await sign_up()
    for state in ("pending", "declined", "withdrawn", "expired"):
        talk = await pair(one, other, state)
        assert await refused(one, talk) == await refused(other, talk) == [404, 404, 404]


async def test_after_the_end_both_read_and_none_writes(two):
    one, other, talk = two
    await write(one, talk, "Farewell")
    await end(talk)
    for person in (one, other):
        assert await said(person, talk) == [(1, "Farewell")]
        problem(await person("POST", path(talk), json={"body": "x"}), 409, "partnership_ended")


@pytest.mark.parametrize("blocker", [0, 1])
async def test_a_block_takes_the_talk_out_of_both_sights(two, blocker):
    one, other, talk = two
    await write(one, talk)
    by, whom = (one, other) if blocker == 0 else (other, one)
    block_id = await block(by, whom)
    assert await refused(one, talk) == await refused(other, talk) == [404, 404, 404]
    await by.ok("DELETE", f"/v1/me/blocks/{block_id}")
    assert await said(one, talk) == await said(other, talk) == [(1, "How are you?")]


@pytest.mark.parametrize("state", ["suspended", "deleting"])
async def test_of_somebody_who_is_gone_there_is_no_talk_until_they_are_back(two, state):
    one, other, talk = two
    await write(one, talk)
    await take_away(one, state)
    assert await refused(other, talk) == [404, 404, 404]
    await bring_back(one)
    assert (await write(other, talk))["seq"] == 2


async def test_an_adult_and_a_minor_do_not_write_to_each_other(two):
    one, other, talk = two
    await write(one, talk)
    await execute("UPDATE users SET birth_date = $2 WHERE id = $1", id_of(other), clock.now().date().replace(year=2012))
    for person in (one, other):
        problem(await person("POST", path(talk), json={"body": "x"}), 409, "partnership_ended")
        assert await said(person, talk) == [(1, "How are you?")]
    await execute("UPDATE users SET birth_date = $2 WHERE id = $1", id_of(one), clock.now().date().replace(year=2011))
    assert (await write(one, talk))["seq"] == 2


async def test_the_copy_of_whom_the_other_left_can_be_read(two):
    one, other, talk = two
    await write(one, talk, "Hello", client_id="c1")
    await write(other, talk, "Hi")
    # As a purge leaves it.
    await execute("UPDATE partner_messages SET body = '', client_id = NULL WHERE sender_id = $1", id_of(one))
    await end(talk)
    await execute("UPDATE partnerships SET from_id = NULL WHERE id = $1", UUID(talk))
    await execute("UPDATE partner_messages SET sender_id = NULL WHERE sender_id = $1", id_of(one))
    assert await said(other, talk) == [(2, "Hi"), (1, "")]
    assert await refused(one, talk) == [404, 404, 404]
    problem(await other("POST", path(talk), json={"body": "x"}), 409, "partnership_ended")


async def test_no_answer_holds_more_than_it_should(two):
    one, other, talk = two
    await write(one, talk, client_id="c1")
    answers = [await other("GET", path(talk)), await other("GET", "/v1/notifications")]
    hidden = (one.user["id"], one.user["email"], "c1", "anna_a")
    assert all(secret not in answer.text for answer in answers for secret in hidden)
