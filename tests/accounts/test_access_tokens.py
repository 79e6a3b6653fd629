"""Access tokens: what is believed, and how soon an ended session is not."""

import asyncio
import base64
import json
import time
from uuid import UUID, uuid4

import jwt
import pytest

from domain.accounts import sessions
from domain.accounts.keys import keyring
from domain.accounts.tokens import read_access
from domain.kit.database import execute, fetch_value
from domain.kit.errors import Unauthenticated
from tests.accounts.conftest import key_setting, until
from tests.conftest import PASSWORD


async def ask(stranger, token):
    return await stranger("GET", "/v1/me", headers={"Authorization": f"Bearer {token}"})


async def refused(stranger, token, code="unauthenticated"):
    response = await ask(stranger, token)
    assert response.status_code == 401, response.text
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == code
    return True


def claims_of(token):
    return jwt.decode(token, options={"verify_signature": False, "verify_aud": False, "verify_exp": False})


def forge(token, *, key=None, algorithm="HS256", kid=None, without=(), **changes):
    """The claims of `token` with `changes`, signed with the app's own key unless told otherwise."""
    name, secret = keyring("access")[0]
    claims = {claim: value for claim, value in {**claims_of(token), **changes}.items() if claim not in without}
    headers = {"kid": name if kid is None else kid}
    return jwt.encode(claims, secret if key is None else key, algorithm=algorithm, headers=headers)


async def test_lives_at_most_15_minutes_and_names_its_session(person):
    token = person.signed_in["access_token"]
    claims = claims_of(token)
    assert 0 < claims["exp"] - claims["iat"] <= 900
    assert person.signed_in["expires_in"] == claims["exp"] - claims["iat"]
    assert UUID(claims["sid"]) == await fetch_value("SELECT id FROM sessions")
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "HS256"
    assert header["kid"]
    assert person.user["email"] not in base64.urlsafe_b64decode(token.split(".")[1] + "==").decode()


async def test_forging_with_the_right_key_would_work(person, stranger):
    # Or else the tests below would prove nothing.
    assert (await ask(stranger, forge(person.signed_in["access_token"]))).status_code == 200


async def test_a_general_library_reads_it_and_says_the_same(person):
    kid, key = keyring("access")[0]
    token = person.signed_in["access_token"]
    said = jwt.decode(token, key, algorithms=["HS256"], audience="app", issuer="kuitter")
    access = read_access(token)
    assert (said["sub"], said["sid"]) == (str(access.user_id), str(access.session_id))
    assert (said["gen"], said["exp"]) == (access.generation, access.expires_at)
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "kid": kid}


async def test_no_character_can_be_changed_added_or_left_out(person):
    token = person.signed_in["access_token"]
    letters = "Aa0-_=. "
    for at in range(len(token)):
        others = [letter for letter in letters if letter != token[at]]
        for changed in (*(token[:at] + letter + token[at + 1 :] for letter in others), token[:at] + token[at + 1 :]):
            with pytest.raises(Unauthenticated):
                read_access(changed)
    for changed in (token + "=", token + ".", "." + token, token + "A", " " + token, f"{token}.{token}", "", ".", ".."):
        with pytest.raises(Unauthenticated):
            read_access(changed)


async def test_alg_none_is_refused(person, stranger):
    token = person.signed_in["access_token"]
    name = keyring("access")[0][0]
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT", "kid": name}).encode()).rstrip(b"=")
    body = token.split(".")[1]
    for signature in ("", token.split(".")[2]):
        await refused(stranger, f"{header.decode()}.{body}.{signature}")


async def test_another_key_is_refused(person, stranger):
    token = person.signed_in["access_token"]
    await refused(stranger, forge(token, key=b"x" * 32))
    # The key of refresh tokens is another one.
    await refused(stranger, forge(token, key=keyring("refresh")[0][1]))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
async def test_the_algorithm_is_pinned(person, stranger, algorithm):
    await refused(stranger, forge(person.signed_in["access_token"], algorithm=algorithm))


async def test_a_changed_payload_is_refused(person, sign_up, stranger):
    other = await sign_up()
    header, _, signature = person.signed_in["access_token"].split(".")
    await refused(stranger, f"{header}.{other.signed_in['access_token'].split('.')[1]}.{signature}")


@pytest.mark.parametrize("changes", [{"aud": "admin"}, {"aud": ["x", "y"]}, {"iss": "somebody"}, {"iss": ""}])
async def test_a_token_for_somebody_else_or_by_somebody_else_is_refused(person, stranger, changes):
    await refused(stranger, forge(person.signed_in["access_token"], **changes))


@pytest.mark.parametrize("claim", ["exp", "iat", "sub", "sid", "gen", "aud", "iss"])
async def test_no_claim_may_be_missing(person, stranger, claim):
    await refused(stranger, forge(person.signed_in["access_token"], without=(claim,)))


@pytest.mark.parametrize("changes", [{"sub": "x"}, {"sid": "x"}, {"sid": None}, {"gen": "x"}, {"gen": []}, {"sub": ""}])
async def test_claims_of_a_wrong_shape_are_refused(person, stranger, changes):
    await refused(stranger, forge(person.signed_in["access_token"], **changes))


