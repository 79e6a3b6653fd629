"""Coming in through a provider: whose account it is (semantics: Identity and privacy, first line)."""

import asyncio

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from tests.accounts.providers import ABOUT, bearer, come_in, mailed_code, mails, ordered, token_of
from tests.conftest import PASSWORD

pytestmark = pytest.mark.usefixtures("fresh_keys")
PROVIDERS = pytest.mark.parametrize("provider", ["google", "apple"])


async def count(table):
    return await fetch_value(f"SELECT count(*) FROM {table}")


async def kinds(user):
    rows = await fetch("SELECT kind FROM audit_events WHERE user_id = $1 ORDER BY id", user["id"])
    return [row["kind"] for row in rows]


async def log_in(stranger, email, password=PASSWORD, **arguments):
    return await stranger("POST", "/v1/auth/login", json={"email": email, "password": password}, **arguments)


async def verify(email):
    await execute("UPDATE users SET email_verified_at = now() WHERE email = $1", email)


@PROVIDERS
async def test_a_new_person_gets_201_and_a_known_one_200(provider, stranger, sandbox):
    first = await come_in(stranger, provider, await token_of(sandbox, provider))
    assert first.status_code == 201
    body = first.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token", "user"}
    assert body["user"]["email"] == "me@example.org"
    assert body["user"]["email_verified"] is True
    again = await come_in(stranger, provider, await token_of(sandbox, provider), about={})
    assert again.status_code == 200
    assert again.json()["user"] == body["user"]
    assert (await stranger("GET", "/v1/me", headers=bearer(again.json()))).json() == body["user"]
    assert await count("users") == await count("identities") == 1
    assert await kinds(body["user"]) == ["registered", "signed_in"]


@PROVIDERS
async def test_a_new_person_begins_like_everybody(provider, stranger, sandbox):
    token = await token_of(sandbox, provider)
    fields = {"username": "river_7", "visibility": "anonymous", "started_on": "2026-01-01"}
    body = (await come_in(stranger, provider, token, **fields)).json()
    assert body["user"]["username"] == "river_7"
    assert body["user"]["public_name"] != "river_7"
    consents = (await stranger("GET", "/v1/me/consents", headers=bearer(body))).json()["items"]
    assert {item["kind"] for item in consents if item["granted"]} == {"terms", "sensitive_data"}
    streak = (await stranger("GET", "/v1/streak", headers=bearer(body))).json()
    assert streak["clean"]["started_on"] == "2026-01-01"


@PROVIDERS
async def test_without_what_signing_up_needs_it_says_what_is_missing(provider, stranger, sandbox):
    token = await token_of(sandbox, provider, nonce="once")
    response = await come_in(stranger, provider, token, about={}, nonce="once")
    assert response.status_code == 422
    problem = response.json()
    assert problem["code"] == "signup_fields_required"
    assert problem["fields"] == ["birth_date", "timezone", "accepted_terms"]
    assert [error["field"] for error in problem["errors"]] == problem["fields"]
    some = await come_in(stranger, provider, token, about={"timezone": "Europe/Berlin", "accepted_terms": False})
    assert some.json()["fields"] == ["birth_date", "accepted_terms"]
    assert await count("users") == 0
    # The same token may be sent again then, nonce and all.
    assert (await come_in(stranger, provider, token, nonce="once")).status_code == 201


@PROVIDERS
async def test_the_rules_of_signing_up_hold_here_too(provider, stranger, sandbox, sign_up):
    await sign_up(username="river_7")
    for fields, status, code in (
        ({"birth_date": str(clock.now().date().replace(year=clock.now().year - 12))}, 422, "age_restricted"),
        ({"username": "river_7"}, 409, "username_taken"),
        ({"visibility": "public"}, 400, "invalid_request"),
        ({"timezone": "Moon/Base"}, 400, "invalid_request"),
    ):
        response = await come_in(stranger, provider, await token_of(sandbox, provider), **{**ABOUT, **fields})
        assert response.status_code == status, response.text
        assert response.json()["code"] == code
    assert await count("users") == 1


