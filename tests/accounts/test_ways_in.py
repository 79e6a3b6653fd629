"""Passwords set and changed, identities listed and ended: the last way in stays."""

import asyncio

import pytest

from domain.kit.database import execute, fetch_value
from tests.accounts.providers import bearer, come_in, mails, ordered, token_of
from tests.conftest import PASSWORD

pytestmark = pytest.mark.usefixtures("fresh_keys")
NEW = "a much better one"


async def log_in(stranger, email="me@example.org", password=PASSWORD):
    return await stranger("POST", "/v1/auth/login", json={"email": email, "password": password})


async def set_password(api, headers=None, **fields):
    return await api("PUT", "/v1/auth/password", json={"new_password": NEW, **fields}, headers=headers)


async def ways_in(api, headers=None):
    response = await api("GET", "/v1/auth/identities", headers=headers)
    assert response.status_code == 200
    return response.json()


async def unlink(api, provider, headers=None):
    return await api("DELETE", f"/v1/auth/identities/{provider}", headers=headers)


@pytest.fixture
async def by_google(stranger, sandbox):
    """The headers of somebody who has only Google."""
    return bearer((await come_in(stranger, "google", await token_of(sandbox, "google"))).json())


# -- the password ----------------------------------------------------------------------------------------------------


async def test_changing_the_password_ends_the_other_sessions(sign_up, stranger, drain, sandbox):
    me = await sign_up(email="me@example.org")
    other = bearer((await log_in(stranger)).json())
    response = await set_password(me, current_password=PASSWORD)
    assert (response.status_code, response.json()) == (200, me.user)
    assert (await me("GET", "/v1/me")).status_code == 200
    assert (await stranger("GET", "/v1/me", headers=other)).json()["code"] == "session_ended"
    assert (await log_in(stranger)).status_code == 401
    assert (await log_in(stranger, password=NEW)).status_code == 200
    assert await fetch_value("SELECT count(*) FROM audit_events WHERE kind = 'password_changed'") == 1
    await drain()
    assert [mail["body"]["subject"] for mail in await mails(sandbox)] == ["Your password was changed"]


async def test_it_needs_the_present_one(sign_up, stranger):
    me = await sign_up(email="me@example.org")
    wrong = await set_password(me, current_password="not the right one")
    assert (wrong.status_code, wrong.json()["code"]) == (403, "invalid_credentials")
    assert (await set_password(me)).status_code == 400
    for bad in ("short", "password1"):
        response = await set_password(me, current_password=PASSWORD, new_password=bad)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "new_password")
    assert (await log_in(stranger)).status_code == 200


async def test_a_first_password_needs_a_fresh_provider_token(by_google, stranger, sandbox):
    assert (await set_password(stranger, by_google, current_password="anything at all")).status_code == 403
    other = await token_of(sandbox, "google", email="other@example.org")
    assert (await set_password(stranger, by_google, id_token=other)).status_code == 403
    response = await set_password(stranger, by_google, id_token=await token_of(sandbox, "google"))
    assert response.status_code == 200
    assert (await log_in(stranger, password=NEW)).status_code == 200


async def test_of_two_changes_at_once_one_wins(sign_up, stranger):
    me = await sign_up(email="me@example.org")
    answers = await asyncio.gather(
        *(set_password(me, current_password=PASSWORD, new_password=f"a much better one {n}") for n in range(5))
    )
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(200) >= 1
    assert set(statuses) <= {200, 403, 409}
    works = [(await log_in(stranger, password=f"a much better one {n}")).status_code for n in range(5)]
    assert works.count(200) == 1


async def test_a_mailed_code_is_void_once_the_password_changed(sign_up, stranger, drain, sandbox):
    from tests.accounts.providers import mailed_code

    me = await sign_up(email="me@example.org")
    await stranger("POST", "/v1/auth/password/forgot", json={"email": "me@example.org"})
    await drain()
    code = await mailed_code(sandbox, "me@example.org")
    await set_password(me, current_password=PASSWORD)
    body = {"email": "me@example.org", "code": code, "new_password": "somebody else's"}
    assert (await stranger("POST", "/v1/auth/password/reset", json=body)).status_code == 422