async def test_an_expired_token_says_so(person, stranger):
    now = int(time.time())
    await refused(stranger, forge(person.signed_in["access_token"], iat=now - 901, exp=now - 1), "token_expired")


async def test_an_unknown_or_missing_kid_is_refused(person, stranger):
    token = person.signed_in["access_token"]
    await refused(stranger, forge(token, kid="unknown"))
    await refused(stranger, forge(token, kid=""))
    without = jwt.encode(claims_of(token), keyring("access")[0][1], algorithm="HS256")
    await refused(stranger, without)


async def test_a_session_of_one_does_not_serve_another(person, sign_up, stranger):
    other = await sign_up()
    await refused(stranger, forge(person.signed_in["access_token"], sub=other.user["id"]), "session_ended")


async def test_a_session_that_never_was_or_a_generation_to_come_is_refused(person, stranger):
    token = person.signed_in["access_token"]
    await refused(stranger, forge(token, sid=str(uuid4())), "session_ended")
    await refused(stranger, forge(token, gen=2), "session_ended")
    assert (await ask(stranger, token)).status_code == 200


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "bearer", "Bearer \xff\xfe", "Bearer a.b.c", "Bearer ....",
     "x" * 9000, "Bearer " + "x" * 9000],
)  # fmt: skip
async def test_a_header_that_is_no_bearer_token_is_refused(stranger, header):
    response = await stranger("GET", "/v1/me", headers={"Authorization": header.encode("latin-1")})
    assert response.status_code == 401
    assert response.json()["code"] == "unauthenticated"


async def test_the_scheme_s_name_may_be_in_any_case(person, stranger):
    token = person.signed_in["access_token"]
    for scheme in ("bearer", "BEARER"):
        assert (await stranger("GET", "/v1/me", headers={"Authorization": f"{scheme} {token}"})).status_code == 200


async def test_a_token_in_the_query_is_not_read(person, stranger):
    response = await stranger("GET", "/v1/me", params={"access_token": person.signed_in["access_token"]})
    assert response.status_code == 401


async def test_a_rotated_key_is_still_accepted_and_the_first_one_signs(person, stranger, setting):
    from domain.kit.settings import settings

    (old,) = settings().secret_keys
    setting(SECRET_KEYS=key_setting(("next", b"n" * 48), old))
    assert (await ask(stranger, person.signed_in["access_token"])).status_code == 200
    login = {"email": person.user["email"], "password": PASSWORD}
    fresh = (await stranger.ok("POST", "/v1/auth/login", json=login))["access_token"]
    assert jwt.get_unverified_header(fresh)["kid"] == "next"
    assert (await ask(stranger, fresh)).status_code == 200
    # Taken out of the list, a key is worth nothing.
    setting(SECRET_KEYS=key_setting(("next", b"n" * 48)))
    await refused(stranger, person.signed_in["access_token"])
    assert (await ask(stranger, fresh)).status_code == 200


async def test_a_key_under_the_name_of_another_is_not_tried(person, stranger, setting):
    from domain.kit.settings import settings

    (old,) = settings().secret_keys
    token = person.signed_in["access_token"]
    setting(SECRET_KEYS=key_setting((old[0], b"n" * 48), ("other", old[1])))
    await refused(stranger, token)


# -- an ended session is refused at once -----------------------------------------------------------------------------


async def second_session(person, stranger):
    login = {"email": person.user["email"], "password": PASSWORD}
    return await stranger.ok("POST", "/v1/auth/login", json=login)


async def test_logout_acts_at_once_though_redis_remembered_a_yes(person, stranger, redis):
    token = person.signed_in["access_token"]
    session = await fetch_value("SELECT id FROM sessions")
    assert (await ask(stranger, token)).status_code == 200
    assert await redis.get(sessions.cache_key(session)) == b"1"
    assert 0 < await redis.ttl(sessions.cache_key(session)) <= 60
    assert (await person("POST", "/v1/auth/logout")).status_code == 204
    await refused(stranger, token, "session_ended")


async def test_the_memory_is_only_a_memory(person, stranger, redis):
    await ask(stranger, person.signed_in["access_token"])
    await person.ok("POST", "/v1/auth/logout")
    await redis.flushdb()
    await refused(stranger, person.signed_in["access_token"], "session_ended")


async def test_logout_leaves_the_other_sessions(person, stranger):
    other = await second_session(person, stranger)
    await person.ok("POST", "/v1/auth/logout")
    assert (await ask(stranger, other["access_token"])).status_code == 200


async def test_logout_all_ends_every_session_at_once_and_nobody_else_s(person, sign_up, stranger):
    neighbour = await sign_up()
    others = [await second_session(person, stranger) for _ in range(3)]
    for tokens in others:
        assert (await ask(stranger, tokens["access_token"])).status_code == 200
    assert (await person("POST", "/v1/auth/logout-all")).status_code == 204
    for tokens in [person.signed_in, *others]:
        await refused(stranger, tokens["access_token"], "session_ended")
    assert (await neighbour("GET", "/v1/me")).status_code == 200


