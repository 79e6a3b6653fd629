"""Identity tokens of Google and Apple: which are accepted, and what becomes of the keys that prove it."""

import asyncio
import hashlib

import pytest

from domain.kit.database import fetch_value
from tests.accounts.providers import (
    come_in,
    fetches,
    forger,
    later,
    token_of,
)

pytestmark = pytest.mark.usefixtures("fresh_keys")
PROVIDERS = pytest.mark.parametrize("provider", ["google", "apple"])


async def refused(response):
    assert response.status_code == 401, response.text
    assert response.json()["code"] == "unauthenticated"
    assert await fetch_value("SELECT count(*) FROM users") == 0


@PROVIDERS
async def test_alg_none_is_refused(provider, stranger, sandbox):
    await refused(await come_in(stranger, provider, (await forger(sandbox, provider)).by_nobody()))


@PROVIDERS
async def test_hs256_with_the_public_key_is_refused(provider, stranger, sandbox):
    await refused(await come_in(stranger, provider, (await forger(sandbox, provider)).by_public_key()))


@PROVIDERS
@pytest.mark.parametrize("key", ["foreign", "unknown"])
async def test_a_foreign_key_is_refused(provider, key, stranger, sandbox):
    await refused(await come_in(stranger, provider, await token_of(sandbox, provider, key=key)))


@PROVIDERS
async def test_an_expired_token_is_refused(provider, stranger, sandbox):
    await refused(await come_in(stranger, provider, await token_of(sandbox, provider, expires_in=-60)))


@PROVIDERS
async def test_ten_seconds_of_skew_are_allowed_either_way(provider, stranger, sandbox):
    good = await forger(sandbox, provider)
    early = await come_in(stranger, provider, good.by_the_provider(iat=later(6), exp=later(600)))
    late = await come_in(stranger, provider, good.by_the_provider(iat=later(-600), exp=later(-6)), about={})
    assert (early.status_code, late.status_code) == (201, 200)
    too_early = await come_in(stranger, provider, good.by_the_provider(iat=later(60), exp=later(600)))
    assert too_early.status_code == 401


@PROVIDERS
async def test_a_wrong_audience_is_refused(provider, stranger, sandbox):
    await refused(await come_in(stranger, provider, await token_of(sandbox, provider, audience="somebody.else")))


@PROVIDERS
async def test_every_audience_of_ours_is_accepted(provider, stranger, sandbox):
    from domain.kit.settings import settings

    chosen = settings()
    audiences = chosen.google_client_ids if provider == "google" else chosen.apple_client_ids
    assert len(audiences) == 2
    answers = [
        await come_in(stranger, provider, await token_of(sandbox, provider, audience=audience))
        for audience in audiences
    ]
    assert [answer.status_code for answer in answers] == [201, 200]


@PROVIDERS
async def test_a_list_of_audiences_is_refused(provider, stranger, sandbox):
    good = await forger(sandbox, provider)
    await refused(await come_in(stranger, provider, good.by_the_provider(aud=[good.claims["aud"], "somebody.else"])))


@PROVIDERS
async def test_a_wrong_issuer_is_refused(provider, stranger, sandbox):
    good = await forger(sandbox, provider)
    for issuer in ("https://accounts.example.org", "https://accounts.google.com.example.org", ""):
        await refused(await come_in(stranger, provider, good.by_the_provider(iss=issuer)))
    # Nor is one provider's token the other's.
    other = "apple" if provider == "google" else "google"
    await refused(await come_in(stranger, other, await token_of(sandbox, provider)))


async def test_google_names_itself_in_two_ways(stranger, sandbox):
    good = await forger(sandbox, "google")
    response = await come_in(stranger, "google", good.by_the_provider(iss="accounts.google.com"))
    assert response.status_code == 201


@PROVIDERS
@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "exp", "iat"])
async def test_a_token_that_lacks_something_is_refused(provider, claim, stranger, sandbox):
    good = await forger(sandbox, provider)
    await refused(await come_in(stranger, provider, good.by_the_provider(without=(claim,))))


@PROVIDERS
async def test_odd_claims_are_refused(provider, stranger, sandbox):
    good = await forger(sandbox, provider)
    for claims in ({"sub": ""}, {"sub": "x" * 256}, {"sub": "a\x00b"}, {"nonce": 5}, {"iat": "soon"}):
        await refused(await come_in(stranger, provider, good.by_the_provider(**claims)))


@PROVIDERS
@pytest.mark.parametrize("token", ["", "a", "a.b.c", "..", "é.é.é", "x" * 9000, "e30.e30.e30", "bnVsbA.bnVsbA.eA"])
async def test_what_is_no_token_is_refused_without_asking_anybody(provider, token, stranger, sandbox):
    await refused(await come_in(stranger, provider, token))
    assert await fetches(sandbox, provider) == 0


