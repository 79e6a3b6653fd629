"""Who may tell us of Google Play's doings: twelve tokens that must not, and what does not depend on the token."""

import pytest

from domain.accounts import connections
from domain.kit.database import fetch, fetch_value
from tests.accounts.providers import Forger, forger, later
from tests.billing.play import ACCOUNT, AUDIENCE, envelope, notice, push


@pytest.fixture
async def maker(sandbox) -> Forger:
    await connections.close()
    made = await forger(sandbox, "google")
    made.claims |= {"aud": AUDIENCE, "azp": "1", "email": ACCOUNT, "email_verified": True}
    made.claims.pop("nonce", None)
    return made


REFUSED = {
    "another audience": {"aud": "https://other.example/webhooks/google-play"},
    "the audience of our apps": {"aud": "100000000001-kuitterweb.apps.googleusercontent.com"},
    "another issuer": {"iss": "https://accounts.google.example"},
    "expired": {"exp": later(-60), "iat": later(-3600)},
    "from the future": {"iat": later(600), "exp": later(4000)},
    "another service account": {"email": "somebody@else.iam.gserviceaccount.com"},
    "an address that is not verified": {"email_verified": False},
    "a word for verified": {"email_verified": "true"},
    "no address": {"without": ("email",)},
    "no expiry": {"without": ("exp",)},
    "no issuer": {"without": ("iss",)},
}


async def test_a_push_with_a_wrong_token_is_refused(maker, stranger):
    for what, claims in REFUSED.items():
        response = await push(stranger, notice(4), token=maker.by_the_provider(**claims))
        assert response.status_code == 401, what
    assert await fetch_value("SELECT count(*) FROM store_notifications") == 0


async def test_a_token_that_google_did_not_sign_is_refused(maker, sandbox, stranger):
    order = {"email": ACCOUNT, "audience": AUDIENCE}
    wrong = [maker.by_nobody(), maker.by_public_key(), "no.such.token", "x" * 9000, "é"]
    for key in ("unknown", "foreign"):
        made = await sandbox.post("/_control/google/id-token", json={**order, "key": key})
        wrong.append(made.json()["id_token"])
    good = maker.by_the_provider()
    wrong.append(good[:-8] + "AAAAAAAA")
    for token in wrong:
        response = await push(stranger, notice(4), token=token)
        assert response.status_code == 401, token
    for header in (None, "Bearer", f"Basic {good}"):
        response = await push(stranger, notice(4), header=header)
        assert response.status_code == 401, header
    assert await fetch_value("SELECT count(*) FROM store_notifications") == 0


async def test_with_the_right_token_it_is_kept_once(maker, stranger):
    good = maker.by_the_provider()
    for _ in range(3):
        assert (await push(stranger, notice(2, "t-1"), "m-1", token=good)).status_code == 204
    assert (await push(stranger, notice(3, "t-1"), "m-2", token=maker.by_the_provider())).status_code == 204
    rows = await fetch("SELECT notification_id, word, state FROM store_notifications ORDER BY notification_id")
    assert [tuple(row) for row in rows] == [
        ("m-1", "SUBSCRIPTION_RENEWED", "waiting"),
        ("m-2", "SUBSCRIPTION_CANCELED", "waiting"),
    ]
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'billing.notification'") == 2


async def test_without_certificates_google_is_to_come_again(maker, sandbox, stranger):
    good = maker.by_the_provider()
    await sandbox.put("/_control/faults/google", json={"status": 503})
    assert (await push(stranger, notice(2), token=good)).status_code == 503
    await sandbox.delete("/_control/faults/google")


BODIES = {
    "no JSON": b"<html>",
    "not UTF-8": b"\xff\xfe",
    "empty": b"",
    "a list": b"[]",
    "no message": b"{}",
    "no data": envelope(b"", "m"),
    "no base64": b'{"message": {"data": "%%%", "messageId": "m"}}',
    "no JSON inside": envelope(b"hello", "m"),
    "not UTF-8 inside": envelope(b"\xff\xfe", "m"),
    "nesting": envelope(b"[" * 50_000, "m"),
    "no id": envelope(notice(4), ""),
    "a long id": envelope(notice(4), "m" * 500),
    "a NUL": envelope(b'{"packageName": "\x00"}', "m"),
}


async def test_what_cannot_be_read_is_taken_and_passed_over(maker, stranger):
    token = maker.by_the_provider()
    for what, body in BODIES.items():
        assert (await push(stranger, body=body, token=token)).status_code == 204, what
    assert await fetch_value("SELECT count(*) FROM store_notifications") == 0