# -- identities --------------------------------------------------------------------------------------------------------


async def test_lists_the_ways_in(sign_up, stranger, sandbox):
    me = await sign_up(email="me@example.org")
    assert await ways_in(me) == {"items": [], "has_password": True, "next_cursor": None}
    await execute("UPDATE users SET email_verified_at = now()")
    for provider in ("google", "apple"):
        await come_in(stranger, provider, await token_of(sandbox, provider), about={})
    listed = await ways_in(me)
    assert [item["provider"] for item in listed["items"]] == ["google", "apple"]
    assert all(set(item) == {"provider", "email", "linked_at"} for item in listed["items"])
    assert listed["items"][0]["email"] == "me@example.org"


async def test_unlinking_ends_that_way_in_and_no_session(sign_up, stranger, sandbox):
    me = await sign_up(email="me@example.org")
    await execute("UPDATE users SET email_verified_at = now()")
    by_google = bearer((await come_in(stranger, "google", await token_of(sandbox, "google"), about={})).json())
    assert (await unlink(me, "google")).status_code == 204
    assert (await ways_in(me))["items"] == []
    assert (await stranger("GET", "/v1/me", headers=by_google)).status_code == 200
    assert (await unlink(me, "google")).status_code == 404
    assert (await unlink(me, "facebook")).status_code == 404
    assert await fetch_value("SELECT count(*) FROM audit_events WHERE kind = 'identity_unlinked'") == 1


async def test_the_last_way_in_cannot_be_removed(by_google, stranger, sandbox):
    response = await unlink(stranger, "google", by_google)
    assert (response.status_code, response.json()["code"]) == (409, "last_sign_in")
    await come_in(stranger, "apple", await token_of(sandbox, "apple"), about={})
    assert (await unlink(stranger, "google", by_google)).status_code == 204
    assert (await unlink(stranger, "apple", by_google)).status_code == 409
    await set_password(stranger, by_google, id_token=await token_of(sandbox, "apple"))
    assert (await unlink(stranger, "apple", by_google)).status_code == 204


async def test_two_ways_unlinked_at_once_leave_one(by_google, stranger, sandbox):
    await come_in(stranger, "apple", await token_of(sandbox, "apple"), about={})
    answers = await asyncio.gather(*(unlink(stranger, provider, by_google) for provider in ("google", "apple")))
    assert sorted(answer.status_code for answer in answers) == [204, 409]
    assert len((await ways_in(stranger, by_google))["items"]) == 1


async def test_another_s_identities_are_neither_seen_nor_ended(by_google, sign_up, stranger):
    other = await sign_up()
    assert (await ways_in(other))["items"] == []
    assert (await unlink(other, "google")).status_code == 404
    assert len((await ways_in(stranger, by_google))["items"]) == 1


# -- Apple's consent --------------------------------------------------------------------------------------------------


async def revocations(sandbox):
    sent = (await sandbox.get("/_control/sent", params={"provider": "apple"})).json()["items"]
    return [item for item in sent if item["path"] == "/apple/auth/revoke"]


async def by_apple(stranger, sandbox, about=None):
    made = await ordered(sandbox, "apple", email="me@example.org")
    response = await come_in(
        stranger, "apple", made["identity_token"], about=about, authorization_code=made["authorization_code"]
    )
    assert response.status_code < 300
    return response.json()


