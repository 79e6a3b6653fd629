"""Names: one namespace for usernames, aliases and masks; renaming; ages."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.accounts.ages import age_on, is_minor
from domain.accounts.personas import draw_alias
from domain.kit.clock import clock
from domain.kit.database import fetch_value, transaction
from tests.accounts.people import account, personas_of, row_of, seen, seen_live, switch, worn_by

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def rename(person, username):
    return await person("PATCH", "/v1/me", json={"username": username})


@pytest.fixture
async def river(sign_up):
    """Public as river_7."""
    return await sign_up(username="river_7")


async def wear(person, kind, name):
    """Put a short name on a persona: random ones are mostly too long for a username."""
    await fetch_value(
        "UPDATE personas SET name = $3, name_key = lower($3) WHERE user_id = $1 AND kind = $2 RETURNING true",
        account(person), kind, name,
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["username", "alias", "mask"])
@pytest.mark.parametrize("retired", [False, True])
async def test_one_namespace_for_every_kind_of_name(sign_up, stranger, kind, retired):
    hidden = await sign_up(username="river_7", visibility="anonymous")
    await wear(hidden, kind, "CalmOtter12345")
    if retired:
        await fetch_value("UPDATE personas SET retired_at = now() WHERE kind = $1 RETURNING true", kind)
    other = await sign_up()
    response = await rename(other, "calmotter12345")
    assert response.status_code == 409
    assert response.json()["code"] == "username_taken"
    assert (await row_of(other))["username"] is None


async def test_not_even_one_s_own_alias_becomes_a_username(person):
    await wear(person, "alias", "CalmOtter12345")
    assert (await rename(person, "calmotter12345")).status_code == 409


async def test_an_alias_avoids_names_that_were_ever_worn(person, monkeypatch):
    from domain.accounts import personas

    taken = person.user["public_name"]
    drawn = iter([taken, taken.upper(), "FreshName10000"])
    monkeypatch.setattr(personas, "_random_name", lambda: next(drawn))
    async with transaction():
        persona_id = await draw_alias(account(person))
    assert await fetch_value("SELECT name FROM personas WHERE id = $1", persona_id) == "FreshName10000"


async def test_a_retired_persona_stays_and_keeps_its_name(river):
    for _ in range(2):
        await switch(river, "anonymous")
        await switch(river, "public")
    personas = await personas_of(river)
    assert len(personas) == 5
    assert len({persona["name_key"] for persona in personas}) == 5
    assert sum(persona["retired_at"] is not None for persona in personas) == 4


@pytest.mark.parametrize("name", ["admin", "kuitter", "anchor", "moderator", "support"])
async def test_nobody_speaks_for_the_app(person, stranger, name):
    assert (await rename(person, name)).json()["code"] == "username_taken"


# -- renaming ------------------------------------------------------------------------------------------------------


async def test_the_first_username_does_not_make_public(person):
    before = await worn_by(person)
    user = await person.ok("PATCH", "/v1/me", json={"username": "river_7"})
    assert (user["username"], user["visibility"]) == ("river_7", "anonymous")
    assert user["public_name"] == person.user["public_name"]
    row = await row_of(person)
    assert row["persona_id"] == before
    assert row["mask_id"] is not None


async def test_a_rename_shows_the_new_name_everywhere(river, person):
    written = await worn_by(river)
    user = await river.ok("PATCH", "/v1/me", json={"username": "ocean_1"})
    assert (user["username"], user["public_name"], user["visibility"]) == ("ocean_1", "ocean_1", "public")
    author = await seen(written, person)
    assert author == await seen_live(river, person)
    assert author.name == "ocean_1"
    assert author.id == await worn_by(river) != written


async def test_a_former_username_goes_behind_the_mask_too(river, person):
    first = await worn_by(river)
    await rename(river, "ocean_1")
    second = await worn_by(river)
    alias = (await switch(river, "anonymous"))["persona"]
    masks = {(author.id, author.name) for author in (await seen(first, person), await seen(second, person))}
    ((mask_id, mask_name),) = masks
    assert mask_name not in ("river_7", "ocean_1", alias["name"])
    assert str(mask_id) not in (str(first), str(second), alias["id"])


async def test_a_rename_while_anonymous_is_seen_by_nobody(river, person):
    written = await worn_by(river)
    await switch(river, "anonymous")
    before = await seen(written, person), await seen_live(river, person)
    await river.ok("PATCH", "/v1/me", json={"username": "ocean_1"})
    assert (await seen(written, person), await seen_live(river, person)) == before
    await switch(river, "public")
    assert (await seen(written, person)).name == "ocean_1"


async def test_a_former_username_stays_reserved_for_its_person(river, sign_up):
    first = await worn_by(river)
    await rename(river, "ocean_1")
    other = await sign_up()
    assert (await rename(other, "river_7")).status_code == 409
    assert (await rename(river, "river_7")).status_code == 200
    assert await worn_by(river) == first
    assert await fetch_value("SELECT count(*) FROM personas WHERE user_id = $1", account(river)) == 2
    assert await fetch_value("SELECT retired_at FROM personas WHERE id = $1", first) is None


async def test_twenty_at_once_for_one_name_and_one_gets_it(sign_up):
    people = [await sign_up() for _ in range(20)]
    answers = await asyncio.gather(*(rename(person, "river_7") for person in people))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert await fetch_value("SELECT count(*) FROM users WHERE username = 'river_7'") == 1


async def test_renames_and_switches_at_once_leave_one_consistent_state(river, person):
    written = await worn_by(river)
    await asyncio.gather(
        *(rename(river, f"ocean_{number}") for number in range(5)),
        *(river("PUT", "/v1/me/visibility", json={"visibility": wish}) for wish in ("anonymous", "public") * 5),
    )
    row = await row_of(river)
    named = await fetch_value("SELECT name FROM personas WHERE id = $1", row["username_persona_id"])
    assert named == row["username"]
    worn = {persona["id"] for persona in await personas_of(river) if persona["retired_at"] is None}
    public = row["visibility"] == "public"
    assert worn == {row["persona_id"], row["username_persona_id"]} | ({row["mask_id"]} if not public else set())
    assert (row["persona_id"] == row["username_persona_id"]) is public
    assert ((await seen(written, person)).name == row["username"]) is public


async def test_five_renames_in_30_days_and_then_429(river):
    for number in range(5):
        with clock.frozen(NOON + timedelta(days=number)):
            assert (await rename(river, f"ocean_{number}")).status_code == 200
    with clock.frozen(NOON + timedelta(days=10)):
        assert (await rename(river, "ocean_4")).status_code == 200  # the present one
        response = await river("PATCH", "/v1/me", json={"username": "lake_1", "why": "not this either"})
        assert response.status_code == 429
        assert response.json()["code"] == "too_many_changes"
        assert response.headers["Retry-After"] == str(20 * 86_400)
        user = await river.ok("GET", "/v1/me")
        assert (user["username"], user["why"]) == ("ocean_4", None)
    with clock.frozen(NOON + timedelta(days=30, seconds=1)):
        assert (await rename(river, "lake_1")).status_code == 200


async def test_the_first_username_and_a_taken_one_are_not_counted(person, sign_up):
    await sign_up(username="taken_1")
    assert (await rename(person, "river_7")).status_code == 200
    for _ in range(6):
        assert (await rename(person, "taken_1")).status_code == 409
    for number in range(5):
        assert (await rename(person, f"ocean_{number}")).status_code == 200
    assert (await rename(person, "ocean_9")).status_code == 429


@pytest.mark.parametrize("username", ["ab", "a" * 21, "River", "ri ver", "rivér", "river\n", "", None, 7])
async def test_what_is_no_username_is_refused(river, username):
    response = await rename(river, username)
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == ["username"]
    assert (await row_of(river))["username"] == "river_7"


async def test_the_public_name_is_read_only(river):
    response = await river("PATCH", "/v1/me", json={"public_name": "ocean_1"})
    assert response.status_code == 400


# -- ages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("birth_date", "today", "age"),
    [
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 28), 19),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
        (date(2008, 2, 28), date(2028, 2, 28), 20),
        (date(2008, 3, 1), date(2028, 2, 29), 19),
        (date(2008, 12, 31), date(2026, 1, 1), 17),
        (date(2008, 1, 1), date(2026, 1, 1), 18),
        (date(1900, 2, 28), date(2000, 2, 29), 100),
    ],
)
def test_whole_years(birth_date, today, age):
    assert age_on(today, birth_date) == age


@pytest.mark.parametrize(
    ("birth_date", "comes_of_age"),
    [
        (date(2008, 11, 23), date(2026, 11, 23)),
        (date(2008, 2, 29), date(2026, 3, 1)),
        (date(2004, 2, 29), date(2022, 3, 1)),
        (date(2010, 3, 1), date(2028, 3, 1)),
        (date(2010, 2, 28), date(2028, 2, 28)),
        (date(2008, 12, 31), date(2026, 12, 31)),
    ],
)
def test_a_minor_until_the_eighteenth_birthday(birth_date, comes_of_age):
    assert is_minor(birth_date, comes_of_age - timedelta(days=1))
    assert not is_minor(birth_date, comes_of_age)
