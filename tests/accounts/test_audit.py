"""Security events are noted, and hold no text and no address."""

import re
from datetime import timedelta

from domain.accounts import audit
from domain.kit.database import execute, fetch, fetch_value
from tests.conftest import PASSWORD


async def events(kind=None):
    rows = await fetch("SELECT * FROM audit_events WHERE $1::text IS NULL OR kind = $1 ORDER BY id", kind)
    return [dict(row) for row in rows]


async def log_in(stranger, person, password=PASSWORD):
    body = {"email": person.user["email"], "password": password}
    return await stranger("POST", "/v1/auth/login", json=body)


async def test_coming_and_going_is_noted(sign_up, stranger):
    person = await sign_up()
    await log_in(stranger, person)
    await log_in(stranger, person, "not the right one")
    session = (await person.ok("GET", "/v1/auth/sessions"))["items"][0]["id"]
    await person("DELETE", f"/v1/auth/sessions/{session}")
    await person("POST", "/v1/auth/logout")
    noted = await events()
    assert [event["kind"] for event in noted] == [
        "registered", "signed_in", "sign_in_failed", "session_revoked", "signed_out",
    ]  # fmt: skip
    assert {str(event["user_id"]) for event in noted} == {person.user["id"]}
    assert str(noted[3]["session_id"]) == session
    assert noted[0]["session_id"] == noted[4]["session_id"]


async def test_signing_out_everywhere_is_noted_for_each_session(sign_up, stranger):
    person = await sign_up()
    await log_in(stranger, person)
    await person("POST", "/v1/auth/logout-all")
    assert len({event["session_id"] for event in await events("signed_out")}) == 2


async def test_a_reused_refresh_token_is_noted_although_the_answer_is_an_error(sign_up, stranger):
    person = await sign_up()
    token = person.signed_in["refresh_token"]
    for _ in range(2):
        token = (await stranger.ok("POST", "/v1/auth/refresh", json={"refresh_token": token}))["refresh_token"]
    reused = await stranger("POST", "/v1/auth/refresh", json={"refresh_token": person.signed_in["refresh_token"]})
    assert reused.json()["code"] == "refresh_reused"
    (event,) = await events("refresh_reused")
    assert str(event["user_id"]) == person.user["id"]


async def test_what_failed_to_end_is_not_noted(sign_up):
    person = await sign_up()
    assert (await person("DELETE", "/v1/auth/sessions/0192f0c5-7c5e-7b3a-8f43-3d1c5a2b9e77")).status_code == 404
    assert await events("session_revoked") == []


async def test_events_hold_words_of_ours_and_hashes_only(sign_up, stranger):
    person = await sign_up(email="me@example.org")
    await log_in(stranger, person, "not the right one")
    for event in await events():
        for value in re.findall(r'": ?"([^"]*)"', event["details"]):
            assert re.fullmatch(r"password|google|apple|[0-9a-f]{32}", value)
    assert "example.org" not in str(await events())


async def test_a_guess_at_nobody_is_noted_alike_and_soon_forgotten(stranger, sign_up):
    person = await sign_up()
    await log_in(stranger, person, "not the right one")
    body = {"email": "nobody@example.org", "password": "not the right one"}
    await stranger("POST", "/v1/auth/login", json=body)
    known, unknown = await events("sign_in_failed")
    assert unknown["user_id"] is None
    assert set(known) == set(unknown)
    await execute("UPDATE audit_events SET at = at - interval '8 days'")
    assert await audit.forget_old() == 1
    assert len(await events()) == 2


async def test_events_are_kept_for_a_year(sign_up):
    await sign_up()
    await execute("UPDATE audit_events SET at = at - $1::interval", timedelta(days=364))
    assert await audit.forget_old() == 0
    await execute("UPDATE audit_events SET at = at - $1::interval", timedelta(days=2))
    assert await audit.forget_old() == 1
    assert await fetch_value("SELECT count(*) FROM audit_events") == 0
