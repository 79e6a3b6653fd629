"""Asking the App Store: what its refusals mean, and what a signed transaction is worth without it."""

import dataclasses
import time
from datetime import UTC, datetime

import httpx2
import jwt
import pytest
from appstoreserverlibrary.signed_data_verifier import VerificationException, VerificationStatus

from domain.billing import app_store, app_store_verifier
from domain.billing.app_store_answers import answer_to_refusal, retry_after
from domain.billing.app_store_api import AppStoreApi
from domain.billing.report import StoreReport
from domain.kit.clock import real_now
from domain.kit.environment import SettingError
from domain.kit.providers import Answer, Outcome
from domain.kit.settings import settings
from tests.billing.shop import MONTHLY, AppleShop


@pytest.fixture
async def shop(sandbox) -> AppleShop:
    # A breaker that one test opened is not to stay open for the next.
    await app_store.close()
    return AppleShop(sandbox, None)


def refusal(status: int, number: int | None = None, **headers: str) -> Answer:
    content = b"" if number is None else b'{"errorCode": %d, "errorMessage": "Somebody\'s words."}' % number
    return answer_to_refusal(httpx2.Response(status, content=content, headers=headers))


@pytest.mark.parametrize(
    ("status", "number", "outcome"),
    [
        (400, 4000006, Outcome.REJECTED), (404, 4040010, Outcome.REJECTED), (404, 4040001, Outcome.REJECTED),
        (404, 4040005, Outcome.REJECTED), (400, None, Outcome.REJECTED), (400, 4000002, Outcome.CONFIG),
        (404, 4040003, Outcome.CONFIG), (404, None, Outcome.CONFIG), (401, None, Outcome.CONFIG),
        (403, None, Outcome.CONFIG), (404, 4040002, Outcome.TRANSIENT), (404, 4040004, Outcome.TRANSIENT),
        (404, 4040006, Outcome.TRANSIENT), (429, 4290000, Outcome.TRANSIENT), (429, None, Outcome.TRANSIENT),
        (500, 5000000, Outcome.TRANSIENT), (500, 5000001, Outcome.TRANSIENT), (503, None, Outcome.TRANSIENT),
        (302, None, Outcome.TRANSIENT), (408, None, Outcome.TRANSIENT),
    ],
)  # fmt: skip
def test_what_a_refusal_means(status, number, outcome):
    answer = refusal(status, number)
    assert answer.outcome is outcome
    assert answer.code == (f"apple_{number}" if number else f"http_{status}")


def test_the_code_is_read_whatever_the_content_type():
    answer = refusal(404, 4040010, **{"content-type": "application/json; charset=utf-8"})
    assert answer == Answer(Outcome.REJECTED, "apple_4040010")


def test_retry_after_is_an_instant_in_milliseconds_or_seconds():
    now = 1_795_000_000.0
    assert retry_after({"retry-after": "1795000030000"}, clock=lambda: now) == 30
    assert retry_after({"retry-after": "1794999990000"}, clock=lambda: now) == 0
    assert retry_after({"retry-after": "1895000000000"}, clock=lambda: now) == 86_400
    assert retry_after({"retry-after": "30"}, clock=lambda: now) == 30
    assert retry_after({"retry-after": "soon"}, clock=lambda: now) is None
    assert retry_after({}, clock=lambda: now) is None


async def test_a_subscription_as_the_store_has_it(shop):
    bought = await shop.buy()
    before = real_now()
    report = await app_store.ask(bought.id, "sandbox")
    assert isinstance(report, StoreReport)
    assert (report.store_key, report.product_id, report.plan, report.state) == (bought.id, MONTHLY, "monthly", "active")
    assert before <= report.asked_at <= real_now()
    assert (report.price, report.currency, report.environment) == (3_990_000, "USD", "sandbox")
    assert bought.id not in repr(report)


async def test_what_the_store_does_not_know(shop):
    assert await app_store.ask("2000000999999999", "sandbox") == Answer(Outcome.REJECTED, "apple_4040010")
    bought = await shop.buy()
    assert await app_store.ask(bought.id, "production") == Answer(Outcome.REJECTED, "apple_4040010")


@pytest.mark.parametrize("odd", ["", "..", "1/../2", "1?status=1", "1\n", "x" * 65, "é"])
async def test_an_odd_id_is_never_asked_about(shop, odd):
    assert await app_store.ask(odd, "sandbox") == Answer(Outcome.REJECTED, "malformed_id")
    assert await shop.asked() == []


@pytest.mark.parametrize(
    ("fault", "outcome", "code"),
    [
        ({"status": 500}, Outcome.TRANSIENT, None),
        ({"status": 401}, Outcome.CONFIG, "http_401"),
        ({"drop": True}, Outcome.TRANSIENT, "transport"),
        ({"status": 200, "body": "not json"}, Outcome.TRANSIENT, "unreadable_answer"),
        ({"status": 200, "body": []}, Outcome.TRANSIENT, "unreadable_answer"),
        ({"status": 200, "body": {"data": []}}, Outcome.REJECTED, "not_a_subscription"),
    ],
)
async def test_when_the_store_fails(shop, fault, outcome, code):
    bought = await shop.buy()
    await shop.fails(**fault)
    answer = await app_store.ask(bought.id, "sandbox")
    assert isinstance(answer, Answer)
    assert answer.outcome is outcome
    assert code is None or answer.code == code


