"""Public or anonymous, at any time: what others see before and after, and how often one may switch."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from domain.accounts.authors import authors_of, live_author, person_behind
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value
from domain.kit.errors import NotFound
from tests.accounts.people import account, personas_of, row_of, seen, seen_live, switch, worn_by

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def ask(person, visibility):
    return await person("PUT", "/v1/me/visibility", json={"visibility": visibility})


@pytest.fixture
async def river(sign_up):
    """Public as river_7."""
    return await sign_up(username="river_7")


async def test_the_answer_is_the_new_persona(river, person):
    answer = await switch(river, "anonymous")
    assert set(answer) == {"visibility", "persona", "user"}
    assert answer["visibility"] == "anonymous"
    shown = await seen_live(river, person)
    assert answer["persona"] == {"id": str(shown.id), "name": shown.name, "avatar_url": None, "is_me": True}
    assert answer["user"] == await river.ok("GET", "/v1/me")
    assert answer["user"]["visibility"] == "anonymous"
    assert answer["user"]["public_name"] == shown.name
    assert answer["user"]["username"] == "river_7"


async def test_each_time_name_and_public_id_are_fresh(river):
    names, ids = set(), set()
    for _ in range(2):
        persona = (await switch(river, "anonymous"))["persona"]
        names.add(persona["name"])
        ids.add(persona["id"])
        back = (await switch(river, "public"))["persona"]
        assert back["name"] == "river_7"
        ids.add(back["id"])
    assert len(names) == 2
    # Two aliases, and the username's own, which comes back.
    assert len(ids) == 3
    assert all(UUID(each).version == 4 for each in ids)


async def test_the_present_value_again_changes_nothing_and_costs_nothing(river):
    first = await switch(river, "anonymous")
    before = await personas_of(river), await row_of(river)
    for _ in range(10):
        assert await switch(river, "anonymous") == first
    assert (await personas_of(river), await row_of(river)) == before
    assert await fetch_value("SELECT count(*) FROM visibility_changes") == 1
    for visibility in ("public", "anonymous", "public", "anonymous"):
        await switch(river, visibility)
    assert (await ask(river, "anonymous")).status_code == 200
    assert (await ask(river, "public")).status_code == 429


async def test_public_needs_a_username(person):
    before = await row_of(person)
    response = await ask(person, "public")
    assert response.status_code == 422
    assert response.json()["code"] == "username_required"
    assert await row_of(person) == before
    await person.ok("PATCH", "/v1/me", json={"username": "river_7"})
    assert (await switch(person, "public"))["persona"]["name"] == "river_7"


async def test_five_changes_in_24_hours_and_then_429(river):
    for number in range(5):
        with clock.frozen(NOON + timedelta(hours=number)):
            await switch(river, ("anonymous", "public")[number % 2])
    before = await row_of(river)
    with clock.frozen(NOON + timedelta(hours=5)):
        response = await ask(river, "public")
        assert response.status_code == 429
        assert response.json()["code"] == "too_many_changes"
        assert response.headers["Retry-After"] == str(19 * 3600)
        assert await row_of(river) == before
    with clock.frozen(NOON + timedelta(hours=23, minutes=59)):
        assert (await ask(river, "public")).status_code == 429
    with clock.frozen(NOON + timedelta(hours=24, seconds=1)):
        assert (await ask(river, "public")).status_code == 200
        assert (await ask(river, "anonymous")).status_code == 429


async def test_neither_midnight_nor_a_flight_gives_more(river):
    with clock.frozen(datetime(2026, 11, 23, 22, 59, tzinfo=UTC)):  # a minute before midnight in Berlin
        for number in range(5):
            await switch(river, ("anonymous", "public")[number % 2])
    with clock.frozen(datetime(2026, 11, 23, 23, 1, tzinfo=UTC)):
        assert (await ask(river, "public")).status_code == 429
        await river.ok("PATCH", "/v1/me", json={"timezone": "Pacific/Auckland"})
        assert (await ask(river, "public")).status_code == 429


async def test_one_person_s_changes_do_not_count_for_another(river, sign_up):
    other = await sign_up(username="ocean_1")
    for number in range(5):
        await switch(river, ("anonymous", "public")[number % 2])
    assert (await ask(other, "anonymous")).status_code == 200


async def test_twenty_switches_at_once_leave_one_consistent_state(river):
    wishes = ["anonymous", "public"] * 10
    answers = await asyncio.gather(*(ask(river, wish) for wish in wishes))
    assert {answer.status_code for answer in answers} <= {200, 429}
    for wish, answer in zip(wishes, answers, strict=True):
        if answer.status_code == 200:
            body = answer.json()
            assert wish == body["visibility"] == body["user"]["visibility"]
            assert body["persona"]["name"] == body["user"]["public_name"]
            assert (body["persona"]["name"] == "river_7") is (wish == "public")
    row = await row_of(river)
    changes = await fetch_value("SELECT count(*) FROM visibility_changes")
    assert 1 <= changes <= 5
    assert row["visibility"] == ("public", "anonymous")[changes % 2]
    personas = await personas_of(river)
    worn = {persona["id"] for persona in personas if persona["retired_at"] is None}
    # Each change to anonymous drew one alias and one mask, and only the last ones are worn.
    assert len(personas) == 1 + 2 * ((changes + 1) // 2)
    if row["visibility"] == "public":
        assert worn == {row["persona_id"]} == {row["username_persona_id"]}
        assert row["mask_id"] is None
    else:
        assert worn == {row["persona_id"], row["mask_id"], row["username_persona_id"]}
        assert len(worn) == 3


async def test_twenty_times_the_same_wish_at_once_is_one_change(river):
    answers = await asyncio.gather(*(ask(river, "anonymous") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["persona"]["id"] for answer in answers}) == 1
    assert await fetch_value("SELECT count(*) FROM visibility_changes") == 1


@pytest.mark.parametrize(
    "body",
    [{}, {"visibility": "hidden"}, {"visibility": None}, {"visibility": "Public"}, {"visibility": "public", "x": 1}],
)
async def test_what_is_no_visibility_is_refused(river, body):
    response = await river("PUT", "/v1/me/visibility", json=body)
    assert response.status_code == 400
    assert response.json()["code"] == "invalid_request"


# -- what others see of what was written ---------------------------------------------------------------------------


async def test_written_while_anonymous_shows_that_alias_for_ever(river, person):
    first = (await switch(river, "anonymous"))["persona"]
    written = await worn_by(river)
    for visibility in ("public", "anonymous", "public"):
        await switch(river, visibility)
        author = await seen(written, person)
        assert (str(author.id), author.name) == (first["id"], first["name"])


async def test_written_while_public_shows_the_username_while_public(river, person):
    written = await worn_by(river)
    author = await seen(written, person)
    assert (author.name, author.id) == ("river_7", written)
    for visibility in ("anonymous", "public"):
        await switch(river, visibility)
    assert await seen(written, person) == author == await seen_live(river, person)


async def test_written_while_public_shows_a_mask_while_anonymous(river, person):
    written = await worn_by(river)
    masks = []
    for _ in range(2):
        alias = (await switch(river, "anonymous"))["persona"]
        author = await seen(written, person)
        assert author.name not in ("river_7", alias["name"])
        assert str(author.id) not in (str(written), alias["id"], river.user["id"])
        masks.append(author)
        await switch(river, "public")
    # Redrawn at each switch.
    assert masks[0].name != masks[1].name
    assert masks[0].id != masks[1].id


async def test_a_mask_looks_like_an_alias(river, person):
    import re

    written = await worn_by(river)
    alias = (await switch(river, "anonymous"))["persona"]
    mask = await seen(written, person)
    for name in (alias["name"], mask.name):
        assert re.fullmatch(r"([A-Z][a-z]+){2}\d{5}", name)
    assert mask.id.version == UUID(alias["id"]).version == 4


async def test_signed_up_anonymous_with_a_username_has_a_mask_from_the_start(sign_up, person):
    hidden = await sign_up(username="river_7", visibility="anonymous")
    named = (await row_of(hidden))["username_persona_id"]
    author = await seen(named, person)
    assert author.name not in ("river_7", hidden.user["public_name"])


async def test_a_partner_sees_the_present_name(river, person):
    assert (await seen_live(river, person)).name == "river_7"
    alias = (await switch(river, "anonymous"))["persona"]
    assert (await seen_live(river, person)).name == alias["name"]
    await switch(river, "public")
    assert (await seen_live(river, person)).name == "river_7"


async def test_one_s_own_is_marked_under_every_name(river, person):
    public = await worn_by(river)
    await switch(river, "anonymous")
    alias = await worn_by(river)
    assert [(await seen(persona, river)).is_me for persona in (public, alias)] == [True, True]
    assert [(await seen(persona, person)).is_me for persona in (public, alias)] == [False, False]


async def test_an_author_has_a_public_id_a_name_and_nothing_more(river, person):
    import msgspec

    shown = msgspec.to_builtins(await seen_live(river, person))
    assert set(shown) == {"id", "name", "avatar_url", "is_me"}
    assert shown["avatar_url"] is None
    assert shown["id"] != river.user["id"]


@pytest.mark.parametrize("state", ["suspended", "deleting"])
async def test_who_is_suspended_or_leaving_is_shown_nowhere(river, person, state):
    written = await worn_by(river)
    if state == "suspended":
        await execute("UPDATE users SET state = 'suspended' WHERE id = $1", account(river))
    else:
        await execute(
            """UPDATE users SET state = 'deleting', deleting_since = now(), purges_at = now(), state_before = 'active'
               WHERE id = $1""",
            account(river),
        )
    assert await authors_of([written], account(person)) == {}
    with pytest.raises(NotFound):
        await live_author(account(river), account(person))


async def test_behind_every_public_id_there_ever_was_is_the_account(river):
    ids = [await worn_by(river)]
    for _ in range(2):
        await switch(river, "anonymous")
        row = await row_of(river)
        ids += [row["persona_id"], row["mask_id"]]
        await switch(river, "public")
    await river.ok("PATCH", "/v1/me", json={"username": "ocean_1"})
    ids.append(await worn_by(river))
    assert len(set(ids)) == 6
    assert {await person_behind(public_id) for public_id in ids} == {account(river)}
    for nobody in (account(river), UUID(int=0)):
        with pytest.raises(NotFound):
            await person_behind(nobody)
