"""The list of a person's sessions, and ending one."""

import pytest

from domain.kit.database import execute, fetch_value
from tests.conftest import PASSWORD


async def sign_in(stranger, person, client="Kuitter/1.4"):
    login = {"email": person.user["email"], "password": PASSWORD}
    return await stranger.ok("POST", "/v1/auth/login", json=login, headers={"User-Agent": client})


async def test_lists_where_one_is_signed_in_newest_first(person, stranger):
    for client in ("phone", "tablet"):
        await sign_in(stranger, person, client)
    page = await person.ok("GET", "/v1/auth/sessions")
    assert [item["client"] for item in page["items"]][:2] == ["tablet", "phone"]
    assert [item["current"] for item in page["items"]] == [False, False, True]
    assert page["next_cursor"] is None


async def test_tells_no_secret(person):
    (item,) = (await person.ok("GET", "/v1/auth/sessions"))["items"]
    assert set(item) == {"id", "client", "created_at", "last_used_at", "current"}
    assert person.signed_in["refresh_token"].split(".")[2] not in str(item)


async def test_refreshing_moves_last_used_at(person, stranger):
    await execute(
        "UPDATE sessions SET rotated_at = rotated_at - interval '1 day', created_at = created_at - interval '1 day'"
    )
    (before,) = (await person.ok("GET", "/v1/auth/sessions"))["items"]
    await stranger.ok("POST", "/v1/auth/refresh", json={"refresh_token": person.signed_in["refresh_token"]})
    (after,) = (await person.ok("GET", "/v1/auth/sessions"))["items"]
    assert after["last_used_at"] > before["last_used_at"]
    assert after["created_at"] == before["created_at"]
    assert after["id"] == before["id"]


async def test_ended_and_expired_sessions_are_not_listed(person, stranger):
    await sign_in(stranger, person)
    newest = (await person.ok("GET", "/v1/auth/sessions"))["items"][0]["id"]
    assert (await person("DELETE", f"/v1/auth/sessions/{newest}")).status_code == 204
    await sign_in(stranger, person)
    await execute(
        """UPDATE sessions SET expires_at = now() - interval '1 second'
           WHERE id = (SELECT max(id::text)::uuid FROM sessions)"""
    )
    items = (await person.ok("GET", "/v1/auth/sessions"))["items"]
    assert [item["current"] for item in items] == [True]


async def test_nobody_sees_or_ends_another_s(person, sign_up):
    other = await sign_up()
    (mine,) = (await person.ok("GET", "/v1/auth/sessions"))["items"]
    assert mine["id"] not in (await other("GET", "/v1/auth/sessions")).text
    response = await other("DELETE", f"/v1/auth/sessions/{mine['id']}")
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"
    assert (await person("GET", "/v1/me")).status_code == 200


async def test_ending_twice_is_404_the_second_time(person, stranger):
    await sign_in(stranger, person)
    newest = (await person.ok("GET", "/v1/auth/sessions"))["items"][0]["id"]
    assert (await person("DELETE", f"/v1/auth/sessions/{newest}")).status_code == 204
    assert (await person("DELETE", f"/v1/auth/sessions/{newest}")).status_code == 404


@pytest.mark.parametrize("session_id", ["01a208b8-a049-747f-9d1c-a448e470d7bc", "x", "1", "%00", "é", "x" * 3000])
async def test_an_id_that_is_none_is_404(person, session_id):
    assert (await person("DELETE", f"/v1/auth/sessions/{session_id}")).status_code == 404


async def test_ending_the_session_that_asks_is_a_logout(person):
    (mine,) = (await person.ok("GET", "/v1/auth/sessions"))["items"]
    assert (await person("DELETE", f"/v1/auth/sessions/{mine['id']}")).status_code == 204
    assert (await person("GET", "/v1/me")).status_code == 401
    assert await fetch_value("SELECT revoked_why FROM sessions") == "revoked"


async def test_a_very_long_name_of_a_client_is_cut(person, stranger):
    await sign_in(stranger, person, "x" * 5000)
    assert len((await person.ok("GET", "/v1/auth/sessions"))["items"][0]["client"]) <= 200
