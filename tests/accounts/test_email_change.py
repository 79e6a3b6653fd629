"""Giving the account another e-mail address."""

import pytest

from domain.kit.database import execute, fetch_value
from tests.accounts.providers import bearer, come_in, mailed_code, mails, token_of
from tests.conftest import PASSWORD

pytestmark = pytest.mark.usefixtures("fresh_keys")
NEW = "new@example.org"


async def change(api, new_email=NEW, **fields):
    body = {"new_email": new_email, "password": PASSWORD, **fields}
    body = {name: value for name, value in body.items() if value is not None}
    return await api("POST", "/v1/auth/email/change", json=body)


async def verify(api, code):
    return await api("POST", "/v1/auth/email/verify", json={"code": code})


@pytest.fixture
async def me(sign_up):
    person = await sign_up(email="me@example.org")
    await execute("UPDATE users SET email_verified_at = now()")
    return person


async def test_the_code_goes_to_the_new_address_and_a_notice_to_the_old(me, drain, sandbox, stranger):
    assert (await change(me)).status_code == 202
    await drain()
    (notice,) = await mails(sandbox, "me@example.org")
    assert notice["body"]["subject"] == "Your e-mail address is about to change"
    assert NEW not in str(notice["body"])
    # Nothing has changed yet.
    assert (await me.ok("GET", "/v1/me"))["email"] == "me@example.org"
    response = await verify(me, await mailed_code(sandbox, NEW))
    assert response.status_code == 200
    assert (response.json()["email"], response.json()["email_verified"]) == (NEW, True)
    login = {"email": NEW, "password": PASSWORD}
    assert (await stranger("POST", "/v1/auth/login", json=login)).status_code == 200
    assert (await stranger("POST", "/v1/auth/login", json={**login, "email": "me@example.org"})).status_code == 401
    await drain()
    assert (await mails(sandbox, "me@example.org"))[-1]["body"]["subject"] == "Your e-mail address was changed"
    assert await fetch_value("SELECT count(*) FROM audit_events WHERE kind = 'email_changed'") == 1


async def test_it_needs_the_password(me, drain, sandbox):
    wrong = await change(me, password="not the right one")
    assert (wrong.status_code, wrong.json()["code"]) == (403, "invalid_credentials")
    neither = await change(me, password=None)
    assert (neither.status_code, neither.json()["code"]) == (400, "invalid_request")
    await drain()
    assert await mails(sandbox) == []


async def test_guessing_the_password_of_a_phone_left_on_a_table_ends_soon(me):
    answers = [(await change(me, password="not the right one")).status_code for _ in range(11)]
    assert answers == [403] * 10 + [429]
    assert (await change(me)).status_code == 429


async def test_a_fresh_provider_token_does_instead(stranger, sandbox, drain):
    signed_in = (await come_in(stranger, "google", await token_of(sandbox, "google"))).json()

    async def ask(token, **fields):
        body = {"new_email": NEW, "id_token": token, **fields}
        return await stranger("POST", "/v1/auth/email/change", json=body, headers=bearer(signed_in))

    assert (await ask(await token_of(sandbox, "google"))).status_code == 202
    # Nobody else's, not an old one, not one that was used, not one that nobody made.
    assert (await ask(await token_of(sandbox, "google", email="other@example.org"))).status_code == 403
    assert (await ask(await token_of(sandbox, "apple"))).status_code == 403
    assert (await ask("no.such.token")).status_code == 403
    assert (await ask(await token_of(sandbox, "google", expires_in=-3000))).status_code == 403
    once = await token_of(sandbox, "google", nonce="n")
    assert (await ask(once, nonce="n")).status_code == 202
    assert (await ask(once, nonce="n")).status_code == 403
    await drain()
    response = await stranger(
        "POST", "/v1/auth/email/verify", json={"code": await mailed_code(sandbox, NEW)}, headers=bearer(signed_in)
    )
    assert response.json()["email"] == NEW
    # The identity is the subject: Google goes on leading here.
    again = await come_in(stranger, "google", await token_of(sandbox, "google"), about={})
    assert again.json()["user"]["id"] == signed_in["user"]["id"]


