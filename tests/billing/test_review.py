"""What somebody who means ill, or is merely unlucky, could do to a purchase; each of these once worked."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest

from api import gate
from domain.billing import app_store, app_store_webhook, claims, google_play
from domain.billing.app_store_reading import read_transaction
from domain.billing.app_store_webhook import opened
from domain.billing.applying import hold, key_hash
from domain.billing.asking import ask_again
from domain.billing.google_answers import answer_to_refusal
from domain.billing.jobs import AskStore
from domain.billing.transfers import TransferLimit, move
from domain.kit.clock import clock, real_now
from domain.kit.database import execute, fetch_row, fetch_value, transaction
from domain.kit.limits import Window
from domain.kit.outbox import enqueue
from domain.kit.outbox.rows import lease
from domain.kit.providers import Outcome
from domain.kit.settings import settings
from domain.leaving import purge
from ops.sandbox.app_store_chain import Chain
from ops.sandbox.credentials import APP_STORE_CHAIN
from tests.billing import play, shop
from tests.billing.conftest import Counter, hand_in
from tests.billing.reports import applied, id_of, plan, report, subscription, token_of
from tests.billing.shop import AppleShop
from tests.billing.test_app_store_reading import NOW, bought
from tests.leaving.conftest import GRACE, leave

MONTH = timedelta(days=30)


@pytest.fixture
async def google(sandbox: Any, stranger: Any) -> play.Play:
    # A breaker that one test opened is not to stay open for the next.
    await google_play.close()
    return play.Play(sandbox, stranger)


@pytest.fixture
async def apple(sandbox: Any, stranger: Any) -> AppleShop:
    await app_store.close()
    return AppleShop(sandbox, stranger)


def signed_again(signed: str, **changes: Any) -> str:
    """The transaction as the phone has Apple sign it anew, now, for another period of it."""
    claims = jwt.decode(signed, options={"verify_signature": False})
    chain = Chain.load((Path(os.environ["DATA_DIR"]) / "sandbox" / APP_STORE_CHAIN).read_bytes())
    return chain.sign({**claims, "signedDate": millis(real_now()), **changes})


def millis(at: Any) -> int:
    return round(at.timestamp() * 1000)


# -- one person's nonsense and everybody's store -------------------------------------------------------------------


ODD = ["a/b", "../../x", "a?b=c", "a%2Fb", "a#b", "a:acknowledge", "a\\b", "x y"]


async def test_no_made_up_token_makes_us_think_that_our_settings_are_wrong(google: play.Play) -> None:
    """Google does not find an address that it does not have, which looks like a wrong setting: five of those would
    keep us from asking about anybody's purchase."""
    for token in ODD:
        answer = await google_play.ask(token)
        assert (answer.outcome, answer.code) == (Outcome.REJECTED, "malformed_token"), token  # type: ignore[union-attr]
    assert not google_play.client()._breaker.is_open
    assert await google.asked() == []


@pytest.mark.parametrize("status", [400, 403, 404])
def test_what_google_says_of_a_token_is_no_fault_of_our_settings(status: int) -> None:
    body = {"error": {"code": status, "errors": [{"reason": "purchaseTokenDoesNotMatchPackageName"}]}}
    assert answer_to_refusal(httpx2.Response(status, json=body)).outcome is Outcome.REJECTED


# -- what Apple signed, while Apple cannot be asked ----------------------------------------------------------------


@pytest.mark.parametrize(
    "old",
    [
        {"isUpgraded": True},
        {"revocationDate": 0, "revocationReason": 1},
        {"expiresDate": 0},
    ],
    ids=["upgraded", "refunded", "over"],
)  # fmt: skip
async def test_an_earlier_period_ends_nothing_while_the_store_is_away(
    apple: AppleShop, person: Any, drain: Any, old: dict[str, Any]
) -> None:
    """The app hands in all that the phone knows, signed anew: earlier periods too, some of them refunded."""
    have = await apple.buy(person)
    await shop.hand_in(person, have, drain)
    assert await plan(person) == "subscriber"
    before = clock.now() - MONTH
    dates = {name: millis(before) for name in ("revocationDate", "expiresDate") if name in old}
    earlier = signed_again(have.signed, transactionId="2000000999", **{"expiresDate": millis(before), **old, **dates})
    await apple.fails(status=503)
    claim = await shop.hand_in(person, shop.Bought(earlier, have.id), drain, allow=("retry",))
    assert claim["status"] == "accepted"
    assert (await subscription(person))["state"] == "active"
    assert await plan(person) == "subscriber"
    # And the question stays open.
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = $1", AskStore.name) == 1


