"""What purchases and grants come to, at any instant: in Python, in SQL and as the app shows it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any, get_args
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.billing.entitlement import (
    PATIENCE,
    Grant,
    Purchase,
    access_ends,
    entitlement,
    honours,
    plan_of,
    plan_sql,
    state_at,
)
from domain.billing.report import PurchaseState
from domain.billing.subscription import read_entitlement, view_of
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, transaction
from domain.kit.settings import stores as kit_settings
from tests.billing.reports import NOW, id_of, plan, subscription

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def purchase(**fields: Any) -> Purchase:
    given: dict[str, Any] = {
        "id": uuid4(), "store": "app_store", "product_id": "app.kuitter.plus.monthly", "plan": "monthly",
        "state": "active", "expires_at": NOW + 30 * DAY, "will_renew": True, "next_product_id": None,
        "resumes_at": None, "replaced_by": None, "answered_at": NOW, "honoured": True, **fields,
    }  # fmt: skip
    return Purchase(**given)


async def stored(user_id: UUID, one: Purchase) -> None:
    await execute(
        """INSERT INTO purchases (id, user_id, store, environment, store_key, store_key_hash, product_id, plan, state,
               expires_at, will_renew, next_product_id, resumes_at, asked_at, answered_at, honoured, replaced_by,
               created_at, updated_at)
           VALUES ($1, $2, $3, 'production', $1::uuid::text, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14, $12,
                   $12)""",
        one.id, user_id, one.store, one.id.bytes, one.product_id, one.plan, one.state, one.expires_at, one.will_renew,
        one.next_product_id, one.resumes_at, one.answered_at, one.honoured, one.replaced_by,
    )  # fmt: skip


@pytest.mark.parametrize("state", get_args(PurchaseState))
def test_which_states_give_access_and_until_when(state: PurchaseState) -> None:
    one = purchase(state=state, expires_at=NOW, will_renew=False)
    entitled = state in ("trial", "active", "grace", "cancelled")
    assert entitlement([one], [], NOW - timedelta(microseconds=1)).has_access is entitled
    # The instant of the expiry is outside.
    assert not entitlement([one], [], NOW).has_access


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"plan": None}, "a product that is not ours"),
        ({"replaced_by": uuid4()}, "another purchase took its place"),
        ({"honoured": False}, "a sandbox whose purchases do not count"),
        ({"expires_at": None}, "nothing says until when"),
    ],
)
def test_what_gives_no_access_although_it_runs(change: dict[str, Any], why: str) -> None:
    assert access_ends(purchase(**change)) is None, why
    assert not entitlement([purchase(**change)], [], NOW).has_access


def test_a_known_subscriber_keeps_access_for_a_day_while_the_store_is_away() -> None:
    one = purchase(expires_at=NOW, answered_at=NOW - DAY)
    assert entitlement([one], [], NOW + PATIENCE - HOUR).state == "active"
    assert entitlement([one], [], NOW + PATIENCE).state == "expired"
    # Nothing to wait for: the person does not want it renewed, or the store has answered since.
    assert not entitlement([purchase(expires_at=NOW, answered_at=NOW - DAY, will_renew=False)], [], NOW).has_access
    assert not entitlement([purchase(expires_at=NOW, answered_at=NOW)], [], NOW).has_access


def test_a_grace_that_is_over_is_what_the_store_calls_it_then() -> None:
    assert state_at(purchase(state="grace", expires_at=NOW, store="app_store"), NOW) == "billing_retry"
    assert state_at(purchase(state="grace", expires_at=NOW, store="google_play"), NOW) == "on_hold"


def test_the_latest_expiry_wins_and_two_that_go_on_billing_are_warned_of() -> None:
    apple = purchase(store="app_store", expires_at=NOW + DAY)
    google = purchase(store="google_play", product_id="kuitter_plus", plan="yearly", expires_at=NOW + 300 * DAY)
    for order in ([apple, google], [google, apple]):
        view = view_of(entitlement(order, [], NOW))
        assert (view.store, view.plan, view.expires_at) == ("google_play", "yearly", NOW + 300 * DAY)
        assert view.warning == "duplicate_subscription"
        assert set(view.management_urls) == {"app_store", "google_play"}
    # One of them is cancelled: it runs out by itself.
    quiet = view_of(entitlement([apple, purchase(state="cancelled", will_renew=False)], [], NOW))
    assert quiet.warning is None


def test_without_access_the_latest_is_shown() -> None:
    old = purchase(state="expired", expires_at=NOW - 90 * DAY)
    held = purchase(state="on_hold", expires_at=NOW - DAY)
    waiting = purchase(state="pending", expires_at=None, answered_at=NOW)
    assert entitlement([old, held], [], NOW).state == "on_hold"
    assert entitlement([waiting, old, held], [], NOW).state == "pending"
    assert entitlement([], [], NOW).state == "none"


def test_a_purchase_is_shown_before_a_grant() -> None:
    given = Grant(NOW - DAY, NOW + 100 * DAY)
    granted = view_of(entitlement([purchase(state="expired", expires_at=NOW - DAY)], [given], NOW))
    assert (granted.state, granted.store, granted.expires_at) == ("active", None, NOW + 100 * DAY)
    both = view_of(entitlement([purchase()], [given], NOW))
    assert (both.store, both.management_url) == ("app_store", "https://apps.apple.com/account/subscriptions")


def test_whose_purchases_in_a_sandbox_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(text: str | None, env: str) -> tuple[str, ...]:
        return kit_settings._purchasers(text) if text else (() if env == "production" else ("everybody",))

    for text, email, expected in (
        (None, "a@example.org", False),
        ("nobody", "a@example.org", False),
        ("everybody", "a@example.org", True),
        ("Review@example.org, b@example.org", "review@example.org", True),
        ("review@example.org", "a@example.org", False),
        ("review@example.org", None, False),
    ):
        names = chosen(text, "production")
        fake = type("Chosen", (), {"sandbox_purchasers": names})
        monkeypatch.setattr("domain.billing.entitlement.settings", lambda fake=fake: fake)
        assert honours("sandbox", email) is expected
        assert honours("production", email)


# -- Python, SQL and the view say the same --------------------------------------------------------------------------

_offsets = st.integers(-60, 60).map(lambda hours: NOW + timedelta(hours=hours))
_purchases = st.builds(
    purchase,
    id=st.uuids(version=4),
    store=st.sampled_from(["app_store", "google_play"]),
    plan=st.sampled_from(["monthly", "yearly", "yearly", None]),
    state=st.sampled_from(get_args(PurchaseState)),
    expires_at=st.one_of(_offsets, _offsets, st.none()),
    will_renew=st.booleans(),
    answered_at=_offsets,
    honoured=st.sampled_from([True, True, True, False]),
)
_grants = st.tuples(_offsets, st.integers(1, 80)).map(
    lambda one: Grant(one[0], one[0] + timedelta(hours=one[1]))
)  # fmt: skip
_cases = st.tuples(
    st.lists(st.tuples(_purchases, st.booleans()), max_size=4, unique_by=lambda one: one[0].id),
    st.lists(_grants, max_size=2),
    st.lists(_offsets, min_size=1, max_size=4),
)


async def test_python_sql_and_the_view_say_the_same(person: Any, sign_up: Any) -> None:
    user_id, loop = id_of(person), asyncio.get_running_loop()

    async def compare(purchases: list[tuple[Purchase, bool]], grants: list[Grant], instants: list[datetime]) -> None:
        await execute("DELETE FROM purchases")
        await execute("DELETE FROM grants")
        kept: list[Purchase] = []
        for one, replaced in purchases:
            row = Purchase(**{**_fields(one), "replaced_by": kept[-1].id if replaced and kept else None})
            await stored(user_id, row)
            kept.append(row)
        for one_grant in grants:
            await execute(
                "INSERT INTO grants (id, user_id, starts_at, ends_at, reason) VALUES ($1, $2, $3, $4, 'test')",
                uuid4(), user_id, one_grant.starts_at, one_grant.ends_at,
            )  # fmt: skip
        for now in instants:
            expected = entitlement(kept, grants, now)
            assert await plan_of(user_id, now) == expected.plan
            read = await read_entitlement(user_id, now)
            assert view_of(read) == view_of(expected)
            assert read.has_access is expected.has_access

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(case=_cases)
    def property_(case: Any) -> None:
        asyncio.run_coroutine_threadsafe(compare(*case), loop).result(30)

    await asyncio.to_thread(property_)


def _fields(one: Purchase) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__struct_fields__}


async def test_the_plan_follows_at_once_wherever_it_is_shown(person: Any) -> None:
    assert await plan(person) == "free"
    one = purchase(expires_at=clock.now() + DAY, answered_at=clock.now())
    await stored(id_of(person), one)
    assert await plan(person) == "subscriber"
    assert (await person.ok("GET", "/v1/me/dashboard"))["plan"] == "subscriber"
    assert (await subscription(person))["state"] == "active"
    with clock.frozen(clock.now() + 3 * DAY):
        assert await plan(person) == "free"


async def test_the_plan_is_found_by_index(person: Any) -> None:
    async with transaction():
        await execute("SET LOCAL enable_seqscan = off")
        lines = await fetch(f"EXPLAIN SELECT {plan_sql('users.id', '$2')} FROM users WHERE id = $1", id_of(person), NOW)
    text = "\n".join(line[0] for line in lines)
    assert "Seq Scan" not in text
    assert "purchases_user" in text
    assert "grants_user" in text
