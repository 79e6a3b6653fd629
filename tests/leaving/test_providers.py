"""People who came with Google or Apple leave, too, and Apple hears of it (semantics: Identity and privacy)."""

from __future__ import annotations

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value
from domain.leaving import purge
from tests.leaving.conftest import GRACE, NOON, restore

NEW = {"birth_date": "1990-05-17", "timezone": "Europe/Berlin", "accepted_terms": True}


async def google_token(sandbox, **fields):
    answer = await sandbox.post("/_control/google/id-token", json={"email": "me@gmail.example", **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()["id_token"]


async def apple_token(sandbox, **fields):
    answer = await sandbox.post("/_control/apple/identity-token", json={"email": "me@icloud.example", **fields})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def with_google(stranger, sandbox):
    answer = await stranger("POST", "/v1/auth/google", json={"id_token": await google_token(sandbox), **NEW})
    assert answer.status_code in (200, 201), answer.text
    stranger.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return stranger


async def with_apple(stranger, sandbox):
    token = await apple_token(sandbox)
    body = {"identity_token": token["identity_token"], "authorization_code": token["authorization_code"], **NEW}
    answer = await stranger("POST", "/v1/auth/apple", json=body)
    assert answer.status_code in (200, 201), answer.text
    stranger.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return stranger


async def test_a_fresh_identity_token_is_as_good_as_a_password(stranger, sandbox):
    person = await with_google(stranger, sandbox)
    answer = await person("DELETE", "/v1/me", json={"id_token": await google_token(sandbox)})
    assert answer.status_code == 200, answer.text
    assert await fetch_value("SELECT state FROM users") == "deleting"


async def test_an_apple_token_opens_the_way_out_as_well(stranger, sandbox):
    person = await with_apple(stranger, sandbox)
    token = (await apple_token(sandbox))["identity_token"]
    assert (await person("DELETE", "/v1/me", json={"id_token": token})).status_code == 200


async def test_somebody_elses_identity_token_proves_nothing(stranger, sandbox):
    person = await with_google(stranger, sandbox)
    for token in (await google_token(sandbox, email="you@gmail.example"), "x", "a.b.c"):
        answer = await person("DELETE", "/v1/me", json={"id_token": token})
        assert (answer.status_code, answer.json()["code"]) == (403, "invalid_credentials")
    assert await fetch_value("SELECT state FROM users") == "active"


@pytest.mark.parametrize("provider", ["google", "apple"])
async def test_coming_back_with_a_provider_during_the_grace_shows_the_way_back(stranger, sandbox, provider):
    if provider == "google":
        person = await with_google(stranger, sandbox)
        proof = await google_token(sandbox)
        again = {"id_token": await google_token(sandbox)}
    else:
        person = await with_apple(stranger, sandbox)
        proof = (await apple_token(sandbox))["identity_token"]
        again = {"identity_token": (await apple_token(sandbox))["identity_token"]}
    begun = (await person("DELETE", "/v1/me", json={"id_token": proof})).json()
    answer = await stranger("POST", f"/v1/auth/{provider}", json=again)
    assert (answer.status_code, answer.json()["code"]) == (403, "account_deleting")
    assert answer.json()["restore_token"] == begun["restore_token"]
    assert (await restore(stranger, answer.json()["restore_token"])).status_code == 200


async def leave_and_wait(person, sandbox, drain):
    with clock.frozen(NOON):
        token = (await apple_token(sandbox))["identity_token"]
        assert (await person("DELETE", "/v1/me", json={"id_token": token})).status_code == 200
    with clock.frozen(NOON + GRACE):
        await purge.plan_purges()
        return await drain(allow=("skipped", "retry", "dead"))


async def revocations(sandbox):
    sent = (await sandbox.get("/_control/sent", params={"provider": "apple"})).json()["items"]
    return [item for item in sent if "/auth/revoke" in str(item)]


async def test_apples_token_is_revoked_when_the_account_is_purged(stranger, sandbox, drain):
    person = await with_apple(stranger, sandbox)
    await drain()
    assert await fetch_value("SELECT refresh_token IS NOT NULL FROM identities")
    await leave_and_wait(person, sandbox, drain)
    assert len(await revocations(sandbox)) == 1
    for table in ("users", "identities", "apple_revocations"):
        assert await fetch_value(f"SELECT count(*) FROM {table}") == 0


async def test_apple_being_away_keeps_nobody_from_being_purged_and_is_asked_again(stranger, sandbox, drain):
    person = await with_apple(stranger, sandbox)
    await drain()
    await sandbox.put("/_control/faults/apple", json={"status": 503})
    outcomes = await leave_and_wait(person, sandbox, drain)
    assert ("leaving.purge", "done") in outcomes
    assert ("accounts.apple_revocation", "retry") in outcomes
    assert await fetch_value("SELECT count(*) FROM users") == 0
    await sandbox.delete("/_control/faults/apple")
    await execute("UPDATE jobs SET run_at = now() WHERE state = 'live'")
    await drain(allow=("skipped",))
    assert await fetch_value("SELECT count(*) FROM apple_revocations") == 0
    assert len(await revocations(sandbox)) >= 2


async def test_an_apple_account_without_a_token_is_purged_as_well(stranger, sandbox, drain):
    person = await with_apple(stranger, sandbox)
    await drain()
    await execute("UPDATE identities SET refresh_token = NULL")
    await leave_and_wait(person, sandbox, drain)
    assert await fetch_value("SELECT count(*) FROM users") == 0
    assert await revocations(sandbox) == []


async def test_a_purge_that_is_tried_again_revokes_once(stranger, sandbox, drain):
    person = await with_apple(stranger, sandbox)
    await drain()
    user_id = await fetch_value("SELECT id FROM users")
    with clock.frozen(NOON):
        token = (await apple_token(sandbox))["identity_token"]
        await person("DELETE", "/v1/me", json={"id_token": token})
    with clock.frozen(NOON + GRACE):
        assert await purge.claim(user_id)
        assert await purge.claim(user_id)
    assert await fetch_value("SELECT count(*) FROM apple_revocations") == 1
