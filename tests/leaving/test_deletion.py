"""DELETE /v1/me: what happens at once (semantics: Identity and privacy, Deletion)."""

from __future__ import annotations

import asyncio
from datetime import datetime
from uuid import UUID

from domain.kit.clock import clock, real_now
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.push.notifications import notify
from tests.conftest import PASSWORD
from tests.leaving.conftest import GRACE, NOON, PHONE, delete_me, leave, log_in, restore, state_of


async def test_deleting_begins_a_grace_of_thirty_days_of_the_business_clock(person):
    with clock.frozen(NOON):
        answer = await leave(person)
    assert answer["state"] == "deleting"
    assert datetime.fromisoformat(answer["deleting_since"]) == NOON
    assert datetime.fromisoformat(answer["purges_at"]) == NOON + GRACE
    row = await state_of(person.user["email"])
    assert (row["state"], row["deleting_since"], row["purges_at"]) == ("deleting", NOON, NOON + GRACE)


async def test_the_answer_says_that_a_store_subscription_goes_on_billing_and_where_it_ends(person):
    answer = await leave(person)
    assert "goes on billing" in answer["notice"]
    assert answer["manage_subscriptions"]["app_store"].startswith("https://apps.apple.com/")
    assert answer["manage_subscriptions"]["google_play"].startswith("https://play.google.com/")


async def test_deleting_wants_the_password_once_more(person):
    wrong = await delete_me(person, "not my password")
    assert (wrong.status_code, wrong.json()["code"]) == (403, "invalid_credentials")
    for body in ({}, {"password": PASSWORD, "id_token": "x"}, {"password": None}, {"password": 7}, {"pass": "x"}):
        assert (await person("DELETE", "/v1/me", json=body)).status_code == 400
    assert (await person("DELETE", "/v1/me")).status_code == 400
    assert (await state_of(person.user["email"]))["state"] == "active"
    await person.ok("GET", "/v1/me")


async def test_guessing_the_password_to_delete_is_limited(person):
    answers = [(await delete_me(person, f"guess number {number}")).status_code for number in range(11)]
    assert answers == [403] * 10 + [429]
    assert (await delete_me(person)).status_code == 429


async def test_a_stranger_cannot_delete(stranger):
    assert (await delete_me(stranger)).status_code == 401


async def test_all_sessions_die_at_once(person, stranger):
    second = (await log_in(stranger, person.user["email"])).json()
    await leave(person)
    assert (await person("GET", "/v1/me")).status_code == 401
    bearer = {"Authorization": f"Bearer {second['access_token']}"}
    assert (await stranger("GET", "/v1/me", headers=bearer)).status_code == 401
    renewed = await stranger("POST", "/v1/auth/refresh", json={"refresh_token": second["refresh_token"]})
    assert (renewed.status_code, renewed.json()["code"]) == (401, "session_ended")
    reasons = {row["revoked_why"] for row in await fetch("SELECT revoked_why FROM sessions")}
    assert reasons == {"deletion"}


async def test_pushes_stop_at_once(person, drain):
    await person.ok("PUT", "/v1/me/devices/phone", json=PHONE)
    user_id = UUID(person.user["id"])
    async with transaction():
        await notify(
            user_id, kind="anchor_daily", cause="a", title="t", body="b", discreet_body="d", deep_link="kuitter://",
            expires_at=real_now() + GRACE,
        )  # fmt: skip
    await leave(person)
    assert await fetch_value("SELECT count(*) FROM devices") == 0
    await drain()
    assert await fetch_value("SELECT count(*) FROM pushes WHERE state = 'sent'") == 0


async def test_others_are_not_touched(person, sign_up):
    other = await sign_up()
    await other.ok("PUT", "/v1/me/devices/phone", json=PHONE)
    await leave(person)
    await other.ok("GET", "/v1/me")
    assert await fetch_value("SELECT count(*) FROM devices") == 1


async def test_readers_of_what_people_wrote_leave_the_person_out_while_they_are_leaving(person, sign_up):
    from domain.accounts.admission import active
    from domain.accounts.authors import living_as

    other = await sign_up()
    names = f"SELECT author_shown.name FROM users {living_as('users.id')} WHERE {active()}"
    assert len(await fetch(names)) == 2
    token = (await leave(person))["restore_token"]
    [left] = await fetch(names)
    assert left["name"] == other.user["public_name"]
    await restore(other, token)
    assert len(await fetch(names)) == 2


async def test_signing_in_during_the_grace_answers_account_deleting_with_the_way_back(person, stranger):
    with clock.frozen(NOON):
        begun = await leave(person)
        answer = await log_in(stranger, person.user["email"])
    assert answer.status_code == 403
    problem = answer.json()
    assert problem["code"] == "account_deleting"
    assert datetime.fromisoformat(problem["purges_at"]) == NOON + GRACE
    assert problem["restore_token"] == begun["restore_token"]
    assert await fetch_value("SELECT count(*) FROM sessions WHERE revoked_at IS NULL") == 0


async def test_only_the_right_password_learns_that_the_account_is_being_deleted(person, stranger):
    await leave(person)
    wrong = await log_in(stranger, person.user["email"], "not my password")
    assert (wrong.status_code, wrong.json()["code"]) == (401, "invalid_credentials")


async def test_once_the_purge_is_due_signing_in_offers_no_way_back(person, stranger):
    with clock.frozen(NOON):
        await leave(person)
    with clock.frozen(NOON + GRACE):
        problem = (await log_in(stranger, person.user["email"])).json()
    assert (problem["code"], problem["restore_token"]) == ("account_deleting", None)


async def test_deleting_is_noted_without_any_text(person):
    await leave(person)
    [event] = await fetch("SELECT * FROM audit_events WHERE kind = 'deletion_begun'")
    assert (str(event["user_id"]), event["details"]) == (person.user["id"], "{}")


async def test_asking_for_the_deletion_many_times_at_once_is_one_deletion(person):
    answers = await asyncio.gather(*(delete_me(person) for _ in range(10)))
    begun = [answer.json() for answer in answers if answer.status_code == 200]
    assert begun
    assert len({one["purges_at"] for one in begun}) == 1
    assert {answer.status_code for answer in answers} <= {200, 401, 403, 429}
    assert await fetch_value("SELECT count(*) FROM audit_events WHERE kind = 'deletion_begun'") == 1


async def test_a_person_without_a_password_cannot_delete_with_one(person):
    await execute("UPDATE users SET password_hash = NULL")
    assert (await delete_me(person)).status_code == 403
