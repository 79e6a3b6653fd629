"""Finding people by the name that they show now (api, "Partners"; semantics, "Identity and privacy")."""

from __future__ import annotations

import pytest

from domain.kit.database import execute, fetch_value
from domain.kit.pagination import encode_cursor
from domain.partners import search
from tests.accounts.people import switch, worn_by
from tests.community.conftest import bring_back, take_away
from tests.partners.asking import found
from tests.partners.talking import block, id_of
from tests.recovery.conftest import statements
from tests.routes.conftest import fields, problem

__all__ = ["statements"]

SEARCH = "/v1/partners/search"


@pytest.fixture
async def named(sign_up, unlimited):
    """`await named("mara_1")` signs somebody up who is called so."""

    async def begin(name, **more):
        return await sign_up(username=name, **more)

    return begin


@pytest.fixture
async def crowd(named):
    return {name: await named(name) for name in ("mara_walks", "mara_runs", "marble", "omar", "martin_7")}


async def test_what_begins_so_by_name(person, crowd):
    assert await found(person, "mar") == ["mara_runs", "mara_walks", "marble", "martin_7"]
    # However it is written.
    for q in ("mara_w", "MARA_W", " mara_w ", "Mar a_w", "\u200bmara_w"):
        assert (await found(person, q))[0] == "mara_walks"
    # What counts for PostgreSQL counts for nothing here.
    for q in ("mar%", "m_r", "%%", "m\\r", "ma'ra", "мара", "👍👍"):
        assert await found(person, q) == []


async def test_items_are_authors(person, crowd):
    page = await person.ok("GET", SEARCH, params={"q": "marb"})
    assert page == {
        "items": [{"id": str(await worn_by(crowd["marble"])), "name": "marble", "avatar_url": None, "is_me": False}],
        "next_cursor": None,
    }


async def test_then_what_is_nearly_spelled_so(person, crowd, named):
    for wrong in ("marra_walks", "mara_wlaks", "maa_walks", "mara_walkz"):
        assert await found(person, wrong) == ["mara_walks"]
    await named("alexander")
    for wrong in ("alexnader", "alexnder", "alecxander", "alxander"):
        assert await found(person, wrong) == ["alexander"]
    # What begins so comes first, and nobody comes twice.
    await named("mara_walk")
    assert await found(person, "mara_walk") == ["mara_walk", "mara_walks"]
    assert (await found(person, "mara_walks"))[:2] == ["mara_walks", "mara_walk"]
    assert await found(person, "zzzzzzzz") == []


async def test_two_letters_or_more(person):
    for q in ("", "m", " m ", "\u200bm", "x" * 61, "m\n"):
        assert fields(await person("GET", SEARCH, params={"q": q})) == ["q"]
    assert fields(await person("GET", SEARCH)) == ["q"]


async def test_a_cursor_lists_nothing_else_than_what_begins_so(person, named):
    await named("abel_1")
    await named("mara_walks")
    for forged in ("", "aa", "n", "mar"):
        answer = await person("GET", SEARCH, params={"q": "mara", "cursor": encode_cursor(forged)})
        assert fields(answer) == ["cursor"], forged
    assert await found(person, "mara", cursor=encode_cursor("mara")) == ["mara_walks"]


async def test_only_the_name_that_is_worn(person, named):
    mara = await named("mara_walks")
    await switch(mara, "anonymous")
    alias = (await mara.ok("GET", "/v1/me"))["public_name"]
    assert await found(person, "mara_walks") == []
    assert await found(person, alias) == [alias]
    assert await found(person, alias[:-1] + "x") in ([alias], [])
    mask = await fetch_value(
        "SELECT name FROM personas JOIN users ON users.mask_id = personas.id WHERE users.id = $1", id_of(mara)
    )
    assert await found(person, mask) == []
    await switch(mara, "public")
    assert await found(person, alias) == []
    await mara.ok("PATCH", "/v1/me", json={"username": "tara_walks"})
    assert await found(person, "mara_walks") in ([], ["tara_walks"])
    assert await found(person, "tara") == ["tara_walks"]


async def test_who_cannot_be_found(person, crowd):
    """Oneself, blocked either way, suspended, leaving, and who does not want to be: by neither way of searching."""
    walks, runs = crowd["mara_walks"], crowd["mara_runs"]
    assert "mara_walks" not in await found(walks, "mara") + await found(walks, "mara_wakls")
    await walks.ok("PATCH", "/v1/me/preferences", json={"searchable": False})
    assert await found(person, "mara") == ["mara_runs"]
    assert "mara_walks" not in await found(person, "mara_wakls")
    await walks.ok("PATCH", "/v1/me/preferences", json={"searchable": True})
    for state in ("suspended", "deleting"):
        await take_away(walks, state)
        assert await found(person, "mara") == ["mara_runs"]
        assert "mara_walks" not in await found(person, "mara_wakls")
        await bring_back(walks)
    for one, other in ((person, walks), (walks, person)):
        block_id = await block(one, other)
        assert await found(person, "mara") == ["mara_runs"]
        assert "mara_walks" not in await found(person, "mara_wakls")
        await one("DELETE", f"/v1/me/blocks/{block_id}")
    assert await found(person, "mara") == ["mara_runs", "mara_walks"]
    assert await found(runs, "mara") == ["mara_walks"]


async def test_in_pages_while_people_come(person, named):
    names = [f"walker_{letter}" for letter in "bdfhj"]
    for name in names:
        await named(name)
    seen, cursor = [], None
    while True:
        page = await person.ok(
            "GET", SEARCH, params={"q": "walker", "limit": 2, **({"cursor": cursor} if cursor else {})}
        )
        seen.append([item["name"] for item in page["items"]])
        if len(seen) == 1:
            await named("walker_a")
            await named("walker_e")
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [names[:2], ["walker_e", names[2]], names[3:]]
    assert fields(await person("GET", SEARCH, params={"q": "walker", "cursor": "x"})) == ["cursor"]
    assert fields(await person("GET", SEARCH, params={"q": "walker", "limit": 101})) == ["limit"]


async def test_twenty_searches_a_minute_beside_the_other_requests(person):
    for _ in range(20):
        assert (await person("GET", SEARCH, params={"q": "mara"})).status_code == 200
    refused = await person("GET", SEARCH, params={"q": "mara"})
    problem(refused, 429, "rate_limited")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert (await person("GET", "/v1/partners")).status_code == 200


async def test_a_full_page_is_one_round_trip(person, crowd, statements, monkeypatch):
    async def nobody(viewer):
        pass

    monkeypatch.setattr(search, "_count", nobody)
    for q, limit, trips in (("mar", 4, 1), ("mar", 20, 2), ("ma", 20, 1)):
        statements.clear()
        await search.search(id_of(person), q, limit, None)
        assert len(statements) == trips


async def test_a_new_zone_that_the_server_does_not_know_harms_nobody(person, crowd):
    """Whose age is beyond doubt is not asked for the day in their zone."""
    await execute("UPDATE users SET timezone = 'Nowhere/Yet' WHERE id = $1", id_of(crowd["marble"]))
    assert "marble" in await found(person, "mar")
