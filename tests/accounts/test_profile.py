"""A person's own profile."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from domain.kit.clock import clock
from domain.kit.database import fetch_value
from tests.conftest import PASSWORD

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def change(person, **fields):
    return await person("PATCH", "/v1/me", json=fields)


async def changed(person, **fields):
    response = await change(person, **fields)
    assert response.status_code == 200, response.text
    return response.json()


async def refused(person, field, value):
    before = await person.ok("GET", "/v1/me")
    response = await change(person, **{field: value})
    assert response.status_code == 400, response.text
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert await person.ok("GET", "/v1/me") == before


async def test_what_is_left_out_stays(person):
    await changed(person, why="For my family", country="de", locale="de-AT")
    user = await changed(person, country="AT")
    assert (user["why"], user["country"], user["locale"]) == ("For my family", "AT", "de-AT")
    assert user == await person.ok("GET", "/v1/me")
    assert await changed(person) == user


async def test_null_takes_away_what_may_be_missing(person):
    await changed(person, why="For my family", country="DE")
    user = await changed(person, why=None, country=None)
    assert (user["why"], user["country"]) == (None, None)
    await refused(person, "timezone", None)
    await refused(person, "locale", None)


@pytest.mark.parametrize(
    "field",
    ["id", "email", "email_verified", "plan", "birth_date", "visibility", "username", "state", "store_account_token",
     "password"],
)  # fmt: skip
async def test_the_rest_cannot_be_changed_here(person, field):
    await refused(person, field, "x")


async def test_one_bad_field_changes_nothing(person):
    response = await change(person, why="new", timezone="Nowhere/At-All")
    assert response.status_code == 400
    assert (await person.ok("GET", "/v1/me"))["why"] is None


async def test_why_is_tidied(person):
    assert (await changed(person, why="  cafe\u0301\u0000\u202e\u200b  "))["why"] == "caf\u00e9"
    assert (await changed(person, why=" \u200b "))["why"] is None


async def test_why_is_counted_as_people_count(person):
    family = "👨‍👩‍👧‍👦"
    assert (await changed(person, why=family * 500))["why"] == family * 500
    await refused(person, "why", family * 501)


@pytest.mark.parametrize("country", ["D", "DEU", "1A", "ÄÖ", "ß", "d\u0000", 49])
async def test_a_country_has_two_letters(person, country):
    await refused(person, "country", country)


@pytest.mark.parametrize("locale", ["", "x", "de_AT", "x" * 21, "de-\u0000", "日本", "--", "-de", "de-", 1])
async def test_a_locale_is_a_language_tag(person, locale):
    await refused(person, "locale", locale)


@pytest.mark.parametrize("zone", ["", "Berlin", "Europe/berlin", "UTC+2", "../UTC", "Europe/Berlin ", "a\u0000", 2])
async def test_a_zone_is_an_iana_name(person, zone):
    await refused(person, "timezone", zone)


async def test_the_zone_changes_twice_in_24_hours_and_then_429(person):
    with clock.frozen(NOON):
        await changed(person, timezone="Asia/Tokyo")
    with clock.frozen(NOON + timedelta(hours=1)):
        await changed(person, timezone="America/New_York")
        response = await change(person, timezone="Europe/Paris", why="not this either")
        assert response.status_code == 429
        assert response.headers["Retry-After"] == str(23 * 3600)
        user = await person.ok("GET", "/v1/me")
        assert (user["timezone"], user["why"]) == ("America/New_York", None)
    with clock.frozen(NOON + timedelta(hours=23, minutes=59)):
        assert (await change(person, timezone="Europe/Paris")).status_code == 429
    with clock.frozen(NOON + timedelta(hours=24, seconds=1)):
        assert (await changed(person, timezone="Europe/Paris"))["timezone"] == "Europe/Paris"
        assert (await change(person, timezone="Europe/Rome")).status_code == 429


async def test_the_same_zone_again_is_no_change(person):
    for _ in range(5):
        await changed(person, timezone="Europe/Berlin")
    for _ in range(5):
        await changed(person, timezone="Asia/Tokyo")
    await changed(person, timezone="Europe/Paris")
    assert (await change(person, timezone="Asia/Tokyo")).status_code == 429


async def test_other_fields_change_as_often_as_one_likes(person):
    for number in range(10):
        await changed(person, why=f"reason {number}")


async def test_ten_zones_at_once_are_two_changes(person):
    zones = ["Asia/Tokyo", "America/New_York", "Europe/Paris", "Europe/Rome", "Asia/Dubai"] * 2
    answers = await asyncio.gather(*(change(person, timezone=zone) for zone in zones))
    assert await fetch_value("SELECT count(*) FROM time_zone_changes") == 2
    assert {answer.status_code for answer in answers} == {200, 429}


async def test_one_person_s_zones_do_not_count_for_another(person, sign_up):
    other = await sign_up()
    for zone in ("Asia/Tokyo", "Europe/Paris"):
        await changed(person, timezone=zone)
    assert (await changed(other, timezone="Asia/Tokyo"))["timezone"] == "Asia/Tokyo"


async def test_the_plan_follows_the_grants(person):
    me = person.user["id"]
    assert (await person.ok("GET", "/v1/me"))["plan"] == "free"
    await grant(me, timedelta(days=-2), timedelta(days=-1))
    assert (await person.ok("GET", "/v1/me"))["plan"] == "free"
    await grant(me, timedelta(days=-1), timedelta(days=1))
    assert (await person.ok("GET", "/v1/me"))["plan"] == "subscriber"
    with clock.frozen(clock.now() + timedelta(days=2)):
        assert (await person.ok("GET", "/v1/me"))["plan"] == "free"


async def grant(user_id, starts_in, ends_in):
    from domain.kit.database import fetch
    from domain.kit.ids import new_id

    known = {row["column_name"] for row in await fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'kuitter' AND table_name = 'grants'"
    )}  # fmt: skip
    values = {
        "id": new_id(), "user_id": user_id, "starts_at": clock.now() + starts_in, "ends_at": clock.now() + ends_in,
        "source": "gift", "reason": "gift", "created_at": clock.now(),
    }  # fmt: skip
    names = [name for name in values if name in known]
    places = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    await fetch(f"INSERT INTO grants ({', '.join(names)}) VALUES ({places})", *(values[name] for name in names))


async def test_the_store_account_token_is_a_uuid_of_one_s_own_that_stays(person, sign_up, stranger):
    from uuid import UUID

    other = await sign_up()
    token = UUID(person.user["store_account_token"])
    assert str(token) not in (other.user["store_account_token"], person.user["id"])
    again = await stranger.ok("POST", "/v1/auth/login", json={"email": person.user["email"], "password": PASSWORD})
    assert again["user"]["store_account_token"] == str(token)
