"""No answer about requests or partners joins two names of one person, but for partners (semantics, "Persona")."""

from __future__ import annotations

import pytest

from domain.kit.clock import clock
from domain.kit.database import fetch_value
from tests.accounts.people import switch, worn_by
from tests.partners.asking import REQUESTS, accepts, asked, asks, declines, found, partnered, partners, rows, waiting
from tests.partners.talking import id_of
from tests.partners.test_requests import DAY, NOON
from tests.routes.conftest import problem


@pytest.fixture
async def river(writer):
    """Somebody anonymous who has a username and can become public."""
    person = await writer(username="river_7")
    await switch(person, "anonymous")
    return person


async def names(person, direction):
    items = (await person.ok("GET", REQUESTS, params={"direction": direction}))["items"]
    return [item["author"]["name"] for item in items]


async def alias_of(person):
    return (await person.ok("GET", "/v1/me"))["public_name"]


async def test_a_request_shows_the_names_of_the_asking(anna, river):
    alias = await alias_of(river)
    await asked(river, anna)
    await switch(river, "public")
    assert await names(anna, "incoming") == [alias]
    await switch(anna, "anonymous")
    # What was asked under a username shows a mask then, as a post would.
    [shown] = await names(river, "outgoing")
    mask = await fetch_value(
        "SELECT name FROM personas JOIN users ON users.mask_id = personas.id WHERE users.id = $1", id_of(anna)
    )
    assert shown == mask
    assert shown not in ("anna_a", await alias_of(anna))


async def test_partners_see_the_present_name(anna, river):
    request_id = (await asked(river, anna))["id"]
    await switch(river, "public")
    assert (await accepts(anna, request_id)).json()["author"]["name"] == "river_7"
    await switch(river, "anonymous")
    [partner] = [item["partner"] for item in await partners(anna)]
    assert (partner["id"], partner["name"]) == (str(await worn_by(river)), await alias_of(river))


async def test_former_partners_see_the_name_of_the_end(anna, river):
    talk = await partnered(anna, river)
    alias = await alias_of(river)
    await river("DELETE", f"/v1/partners/{talk}")
    await switch(river, "public")
    await switch(anna, "anonymous")
    [of_river], [of_anna] = await partners(anna, "ended"), await partners(river, "ended")
    assert of_river["partner"]["name"] == alias
    assert of_anna["partner"]["name"] not in ("anna_a", await alias_of(anna))


async def test_who_is_asked_under_another_name_is_like_nobody(anna, river, writer):
    """The request of before still waits: neither it nor a second one may say that the two are one."""
    first = (await asked(anna, river))["id"]
    await switch(river, "public")
    problem(await asks(anna, river), 404, "not_found")
    # Nor does a search show somebody who then cannot be asked.
    assert await found(anna, "river") == []
    assert await found(await writer(), "river") == ["river_7"]
    assert await waiting(anna, "outgoing") == [first]
    assert await rows() == [("pending", 1)]
    # Once it is over, they are somebody new.
    await declines(river, first)
    assert await found(anna, "river") == ["river_7"]
    assert (await asked(anna, river))["id"] != first


async def test_the_pause_is_one_towards_a_name(anna, river):
    with clock.frozen(NOON):
        await declines(river, (await asked(anna, river))["id"])
        await switch(river, "public")
        # A refusal that anna knows to have had from somebody else.
        second = await asked(anna, river)
        await declines(river, second["id"])
    with clock.frozen(NOON + DAY):
        problem(await asks(anna, river), 409, "request_cooldown")
        # A new username is known to be of the same person, and so is coming back to one.
        await river.ok("PATCH", "/v1/me", json={"username": "river_8"})
        problem(await asks(anna, river), 409, "request_cooldown")
        await switch(river, "anonymous")
        await switch(river, "public")
        problem(await asks(anna, river), 409, "request_cooldown")
        # It is of the account that asks, whatever that is called.
        await switch(anna, "anonymous")
        problem(await asks(anna, river), 409, "request_cooldown")


async def test_asking_again_under_a_new_username_is_the_same(anna, ben, writer):
    carla = await writer(username="carla_1")
    first = (await asked(anna, carla))["id"]
    await carla.ok("PATCH", "/v1/me", json={"username": "carla_2"})
    again = await asks(anna, carla)
    assert (again.status_code, again.json()["id"], again.json()["author"]["name"]) == (200, first, "carla_2")


async def test_requests_cross_whatever_both_are_called(anna, river):
    """Both want to be partners, and partners know each other by their present names."""
    first = (await asked(river, anna))["id"]
    await switch(river, "public")
    await switch(anna, "anonymous")
    crossed = await asked(anna, river)
    assert (crossed["id"], crossed["status"], crossed["author"]["name"]) == (first, "partners", "river_7")
