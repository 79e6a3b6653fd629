"""Signing up by e-mail."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.kit.clock import clock
from domain.kit.database import fetch_row, fetch_value
from tests.accounts.conftest import NEW_PERSON


async def register(stranger, **fields):
    return await stranger("POST", "/v1/auth/register", json={**NEW_PERSON, **fields})


def refused_field(response):
    assert response.status_code == 400, response.text
    assert response.json()["code"] == "invalid_request"
    (error,) = response.json()["errors"]
    return error["field"]


async def test_answers_201_with_tokens_and_the_person(stranger):
    response = await register(stranger)
    assert response.status_code == 201
    body = response.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token", "user"}
    assert body["token_type"] == "Bearer"
    assert 0 < body["expires_in"] <= 900
    user = body["user"]
    assert {
        "id", "email", "email_verified", "username", "public_name", "visibility", "timezone", "country", "plan",
        "store_account_token",
    } <= set(user)  # fmt: skip
    assert user["email"] == "new@example.org"
    assert user["email_verified"] is False
    assert user["timezone"] == "Europe/Berlin"
    assert user["plan"] == "free"
    assert not {"password", "password_hash", "birth_date"} & set(user)
    me = await stranger("GET", "/v1/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert me.json() == user


async def test_only_an_argon2id_hash_of_the_password_is_stored(stranger):
    await register(stranger)
    stored = await fetch_value("SELECT password_hash FROM users")
    assert stored.startswith("$argon2id$")
    assert NEW_PERSON["password"] not in str(await fetch_row("SELECT * FROM users"))


async def test_without_a_username_one_is_anonymous_under_a_random_name(stranger):
    first = (await register(stranger)).json()["user"]
    second = (await register(stranger, email="second@example.org")).json()["user"]
    assert first["visibility"] == second["visibility"] == "anonymous"
    assert first["username"] is None
    assert first["public_name"]
    assert first["public_name"] != second["public_name"]
    assert "new" not in first["public_name"].lower()


async def test_with_a_username_one_is_public_under_it(stranger):
    user = (await register(stranger, username="river_7")).json()["user"]
    assert (user["visibility"], user["username"], user["public_name"]) == ("public", "river_7", "river_7")


async def test_anonymous_with_a_username_shows_the_random_name(stranger):
    user = (await register(stranger, username="river_7", visibility="anonymous")).json()["user"]
    assert user["visibility"] == "anonymous"
    assert user["username"] == "river_7"
    assert user["public_name"] != "river_7"


async def test_public_needs_a_username(stranger):
    assert refused_field(await register(stranger, visibility="public")) == "username"


async def test_the_public_id_is_random_and_not_the_account_s(stranger):
    user = (await register(stranger, username="river_7")).json()["user"]
    persona = await fetch_value("SELECT persona_id FROM users")
    assert str(persona) != user["id"]
    assert persona.version == 4


@pytest.mark.parametrize(
    "username", ["ab", "a" * 21, "River", "ri ver", "ri-ver", "rivér", "river\u0000", "", "１２３"]
)
async def test_usernames_are_3_to_20_of_a_z_0_9_and_underscore(stranger, username):
    assert refused_field(await register(stranger, username=username)) == "username"


async def test_a_username_is_taken_once(stranger):
    await register(stranger, username="river_7")
    response = await register(stranger, email="second@example.org", username="river_7")
    assert response.status_code == 409
    assert response.json()["code"] == "username_taken"
    assert await fetch_value("SELECT count(*) FROM users") == 1


async def test_nobody_can_take_the_random_name_of_another(stranger):
    alias = (await register(stranger)).json()["user"]["public_name"]
    wanted = alias.lower()
    if len(wanted) > 20:
        # Too long for a username: put a shorter one in its place.
        wanted = "calmotter12345"
        await fetch_value("UPDATE personas SET name = 'CalmOtter12345', name_key = $1 RETURNING true", wanted)
    response = await register(stranger, email="second@example.org", username=wanted)
    assert response.json()["code"] == "username_taken"


async def test_a_known_address_is_409_in_any_spelling(stranger):
    await register(stranger)
    for email in ("new@example.org", "New@Example.ORG", "  new@example.org "):
        response = await register(stranger, email=email)
        assert response.status_code == 409
        assert response.json()["code"] == "email_in_use"


async def test_ten_at_once_with_one_address_make_one_account(stranger):
    answers = await asyncio.gather(*(register(stranger) for _ in range(10)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert await fetch_value("SELECT count(*) FROM users") == 1
    assert await fetch_value("SELECT count(*) FROM sessions") == 1


@pytest.mark.parametrize(
    "email",
    ["", "new", "new@", "@example.org", "new@example", "a b@example.org", "a@b@example.org", "a..b@example.org",
     "new@example.org\u0000", "new@exam\nple.org", f"{'a' * 250}@example.org", "new@example.123"],
)  # fmt: skip
async def test_what_cannot_be_an_address_is_refused(stranger, email):
    assert refused_field(await register(stranger, email=email)) == "email"


async def test_a_zone_must_be_an_iana_name(stranger):
    for zone in ("Mars/Olympus", "+02:00", "", "europe/berlin", "../etc/passwd", "Europe/Berlin\u0000"):
        assert refused_field(await register(stranger, timezone=zone)) == "timezone"


@pytest.mark.parametrize("missing", ["email", "password", "birth_date", "timezone", "accepted_terms"])
async def test_nothing_needed_may_be_left_out(stranger, missing):
    body = {name: value for name, value in NEW_PERSON.items() if name != missing}
    response = await stranger("POST", "/v1/auth/register", json=body)
    assert response.status_code == 400
    assert missing in str(response.json()["errors"])


async def test_the_terms_must_be_accepted(stranger):
    assert refused_field(await register(stranger, accepted_terms=False)) == "accepted_terms"
    assert await fetch_value("SELECT count(*) FROM users") == 0


async def test_accepting_the_terms_gives_terms_and_sensitive_data_and_nothing_else(stranger):
    token = (await register(stranger)).json()["access_token"]
    response = await stranger("GET", "/v1/me/consents", headers={"Authorization": f"Bearer {token}"})
    assert {item["kind"] for item in response.json()["items"] if item["granted"]} == {"terms", "sensitive_data"}


async def test_under_thirteen_is_refused_and_on_the_birthday_not(stranger):
    today = date(2026, 11, 23)
    with clock.frozen(datetime(2026, 11, 23, 12, tzinfo=UTC)):
        day_short = await register(stranger, birth_date=str(today.replace(year=2013) + timedelta(days=1)))
        assert day_short.status_code == 422
        assert day_short.json()["code"] == "age_restricted"
        assert await fetch_value("SELECT count(*) FROM users") == 0
        exactly = await register(stranger, birth_date="2013-11-23")
        assert exactly.status_code == 201


async def test_age_goes_by_the_person_s_own_day(stranger):
    # In Auckland it is the 24th already.
    with clock.frozen(datetime(2026, 11, 23, 12, tzinfo=UTC)):
        assert (await register(stranger, birth_date="2013-11-24")).status_code == 422
        assert (await register(stranger, birth_date="2013-11-24", timezone="Pacific/Auckland")).status_code == 201


async def test_a_birth_date_lies_in_the_past_and_in_a_life(stranger):
    for day in ("2999-01-01", "1850-01-01"):
        assert refused_field(await register(stranger, birth_date=day)) == "birth_date"
    assert refused_field(await register(stranger, birth_date="17.05.1990")) == "birth_date"


async def test_a_start_may_be_imported_but_not_from_the_future(stranger):
    with clock.frozen(datetime(2026, 11, 23, 12, tzinfo=UTC)):
        response = await register(stranger, started_on="2026-11-24")
        assert response.status_code == 422
        answer = await register(stranger, started_on="2026-11-13")
        assert answer.status_code == 201
        token = answer.json()["access_token"]
        streak = await stranger("GET", "/v1/streak", headers={"Authorization": f"Bearer {token}"})
        assert streak.json()["clean"]["started_on"] == "2026-11-13"
        assert streak.json()["clean"]["current_days"] == 10
        assert streak.json()["clean"]["attempts"] == 1


async def test_a_failing_start_leaves_nothing_behind(stranger, monkeypatch):
    from api import accounts

    async def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(accounts, "begin_attempt", fail)
    assert (await register(stranger)).status_code == 500
    for table in ("users", "personas", "consents", "sessions"):
        assert await fetch_value(f"SELECT count(*) FROM {table}") == 0
    monkeypatch.undo()
    assert (await register(stranger)).status_code == 201


async def test_an_address_registers_120_an_hour(stranger, setting):
    from domain.kit.limits import Window, limiter

    setting(ADDRESS_LIMITS="on")
    window = Window("registrations", 120, 3600)
    for _ in range(119):
        await limiter().hit(window, "127.0.0.1")
    assert (await register(stranger)).status_code == 201
    refused = await register(stranger, email="second@example.org")
    assert refused.status_code == 429
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 3600
    assert await fetch_value("SELECT count(*) FROM users") == 1
