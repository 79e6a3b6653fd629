"""Refresh tokens: one chain a session, lost answers forgiven, theft noticed."""

import asyncio
from uuid import UUID

import pytest

from domain.accounts import keys, sessions, tokens
from domain.accounts.tokens import make_refresh
from domain.kit.database import execute, fetch_row, fetch_value
from domain.kit.ids import new_id
from tests.accounts.conftest import key_setting


async def refresh(stranger, token):
    return await stranger("POST", "/v1/auth/refresh", json={"refresh_token": token})


async def refreshed(stranger, token):
    response = await refresh(stranger, token)
    assert response.status_code == 200, response.text
    return response.json()


async def me(stranger, access_token):
    response = await stranger("GET", "/v1/me", headers={"Authorization": f"Bearer {access_token}"})
    return response.status_code


async def ten_seconds_pass():
    await execute("UPDATE sessions SET rotated_at = rotated_at - interval '11 seconds'")


def refused(response, code):
    assert response.status_code == 401, response.text
    assert response.json()["code"] == code
    return True


async def test_gives_a_new_pair(person, stranger):
    first = person.signed_in
    second = await refreshed(stranger, first["refresh_token"])
    assert set(second) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert second["refresh_token"] != first["refresh_token"]
    assert second["token_type"] == "Bearer"
    assert await me(stranger, second["access_token"]) == 200
    third = await refreshed(stranger, second["refresh_token"])
    assert len({first["refresh_token"], second["refresh_token"], third["refresh_token"]}) == 3


async def test_the_token_is_session_generation_signature_and_only_the_generation_is_stored(person):
    token = person.signed_in["refresh_token"]
    session, generation, signature = token.split(".")
    row = await fetch_row("SELECT * FROM sessions WHERE id = $1", UUID(session))
    assert row["generation"] == int(generation)
    assert signature not in str(dict(row))


