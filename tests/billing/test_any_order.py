"""Any history of subscriptions, told of in any order, twice, late or never: the end is what the stores say."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.billing import app_store, google_play, reconciling, voided
from domain.billing.asking import ask
from domain.billing.report import StoreReport
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row
from tests.billing.conftest import Counter, hand_in
from tests.billing.history import (
    APPLE_EVENTS,
    DAY,
    ENTITLED,
    GOOGLE_EVENTS,
    Someone,
    World,
    over,
    set_alive,
)
from tests.billing.play import PRODUCT
from tests.billing.reports import id_of, plan, subscription, token_of
from tests.billing.shop import MONTHLY
from tests.billing.stores_here import StoresHere

# How often each happens; what stands twice happens twice as often.
_STEPS = (
    "buy", "buy", "happens", "happens", "happens", "happens", "happens", "told", "told", "told", "asked", "asked",
    "answered", "answered", "claimed", "claimed", "claimed", "restored", "restored", "left_or_back", "acknowledged",
    "acknowledged", "swept", "later", "later",
)  # fmt: skip
# What Google has forgotten by the time that an answer of long ago arrives, that it is asked about again, or that what
# took its place is handed in.
_FORGOTTEN: tuple[list[tuple[str, int]], ...] = (
    [("asked", 0), ("left_or_back", 0), ("later", 2200), ("answered", 0), ("later", 400), ("later", 3300),
     ("left_or_back", 0), ("later", 408)],
    [("asked", 0), ("later", 200), ("later", 400), ("later", 2300), ("later", 3300)],
    [("later", 300), ("later", 400), ("later", 2348), ("buy", 0), ("buy", 0), ("buy", 1), ("buy", 0), ("buy", 0),
     ("buy", 0), ("later", 2300), ("claimed", 100)],
)  # fmt: skip
# Two small ones: of a large number Hypothesis prefers the lowest, and the same would happen again and again.
_numbers = st.tuples(st.integers(0, 99), st.integers(0, 99)).map(lambda pair: pair[0] * 100 + pair[1])
_histories = st.lists(st.tuples(st.sampled_from(_STEPS), _numbers), min_size=15, max_size=40)


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch) -> StoresHere:
    """Our clients' questions are answered by the sandbox's models, in this process. The real clock is the business's,
    as in production."""
    here = StoresHere()
    monkeypatch.setattr(google_play, "client", lambda: here)
    monkeypatch.setattr(app_store, "ask", here.ask_apple)
    monkeypatch.setattr(app_store, "read_transaction", here.read_transaction)
    for module in ("applying", "asking"):
        monkeypatch.setattr(f"domain.billing.{module}.real_now", clock.now)
    return here


async def live(world: World, history: list[tuple[str, int]]) -> None:
    await world.step(partial(_now, partial(world.buy, 1)))
    for name, number in history:
        effect: Any = getattr(world, name)
        effect = partial(_now, partial(effect, number)) if name in ("buy", "happens") else partial(effect, number)
        await world.step(effect)
        with clock.frozen(world.now):
            await world.check()
    # Answers that come at last, to questions of long ago.
    while world.on_the_way:
        await world.step(partial(world.answered, 0))
    await world.step(world.acknowledged)
    # Whatever nobody told us of is asked about, within a week or so.
    world.now += 8 * DAY
    await world.step(world.swept)
    with clock.frozen(world.now):
        await world.check_end()


async def _now(effect: Callable[[], None]) -> None:
    effect()


async def _anew(people: list[Someone]) -> None:
    await execute(
        """DELETE FROM purchase_claims; DELETE FROM purchase_transfers; DELETE FROM purchases;
           DELETE FROM store_notifications; DELETE FROM notifications; DELETE FROM jobs; DELETE FROM mails"""
    )
    for person in people:
        person.alive = True
        await set_alive(person)


async def _any_history(sign_up: Callable[..., Awaitable[Any]], stores: StoresHere, examples: int) -> None:
    people = [Someone(id_of(one), token_of(one)) for one in [await sign_up(), await sign_up()]]
    loop = asyncio.get_running_loop()

    async def one(history: list[tuple[str, int]]) -> None:
        await _anew(people)
        stores.world = World(people)
        try:
            await live(stores.world, history)
        except Exception as error:
            error.add_note(f"{history}\n{stores.world.things}")
            raise

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(history=_histories)
    def property_(history: list[tuple[str, int]]) -> None:
        asyncio.run_coroutine_threadsafe(one(history), loop).result(60)

    await asyncio.to_thread(property_)


async def test_any_history_ends_as_the_stores_say(sign_up: Any, stores: StoresHere) -> None:
    await _any_history(sign_up, stores, 40)


@pytest.mark.parametrize("history", _FORGOTTEN)
async def test_a_history_that_google_has_forgotten(
    history: list[tuple[str, int]], sign_up: Any, stores: StoresHere
) -> None:
    stores.world = World([Someone(id_of(one), token_of(one)) for one in [await sign_up(), await sign_up()]])
    await live(stores.world, history)


@pytest.mark.slow
async def test_very_many_histories_end_as_the_stores_say(sign_up: Any, stores: StoresHere) -> None:
    await _any_history(sign_up, stores, 1200)


# -- the same on the wire, through the store's process, the webhooks and the jobs ----------------------------------


async def live_on_the_wire(
    counter: Counter, person: Any, drain: Any, travel: Any, chance: random.Random, events: int
) -> None:
    """One subscription: its notifications come late, twice, in any order or never, the app hands it in some time."""
    shop: Any = counter.shop
    bought = await shop.buy(
        person, **({"trial": True} if counter.store == "app_store" and chance.random() < 0.3 else {})
    )
    key, token = (bought, bought) if isinstance(bought, str) else (bought.id, bought.signed)
    body = {"store": counter.store, "token": token, "product_id": PRODUCT if key == token else MONTHLY}
    kinds: list[Any] = [
        kind for kind in (APPLE_EVENTS if counter.store == "app_store" else GOOGLE_EVENTS) if "EARLIER" not in str(kind)
    ]
    hints, handed_in = [], chance.randrange(events)
    for number in range(events):
        kind = chance.choice(kinds)
        hints.append(await shop.happens(bought, *((kind,) if isinstance(kind, str) else kind)))
        if chance.random() < 0.4:
            travel(hours=chance.randrange(1, 60))
        for _ in range(chance.choice((0, 0, 1, 2))):
            assert (await shop.bring(chance.choice(hints))).status_code < 300
        if chance.random() < 0.5:
            await drain()
        if number == handed_in:
            assert (await hand_in(person, body, drain))["status"] == "accepted"
    await drain()
    travel(days=8)
    await reconciling.ask_due()
    await voided.ask_for_list()
    await drain()
    said = await ask(
        "app_store" if counter.store == "app_store" else "google_play", key, "sandbox" if key != token else "production"
    )
    assert isinstance(said, StoreReport)
    row: Any = await fetch_row("SELECT * FROM purchases WHERE store_key = $1", key)
    assert over(row["state"]) == over(said.state)
    for name in ("product_id", "plan", "expires_at", "will_renew", "next_product_id"):
        assert row[name] == getattr(said, name), name
    assert row["user_id"] == id_of(person)
    gives = said.state in ENTITLED and said.expires_at is not None and said.expires_at > clock.now()
    assert await plan(person) == ("subscriber" if gives else "free")
    assert (await subscription(person))["has_access"] is gives
    last = await fetch_row("SELECT * FROM purchase_changes WHERE purchase_id = $1 ORDER BY id DESC", row["id"])
    assert last is not None
    assert (last["state"], last["expires_at"]) == (row["state"], row["expires_at"])


async def test_a_history_on_the_wire_ends_as_the_store_says(
    counter: Counter, person: Any, drain: Any, travel: Any
) -> None:
    await live_on_the_wire(counter, person, drain, travel, random.Random(8), 8)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
async def test_many_histories_on_the_wire_end_as_the_store_says(
    seed: int, counter: Counter, sign_up: Any, drain: Any, travel: Any
) -> None:
    chance = random.Random(seed)
    for _ in range(3):
        await live_on_the_wire(counter, await sign_up(), drain, travel, chance, 12)
