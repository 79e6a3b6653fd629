"""Partners as they are shown, how they part, and who gets to see what (api, "Partners"; semantics, "Partners")."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.kit.clock import clock
from tests.accounts.people import worn_by
from tests.community.conftest import bring_back, take_away
from tests.partners.asking import asks, notices, partnered, partners, rows
from tests.partners.talking import block, end, pair, path, said, write
from tests.recovery.conftest import statements
from tests.routes.conftest import fields, problem

__all__ = ["statements"]

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def ids(person, state="partners"):
    return [item["id"] for item in await partners(person, state)]


# -- the list ------------------------------------------------------------------------------------------------------


async def test_a_partner_with_what_is_unread_and_said_last(anna, ben):
    partnership_id = await pair(anna, ben)
    await write(anna, partnership_id, "first")
    last = await write(anna, partnership_id, "second", client_id="c1")
    [of_ben], [of_anna] = await partners(ben), await partners(anna)
    assert (of_ben["unread_count"], of_anna["unread_count"]) == (2, 0)
    assert of_anna["last_message"] == last
    assert of_ben["last_message"] == {**last, "is_mine": False, "client_id": None}
    assert of_ben["partner"] == {"id": str(await worn_by(anna)), "name": "anna_a", "avatar_url": None, "is_me": False}
    assert (of_ben["state"], of_ben["ended_at"], of_ben["streak"]) == ("partners", None, None)
    for person, item in ((anna, of_anna), (ben, of_ben)):
        assert await person.ok("GET", f"/v1/partners/{partnership_id}") == item


async def test_the_newest_talk_first(anna, writer):
    people = [await writer() for _ in range(3)]
    made = []
    for hour, person in enumerate(people):
        with clock.frozen(NOON + hour * HOUR):
            made.append(await pair(person, anna))
    first, second, third = made
    assert await ids(anna) == [third, second, first]
    with clock.frozen(NOON + 5 * HOUR):
        await write(people[0], first)
    assert await ids(anna) == [first, third, second]
    seen, cursor = [], None
    while True:
        page = await anna.ok("GET", "/v1/partners", params={"limit": 1, **({"cursor": cursor} if cursor else {})})
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [first, third, second]


async def test_former_partners_by_their_end(anna, writer):
    people = [await writer() for _ in range(3)]
    made = [await pair(anna, person) for person in people]
    for hour, (person, partnership_id) in enumerate(zip(people, made, strict=True)):
        with clock.frozen(NOON + hour * HOUR):
            assert (await person("DELETE", f"/v1/partners/{partnership_id}")).status_code == 204
    assert await ids(anna) == []
    assert await ids(anna, "ended") == made[::-1]
    [newest, *_] = await partners(anna, "ended")
    assert (newest["state"], newest["ended_at"]) == ("ended", "2026-12-01T14:00:00Z")


async def test_what_is_asked_for_wrongly(anna):
    assert fields(await anna("GET", "/v1/partners?state=pending")) == ["state"]
    assert fields(await anna("GET", "/v1/partners?cursor=x")) == ["cursor"]
    assert fields(await anna("GET", "/v1/partners?limit=0")) == ["limit"]


async def test_it_is_one_round_trip(anna, writer, statements):
    for _ in range(3):
        await pair(anna, await writer(consents=("partner_sharing",)))
    statements.clear()
    assert len(await partners(anna)) == 3
    assert len(statements) == 1


# -- parting -------------------------------------------------------------------------------------------------------


async def test_parting_is_silent_and_leaves_the_talk_to_read(anna, ben):
    partnership_id = await partnered(anna, ben)
    await write(anna, partnership_id, "Good bye")
    before = await notices(ben)
    assert [(await anna("DELETE", f"/v1/partners/{partnership_id}")).status_code for _ in range(2)] == [204, 204]
    assert await notices(ben) == before
    for person in (anna, ben):
        assert await ids(person) == []
        assert await ids(person, "ended") == [partnership_id]
        assert await said(person, partnership_id) == [(1, "Good bye")]
        problem(await person("POST", path(partnership_id), json={"body": "x"}), 409, "partnership_ended")
    assert (await ben("DELETE", f"/v1/partners/{partnership_id}")).status_code == 204


async def test_parting_takes_back_the_unread_news_of_it(anna, ben):
    talk = await partnered(anna, ben)
    assert await notices(anna) == ["partner_accepted"]
    await ben("DELETE", f"/v1/partners/{talk}")
    assert await notices(anna) == []


async def test_a_third_person_finds_nothing(anna, ben, writer, stranger):
    partnership_id = await pair(anna, ben)
    third = await writer()
    for known in (partnership_id, str(uuid4()), "x"):
        problem(await third("GET", f"/v1/partners/{known}"), 404, "not_found")
        problem(await third("DELETE", f"/v1/partners/{known}"), 404, "not_found")
    problem(await stranger("GET", f"/v1/partners/{partnership_id}"), 401)
    assert await ids(third) == await ids(third, "ended") == []
    assert await rows() == [("partners", 1)]


# -- blocks --------------------------------------------------------------------------------------------------------


async def test_a_block_ends_it_and_takes_it_out_of_sight(anna, ben):
    partnership_id = await partnered(anna, ben)
    await write(anna, partnership_id, "Good bye")
    block_id = await block(ben, anna)
    assert await rows() == [("ended", 1)]
    for person, other in ((anna, ben), (ben, anna)):
        assert await ids(person) == await ids(person, "ended") == []
        problem(await person("GET", f"/v1/partners/{partnership_id}"), 404, "not_found")
        problem(await person("DELETE", f"/v1/partners/{partnership_id}"), 404, "not_found")
        problem(await person("GET", path(partnership_id)), 404, "not_found")
        problem(await asks(person, other), 404, "not_found")
        assert await notices(person) == []
    await ben("DELETE", f"/v1/me/blocks/{block_id}")
    # Ended it stays; what was said is theirs again.
    assert await ids(anna) == []
    assert await said(anna, partnership_id) == [(1, "Good bye")]


async def test_a_block_withdraws_what_was_told_of_former_talks(anna, ben):
    await partnered(anna, ben)
    first = (await partners(anna))[0]["id"]
    await end(first)
    await partnered(ben, anna)
    assert "partner_accepted" in await notices(anna) + await notices(ben)
    await block(anna, ben)
    assert await notices(anna) == await notices(ben) == []


# -- people who come and go ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["suspended", "deleting"])
@pytest.mark.parametrize("between", ["partners", "ended"])
async def test_who_is_away_is_out_of_sight_and_all_comes_back(anna, ben, state, between):
    partnership_id = await pair(anna, ben)
    await write(ben, partnership_id, "Good bye")
    if between == "ended":
        await end(partnership_id)
    before = await partners(anna, between)
    await take_away(ben, state)
    assert await ids(anna) == await ids(anna, "ended") == []
    problem(await anna("GET", f"/v1/partners/{partnership_id}"), 404, "not_found")
    problem(await anna("DELETE", f"/v1/partners/{partnership_id}"), 404, "not_found")
    await bring_back(ben)
    assert await partners(anna, between) == before != []
