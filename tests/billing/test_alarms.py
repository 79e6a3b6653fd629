"""What an operator is told of billing: figures, and an error line for what a person has to mend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from domain.billing import alarms
from domain.kit.clock import clock
from domain.kit.database import execute
from tests.billing.play import Play
from tests.billing.reports import MONTH, NOW, applied, id_of, report, token_of


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


async def look() -> list[tuple[Any, ...]]:
    """What is said: the event, what it is of, how many."""
    with capture_logs() as said:
        await alarms.look()
    assert {one["log_level"] for one in said} <= {"error"}
    return [(one["event"], one.get("of"), one.get("count") or one.get("purchases")) for one in said]


def figure(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"kuitter_{name}", labels) or 0.0


async def test_all_is_well(person: Any) -> None:
    await applied(report(account_token=token_of(person)))
    assert await look() == []


async def test_entitlements_by_store_and_state_without_sandbox_purchases(person: Any) -> None:
    mine: dict[str, Any] = {"account_token": token_of(person)}
    apple: dict[str, Any] = {"store": "app_store", "product_id": "app.kuitter.plus.monthly", **mine}
    for one in (
        report(**mine), report(**mine), report(**mine, state="cancelled", will_renew=False), report(**apple),
        report(**mine, state="on_hold", expires_at=NOW - MONTH), report(**mine, environment="sandbox"), report(),
        report(**mine, state="active", expires_at=NOW - timedelta(minutes=1)),
        report(**apple, environment="sandbox", state="expired", expires_at=NOW - MONTH),
    ):  # fmt: skip
        await applied(one)
    await execute(
        "INSERT INTO grants (id, user_id, starts_at, ends_at, reason) VALUES (gen_random_uuid(), $1, $2, $3, 'gift')",
        id_of(person), NOW - MONTH, NOW + MONTH,
    )  # fmt: skip
    await look()
    counted = {
        (sample.labels["store"], sample.labels["state"]): sample.value
        for metric in REGISTRY.collect()
        if metric.name == "kuitter_entitlements"
        for sample in metric.samples
    }
    assert counted == {
        ("google_play", "active"): 2, ("google_play", "cancelled"): 1, ("google_play", "on_hold"): 1,
        ("google_play", "overdue"): 1, ("app_store", "active"): 1, ("grant", "active"): 1,
    }  # fmt: skip
    assert figure("billing_sandbox_purchases", store="google_play", honoured="yes") == 1
    await execute("DELETE FROM purchases")
    await look()
    assert figure("entitlements", store="google_play", state="active") == 0


async def test_a_product_that_nobody_has_set_up(person: Any) -> None:
    await applied(report(account_token=token_of(person), plan=None, product_id="typo"))
    await applied(report(plan=None, product_id="old", state="expired", expires_at=NOW - MONTH))
    assert await look() == [("billing.unknown_products", None, 1)]
    assert figure("billing_unknown_products") == 1


@pytest.mark.parametrize("minutes", [30, 90])
async def test_a_store_that_does_not_say_whether_it_has_renewed(person: Any, minutes: int) -> None:
    key = (await applied(report(account_token=token_of(person)))).purchase_id
    ended = NOW - timedelta(minutes=minutes)
    await execute("UPDATE purchases SET expires_at = $2, answered_at = $3 WHERE id = $1", key, ended, ended - MONTH)
    assert await look() == ([("billing.store_does_not_answer", "google_play", 1)] if minutes > 60 else [])
    await execute("UPDATE purchases SET answered_at = $1", NOW)
    assert await look() == []
    assert figure("billing_overdue", store="google_play") == 0


async def test_claims_and_notifications_that_wait(person: Any, sandbox: Any, stranger: Any) -> None:
    body = {"store": "google_play", "product_id": "kuitter_plus", "token": "a-secret"}
    await person.ok("POST", "/v1/billing/purchases", json=body)
    play = Play(sandbox, stranger)
    await play.happens(await play.buy(), "PURCHASED", copies=1)
    assert await look() == []
    with clock.frozen(NOW + timedelta(minutes=61)):
        assert await look() == [
            ("billing.claims_wait", "google_play", 1), ("billing.notifications_wait", "google_play", 1)
        ]  # fmt: skip
    assert figure("billing_claims_waiting", store="google_play") == 1
    assert figure("billing_notifications_waiting", store="google_play") == 1


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("error_code = 'http_503', created_at = now() - interval '61 minutes'", True),
        ("error_code = 'http_503', created_at = now() - interval '59 minutes'", False),
        ("created_at = now() - interval '1 day'", False),
        ("state = 'dead', ended_at = now() - interval '5 minutes'", True),
        ("state = 'dead', ended_at = now() - interval '2 hours'", False),
    ],
)
async def test_jobs_that_try_in_vain(person: Any, change: str, told: bool) -> None:
    body = {"store": "google_play", "product_id": "kuitter_plus", "token": "a-secret"}
    await person.ok("POST", "/v1/billing/purchases", json=body)
    await execute(f"UPDATE jobs SET {change}")
    assert await look() == ([("billing.jobs_in_vain", "billing.decide_claim", 1)] if told else [])
    assert figure("billing_jobs_in_vain", job="billing.decide_claim") == told


async def test_sandbox_purchases_of_strangers_in_production(person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    await applied(report(account_token=token_of(person), environment="sandbox"))
    await execute("UPDATE purchases SET honoured = false")
    assert await look() == []
    monkeypatch.setattr(alarms, "settings", lambda: type("Chosen", (), {"is_production": True}))
    assert await look() == [("billing.sandbox_purchases_in_production", None, 1)]
    await execute("UPDATE purchases SET honoured = true")
    assert await look() == [], "reviewers do that"
    with clock.frozen(NOW + timedelta(hours=2)):
        await execute("UPDATE purchases SET honoured = false")
        assert await look() == [], "it was said"
