"""Apple's library asking whether a certificate was revoked, as it does in production: never on the event loop."""

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator

import pytest

from domain.billing import app_store, app_store_verifier
from domain.billing.app_store import SignedTransaction
from domain.kit.providers import Answer, Outcome
from domain.kit.settings import settings
from tests.billing.shop import AppleShop

AWAY = Answer(Outcome.TRANSIENT, "certificates_away")


@pytest.fixture
async def shop(app, sandbox, stranger, monkeypatch) -> AsyncIterator[AppleShop]:
    """The app checks online."""
    online = dataclasses.replace(settings(), apple_online_checks=True)
    monkeypatch.setattr(app_store_verifier, "settings", lambda: online)
    app_store_verifier.verifier.cache_clear()
    yield AppleShop(sandbox, stranger)
    app_store_verifier.verifier.cache_clear()


async def test_certificates_that_hold_are_asked_about_once(shop):
    for _ in range(3):
        assert isinstance(await app_store.read_transaction((await shop.buy()).signed), SignedTransaction)
    asked = [path for path in await shop.asked() if path.endswith("/ocsp")]
    # The intermediate and the leaf.
    assert len(asked) == 2


async def test_certificates_that_apple_has_revoked(shop, sandbox):
    assert (await sandbox.put("/_control/app-store/certificates", json={"revoked": True})).status_code < 300
    bought = await shop.buy()
    assert await app_store.read_transaction(bought.signed) == Answer(Outcome.REJECTED, "verification_failure")
    assert (await shop.bring(await shop.happens(bought, "DID_RENEW"))).status_code == 401


@pytest.mark.parametrize("fault", [{"status": 503}, {"drop": True}])
async def test_nobody_there_to_be_asked(shop, fault):
    bought = await shop.buy()
    payload = await shop.happens(bought, "DID_RENEW")
    await shop.fails(**fault)
    assert await app_store.read_transaction(bought.signed) == AWAY
    # So that Apple sends it again.
    assert (await shop.bring(payload)).status_code == 503
    await shop.works_again()
    assert (await shop.bring(payload)).status_code == 200


async def test_a_slow_answer_holds_up_neither_the_loop_nor_the_request(shop, monkeypatch):
    monkeypatch.setattr(app_store_verifier, "_SECONDS", 0.2)
    bought = await shop.buy()
    await shop.fails(delay_ms=1000)
    longest, last = 0.0, time.monotonic()

    async def beat() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(0.01)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()

    heart = asyncio.create_task(beat())
    began = time.monotonic()
    answer = await app_store.read_transaction(bought.signed)
    took = time.monotonic() - began
    heart.cancel()
    assert answer == AWAY
    assert took < 0.9
    assert longest < 0.5
