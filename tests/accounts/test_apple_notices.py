"""What Apple tells of its own accord (spec: providers.md 5, server-to-server)."""

import asyncio
import json

import pytest

from domain.kit.database import execute, fetch_row, fetch_value
from tests.accounts.providers import ABOUT, bearer, come_in, forger, mails, ordered, token_of
from tests.conftest import PASSWORD

pytestmark = pytest.mark.usefixtures("fresh_keys")
RELAY = "dpdcnf87nu@privaterelay.appleid.com"


@pytest.fixture
async def apple_person(stranger, sandbox):
    """Somebody who came with Apple: their sub, and the answer that signed them in."""
    made = await ordered(sandbox, "apple", email=RELAY)
    response = await come_in(stranger, "apple", made["identity_token"])
    assert response.status_code == 201
    return made["sub"], response.json()


async def payload(sandbox, sub, kind, **order):
    response = await sandbox.post(
        "/_control/apple/account-events", json={"sub": sub, "type": kind, "deliver": False, **order}
    )
    assert response.status_code == 200, response.text
    return response.json()["payload"]


async def deliver(stranger, token):
    return await stranger("POST", "/webhooks/apple-account", json={"payload": token})


def event(kind, sub):
    return json.dumps({"type": kind, "sub": sub})


async def told(stranger, sandbox, sub, kind):
    response = await deliver(stranger, await payload(sandbox, sub, kind))
    assert (response.status_code, response.json()) == (200, {})


async def lives(stranger, signed_in):
    return (await stranger("GET", "/v1/me", headers=bearer(signed_in))).status_code == 200


@pytest.mark.parametrize("kind", ["consent-revoked", "account-delete", "account-deleted"])
async def test_the_link_and_the_sessions_that_began_with_it_end(kind, apple_person, stranger, sandbox):
    sub, by_apple = apple_person
    google = await token_of(sandbox, "google", email=RELAY)
    by_google = (await come_in(stranger, "google", google, about={})).json()
    await told(stranger, sandbox, sub, kind)
    assert not await lives(stranger, by_apple)
    assert await lives(stranger, by_google)
    ways = await stranger("GET", "/v1/auth/identities", headers=bearer(by_google))
    assert [item["provider"] for item in ways.json()["items"]] == ["google"]
    assert await fetch_value("SELECT count(*) FROM audit_events WHERE kind = 'identity_unlinked'") == 1
    assert await fetch_value("SELECT count(*) FROM audit_events WHERE kind = 'session_revoked'") == 1
    # Nothing is left at Apple to be revoked.
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'accounts.apple_revocation'") == 0


async def test_whoever_allows_apple_again_finds_their_account(apple_person, stranger, sandbox):
    sub, by_apple = apple_person
    await execute("UPDATE identities SET refresh_token = 'gone'")
    await told(stranger, sandbox, sub, "consent-revoked")
    assert not await lives(stranger, by_apple)
    # The only way in stays, without the token that is worth nothing now.
    assert await fetch_value("SELECT refresh_token IS NULL FROM identities")
    # Even with another relay address.
    token = await token_of(sandbox, "apple", sub=sub, email="other@privaterelay.appleid.com")
    again = await come_in(stranger, "apple", token, about={})
    assert again.json()["user"]["id"] == by_apple["user"]["id"]


async def test_a_deleted_apple_account_is_unlinked_even_if_it_was_the_only_way(apple_person, stranger, sandbox):
    await told(stranger, sandbox, apple_person[0], "account-delete")
    assert await fetch_value("SELECT count(*) FROM identities") == 0
    assert await fetch_value("SELECT count(*) FROM users") == 1


async def test_a_password_session_goes_on(apple_person, stranger, sandbox):
    sub, by_apple = apple_person
    body = {"new_password": PASSWORD, "id_token": await token_of(sandbox, "apple", email=RELAY)}
    await stranger("PUT", "/v1/auth/password", json=body, headers=bearer(by_apple))
    login = {"email": RELAY, "password": PASSWORD}
    by_password = (await stranger("POST", "/v1/auth/login", json=login)).json()
    await told(stranger, sandbox, sub, "consent-revoked")
    assert await lives(stranger, by_password)
    assert not await lives(stranger, by_apple)
    assert await fetch_value("SELECT count(*) FROM identities") == 0


