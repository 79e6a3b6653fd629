"""Six-digit codes by mail: confirming an address and choosing a new password."""

import asyncio
import hashlib

import pytest

from domain.accounts.codes import code_of
from domain.kit.database import execute, fetch, fetch_row, fetch_value
from tests.accounts.conftest import key_setting
from tests.accounts.providers import bearer, mailed_code, mails, wrong
from tests.conftest import PASSWORD

pytestmark = pytest.mark.usefixtures("sandbox")
NEW = "a much better one"


async def verify(person, code):
    return await person("POST", "/v1/auth/email/verify", json={"code": code})


async def forgot(stranger, email):
    return await stranger("POST", "/v1/auth/password/forgot", json={"email": email})


async def reset(stranger, code, email="me@example.org", password=NEW):
    body = {"email": email, "code": code, "new_password": password}
    return await stranger("POST", "/v1/auth/password/reset", json=body)


async def log_in(stranger, password, email="me@example.org"):
    return await stranger("POST", "/v1/auth/login", json={"email": email, "password": password})


def refused(response):
    assert (response.status_code, response.json()["code"]) == (422, "invalid_code"), response.text


@pytest.fixture
async def asked(stranger, sign_up, drain, sandbox):
    """Somebody who has asked for a new password, and the code that they were mailed."""
    person = await sign_up(email="me@example.org")
    assert (await forgot(stranger, "me@example.org")).status_code == 202
    await drain()
    return person, await mailed_code(sandbox, "me@example.org")


# -- confirming the address ---------------------------------------------------------------------------------------


async def test_signing_up_mails_a_code_that_confirms_the_address(sign_up, drain, sandbox):
    person = await sign_up(email="me@example.org", mail=True)
    assert person.user["email_verified"] is False
    assert ("accounts.mail", "done") in await drain()
    response = await verify(person, await mailed_code(sandbox, "me@example.org"))
    assert response.status_code == 200
    assert response.json() == {**person.user, "email_verified": True}
    assert await fetch_value("SELECT count(*) FROM mails") == 0
    assert await fetch_value("SELECT count(*) FROM audit_events WHERE kind = 'email_verified'") == 1


async def test_a_registration_that_fails_mails_nobody(stranger, sign_up, drain, sandbox):
    await sign_up(email="me@example.org")
    body = {
        "email": "me@example.org", "password": PASSWORD, "birth_date": "1990-05-17", "timezone": "Europe/Berlin",
        "accepted_terms": True,
    }  # fmt: skip
    assert (await stranger("POST", "/v1/auth/register", json=body)).status_code == 409
    await drain()
    assert await mails(sandbox) == []


async def test_a_code_may_be_typed_with_spaces(sign_up, drain, sandbox):
    person = await sign_up(email="me@example.org", mail=True)
    await drain()
    code = await mailed_code(sandbox, "me@example.org")
    assert (await verify(person, f" {code[:3]} {code[3:]} ")).status_code == 200


async def test_what_is_no_code_is_only_wrong(sign_up, drain):
    person = await sign_up(mail=True)
    await drain()
    for text in ("", "12345", "1234567", "abcdef", "１２３４５６", "\u0000"):
        refused(await verify(person, text))
    assert (await verify(person, "1" * 65)).status_code == 400


async def test_somebody_else_s_code_is_wrong(sign_up, drain, sandbox):
    await sign_up(email="me@example.org", mail=True)
    other = await sign_up(email="other@example.org", mail=True)
    await drain()
    refused(await verify(other, await mailed_code(sandbox, "me@example.org")))


async def test_resending_mails_another_code_and_ends_the_former(sign_up, drain, sandbox):
    person = await sign_up(email="me@example.org", mail=True)
    await drain()
    first = await mailed_code(sandbox, "me@example.org")
    assert (await person("POST", "/v1/auth/email/resend")).status_code == 202
    await drain()
    second = await mailed_code(sandbox, "me@example.org")
    assert len(await mails(sandbox, "me@example.org")) == 2
    refused(await verify(person, first))
    assert (await verify(person, second)).status_code == 200


