"""An account that somebody opened with an address of another, and then left, is no way around the safe take-over."""

import re

from tests.conftest import PASSWORD


async def _google(stranger, sandbox, email):
    minted = (await sandbox.post("/_control/google/id-token", json={"email": email})).json()
    return await stranger("POST", "/v1/auth/google", json={"id_token": minted["id_token"]})


async def _leave(person):
    left = await person("DELETE", "/v1/me", json={"password": PASSWORD})
    assert left.status_code == 200, left.text
    return left.json()["restore_token"]


async def test_taking_over_an_unverified_account_in_its_grace_voids_its_password_and_tokens(sign_up, stranger, sandbox):
    squatter = await sign_up(email="victim@example.org")
    old_token = await _leave(squatter)
    refused = await _google(stranger, sandbox, "victim@example.org")
    assert (refused.status_code, refused.json()["code"]) == (403, "account_deleting")
    assert (await stranger("POST", "/v1/me/restore", json={"restore_token": old_token})).status_code == 401
    token = refused.json()["restore_token"]
    assert (await stranger("POST", "/v1/me/restore", json={"restore_token": token})).status_code == 200
    login = await stranger("POST", "/v1/auth/login", json={"email": "victim@example.org", "password": PASSWORD})
    assert login.status_code == 401
    assert (await _google(stranger, sandbox, "victim@example.org")).status_code == 200


async def test_a_reset_voids_the_restore_tokens_of_before(sign_up, stranger, drain, sandbox):
    person = await sign_up(email="me@example.org")
    old_token = await _leave(person)
    await drain()
    seen = max((item["seq"] for item in (await sandbox.get("/_control/sent?provider=smtp")).json()["items"]), default=0)
    assert (await stranger("POST", "/v1/auth/password/forgot", json={"email": "me@example.org"})).status_code == 202
    await drain()
    mails = (await sandbox.get(f"/_control/sent?provider=smtp&since={seen}")).json()["items"]
    code = re.search(r"\b\d{6}\b", mails[-1]["body"]["text"]).group()
    body = {"email": "me@example.org", "code": code, "new_password": "another long way"}
    reset = await stranger("POST", "/v1/auth/password/reset", json=body)
    assert reset.status_code == 200, reset.text
    assert (await stranger("POST", "/v1/me/restore", json={"restore_token": old_token})).status_code == 401