async def test_a_chain_of_twenty_stays_one_session(person, stranger):
    token = person.signed_in["refresh_token"]
    for _ in range(20):
        token = (await refreshed(stranger, token))["refresh_token"]
    assert await fetch_value("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 1


async def test_twenty_at_once_get_the_same_token_and_one_chain_lives(person, stranger):
    token = person.signed_in["refresh_token"]
    answers = await asyncio.gather(*(refresh(stranger, token) for _ in range(20)))
    assert [answer.status_code for answer in answers] == [200] * 20
    (next_token,) = {answer.json()["refresh_token"] for answer in answers}
    assert await fetch_value("SELECT generation FROM sessions") == 2
    assert {await me(stranger, answer.json()["access_token"]) for answer in answers[::7]} == {200}
    assert (await refreshed(stranger, next_token))["refresh_token"] != next_token


async def test_a_slow_refresh_cannot_turn_the_chain_back(person, stranger, monkeypatch):
    token, held, go_on = person.signed_in["refresh_token"], asyncio.Event(), asyncio.Event()
    write = sessions.execute

    async def slow(sql, *arguments):
        if not held.is_set() and "generation" in sql:
            held.set()
            await go_on.wait()
        return await write(sql, *arguments)

    monkeypatch.setattr(sessions, "execute", slow)
    first = asyncio.create_task(refreshed(stranger, token))
    await held.wait()
    second = asyncio.create_task(refreshed(stranger, token))
    done, _ = await asyncio.wait([second], timeout=0.3)
    assert not done
    go_on.set()
    assert (await first)["refresh_token"] == (await second)["refresh_token"]
    assert await fetch_value("SELECT generation FROM sessions") == 2


async def test_the_previous_token_is_answered_with_the_present_one_within_ten_seconds(person, stranger):
    first = person.signed_in["refresh_token"]
    second = await refreshed(stranger, first)
    # Even when the answer did arrive and was used.
    assert await me(stranger, second["access_token"]) == 200
    again = await refreshed(stranger, first)
    assert again["refresh_token"] == second["refresh_token"]
    assert await me(stranger, again["access_token"]) == 200


async def test_the_previous_token_still_serves_later_if_the_present_generation_was_never_seen(person, stranger):
    first = person.signed_in["refresh_token"]
    second = await refreshed(stranger, first)
    await execute("UPDATE sessions SET rotated_at = rotated_at - interval '5 days'")
    # The old generation's access token says nothing about the new one.
    assert await me(stranger, person.signed_in["access_token"]) == 200
    again = await refreshed(stranger, first)
    assert again["refresh_token"] == second["refresh_token"]


async def test_ten_seconds_after_the_present_generation_was_seen_the_previous_token_is_theft(person, stranger):
    first = person.signed_in["refresh_token"]
    second = await refreshed(stranger, first)
    assert await me(stranger, second["access_token"]) == 200
    await ten_seconds_pass()
    refused(await refresh(stranger, first), "refresh_reused")
    # Committed although it was an error, and everything of the family is dead at once.
    row = await fetch_row("SELECT revoked_at, revoked_why FROM sessions")
    assert row["revoked_at"] is not None
    assert row["revoked_why"] == "reuse"
    refused(await refresh(stranger, second["refresh_token"]), "session_ended")
    assert await me(stranger, second["access_token"]) == 401
    assert await me(stranger, person.signed_in["access_token"]) == 401


async def test_the_new_generation_is_seen_though_redis_remembers_the_old_one(person, stranger):
    # The old generation fills the memory first: the new one must not be let through without being noted.
    assert await me(stranger, person.signed_in["access_token"]) == 200
    second = await refreshed(stranger, person.signed_in["refresh_token"])
    assert await fetch_value("SELECT seen_generation FROM sessions") == 1
    assert await me(stranger, second["access_token"]) == 200
    assert await fetch_value("SELECT seen_generation FROM sessions") == 2


async def test_a_generation_older_than_the_previous_one_kills_at_once(person, stranger):
    first = person.signed_in["refresh_token"]
    second = await refreshed(stranger, first)
    third = await refreshed(stranger, second["refresh_token"])
    refused(await refresh(stranger, first), "refresh_reused")
    refused(await refresh(stranger, third["refresh_token"]), "session_ended")
    assert await me(stranger, third["access_token"]) == 401


async def test_reuse_ends_only_its_own_family(person, stranger):
    login = {"email": person.user["email"], "password": "correct horse battery"}
    other = (await stranger("POST", "/v1/auth/login", json=login)).json()
    first = person.signed_in["refresh_token"]
    await refreshed(stranger, (await refreshed(stranger, first))["refresh_token"])
    refused(await refresh(stranger, first), "refresh_reused")
    assert await me(stranger, other["access_token"]) == 200


async def test_an_old_token_and_the_present_one_at_once_never_leave_two_chains(person, stranger):
    first = person.signed_in["refresh_token"]
    second = (await refreshed(stranger, first))["refresh_token"]
    third = await refreshed(stranger, second)
    assert await me(stranger, third["access_token"]) == 200
    answers = await asyncio.gather(*(refresh(stranger, token) for token in [first, third["refresh_token"]] * 10))
    assert {answer.status_code for answer in answers} <= {200, 401}
    alive = {answer.json()["refresh_token"] for answer in answers if answer.status_code == 200}
    assert len(alive) <= 1
    assert await fetch_value("SELECT revoked_why FROM sessions") == "reuse"


async def test_an_access_token_is_not_a_refresh_token_nor_the_other_way_round(person, stranger):
    refused(await refresh(stranger, person.signed_in["access_token"]), "unauthenticated")
    assert await me(stranger, person.signed_in["refresh_token"]) == 401


async def test_a_spoilt_token_is_refused_and_harms_nobody(person, stranger):
    token = person.signed_in["refresh_token"]
    session, generation, signature = token.split(".")
    spoilt = [
        "", ".", "..", "...", "a.b.c", token[:-1], token + "x", f"{session}.{generation}", f"{session}.{generation}.",
        f"{session}.2.{signature}", f"{session}.0.{signature}", f"{new_id()}.{generation}.{signature}",
        f"{session}.{generation}.{'é' * 43}", f"{session}.٢.{signature}", f"{session.upper()}.{generation}.{signature}",
        "x" * 200_000,
    ]  # fmt: skip
    for bad in spoilt:
        refused(await refresh(stranger, bad), "unauthenticated")
    await refreshed(stranger, token)


async def test_a_token_signed_with_another_key_is_refused(person, stranger):
    session, generation, _ = person.signed_in["refresh_token"].split(".")
    body = f"{session}.{generation}"
    for key in (b"x" * 32, keys.keyring("access")[0][1]):
        refused(await refresh(stranger, f"{body}.{tokens._signature(key, body)}"), "unauthenticated")


async def test_a_generation_that_was_never_given_is_refused(person, stranger):
    session = UUID(person.signed_in["refresh_token"].split(".")[0])
    refused(await refresh(stranger, make_refresh(session, 2)), "session_ended")
    refused(await refresh(stranger, make_refresh(new_id(), 1)), "session_ended")
    await refreshed(stranger, person.signed_in["refresh_token"])


async def test_after_a_rotation_of_keys_old_tokens_serve_and_new_ones_are_signed_with_the_first(
    person, stranger, setting
):
    from domain.kit.settings import settings

    (old,) = settings().secret_keys
    setting(SECRET_KEYS=key_setting(("next", b"n" * 48), old))
    following = await refreshed(stranger, person.signed_in["refresh_token"])
    # The old key is gone: what the first key signed goes on.
    setting(SECRET_KEYS=key_setting(("next", b"n" * 48)))
    await refreshed(stranger, following["refresh_token"])
    refused(await refresh(stranger, person.signed_in["refresh_token"]), "unauthenticated")


async def test_an_expired_session_is_over(person, stranger):
    await execute("UPDATE sessions SET expires_at = now() - interval '1 second'")
    refused(await refresh(stranger, person.signed_in["refresh_token"]), "session_ended")


async def test_using_a_session_keeps_it(person, stranger):
    await execute("UPDATE sessions SET expires_at = now() + interval '1 day'")
    await refreshed(stranger, person.signed_in["refresh_token"])
    assert await fetch_value("SELECT expires_at > now() + interval '80 days' FROM sessions")


async def test_after_logout_the_refresh_token_is_dead(person, stranger):
    await person.ok("POST", "/v1/auth/logout")
    refused(await refresh(stranger, person.signed_in["refresh_token"]), "session_ended")


async def test_a_suspended_person_gets_no_more_tokens(person, stranger):
    await execute("UPDATE users SET state = 'suspended'")
    refused(await refresh(stranger, person.signed_in["refresh_token"]), "session_ended")


async def test_a_lost_answer_is_forgiven_without_redis_too(person, stranger, redis_away):
    redis_away()
    first = person.signed_in["refresh_token"]
    second = await refreshed(stranger, first)
    assert (await refreshed(stranger, first))["refresh_token"] == second["refresh_token"]
    assert await me(stranger, second["access_token"]) == 200
    await ten_seconds_pass()
    refused(await refresh(stranger, first), "refresh_reused")


async def test_refreshing_is_limited_by_family_and_takes_nothing_from_the_person_s_requests(person, sign_up, stranger):
    other = await sign_up()
    token = person.signed_in["refresh_token"]
    seen = []
    for _ in range(61):
        response = await refresh(stranger, token)
        seen.append(response.status_code)
        token = response.json().get("refresh_token", token)
    assert seen == [200] * 60 + [429]
    assert int(response.headers["Retry-After"]) >= 1
    await refreshed(stranger, other.signed_in["refresh_token"])
    assert (await person("GET", "/v1/me")).headers["RateLimit-Remaining"] == "59"


@pytest.mark.parametrize("body", [{}, {"refresh_token": None}, {"refresh_token": 1}, {"refresh_token": "x", "a": 1}])
async def test_a_wrong_shape_is_400(stranger, body):
    response = await stranger("POST", "/v1/auth/refresh", json=body)
    assert response.status_code == 400
    assert response.json()["errors"]