async def test_a_later_period_counts_while_the_store_is_away(apple: AppleShop, person: Any, drain: Any) -> None:
    have = await apple.buy(person, expires_in=-60)
    await shop.hand_in(person, have, drain)
    assert await plan(person) == "free"
    later = signed_again(have.signed, transactionId="2000000999", expiresDate=millis(clock.now() + MONTH))
    await apple.fails(status=503)
    await shop.hand_in(person, shop.Bought(later, have.id), drain, allow=("retry",))
    assert await plan(person) == "subscriber"


@pytest.mark.parametrize("price", [10**16, 2**63])
def test_a_price_beyond_all_reason_is_none(price: int) -> None:
    said = read_transaction("production", bought(price=price), NOW)
    assert (said.price, said.currency) == (None, None)


# -- sandbox purchases in production -------------------------------------------------------------------------------


def only(monkeypatch: pytest.MonkeyPatch, *emails: str) -> None:
    """As in production: the purchases of nobody else count that were made in a store's sandbox."""
    fake = type("Chosen", (), {"sandbox_purchasers": emails})
    monkeypatch.setattr("domain.billing.entitlement.settings", lambda: fake)


async def verify(person: Any) -> None:
    await execute("UPDATE users SET email_verified_at = now() WHERE id = $1", id_of(person))


