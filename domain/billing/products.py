"""What is for sale: two plans, each a product of both stores (api: GET /v1/billing/products).

Which products are whose plan is configuration, so that an old product keeps its plan when a new one is offered. The
price is shown before a store is asked for its own, in the person's currency; what is paid is what the store says.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.billing.report import Plan
from domain.kit.settings import Offer, settings

INCLUDES = (
    "30 replies of Anchor a day, up to 500 a month",
    "Anchor remembers what matters to you across all talks",
    "Everything that is free stays free",
)
_PRICES: dict[Plan, str] = {"monthly": "3.99", "yearly": "29.99"}


class Price(msgspec.Struct, frozen=True):
    """`amount` in whole units of `currency` (ISO 4217), as a decimal number."""

    amount: str
    currency: Literal["USD"] = "USD"


class AppStoreProduct(msgspec.Struct, frozen=True):
    """What the app asks StoreKit for."""

    product_id: str


class GooglePlayProduct(msgspec.Struct, frozen=True):
    """What the app asks the Play Billing Library for."""

    product_id: str
    base_plan: str


class Product(msgspec.Struct, frozen=True):
    """One plan as the app offers it."""

    plan: Plan
    price: Price
    app_store: AppStoreProduct
    google_play: GooglePlayProduct
    includes: tuple[str, ...]


class Products(msgspec.Struct, frozen=True):
    """Everything that can be bought, cheapest first."""

    items: list[Product]


def products() -> Products:
    """What is offered now, by the settings."""
    chosen = settings()
    items = []
    for plan, amount in _PRICES.items():
        apple, google = _first(chosen.app_store_products, plan), _first(chosen.google_play_products, plan)
        items.append(
            Product(
                plan=plan,
                price=Price(amount),
                app_store=AppStoreProduct(apple.product_id),
                google_play=GooglePlayProduct(google.product_id, google.base_plan),
                includes=INCLUDES,
            )
        )
    return Products(items)


def _first(offers: tuple[Offer, ...], plan: Plan) -> Offer:
    return next(offer for offer in offers if offer.plan == plan)


def app_store_plan(product_id: str) -> Plan | None:
    """The plan of a product of the App Store, None for one that is not ours."""
    return _plan(settings().app_store_products, product_id, "")


def google_play_plan(product_id: str, base_plan: str) -> Plan | None:
    """The plan of a product of Google Play under its base plan, None for one that is not ours."""
    return _plan(settings().google_play_products, product_id, base_plan)


def _plan(offers: tuple[Offer, ...], product_id: str, base_plan: str) -> Plan | None:
    found = next((offer for offer in offers if (offer.product_id, offer.base_plan) == (product_id, base_plan)), None)
    plan: Plan | None = None if found is None else "yearly" if found.plan == "yearly" else "monthly"
    return plan