async def test_unknown_fields_are_refused(stranger, sandbox):
    response = await come_in(stranger, "google", await token_of(sandbox, "google"), password="x")
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")


@PROVIDERS
async def test_20_first_sign_ins_at_once_make_one_person(provider, stranger, sandbox):
    tokens = [await token_of(sandbox, provider) for _ in range(20)]
    answers = await asyncio.gather(*(come_in(stranger, provider, token) for token in tokens))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["user"]["id"] for answer in answers}) == 1
    assert await count("users") == await count("identities") == 1
    assert await count("sessions") == 20


@PROVIDERS
async def test_20_first_sign_ins_at_once_under_changing_addresses_make_one_person(provider, stranger, sandbox):
    tokens = [await token_of(sandbox, provider, sub="one", email=f"p{number}@example.org") for number in range(20)]
    answers = await asyncio.gather(*(come_in(stranger, provider, token) for token in tokens))
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert await count("users") == await count("identities") == 1


async def test_both_providers_and_a_registration_at_once_make_one_person(stranger, sandbox):
    google, apple = await token_of(sandbox, "google"), await token_of(sandbox, "apple")
    answers = await asyncio.gather(
        come_in(stranger, "google", google), come_in(stranger, "apple", apple),
        stranger("POST", "/v1/auth/register", json={**ABOUT, "email": "me@example.org", "password": PASSWORD}),
    )  # fmt: skip
    assert {answer.status_code for answer in answers[:2]} <= {200, 201}
    assert answers[2].status_code in (201, 409)
    assert await count("users") == 1
    # Whoever came first without a proof of the address was taken over.
    assert await fetch_value("SELECT email_verified_at IS NOT NULL AND password_hash IS NULL FROM users")


@PROVIDERS
async def test_an_address_that_changed_at_the_provider_does_not_move_the_account(provider, stranger, sandbox):
    first = await come_in(stranger, provider, await token_of(sandbox, provider, sub="one", email="old@example.org"))
    moved = await come_in(
        stranger, provider, await token_of(sandbox, provider, sub="one", email="new@example.org"), about={}
    )
    assert moved.status_code == 200
    assert moved.json()["user"] == first.json()["user"]
    # And the old address at the provider is somebody else's: not this account.
    other = await come_in(stranger, provider, await token_of(sandbox, provider, sub="two", email="old@example.org"))
    assert (other.status_code, other.json()["code"]) == (409, "identity_conflict")
    assert await count("users") == 1


@PROVIDERS
async def test_a_verified_address_joins_an_account_whose_address_is_verified(provider, stranger, sandbox, sign_up):
    person = await sign_up(email="me@example.org")
    await verify("me@example.org")
    response = await come_in(stranger, provider, await token_of(sandbox, provider, email="ME@Example.org"), about={})
    assert response.status_code == 200
    assert response.json()["user"]["id"] == person.user["id"]
    # Nothing else changed: the session lives, the password is good.
    assert (await person("GET", "/v1/me")).status_code == 200
    assert (await log_in(stranger, "me@example.org")).status_code == 200
    assert await kinds(person.user) == ["registered", "identity_linked", "signed_in", "signed_in"]


@PROVIDERS
async def test_onto_an_unverified_address_it_takes_over_safely(provider, stranger, sandbox, sign_up, drain):
    squatter = await sign_up(email="me@example.org", mail=True)
    await execute(
        """INSERT INTO identities (id, user_id, provider, subject, client_id, created_at)
           SELECT gen_random_uuid(), id, 'google', 'the squatter', 'app', now() FROM users"""
    )
    await drain()
    code = await mailed_code(sandbox, "me@example.org")
    response = await come_in(stranger, provider, await token_of(sandbox, provider), about={})
    assert response.status_code == 200
    user = response.json()["user"]
    assert (user["id"], user["email_verified"]) == (squatter.user["id"], True)
    # The old password, the other identity, every session and every open code are void.
    assert (await log_in(stranger, "me@example.org")).status_code == 401
    ended = await squatter("GET", "/v1/me")
    assert (ended.status_code, ended.json()["code"]) == (401, "session_ended")
    refresh = {"refresh_token": squatter.signed_in["refresh_token"]}
    assert (await stranger("POST", "/v1/auth/refresh", json=refresh)).status_code == 401
    rows = await fetch("SELECT provider, subject FROM identities")
    assert [row["provider"] for row in rows] == [provider]
    assert rows[0]["subject"] != "the squatter"
    tried = await stranger("POST", "/v1/auth/email/verify", json={"code": code}, headers=bearer(response.json()))
    assert tried.json()["code"] == "invalid_code"
    assert (await stranger("GET", "/v1/me", headers=bearer(response.json()))).status_code == 200
    noted = ["registered", "account_taken_over", "identity_linked", "signed_in", "sign_in_failed"]
    assert await kinds(user) == noted
    await drain()
    assert (await mails(sandbox, "me@example.org"))[-1]["body"]["subject"].startswith("Your account now opens with")


