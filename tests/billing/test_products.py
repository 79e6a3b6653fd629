"""What is for sale."""

from __future__ import annotations

from typing import Any

import pytest

from domain.billing.products import app_store_plan, google_play_plan
from domain.kit.environment import BadValue
from domain.kit.settings import Offer
from domain.kit.settings.stores import offers


async def test_two_plans_at_their_prices_in_both_stores(person: Any) -> None:
    items = (await person.ok("GET", "/v1/billing/products"))["items"]
    assert [(item["plan"], item["price"]) for item in items] == [
        ("monthly", {"amount": "3.99", "currency": "USD"}),
        ("yearly", {"amount": "29.99", "currency": "USD"}),
    ]
    for item in items:
        assert app_store_plan(item["app_store"]["product_id"]) == item["plan"]
        google = item["google_play"]
        assert google_play_plan(google["product_id"], google["base_plan"]) == item["plan"]
        assert item["includes"]


def test_what_is_not_ours_has_no_plan() -> None:
    assert app_store_plan("another.app") is None
    assert google_play_plan("kuitter_plus", "weekly") is None


def test_an_old_product_keeps_its_plan_when_another_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    several = offers("monthly:new.month,yearly:year,monthly:old.month")
    fake = type("Chosen", (), {"app_store_products": several})
    monkeypatch.setattr("domain.billing.products.settings", lambda: fake)
    assert app_store_plan("old.month") == app_store_plan("new.month") == "monthly"
    assert several[0] == Offer("monthly", "new.month")


@pytest.mark.parametrize(
    "text", ["", "monthly:a", "weekly:a,monthly:b,yearly:c", "monthly:a b,yearly:c", "monthly,yearly"]
)
def test_products_that_make_no_sense(text: str) -> None:
    with pytest.raises(BadValue):
        offers(text)
