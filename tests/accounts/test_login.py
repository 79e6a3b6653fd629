"""Signing in by e-mail: what it tells, what it costs, and how often one may guess."""

import asyncio
from datetime import UTC, datetime

from domain.accounts.throttling import FAILED_BY_ACCOUNT
from domain.kit.database import execute, fetch_value
from domain.kit.limits import Limiter
from tests.conftest import PASSWORD

WRONG = "not the right one"


async def login(stranger, email, password=PASSWORD, **arguments):
    return await stranger("POST", "/v1/auth/login", json={"email": email, "password": password}, **arguments)


async def statuses(calls):
    return [response.status_code for response in await asyncio.gather(*calls)]


async def test_the_right_password_opens_a_session(stranger, sign_up):
    person = await sign_up(email="me@example.org")
    response = await login(stranger, "me@example.org")
    assert response.status_code == 200
    body = response.json()
    assert body["user"] == person.user
    assert body["token_type"] == "Bearer"
    assert body["refresh_token"] != person.signed_in["refresh_token"]
    me = await stranger("GET", "/v1/me", headers={"Authorization": f"Bearer {body['access_token']}"})
    assert me.status_code == 200
    assert await fetch_value("SELECT count(*) FROM sessions") == 2


async def test_the_address_may_be_spelt_in_capitals(stranger, sign_up):
    await sign_up(email="me@example.org")
    assert (await login(stranger, " ME@Example.ORG")).status_code == 200


async def test_wrong_and_unknown_answer_the_same_bytes(stranger, sign_up):
    await sign_up(email="me@example.org")
    same = {"headers": {"X-Request-ID": "one-and-the-same"}}
    wrong = await login(stranger, "me@example.org", WRONG, **same)
    unknown = await login(stranger, "nobody@example.org", WRONG, **same)
    no_address = await login(stranger, "nobody", WRONG, **same)
    assert wrong.status_code == 401
    assert wrong.json()["code"] == "invalid_credentials"
    assert wrong.content == unknown.content == no_address.content
    assert wrong.headers.raw == unknown.headers.raw == no_address.headers.raw


async def test_wrong_and_unknown_cost_the_same_argon2_work(stranger, sign_up, hasher):
    await sign_up(email="me@example.org")
    hasher.hashed = 0
    await login(stranger, "me@example.org", WRONG)
    await login(stranger, "nobody@example.org", WRONG)
    known, unknown = hasher.verified
    assert known.split("$")[:4] == unknown.split("$")[:4]
    assert known != unknown
    assert hasher.hashed == 0


async def test_an_account_without_a_password_costs_the_same_work_too(stranger, sign_up, hasher):
    await sign_up(email="me@example.org")
    await execute("UPDATE users SET password_hash = NULL")
    assert (await login(stranger, "me@example.org")).status_code == 401
    assert len(hasher.verified) == 1


async def test_nobody_signs_in_with_the_stand_in_for_unknown_addresses(stranger):
    assert (await login(stranger, "nobody@example.org", "nobody has this password")).status_code == 401


async def test_the_eleventh_guess_is_refused_even_with_the_right_password(stranger, sign_up, hasher):
    await sign_up(email="me@example.org")
    guesses = [(await login(stranger, "me@example.org", WRONG)).status_code for _ in range(10)]
    assert guesses == [401] * 10
    response = await login(stranger, "me@example.org")
    assert response.status_code == 429
    assert response.json()["code"] == "rate_limited"
    assert 1 <= int(response.headers["Retry-After"]) <= 900
    assert len(hasher.verified) == 10
    # Another spelling is the same account.
    assert (await login(stranger, "ME@example.org")).status_code == 429


async def test_fifty_guesses_at_once_get_ten_tries(stranger, sign_up, hasher):
    await sign_up(email="me@example.org")
    answers = await statuses([login(stranger, "me@example.org", WRONG) for _ in range(50)])
    assert sorted(answers) == [401] * 10 + [429] * 40
    assert len(hasher.verified) == 10