async def test_an_hour_old_token_is_not_fresh(stranger, sandbox):
    from tests.accounts.providers import forger, later

    signed_in = (await come_in(stranger, "google", await token_of(sandbox, "google"))).json()
    old = (await forger(sandbox, "google")).by_the_provider(iat=later(-700), exp=later(2900))
    body = {"new_email": NEW, "id_token": old}
    response = await stranger("POST", "/v1/auth/email/change", json=body, headers=bearer(signed_in))
    assert response.status_code == 403


async def test_a_provider_that_is_away_is_503(stranger, sandbox):
    from domain.accounts import connections

    token = await token_of(sandbox, "google")
    signed_in = (await come_in(stranger, "google", token)).json()
    await connections.close()
    await sandbox.put("/_control/faults/google", json={"status": 500, "match": "/google/certs"})
    body = {"new_email": NEW, "id_token": token}
    response = await stranger("POST", "/v1/auth/email/change", json=body, headers=bearer(signed_in))
    assert response.status_code == 503


async def test_an_address_that_is_taken_gets_no_code_and_the_answer_does_not_tell(me, sign_up, drain, sandbox):
    await sign_up(email="taken@example.org")
    free, taken = await change(me), await change(me, "taken@example.org")
    assert free.status_code == taken.status_code == 202
    assert free.content == taken.content
    await drain()
    assert await mails(sandbox, "taken@example.org") == []


async def test_an_address_that_somebody_took_meanwhile_stays_theirs(me, sign_up, drain, sandbox):
    await change(me)
    await drain()
    await sign_up(email=NEW)
    response = await verify(me, await mailed_code(sandbox, NEW))
    assert (response.status_code, response.json()["code"]) == (409, "email_in_use")
    assert (await me.ok("GET", "/v1/me"))["email"] == "me@example.org"


async def test_the_present_address_is_no_change(me):
    response = await change(me, "ME@example.org")
    assert (response.status_code, response.json()["code"]) == (422, "email_unchanged")
    assert (await change(me, "nobody")).json()["errors"][0]["field"] == "new_email"


async def test_a_second_wish_replaces_the_first(me, drain, sandbox):
    await change(me)
    await drain()
    first = await mailed_code(sandbox, NEW)
    await change(me, "newer@example.org")
    await drain()
    assert (await verify(me, first)).status_code == 422
    assert (await verify(me, await mailed_code(sandbox, "newer@example.org"))).json()["email"] == "newer@example.org"


async def test_what_was_mailed_to_the_former_address_opens_nothing_any_more(me, drain, sandbox, stranger):
    await stranger("POST", "/v1/auth/password/forgot", json={"email": "me@example.org"})
    await drain()
    code = await mailed_code(sandbox, "me@example.org")
    await change(me)
    await drain()
    await verify(me, await mailed_code(sandbox, NEW))
    for email in ("me@example.org", NEW):
        body = {"email": email, "code": code, "new_password": "a much better one"}
        assert (await stranger("POST", "/v1/auth/password/reset", json=body)).status_code == 422


async def test_confirming_mid_change_needs_the_right_code_of_the_two(sign_up, drain, sandbox):
    person = await sign_up(email="me@example.org", mail=True)
    await change(person)
    await drain()
    assert (await verify(person, await mailed_code_of(sandbox, "Confirm your e-mail address"))).status_code == 200
    assert (await person.ok("GET", "/v1/me"))["email"] == "me@example.org"
    assert (await verify(person, await mailed_code(sandbox, NEW))).json()["email"] == NEW


async def mailed_code_of(sandbox, subject):
    import re

    (mail,) = [mail for mail in await mails(sandbox) if mail["body"]["subject"] == subject]
    return re.findall(r"\b\d{6}\b", mail["body"]["text"])[0]


async def test_five_codes_an_hour(me):
    answers = [(await change(me, f"new{number}@example.org")).status_code for number in range(6)]
    assert answers == [202] * 5 + [429]