async def test_the_code_is_exchanged_for_a_token_that_is_kept_encrypted(stranger, sandbox, drain):
    await by_apple(stranger, sandbox)
    assert await drain() == [("accounts.apple_code", "done")]
    from domain.accounts.sealing import unseal
    from domain.kit.database import fetch_row

    row = await fetch_row("SELECT refresh_token, authorization_code FROM identities")
    assert row["authorization_code"] is None
    token = unseal("apple", row["refresh_token"])
    sent = (await sandbox.get("/_control/sent", params={"provider": "apple"})).json()["items"]
    assert token
    assert token.encode() not in row["refresh_token"]
    # One is enough: another sign-in exchanges nothing.
    await by_apple(stranger, sandbox, about={})
    assert await drain() == []
    again = (await sandbox.get("/_control/sent", params={"provider": "apple"})).json()["items"]
    exchanges = [item for item in again if item["path"] == "/apple/auth/token"]
    assert len(exchanges) == 1
    assert len(sent) == len(again)


async def test_signing_in_does_not_fail_when_apple_s_token_endpoint_does(stranger, sandbox, drain):
    await sandbox.put("/_control/faults/apple", json={"status": 503, "match": "/auth/token"})
    await by_apple(stranger, sandbox)
    assert await drain(allow=("retry",)) == [("accounts.apple_code", "retry")]
    await sandbox.delete("/_control/faults/apple")
    await execute("UPDATE jobs SET run_at = now()")
    assert await drain() == [("accounts.apple_code", "done")]
    assert await fetch_value("SELECT refresh_token IS NOT NULL FROM identities")


async def test_a_code_that_apple_does_not_take_is_dropped(stranger, sandbox, drain):
    made = await ordered(sandbox, "apple", email="me@example.org")
    for code, about in (("no such code", None), ("", {}), ("x" * 5000, {})):
        response = await come_in(stranger, "apple", made["identity_token"], about=about, authorization_code=code)
        assert response.status_code < 300
        await drain()
    assert await fetch_value("SELECT refresh_token IS NULL AND authorization_code IS NULL FROM identities")


async def test_a_code_of_somebody_else_s_is_not_kept(stranger, sandbox, drain):
    mine = await ordered(sandbox, "apple", email="me@example.org")
    theirs = await ordered(sandbox, "apple", email="other@example.org")
    await come_in(stranger, "apple", mine["identity_token"], authorization_code=theirs["authorization_code"])
    await drain()
    assert await fetch_value("SELECT refresh_token IS NULL AND authorization_code IS NULL FROM identities")


async def test_unlinking_apple_revokes_the_consent_there(stranger, sandbox, drain):
    signed_in = await by_apple(stranger, sandbox)
    await drain()
    await come_in(stranger, "google", await token_of(sandbox, "google"), about={})
    assert (await unlink(stranger, "apple", bearer(signed_in))).status_code == 204
    assert await revocations(sandbox) == []
    assert ("accounts.apple_revocation", "done") in await drain()
    (revocation,) = await revocations(sandbox)
    assert revocation["status"] == 200
    assert await fetch_value("SELECT count(*) FROM apple_revocations") == 0


async def test_a_revocation_waits_for_apple(stranger, sandbox, drain):
    signed_in = await by_apple(stranger, sandbox)
    await drain()
    await come_in(stranger, "google", await token_of(sandbox, "google"), about={})
    await sandbox.put("/_control/faults/apple", json={"status": 500, "match": "/auth/revoke", "times": 1})
    await unlink(stranger, "apple", bearer(signed_in))
    await drain(allow=("retry",))
    await execute("UPDATE jobs SET run_at = now()")
    await drain()
    assert [item["status"] for item in await revocations(sandbox)] == [500, 200]


async def test_a_link_that_ended_before_the_exchange_is_revoked_after_it(stranger, sandbox):
    from domain.accounts.apple_access import keep_token
    from domain.kit.database import fetch, transaction
    from domain.kit.ids import new_id

    async with transaction():
        await keep_token(new_id(), "app.kuitter.ios", "a refresh token")
    (row,) = await fetch("SELECT client_id FROM apple_revocations")
    assert row["client_id"] == "app.kuitter.ios"
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'accounts.apple_revocation'") == 1