async def test_ending_a_session_from_another_device_acts_at_once(person, stranger):
    other = await second_session(person, stranger)
    assert (await ask(stranger, other["access_token"])).status_code == 200
    sid = claims_of(other["access_token"])["sid"]
    assert (await person("DELETE", f"/v1/auth/sessions/{sid}")).status_code == 204
    await refused(stranger, other["access_token"], "session_ended")
    assert (await person("GET", "/v1/me")).status_code == 200


async def test_a_yes_that_comes_late_never_survives_the_end(person, stranger, redis, monkeypatch):
    """PostgreSQL said yes, the session ended, and only then is the yes to be remembered."""
    other = await second_session(person, stranger)
    asked, go_on = asyncio.Event(), asyncio.Event()
    lives = sessions.lives

    async def slow(access):
        answer = await lives(access)
        asked.set()
        await go_on.wait()
        return answer

    monkeypatch.setattr(sessions, "lives", slow)
    in_flight = asyncio.create_task(ask(stranger, person.signed_in["access_token"]))
    await asked.wait()
    monkeypatch.undo()
    sid = claims_of(person.signed_in["access_token"])["sid"]
    ended = await stranger(
        "DELETE", f"/v1/auth/sessions/{sid}", headers={"Authorization": f"Bearer {other['access_token']}"}
    )
    assert ended.status_code == 204
    go_on.set()
    await in_flight
    assert await redis.get(sessions.cache_key(UUID(sid))) == b"no"
    await refused(stranger, person.signed_in["access_token"], "session_ended")


async def test_whatever_the_order_no_request_passes_after_the_end_was_answered(person, stranger, redis):
    for _ in range(5):
        tokens = await second_session(person, stranger)
        sid = claims_of(tokens["access_token"])["sid"]
        asking = [asyncio.create_task(ask(stranger, tokens["access_token"])) for _ in range(4)]
        await person.ok("DELETE", f"/v1/auth/sessions/{sid}")
        await refused(stranger, tokens["access_token"], "session_ended")
        await asyncio.gather(*asking)
        await refused(stranger, tokens["access_token"], "session_ended")
        await redis.delete(*await redis.keys("kuitter:limit:*"))


async def test_a_no_outlives_every_access_token(person, redis):
    sid = await fetch_value("SELECT id FROM sessions")
    await person.ok("POST", "/v1/auth/logout")
    assert await redis.ttl(sessions.cache_key(sid)) >= 900


async def test_a_suspension_in_the_database_acts_when_the_memory_ends(person, stranger, redis):
    assert (await ask(stranger, person.signed_in["access_token"])).status_code == 200
    await execute("UPDATE users SET state = 'suspended'")
    await redis.delete(sessions.cache_key(await fetch_value("SELECT id FROM sessions")))
    await refused(stranger, person.signed_in["access_token"], "session_ended")


async def test_with_redis_away_postgres_is_asked(person, stranger, redis_away):
    redis_away()
    assert (await ask(stranger, person.signed_in["access_token"])).status_code == 200
    await execute("UPDATE sessions SET revoked_at = now(), revoked_why = 'logout'")
    await refused(stranger, person.signed_in["access_token"], "session_ended")


async def test_with_redis_away_one_signs_in_and_out(person, stranger, redis_away):
    redis_away()
    tokens = await second_session(person, stranger)
    assert (await ask(stranger, tokens["access_token"])).status_code == 200
    assert (await person("POST", "/v1/auth/logout")).status_code == 204
    await refused(stranger, person.signed_in["access_token"], "session_ended")
    assert (await ask(stranger, tokens["access_token"])).status_code == 200


async def test_a_yes_from_before_an_outage_of_redis_does_not_come_back_with_it(person, stranger, redis, redis_away):
    token = person.signed_in["access_token"]
    assert (await ask(stranger, token)).status_code == 200
    session = await fetch_value("SELECT id FROM sessions")
    redis_away()
    await person.ok("POST", "/v1/auth/logout")
    assert await redis.get(sessions.cache_key(session)) == b"1"
    redis_away.back()
    await refused(stranger, token, "session_ended")

    async def forgotten():
        return await redis.get(sessions.cache_key(session)) == b"no"

    # Other processes learn it from Redis.
    await until(forgotten)


async def test_logout_takes_the_device_with_it(person, stranger):
    other = await second_session(person, stranger)
    device = {
        "platform": "android", "transport": "fcm", "token": "t" * 40, "token_kind": "fcm", "environment": "production",
        "app_version": "1.4.0",
    }  # fmt: skip
    await person.ok("PUT", "/v1/me/devices/phone", json=device)
    headers = {"Authorization": f"Bearer {other['access_token']}"}
    await stranger.ok("PUT", "/v1/me/devices/tablet", json={**device, "token": "u" * 40}, headers=headers)
    await person.ok("POST", "/v1/auth/logout")
    assert await fetch_value("SELECT string_agg(installation_id, ',') FROM devices") == "tablet"