async def test_resending_is_limited_and_pointless_once_confirmed(sign_up, drain, sandbox):
    person = await sign_up(email="me@example.org")
    answers = [await person("POST", "/v1/auth/email/resend") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    await execute("UPDATE users SET email_verified_at = now()")
    assert (await person("POST", "/v1/auth/email/resend")).status_code == 202
    await drain()
    assert await mails(sandbox) == []


# -- a code --------------------------------------------------------------------------------------------------------


async def test_neither_the_code_nor_anything_to_try_it_on_is_stored(asked):
    _, code = asked
    rows = [dict(row) for table in ("codes", "mails", "jobs") for row in await fetch(f"SELECT * FROM {table}")]
    for guess in (code, hashlib.sha256(code.encode()).hexdigest(), hashlib.md5(code.encode()).hexdigest()):
        assert guess not in str(rows)


async def test_a_code_is_good_once(stranger, asked):
    _, code = asked
    assert (await reset(stranger, code)).status_code == 200
    refused(await reset(stranger, code))


async def test_of_20_uses_at_once_one_counts(stranger, asked):
    _, code = asked
    answers = await asyncio.gather(*(reset(stranger, code, password=f"a good one {n}") for n in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [422] * 19
    (winner,) = [n for n, answer in enumerate(answers) if answer.status_code == 200]
    assert (await log_in(stranger, f"a good one {winner}")).status_code == 200


async def test_the_fifth_try_is_the_last(stranger, asked):
    _, code = asked
    for _ in range(4):
        refused(await reset(stranger, wrong(code)))
    assert (await reset(stranger, code)).status_code == 200


async def test_after_five_wrong_tries_the_right_one_is_wrong_too(stranger, asked):
    _, code = asked
    for _ in range(5):
        refused(await reset(stranger, wrong(code)))
    refused(await reset(stranger, code))
    assert (await log_in(stranger, PASSWORD)).status_code == 200


async def test_of_50_guesses_at_once_five_are_looked_at(stranger, asked, monkeypatch):
    from domain.accounts import codes

    looked = []
    is_code = codes._is_code
    monkeypatch.setattr(codes, "_is_code", lambda code_id, given: looked.append(given) or is_code(code_id, given))
    _, code = asked
    guesses = [f"{(int(code) + n) % 1_000_000:06}" for n in range(1, 51)]
    answers = await asyncio.gather(*(reset(stranger, guess) for guess in guesses))
    assert {answer.status_code for answer in answers} == {422}
    assert len(looked) == 5
    assert await fetch_value("SELECT tries FROM codes") == 5
    refused(await reset(stranger, code))


async def test_a_code_lives_for_15_minutes_by_the_real_clock(stranger, asked):
    from datetime import timedelta

    from domain.kit.clock import clock, real_now

    _, code = asked
    row = await fetch_row("SELECT created_at, expires_at FROM codes")
    assert row["expires_at"] - row["created_at"] == timedelta(minutes=15)
    # The business clock may run ahead, in a test of the app, say.
    with clock.frozen(real_now() + timedelta(days=1)):
        refused(await reset(stranger, wrong(code)))
        assert await fetch_value("SELECT tries FROM codes") == 1
    await execute("UPDATE codes SET expires_at = now() - interval '1 second'")
    refused(await reset(stranger, code))


async def test_a_code_survives_a_new_signing_key(stranger, asked, setting):
    from domain.kit.settings import settings

    (kid, key), *_ = settings().secret_keys
    setting(SECRET_KEYS=key_setting(("new", b"n" * 32), (kid, key)))
    assert (await reset(stranger, asked[1])).status_code == 200


async def test_codes_of_other_purposes_are_worth_nothing(stranger, sign_up, drain, sandbox):
    person = await sign_up(email="me@example.org", mail=True)
    await drain()
    refused(await reset(stranger, await mailed_code(sandbox, "me@example.org")))
    await forgot(stranger, "me@example.org")
    await drain()
    refused(await verify(person, await mailed_code(sandbox, "me@example.org")))


async def test_codes_are_spread_over_all_digits():
    from uuid import uuid4

    codes = {code_of(uuid4()) for _ in range(2000)}
    assert len(codes) > 1990
    assert {len(code) for code in codes} == {6}
    assert {code[0] for code in codes} == set("0123456789")


# -- a forgotten password ------------------------------------------------------------------------------------------


async def test_a_reset_ends_all_sessions_and_confirms_the_address(stranger, asked, drain, sandbox):
    person, code = asked
    response = await reset(stranger, code)
    assert (response.status_code, response.json()) == (200, {})
    ended = await person("GET", "/v1/me")
    assert (ended.status_code, ended.json()["code"]) == (401, "session_ended")
    assert (await log_in(stranger, PASSWORD)).status_code == 401
    signed_in = await log_in(stranger, NEW)
    assert signed_in.json()["user"]["email_verified"] is True
    assert await fetch_value("SELECT revoked_why FROM sessions WHERE revoked_at IS NOT NULL") == "password"
    assert await fetch_value("SELECT count(*) FROM audit_events WHERE kind = 'password_reset'") == 1
    await drain()
    assert (await mails(sandbox, "me@example.org"))[-1]["body"]["subject"] == "Your password was changed"


async def test_a_reset_gives_a_password_to_who_had_none(stranger, asked):
    await execute("UPDATE users SET password_hash = NULL")
    assert (await reset(stranger, asked[1])).status_code == 200
    assert (await log_in(stranger, NEW)).status_code == 200


async def test_a_reset_of_an_address_that_nobody_had_confirmed_voids_other_ways_in(stranger, asked):
    link = """INSERT INTO identities (id, user_id, provider, subject, client_id, created_at)
              SELECT gen_random_uuid(), id, 'google', 'a squatter', 'app', now() FROM users"""
    await execute(link)
    assert (await reset(stranger, asked[1])).status_code == 200
    assert await fetch_value("SELECT count(*) FROM identities") == 0


async def test_a_reset_of_a_confirmed_address_leaves_other_ways_in(stranger, asked):
    await execute("UPDATE users SET email_verified_at = now()")
    await execute(
        """INSERT INTO identities (id, user_id, provider, subject, client_id, created_at)
           SELECT gen_random_uuid(), id, 'google', 'mine', 'app', now() FROM users"""
    )
    assert (await reset(stranger, asked[1])).status_code == 200
    assert await fetch_value("SELECT count(*) FROM identities") == 1


async def test_a_bad_new_password_costs_no_try(stranger, asked):
    _, code = asked
    for password in ("short", "password1", "me@example.org"):
        response = await reset(stranger, code, password=password)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "new_password")
    assert await fetch_value("SELECT tries FROM codes") == 0
    assert (await reset(stranger, code)).status_code == 200


async def test_forgetting_answers_202_whoever_it_is(stranger, asked, drain, sandbox):
    known = await forgot(stranger, "me@example.org")
    unknown = await forgot(stranger, "nobody@example.org")
    assert known.status_code == unknown.status_code == 202
    assert known.content == unknown.content
    await drain()
    assert await mails(sandbox, "nobody@example.org") == []
    assert await fetch_value("SELECT count(*) FROM mails") == 0
    assert (await forgot(stranger, "nobody")).status_code == 400


async def test_only_five_mails_an_hour_go_to_an_address_and_the_answer_stays_the_same(
    stranger, sign_up, drain, sandbox
):
    await sign_up(email="me@example.org")
    for email in ("me@example.org", "nobody@example.org"):
        assert {(await forgot(stranger, email)).status_code for _ in range(8)} == {202}
    await drain()
    # Five were asked for; a job that finds a newer code sends none of its own.
    assert 1 <= len(await mails(sandbox, "me@example.org")) <= 5


@pytest.fixture
def statements(monkeypatch):
    """The SQL that ran, as text."""
    from domain.kit.database import KuitterEngine

    ran = []
    run = KuitterEngine.run

    async def noting(self, method, sql, args):
        ran.append(" ".join(sql.split()))
        return await run(self, method, sql, args)

    monkeypatch.setattr(KuitterEngine, "run", noting)
    return ran


async def test_known_and_unknown_addresses_are_the_same_work(stranger, sign_up, drain, statements, hasher):
    """Asserted by what ran: every statement, and every use of argon2."""
    await sign_up(email="me@example.org")
    calls = {
        "login": lambda email: log_in(stranger, "not the right one", email),
        "forgot": lambda email: forgot(stranger, email),
        "reset": lambda email: reset(stranger, "000000", email),
    }
    for name, call in calls.items():
        work = []
        for email in ("me@example.org", "nobody@example.org"):
            statements.clear()
            hasher.verified.clear()
            hasher.hashed = 0
            response = await call(email)
            work.append((response.status_code, list(statements), len(hasher.verified), hasher.hashed))
        assert work[0] == work[1], name
        assert work[0][1], name


async def test_a_reset_for_an_unknown_address_answers_like_a_wrong_code(stranger, asked):
    same = {"X-Request-ID": "one-and-the-same"}
    bodies = []
    for email in ("me@example.org", "nobody@example.org"):
        body = {"email": email, "code": wrong(asked[1]), "new_password": NEW}
        response = await stranger("POST", "/v1/auth/password/reset", json=body, headers=same)
        refused(response)
        bodies.append(response.content)
    assert bodies[0] == bodies[1]


async def test_guesses_at_reset_codes_count_for_the_address(stranger, setting, sign_up):
    setting(ADDRESS_LIMITS="on")
    answers = [
        (await reset(stranger, "000000", f"nobody{number % 9}@example.org")).status_code for number in range(101)
    ]
    assert answers == [422] * 100 + [429]


async def test_a_suspended_person_gets_no_code(stranger, sign_up, drain, sandbox):
    await sign_up(email="me@example.org")
    await execute("UPDATE users SET state = 'suspended'")
    assert (await forgot(stranger, "me@example.org")).status_code == 202
    await drain()
    assert await mails(sandbox) == []


async def test_the_new_session_of_a_reset_is_told_from_the_old_ones(stranger, asked):
    await reset(stranger, asked[1])
    signed_in = (await log_in(stranger, NEW)).json()
    items = (await stranger("GET", "/v1/auth/sessions", headers=bearer(signed_in))).json()["items"]
    assert [item["current"] for item in items] == [True]