async def test_the_store_says_when_to_come_back(shop):
    bought = await shop.buy()
    at = str(round((time.time() + 40) * 1000))
    await shop.fails(status=429, headers={"Retry-After": at}, body={"errorCode": 4290000, "errorMessage": "Slow down."})
    answer = await app_store.ask(bought.id, "sandbox")
    assert isinstance(answer, Answer)
    assert (answer.outcome, answer.code) == (Outcome.TRANSIENT, "apple_4290000")
    assert 30 < (answer.retry_after or 0) <= 40


async def test_a_wrong_key_stops_the_questions_in_its_environment_alone(shop):
    bought, other = await shop.buy(), await shop.buy(environment="Production")
    await shop.fails(status=401, times=5)
    for _ in range(5):
        assert (await app_store.ask(bought.id, "sandbox")).outcome is Outcome.CONFIG
    answer = await app_store.ask(bought.id, "sandbox")
    assert isinstance(answer, Answer)
    assert (answer.outcome, answer.code) == (Outcome.TRANSIENT, "breaker_open")
    assert isinstance(await app_store.ask(other.id, "production"), StoreReport)


async def test_an_answer_that_apple_did_not_sign_decides_nothing(shop, monkeypatch):
    bought = await shop.buy()

    def refused(signed: str, environment: object) -> None:
        raise app_store_verifier.PurchaseInvalid("verification_failure")

    monkeypatch.setattr(app_store_verifier, "transaction", refused)
    assert await app_store.ask(bought.id, "sandbox") == Answer(Outcome.TRANSIENT, "verification_failure")


async def test_a_key_that_cannot_be_read(shop):
    async with httpx2.AsyncClient() as http:
        with pytest.raises(SettingError, match="APP_STORE_KEY"):
            AppStoreApi(dataclasses.replace(settings(), app_store_key="PRIVATE KEY"), "sandbox", http)


async def test_a_signed_transaction_stands_for_itself(shop):
    bought = await shop.buy(trial=True)
    signed = await app_store.read_transaction(bought.signed)
    assert isinstance(signed, app_store.SignedTransaction)
    assert (signed.original_transaction_id, signed.environment) == (bought.id, "sandbox")
    assert (signed.report.state, signed.report.will_renew) == ("trial", True)
    claimed = jwt.decode(bought.signed, options={"verify_signature": False})
    assert signed.report.asked_at == datetime.fromtimestamp(claimed["signedDate"] / 1000, UTC)
    over = await app_store.read_transaction((await shop.buy(expires_in=-60)).signed)
    assert isinstance(over, app_store.SignedTransaction)
    assert (over.report.state, over.report.will_renew) == ("expired", False)
    assert bought.id not in repr(signed)


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"flaw": "root"}, "verification_failure"), ({"flaw": "oid"}, "verification_failure"),
        ({"flaw": "payload"}, "verification_failure"), ({"flaw": "algorithm"}, "verification_failure"),
        ({"flaw": "chain"}, "invalid_chain_length"), ({"bundle_id": "app.other.ios"}, "invalid_app_identifier"),
        ({"environment": "Xcode"}, "environment"), ({"environment": "LocalTesting"}, "environment"),
        ({"family_shared": True}, "family_shared"),
    ],
)  # fmt: skip
async def test_what_apple_did_not_sign_for_us(shop, order, code):
    assert await app_store.read_transaction((await shop.buy(**order)).signed) == Answer(Outcome.REJECTED, code)


async def test_one_of_the_wrong_environment(shop, monkeypatch):
    signed = (await shop.buy(environment="Production")).signed
    monkeypatch.setattr(app_store_verifier, "environment_of", lambda named: "sandbox")
    assert await app_store.read_transaction(signed) == Answer(Outcome.REJECTED, "invalid_environment")


async def test_an_environment_that_is_switched_off(shop, monkeypatch):
    signed = (await shop.buy()).signed
    alone = dataclasses.replace(settings(), app_store_environments=("production",))
    monkeypatch.setattr(app_store_verifier, "settings", lambda: alone)
    monkeypatch.setattr(app_store, "settings", lambda: alone)
    assert await app_store.read_transaction(signed) == Answer(Outcome.REJECTED, "environment")
    assert await app_store.ask("1", "sandbox") == Answer(Outcome.REJECTED, "environment")


async def test_apples_certificate_service_away(shop, monkeypatch):
    class Away:
        def verify_and_decode_signed_transaction(self, signed: str) -> None:
            raise VerificationException(VerificationStatus.RETRYABLE_VERIFICATION_FAILURE)

    signed = (await shop.buy()).signed
    monkeypatch.setattr(app_store_verifier, "verifier", lambda environment: Away())
    assert await app_store.read_transaction(signed) == Answer(Outcome.TRANSIENT, "certificates_away")


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "e30.e30.", "." * 100, "9" * 70_000])
async def test_what_is_no_transaction(shop, text):
    answer = await app_store.read_transaction(text)
    assert isinstance(answer, Answer)
    assert answer.outcome is Outcome.REJECTED
