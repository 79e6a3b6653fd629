"""The client of Google Play on the wire: what it asks, and what becomes of each answer."""

import asyncio
import uuid

import pytest

from domain.billing.google_play import GooglePlay, VoidedPage
from domain.billing.report import StoreReport
from domain.kit.clock import real_now
from domain.kit.providers import Answer, Outcome
from domain.kit.settings import settings
from tests.billing.play import PRODUCT, Play


@pytest.fixture
async def google(sandbox):
    client = GooglePlay(settings())
    yield client
    await client.close()


@pytest.fixture
async def play(sandbox) -> Play:
    return Play(sandbox, None)


async def test_it_asks_for_the_purchase_of_our_package(google, play):
    token, before = await play.buy(account_id=str(uuid.uuid4())), real_now()
    report = await google.ask(token)
    assert isinstance(report, StoreReport)
    assert (report.store_key, report.product_id, report.plan, report.state) == (token, PRODUCT, "monthly", "active")
    assert before <= report.asked_at <= real_now()
    assert (report.price, report.currency, report.needs_acknowledgement) == (3_990_000, "USD", True)
    assert await play.asked() == [
        "GET /google-play/androidpublisher/v3/applications/app.kuitter.android/purchases/subscriptionsv2/tokens/"
        + token
    ]


async def test_a_yearly_trial_of_a_tester(google, play):
    report = await google.ask(await play.buy(base_plan="yearly", state="trial", is_test=True))
    assert isinstance(report, StoreReport)
    assert (report.plan, report.state, report.environment, report.price) == ("yearly", "trial", "sandbox", 29_990_000)


async def test_what_cannot_be_a_token_does_not_reach_google(google, play):
    for token in ("", ".", "..", "a\nb", "é", "x" * 5000, "\x00"):
        assert await google.ask(token) == Answer(Outcome.REJECTED, "malformed_token")
        assert await google.acknowledge(token, PRODUCT) == Answer(Outcome.REJECTED, "malformed_token")
    assert await play.asked() == []


async def test_a_token_cannot_lead_elsewhere(google, play):
    for token in ("a/b", "../../x", "a?b=c", "a%2Fb", "a#b", "a:acknowledge"):
        answer = await google.ask(token)
        assert isinstance(answer, Answer)
        assert answer.outcome in (Outcome.REJECTED, Outcome.CONFIG)
    assert all("/purchases/subscriptionsv2/tokens/" in asked for asked in await play.asked())


async def test_a_token_that_google_never_made(google):
    answer = await google.ask("made-up")
    assert answer == Answer(Outcome.REJECTED, "invalidValue")


REFUSALS = [
    ({"status": 404}, Answer(Outcome.REJECTED, "purchaseTokenNotFound")),
    ({"status": 409}, Answer(Outcome.TRANSIENT, "concurrentUpdate")),
    ({"status": 410}, Answer(Outcome.TOKEN_DEAD, "subscriptionPurchaseNoLongerAvailable")),
    ({"status": 429, "headers": {"Retry-After": "9"}}, Answer(Outcome.TRANSIENT, "rateLimitExceeded", None, 9.0)),
    ({"status": 503, "headers": {"Retry-After": "5"}}, Answer(Outcome.TRANSIENT, "backendError", None, 5.0)),
    ({"status": 403}, Answer(Outcome.CONFIG, "userInsufficientPermission")),
    ({"drop": True}, Answer(Outcome.TRANSIENT, "transport")),
    ({"status": 200, "body": "<html>"}, Answer(Outcome.TRANSIENT, "unreadable_answer")),
    ({"status": 200, "body": "[]"}, Answer(Outcome.TRANSIENT, "unreadable_answer")),
    ({"status": 200, "body": {"subscriptionState": "X_NEW"}}, Answer(Outcome.TRANSIENT, "unknown_state")),
]


async def test_each_refusal(google, play):
    token = await play.buy()
    for fault, answer in REFUSALS:
        await play.fails(**fault)
        assert await google.ask(token) == answer, fault


async def test_an_access_token_that_google_refuses_is_replaced_once(google, play, sandbox):
    token = await play.buy()
    await play.fails(status=401, times=1)
    assert isinstance(await google.ask(token), StoreReport)
    assert len(await play.asked()) == 2
    await play.fails(status=401)
    assert await google.ask(token) == Answer(Outcome.CONFIG, "UNAUTHENTICATED")
    assert len(await play.asked()) == 4
    minted = (await sandbox.get("/_control/sent", params={"provider": "google"})).json()["items"]
    assert [item["path"] for item in minted] == ["/google/token"] * 3


async def test_many_questions_at_once_cost_one_access_token(google, play, sandbox):
    tokens = [await play.buy() for _ in range(5)]
    reports = await asyncio.gather(*(google.ask(token) for token in tokens * 6))
    assert [report.store_key for report in reports] == tokens * 6
    minted = (await sandbox.get("/_control/sent", params={"provider": "google"})).json()["items"]
    assert len(minted) == 1


async def test_without_an_access_token_nothing_is_asked(google, play, sandbox):
    await sandbox.put("/_control/faults/google", json={"status": 503})
    answer = await google.ask(await play.buy())
    assert (answer.outcome, answer.code) == (Outcome.TRANSIENT, "token_http_503")
    await sandbox.put("/_control/faults/google", json={"status": 400})
    answer = await google.ask(await play.buy())
    assert (answer.outcome, answer.code) == (Outcome.CONFIG, "invalid_grant")
    assert await play.asked() == []


async def test_a_missing_permission_stops_the_questions(google, play):
    token = await play.buy()
    await play.fails(status=403)
    codes = [(await google.ask(token)).code for _ in range(7)]
    assert codes == ["userInsufficientPermission"] * 5 + ["breaker_open"] * 2
    assert len(await play.asked()) == 5


async def test_acknowledging_twice_is_acknowledging_once(google, play):
    token = await play.buy()
    for _ in range(2):
        assert (await google.acknowledge(token, PRODUCT)).outcome is Outcome.OK
    report = await google.ask(token)
    assert isinstance(report, StoreReport)
    assert not report.needs_acknowledgement
    refused = await google.acknowledge(await play.buy(state="pending"), PRODUCT)
    assert refused.outcome is Outcome.REJECTED


async def test_the_list_of_what_was_refunded(google, play):
    token = await play.buy()
    await play.happens(token, "VOIDED")
    page = await google.voided()
    assert isinstance(page, VoidedPage)
    found = next(one for one in page.items if one.purchase_token == token)
    assert found.voided_time_millis > 0
    assert token not in repr(found)
    await play.fails(status=503)
    assert (await google.voided()).outcome is Outcome.TRANSIENT