async def test_a_restore_that_is_rejected_takes_nothing_from_the_reviewer(
    sandbox: Any, stranger: Any, sign_up: Any, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewer, other = await sign_up(), await sign_up()
    await verify(reviewer)
    only(monkeypatch, reviewer.user["email"])
    body = await Counter("google_play", sandbox, stranger).buy(reviewer, is_test=True)
    assert (await hand_in(reviewer, body, drain))["status"] == "accepted"
    refused = await hand_in(other, {**body, "confirm": True}, drain, "restore")
    assert (refused["status"], refused["code"]) == ("rejected", "purchase_invalid")
    assert (await plan(reviewer), await plan(other)) == ("subscriber", "free")
    assert await fetch_value("SELECT count(*) FROM purchase_transfers") == 0
    assert (await reviewer.ok("GET", "/v1/notifications"))["items"] == []


async def test_who_has_only_typed_a_reviewers_address_is_no_reviewer(
    counter: Counter, person: Any, drain: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(monkeypatch, person.user["email"])
    order = {"environment": "Sandbox"} if counter.store == "app_store" else {"is_test": True}
    body = await counter.buy(person, **order)
    assert (await hand_in(person, body, drain))["code"] == "purchase_invalid"
    assert await plan(person) == "free"
    await verify(person)
    assert (await hand_in(person, body, drain))["status"] == "accepted"
    assert await plan(person) == "subscriber"


# -- locks ---------------------------------------------------------------------------------------------------------


async def test_asking_and_asking_to_ask_do_not_wait_for_each_other(google: play.Play, person: Any, drain: Any) -> None:
    """Whoever holds a purchase may ask for the job that is just writing about it; so that job takes its row last."""
    token = await google.buy(person)
    await play.claim(person, token, drain)
    purchase_id = await fetch_value("SELECT id FROM purchases")
    async with transaction():
        await enqueue(AskStore(purchase_id=purchase_id))
    job_id = await fetch_value("SELECT id FROM jobs")
    ours = await lease(job_id)
    assert ours is not None

    async def holder() -> None:
        async with transaction():
            await hold("google_play", key_hash(token))
            held.set()
            while not await _somebody_waits():
                await asyncio.sleep(0.02)
            await enqueue(AskStore(purchase_id=purchase_id))

    held = asyncio.Event()
    holding = asyncio.create_task(holder())
    await held.wait()
    assert await ask_again(purchase_id, "test", ours) is None
    await holding
    # Asked for meanwhile: it is due again.
    assert await fetch_value("SELECT count(*) FROM jobs") == 1


async def _somebody_waits() -> bool:
    waits: bool = await fetch_value("SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)")
    return waits


async def test_chains_handed_in_from_both_ends_at_once(person: Any) -> None:
    first = report(account_token=token_of(person))
    chain = [first]
    for _ in range(9):
        chain.append(report(linked_key=chain[-1].store_key))
    await asyncio.gather(*(applied(one) for one in chain[::-1] * 2 + chain * 3))
    assert await fetch_value("SELECT count(*) FROM purchases WHERE replaced_by IS NULL") == 1
    assert await fetch_value("SELECT count(*) FROM purchases") == 10


# -- limits --------------------------------------------------------------------------------------------------------


async def test_a_subscription_that_was_begun_again_has_not_moved_less_often(sign_up: Any) -> None:
    """Who cancels and subscribes again at Google pays nothing for it, and gets another token."""
    old, new = await sign_up(), await sign_up()
    first = report(account_token=token_of(old))
    second = report(account_token=token_of(old), linked_key=first.store_key)
    third = report(account_token=token_of(old), linked_key=second.store_key)
    moved = 0
    for one in (first, second, third):
        purchase_id = (await applied(one)).purchase_id
        async with transaction():
            with contextlib.suppress(TransferLimit):
                await move(purchase_id, id_of(old), id_of(new))
                moved += 1
    assert moved == 2
    assert await fetch_value("SELECT user_id FROM purchases WHERE replaced_by IS NULL") == id_of(old)


async def test_nobody_uses_up_what_we_may_ask_the_stores(person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "_HAND_INS", Window("purchases", 2, 3600))
    body = {"store": "google_play", "product_id": "kuitter_plus", "token": "made-up"}
    answers = [await person("POST", "/v1/billing/purchases", json=body) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert int(answers[2].headers["Retry-After"]) > 0


# -- people who leave ----------------------------------------------------------------------------------------------


async def test_who_bought_it_once_takes_nothing_along_from_whom_it_moved_to(
    counter: Counter, sign_up: Any, drain: Any
) -> None:
    old, new = await sign_up(), await sign_up()
    body = await counter.buy(old)
    await hand_in(old, body, drain)
    await hand_in(new, {**body, "confirm": True}, drain, "restore")
    await leave(old)
    with clock.frozen(clock.now() + GRACE):
        await purge.plan_purges()
        await drain(allow=("skipped",))
    assert await fetch_value("SELECT count(*) FROM users WHERE id = $1", id_of(old)) == 0
    row = await fetch_row("SELECT user_id, account_token FROM purchases")
    assert row is not None
    assert tuple(row) == (id_of(new), None)
    assert await plan(new) == "subscriber"


# -- webhooks ------------------------------------------------------------------------------------------------------


async def test_who_forges_is_sent_away_unchecked_and_a_store_comes_as_often_as_it_likes(
    apple: AppleShop, google: play.Play, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    limited = dataclasses.replace(settings(), address_limits=True)
    monkeypatch.setattr(gate, "settings", lambda: limited)
    bought = await apple.buy()
    for _ in range(6):
        assert (await apple.bring(await apple.happens(bought, "DID_RENEW"))).status_code == 200
    monkeypatch.setattr(gate, "_REFUSED", Window("refused", 3, 60))
    forged = await apple.happens(bought, "DID_RENEW", flaw="payload")
    checked = 0

    def count(signed: str) -> Any:
        nonlocal checked
        checked += 1
        return opened(signed)

    monkeypatch.setattr(app_store_webhook, "opened", count)
    answers = [(await apple.bring(forged)).status_code for _ in range(6)]
    assert answers == [401, 401, 401, 429, 429, 429]
    assert checked == 3
    assert (await play.push(stranger, play.notice(4), token="no.such.token")).status_code == 429


# -- what a person is told, and clocks -----------------------------------------------------------------------------


async def test_who_changes_the_plan_is_not_told_that_it_is_over(google: play.Play, person: Any, drain: Any) -> None:
    """Google tells of both purchases at once, and of the old one first, as often as not."""
    first = await google.buy(person)
    await play.claim(person, first, drain)
    second = await google.buy(person, base_plan="yearly", linked_purchase_token=first)
    await google.happens(first, "EXPIRED", copies=1)
    await drain()
    await google.happens(second, "PURCHASED", copies=1)
    await drain()
    assert (await subscription(person))["plan"] == "yearly"
    assert (await person.ok("GET", "/v1/notifications"))["items"] == []


async def test_nobody_moves_a_purchase_that_another_has_taken_the_place_of(
    google: play.Play, sign_up: Any, drain: Any
) -> None:
    old, new = await sign_up(), await sign_up()
    first = await google.buy(old)
    await play.claim(old, first, drain)
    second = await google.buy(old, base_plan="yearly", linked_purchase_token=first)
    await play.claim(old, second, drain)
    body = {"store": "google_play", "token": first, "confirm": True}
    assert (await hand_in(new, body, drain, "restore"))["code"] == "purchase_invalid"
    assert await plan(old) == "subscriber"
    assert (await old.ok("GET", "/v1/notifications"))["items"] == []


async def test_a_machine_of_ours_whose_clock_was_ahead_does_not_shut_out_the_others(person: Any) -> None:
    said = report(account_token=token_of(person))
    await applied(said)
    await execute("UPDATE purchases SET asked_at = now() + interval '1 day'")
    result = await applied(report(store_key=said.store_key, state="revoked", asked_at=real_now()))
    assert result.fresh
    assert await plan(person) == "free"