@PROVIDERS
async def test_a_nonce_is_compared_raw_or_hashed(provider, stranger, sandbox):
    good = await forger(sandbox, provider)
    hashed = hashlib.sha256(b"made by the app").hexdigest()
    raw = good.by_the_provider(nonce="made by the app")
    assert (await come_in(stranger, provider, raw, nonce="made by the app")).status_code == 201
    assert (
        await come_in(stranger, provider, good.by_the_provider(nonce=hashed), nonce="made by the app")
    ).status_code == 200


@PROVIDERS
async def test_a_nonce_that_is_not_the_token_s_is_refused(provider, stranger, sandbox):
    good = await forger(sandbox, provider)
    await refused(await come_in(stranger, provider, good.by_the_provider(nonce="one"), nonce="another"))
    await refused(await come_in(stranger, provider, await token_of(sandbox, provider), nonce="none in the token"))
    await refused(await come_in(stranger, provider, good.by_the_provider(nonce=""), nonce=""))


@PROVIDERS
async def test_a_replayed_nonce_is_refused(provider, stranger, sandbox):
    token = await token_of(sandbox, provider, nonce="once")
    assert (await come_in(stranger, provider, token, nonce="once")).status_code == 201
    for about in ({}, {"nonce": "once"}):
        again = await come_in(stranger, provider, token, about=about)
        assert (again.status_code, again.json()["code"]) == (401, "unauthenticated")
    # However its signature is spelt.
    head, _, signature = token.rpartition(".")
    same = f"{head}.{signature}=" if len(signature) % 4 == 3 else f"{head}.{signature}=="
    assert (await come_in(stranger, provider, same, about={})).status_code == 401


@PROVIDERS
async def test_of_20_at_once_with_one_nonce_one_gets_in(provider, stranger, sandbox):
    token = await token_of(sandbox, provider, nonce="once")
    answers = await asyncio.gather(*(come_in(stranger, provider, token, nonce="once") for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [401] * 19
    assert await fetch_value("SELECT count(*) FROM sessions") == 1


@PROVIDERS
async def test_a_token_without_a_nonce_may_be_shown_again(provider, stranger, sandbox):
    token = await token_of(sandbox, provider)
    assert (await come_in(stranger, provider, token)).status_code == 201
    assert (await come_in(stranger, provider, token, about={})).status_code == 200


@PROVIDERS
async def test_the_keys_are_fetched_once_for_many(provider, stranger, sandbox):
    tokens = [await token_of(sandbox, provider, email=f"p{number}@example.org") for number in range(20)]
    answers = await asyncio.gather(*(come_in(stranger, provider, token) for token in tokens))
    assert {answer.status_code for answer in answers} == {201}
    assert await fetches(sandbox, provider) == 1


@PROVIDERS
async def test_a_rotated_key_is_found_with_one_request(provider, stranger, sandbox):
    assert (await come_in(stranger, provider, await token_of(sandbox, provider))).status_code == 201
    old = await token_of(sandbox, provider)
    await sandbox.post(f"/_control/{provider}/rotate-keys")
    new = await token_of(sandbox, provider)
    answers = await asyncio.gather(*(come_in(stranger, provider, new, about={}) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert (await come_in(stranger, provider, old, about={})).status_code == 200
    assert await fetches(sandbox, provider) == 2


@PROVIDERS
async def test_made_up_key_ids_cost_the_provider_one_request_in_30_seconds(provider, stranger, sandbox):
    await come_in(stranger, provider, await token_of(sandbox, provider))
    stray = await token_of(sandbox, provider, key="unknown")
    answers = await asyncio.gather(*(come_in(stranger, provider, stray) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {401}
    assert await fetches(sandbox, provider) == 2


@PROVIDERS
async def test_without_the_provider_s_keys_it_is_503_and_not_401(provider, stranger, sandbox):
    token = await token_of(sandbox, provider)
    path = "/google/certs" if provider == "google" else "/auth/keys"
    for fault in ({"status": 500}, {"drop": True}, {"body": "no keys here"}):
        await sandbox.put(f"/_control/faults/{provider}", json={**fault, "match": path})
        response = await come_in(stranger, provider, token)
        assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    await sandbox.delete(f"/_control/faults/{provider}")
    assert (await come_in(stranger, provider, token)).status_code == 201
    # What is known goes on serving; what is not cannot be looked up.
    await sandbox.put(f"/_control/faults/{provider}", json={"status": 503, "match": path})
    assert (await come_in(stranger, provider, token, about={})).status_code == 200
    for _ in range(2):
        stray = await come_in(stranger, provider, await token_of(sandbox, provider, key="unknown"))
        assert stray.status_code == 503