@PROVIDERS
async def test_20_take_overs_at_once_void_once_and_all_get_in(provider, stranger, sandbox, sign_up):
    await sign_up(email="me@example.org")
    tokens = [await token_of(sandbox, provider) for _ in range(20)]
    answers = await asyncio.gather(*(come_in(stranger, provider, token, about={}) for token in tokens))
    assert {answer.status_code for answer in answers} == {200}
    assert await fetch_value("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 20
    assert await fetch_value("SELECT count(*) FROM audit_events WHERE kind = 'account_taken_over'") == 1


async def test_a_sign_in_under_way_with_the_old_password_does_not_outlive_the_take_over(
    stranger, sandbox, sign_up, monkeypatch
):
    from domain.accounts import sign_in

    await sign_up(email="me@example.org")
    looking, go = asyncio.Event(), asyncio.Event()
    verify_password = sign_in.verify_password

    async def slowly(stored, password):
        right = await verify_password(stored, password)
        looking.set()
        await go.wait()
        return right

    monkeypatch.setattr(sign_in, "verify_password", slowly)
    old = asyncio.create_task(log_in(stranger, "me@example.org"))
    await looking.wait()
    assert (await come_in(stranger, "google", await token_of(sandbox, "google"), about={})).status_code == 200
    go.set()
    assert (await old).status_code == 401
    assert await fetch_value("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 1


@PROVIDERS
@pytest.mark.parametrize("account_verified", [True, False])
async def test_an_unverified_address_of_the_provider_never_joins(
    provider, account_verified, stranger, sandbox, sign_up
):
    person = await sign_up(email="me@example.org")
    if account_verified:
        await verify("me@example.org")
    for flag in (False, "false"):
        response = await come_in(stranger, provider, await token_of(sandbox, provider, email_verified=flag))
        assert (response.status_code, response.json()["code"]) == (409, "email_in_use")
    assert await count("identities") == 0
    assert (await person("GET", "/v1/me")).status_code == 200
    assert (await log_in(stranger, "me@example.org")).status_code == 200


@PROVIDERS
async def test_an_unverified_address_of_a_new_person_is_to_be_confirmed(provider, stranger, sandbox, drain):
    response = await come_in(stranger, provider, await token_of(sandbox, provider, email_verified=False))
    assert response.status_code == 201
    assert response.json()["user"]["email_verified"] is False
    await drain()
    code = await mailed_code(sandbox, "me@example.org")
    verified = await stranger("POST", "/v1/auth/email/verify", json={"code": code}, headers=bearer(response.json()))
    assert verified.json()["email_verified"] is True


async def test_verified_as_a_word_counts(stranger, sandbox):
    response = await come_in(stranger, "apple", await token_of(sandbox, "apple", email_verified="true"))
    assert response.json()["user"]["email_verified"] is True


@PROVIDERS
async def test_suspended_and_leaving_people_do_not_get_in(provider, stranger, sandbox):
    await come_in(stranger, provider, await token_of(sandbox, provider))
    await execute("UPDATE users SET state = 'suspended'")
    response = await come_in(stranger, provider, await token_of(sandbox, provider))
    assert (response.status_code, response.json()["code"]) == (403, "account_suspended")
    await execute(
        """UPDATE users SET state = 'deleting', state_before = 'active', deleting_since = now(),
                            purges_at = now() + interval '30 days'"""
    )
    response = await come_in(stranger, provider, await token_of(sandbox, provider))
    assert (response.status_code, response.json()["code"]) == (403, "account_deleting")
    assert response.json()["restore_token"]
    assert await count("sessions") == 1


@pytest.mark.parametrize("state", ["suspended", "deleting"])
async def test_nothing_joins_a_suspended_or_leaving_account(state, stranger, sandbox, sign_up):
    await sign_up(email="me@example.org")
    await execute(
        """UPDATE users SET email_verified_at = now(), state = $1,
               state_before = CASE WHEN $1 = 'deleting' THEN 'active' END,
               deleting_since = CASE WHEN $1 = 'deleting' THEN now() END,
               purges_at = CASE WHEN $1 = 'deleting' THEN now() + interval '30 days' END""",
        state,
    )
    response = await come_in(stranger, "google", await token_of(sandbox, "google"), about={})
    assert response.status_code == 403
    assert await count("identities") == 0
    assert await fetch_value("SELECT password_hash IS NOT NULL FROM users")


async def test_apple_without_an_address_asks_for_one(stranger, sandbox, drain):
    token = (await ordered(sandbox, "apple", sub="001.no.mail"))["identity_token"]
    response = await come_in(stranger, "apple", token)
    assert (response.status_code, response.json()["fields"]) == (422, ["email"])
    response = await come_in(stranger, "apple", token, email="typed@example.org")
    assert response.status_code == 201
    assert response.json()["user"]["email"] == "typed@example.org"
    assert response.json()["user"]["email_verified"] is False
    await drain()
    assert await mailed_code(sandbox, "typed@example.org")
    assert (await come_in(stranger, "apple", token, about={})).status_code == 200


async def test_an_address_that_was_only_typed_joins_nothing(stranger, sandbox, sign_up):
    await sign_up(email="me@example.org")
    token = (await ordered(sandbox, "apple", sub="001.no.mail"))["identity_token"]
    response = await come_in(stranger, "apple", token, email="me@example.org")
    assert (response.status_code, response.json()["code"]) == (409, "email_in_use")
    # Nor does it replace the one that Apple vouches for.
    token = await token_of(sandbox, "apple", email="mine@example.org")
    response = await come_in(stranger, "apple", token, email="me@example.org")
    assert response.json()["user"]["email"] == "mine@example.org"


async def test_a_relay_address_is_an_address(stranger, sandbox):
    email = "dpdcnf87nu@privaterelay.appleid.com"
    response = await come_in(stranger, "apple", await token_of(sandbox, "apple", email=email))
    assert response.status_code == 201
    assert response.json()["user"]["email"] == email


async def test_names_and_pictures_of_the_provider_are_kept_nowhere(stranger, sandbox):
    for full_name in ("Ada Lovelace", {"given_name": "Ada", "family_name": "Lovelace"}):
        token = await token_of(sandbox, "apple")
        assert (await come_in(stranger, "apple", token, full_name=full_name)).status_code < 300
    await come_in(stranger, "google", await token_of(sandbox, "google", email="her@example.org"))
    everything = ""
    for table in await fetch("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'kuitter'"):
        rows = await fetch(f"SELECT t::text AS row FROM {table['relname']} AS t")
        everything += " ".join(row["row"] for row in rows)
    for trace in ("Lovelace", "googleusercontent.com/a/", "Sandbox"):
        assert trace not in everything


async def test_bad_tokens_count_as_failed_sign_ins_of_the_address(stranger, sandbox, setting):
    setting(ADDRESS_LIMITS="on")
    good = await token_of(sandbox, "google")
    assert [(await come_in(stranger, "google", good)).status_code for _ in range(3)] == [201, 200, 200]
    answers = [(await come_in(stranger, "google", "no.such.token")).status_code for _ in range(101)]
    assert answers == [401] * 100 + [429]
    assert (await come_in(stranger, "google", good)).status_code == 429