async def test_mail_to_a_relay_that_was_switched_off_is_not_sent(apple_person, stranger, sandbox, drain):
    sub, _ = apple_person
    for kind, received in (("email-disabled", 0), ("email-enabled", 1)):
        await told(stranger, sandbox, sub, kind)
        await stranger("POST", "/v1/auth/password/forgot", json={"email": RELAY})
        assert ("accounts.mail", "done") in await drain()
        assert len(await mails(sandbox, RELAY)) == received
    assert await fetch_value("SELECT count(*) FROM mails") == 0


async def test_the_same_notice_twice_is_heeded_once(apple_person, stranger, sandbox):
    sub, _ = apple_person
    off, on = await payload(sandbox, sub, "email-disabled"), await payload(sandbox, sub, "email-enabled")
    answers = await asyncio.gather(*(deliver(stranger, off) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    await deliver(stranger, on)
    assert (await deliver(stranger, off)).status_code == 200
    assert await fetch_value("SELECT mail_stopped_at IS NULL FROM identities")


async def test_people_and_types_that_are_unknown_are_passed_over(apple_person, stranger, sandbox):
    await told(stranger, sandbox, "nobody", "consent-revoked")
    good = await forger(sandbox, "apple")
    claims = {"jti": "one", "events": event("something-new", apple_person[0])}
    token = good.by_the_provider(without=("sub", "exp"), **claims)
    assert (await deliver(stranger, token)).status_code == 200
    assert await lives(stranger, apple_person[1])


async def test_only_apple_may_tell(apple_person, stranger, sandbox):
    sub, by_apple = apple_person
    good = await forger(sandbox, "apple")
    events = event("account-delete", sub)
    bad = [
        await payload(sandbox, sub, "account-delete", key="foreign"),
        await payload(sandbox, sub, "account-delete", key="unknown"),
        await payload(sandbox, sub, "account-delete", audience="somebody.else"),
        good.by_nobody(), good.by_public_key(),
        good.by_the_provider(iss="https://example.org", jti="a", events=events),
        good.by_the_provider(without=("jti",), events=events),
        good.by_the_provider(jti="b"), good.by_the_provider(jti="c", events="{"),
        good.by_the_provider(jti="d", events=5),
        # An identity token is no notice.
        await token_of(sandbox, "apple", email=RELAY), "", "no.such.token",
    ]  # fmt: skip
    for token in bad:
        response = await deliver(stranger, token)
        assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert await lives(stranger, by_apple)
    assert await fetch_value("SELECT count(*) FROM identities") == 1


async def test_a_notice_is_no_identity_token(apple_person, stranger, sandbox):
    token = await payload(sandbox, apple_person[0], "email-enabled")
    assert (await come_in(stranger, "apple", token, about=ABOUT)).status_code == 401


async def test_without_apple_s_keys_apple_is_asked_to_come_again(apple_person, stranger, sandbox):
    from domain.accounts import connections

    token = await payload(sandbox, apple_person[0], "email-disabled")
    await connections.close()
    await sandbox.put("/_control/faults/apple", json={"status": 500, "match": "/auth/keys"})
    assert (await deliver(stranger, token)).status_code == 503
    await sandbox.delete("/_control/faults/apple")
    assert (await deliver(stranger, token)).status_code == 200
    row = await fetch_row("SELECT mail_stopped_at FROM identities")
    assert row["mail_stopped_at"] is not None


async def test_months_old_notices_are_no_news(apple_person, stranger, sandbox):
    from tests.accounts.providers import later

    good = await forger(sandbox, "apple")
    events = event("email-disabled", apple_person[0])
    token = good.by_the_provider(without=("exp",), iat=later(-40 * 86_400), jti="old", events=events)
    assert (await deliver(stranger, token)).status_code == 200
    assert await fetch_value("SELECT mail_stopped_at IS NULL FROM identities")
