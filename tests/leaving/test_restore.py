"""POST /v1/me/restore: the way back during the grace (semantics: Identity and privacy, Deletion)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from tests.leaving.conftest import GRACE, NOON, PHONE, delete_me, leave, log_in, restore, state_of


def refused(answer):
    assert (answer.status_code, answer.json()["code"]) == (401, "restore_token_invalid")


async def test_restoring_signs_in_like_a_login_and_brings_everything_back(person, stranger):
    await person.ok("PUT", "/v1/check-ins/" + (await person.ok("GET", "/v1/streak"))["clean"]["started_on"], json={
        "mood": 4, "urge_level": 2, "triggers": [],
    })  # fmt: skip
    before = await person.ok("GET", "/v1/streak")
    answer = await restore(stranger, (await leave(person))["restore_token"])
    assert answer.status_code == 200
    body = answer.json()
    login = (await log_in(stranger, person.user["email"])).json()
    assert body.keys() == login.keys()
    assert body["user"] == person.user
    bearer = {"Authorization": f"Bearer {body['access_token']}"}
    assert await stranger.ok("GET", "/v1/streak", headers=bearer) == before
    row = await state_of(person.user["email"])
    assert (row["state"], row["deleting_since"], row["purges_at"], row["state_before"]) == ("active", None, None, None)


async def test_sessions_and_devices_of_before_stay_dead(person, stranger):
    await person.ok("PUT", "/v1/me/devices/phone", json=PHONE)
    await restore(stranger, (await leave(person))["restore_token"])
    assert (await person("GET", "/v1/me")).status_code == 401
    assert await fetch_value("SELECT count(*) FROM devices") == 0


async def test_the_token_holds_until_the_purge_is_due_and_not_longer(person, stranger):
    with clock.frozen(NOON):
        token = (await leave(person))["restore_token"]
    with clock.frozen(NOON + GRACE):
        refused(await restore(stranger, token))
    with clock.frozen(NOON + GRACE - timedelta(seconds=1)):
        assert (await restore(stranger, token)).status_code == 200


async def test_once_restored_the_token_is_void_even_for_a_later_deletion(person, stranger):
    first = (await leave(person))["restore_token"]
    back = (await restore(stranger, first)).json()
    refused(await restore(stranger, first))
    person.http.headers["Authorization"] = f"Bearer {back['access_token']}"
    second = (await leave(person))["restore_token"]
    assert second != first
    refused(await restore(stranger, first))
    assert (await restore(stranger, second)).status_code == 200


async def test_a_token_that_is_not_ours_restores_nothing(person, sign_up, stranger):
    token = (await leave(person))["restore_token"]
    user_id, since, signature = token.split(".")
    other = await sign_up()
    forged = (
        "", "x", "a.b.c", "é.é.é", token.upper(), f"{user_id}.{since}.", f"{user_id}.{since}.{signature[:-2]}",
        f"{user_id}.{since}1.{signature}", f"{user_id}.{since}.{signature}.",
        f"{other.user['id']}.{since}.{signature}",
    )  # fmt: skip
    for text in forged:
        refused(await restore(stranger, text))
    for body in ({}, {"restore_token": 1}, {"restore_token": token, "more": 1}):
        assert (await stranger("POST", "/v1/me/restore", json=body)).status_code == 400
    assert (await state_of(person.user["email"]))["state"] == "deleting"


async def test_a_token_of_another_kind_restores_nothing(person, stranger):
    refresh_token = person.signed_in["refresh_token"]
    await leave(person)
    refused(await restore(stranger, refresh_token))


async def test_a_suspended_account_comes_back_suspended(person, stranger):
    token = (await leave(person))["restore_token"]
    await execute("UPDATE users SET state_before = 'suspended'")
    answer = await restore(stranger, token)
    assert (answer.status_code, answer.json()["code"]) == (403, "account_suspended")
    assert (await state_of(person.user["email"]))["state"] == "suspended"
    refused(await restore(stranger, token))
    assert await fetch_value("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 0


async def test_coming_back_is_noted(person, stranger):
    await restore(stranger, (await leave(person))["restore_token"])
    assert await fetch_value("SELECT count(*) FROM audit_events WHERE kind = 'deletion_taken_back'") == 1


async def test_of_twenty_restores_at_once_one_signs_in(person, stranger):
    token = (await leave(person))["restore_token"]
    answers = await asyncio.gather(*(restore(stranger, token) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19
    assert await fetch_value("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 1


@pytest.mark.parametrize("round_", range(3))
async def test_twenty_deletions_and_restores_at_once_leave_one_consistent_state(person, stranger, round_):
    token = (await leave(person))["restore_token"]
    back = (await restore(stranger, token)).json()
    person.http.headers["Authorization"] = f"Bearer {back['access_token']}"

    async def go_and_come(number: int) -> None:
        if number % 2:
            answer = await delete_me(person)
            assert answer.status_code in (200, 401, 429), answer.text
            if answer.status_code == 200:
                assert (await restore(stranger, answer.json()["restore_token"])).status_code in (200, 401)
        else:
            assert (await log_in(stranger, person.user["email"])).status_code in (200, 403, 429)

    await asyncio.gather(*(go_and_come(number) for number in range(20)))
    row = await state_of(person.user["email"])
    living = await fetch("SELECT id FROM sessions WHERE revoked_at IS NULL")
    if row["state"] == "deleting":
        assert row["purges_at"] is not None
        assert not living
    else:
        assert row["state"] == "active"
        assert row["purges_at"] is None
        assert living