async def test_an_unknown_address_is_refused_alike(stranger):
    answers = await statuses([login(stranger, "nobody@example.org", WRONG) for _ in range(12)])
    assert sorted(answers) == [401] * 10 + [429] * 2


async def test_another_account_is_untouched(stranger, sign_up):
    await sign_up(email="me@example.org")
    await sign_up(email="other@example.org")
    await statuses([login(stranger, "me@example.org", WRONG) for _ in range(11)])
    assert (await login(stranger, "other@example.org")).status_code == 200


async def test_success_does_not_count(stranger, sign_up):
    await sign_up(email="me@example.org")
    assert [(await login(stranger, "me@example.org")).status_code for _ in range(12)] == [200] * 12
    assert await statuses([login(stranger, "me@example.org", WRONG) for _ in range(9)]) == [401] * 9
    assert [(await login(stranger, "me@example.org")).status_code for _ in range(3)] == [200] * 3
    assert (await login(stranger, "me@example.org", WRONG)).status_code == 401
    assert (await login(stranger, "me@example.org")).status_code == 429


async def test_the_guesses_of_15_minutes_ago_are_forgiven(stranger, sign_up, redis):
    await sign_up(email="me@example.org")
    await statuses([login(stranger, "me@example.org", WRONG) for _ in range(10)])
    (key,) = await redis.keys(Limiter.key(FAILED_BY_ACCOUNT, "*"))
    assert b"example.org" not in key
    times = [int(time) for time in await redis.lrange(key, 0, -1)]
    await redis.lset(key, 0, times[0] - 899_000)
    assert (await login(stranger, "me@example.org")).status_code == 429
    await redis.lset(key, 0, times[0] - 900_001)
    assert (await login(stranger, "me@example.org")).status_code == 200


async def test_an_address_may_fail_a_hundred_times_whatever_the_accounts(stranger, setting, monkeypatch):
    from domain.accounts import passwords

    setting(ADDRESS_LIMITS="on")
    monkeypatch.setattr(passwords, "_verify", lambda stored, password: False)
    answers = []
    for number in range(10):
        answers += await statuses([login(stranger, f"nobody{number}@example.org", WRONG) for _ in range(10)])
    assert answers == [401] * 100
    assert (await login(stranger, "somebody@example.org", WRONG)).status_code == 429


async def test_a_suspended_person_learns_it_with_the_right_password_only(stranger, sign_up):
    await sign_up(email="me@example.org")
    await execute("UPDATE users SET state = 'suspended'")
    wrong = await login(stranger, "me@example.org", WRONG)
    assert wrong.json()["code"] == "invalid_credentials"
    right = await login(stranger, "me@example.org")
    assert right.status_code == 403
    assert right.json()["code"] == "account_suspended"
    assert await fetch_value("SELECT count(*) FROM sessions") == 1


async def test_a_password_of_any_shape_is_only_wrong(stranger, sign_up):
    await sign_up(email="me@example.org")
    for password in ("", "\u0000", "x" * 100_000, "пароль", "🔑" * 50):
        assert (await login(stranger, "me@example.org", password)).status_code == 401


async def test_a_password_signs_in_however_the_keyboard_composed_it(stranger, sign_up):
    await sign_up(email="me@example.org", password="caf\u00e9 au lait")
    assert (await login(stranger, "me@example.org", "cafe\u0301 au lait")).status_code == 200


async def test_signing_in_notes_when(stranger, sign_up):
    person = await sign_up(email="me@example.org")
    await login(stranger, "me@example.org", headers={"User-Agent": "Kuitter/1.4 iOS"})
    newest = (await person.ok("GET", "/v1/auth/sessions"))["items"][0]
    assert newest["client"] == "Kuitter/1.4 iOS"
    age = datetime.now(UTC) - datetime.fromisoformat(newest["created_at"])
    assert 0 <= age.total_seconds() < 60
