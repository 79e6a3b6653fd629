"""Subscriptions: what is for sale, handing a purchase in, what the person has."""

from functools import partial
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from api.person import Person
from api.prefer_wait import answered, wait_for
from domain.billing import claims, products, subscription
from domain.billing.claims import ClaimView
from domain.billing.products import Products
from domain.billing.report import Store
from domain.billing.subscription import SubscriptionView
from domain.kit.idempotency import IdempotencyKey, Outcome
from domain.kit.ids import parse_id

_TAGS = ["Subscriptions"]
_DECIDED = {201: ResponseSpec(ClaimView, generate_examples=False, description="Accepted or rejected")}

Token = Annotated[str, Meta(description="App Store: the signed transaction. Google Play: the purchase token")]


class NewPurchase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the store gave the app. What it is worth is the store's to say; `product_id` is what the app wanted."""

    store: Store
    product_id: str
    token: Token


class Restoring(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A purchase that may be another account's. `confirm`: the person knows that it is taken from there."""

    store: Store
    token: Token
    product_id: str = ""
    confirm: bool = False


@get("/v1/billing/products", operation_id="listProducts", tags=_TAGS, summary="What is for sale")
async def list_products(person: NamedDependency[Person]) -> Products:
    """The plans, and what each is called in either store. Show the store's own price where it is known."""
    return products.products()


@post(
    "/v1/billing/purchases", operation_id="handInPurchase", tags=_TAGS, summary="Hand in a purchase", status_code=202,
    responses=_DECIDED,
)  # fmt: skip
async def hand_in_purchase(
    person: NamedDependency[Person],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    wait: NamedDependency[float],
    data: JSONBody[NewPurchase],
) -> Response[ClaimView]:
    """To be called after each purchase, and with those that the store knows when the app starts. Poll `Location`.

    With `Prefer: wait=N` the decision comes with 201 if that takes no longer than N seconds. `code` of a rejected one:
    `purchase_invalid`; `purchase_owned_by_other` when it is another account's, from where a restore can take it.
    """
    asked = await claims.hand_in(person.user_id, data.store, data.product_id, data.token, idempotency_key)
    return await _answer(person, asked, wait)


@post(
    "/v1/billing/restore", operation_id="restorePurchase", tags=_TAGS, summary="Restore a purchase", status_code=202,
    responses=_DECIDED,
)  # fmt: skip
async def restore_purchase(
    person: NamedDependency[Person],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    wait: NamedDependency[float],
    data: JSONBody[Restoring],
) -> Response[ClaimView]:
    """As handing it in, but a purchase of another account moves here, and that account loses it.

    422 `confirmation_required` without `confirm`. A purchase moves at most twice in 90 days: rejected with
    `transfer_limit`.
    """
    asked = await claims.hand_in_to_restore(
        person.user_id, data.store, data.product_id, data.token, idempotency_key, confirm=data.confirm
    )
    return await _answer(person, asked, wait)


async def _answer(person: Person, asked: Outcome, wait: float) -> Response[ClaimView]:
    claim_id = asked.resource_id
    if wait:
        await wait_for(claims.topic(claim_id), wait, partial(claims.is_decided, person.user_id, claim_id))
    view = await claims.read_claim(person.user_id, claim_id)
    return answered(view, bool(wait) and not view.is_open, f"/v1/billing/purchases/{claim_id}")


@get("/v1/billing/purchases/{claim_id:str}", operation_id="readPurchase", tags=_TAGS, summary="What came of it")
async def read_purchase(person: NamedDependency[Person], claim_id: FromPath[str]) -> ClaimView:
    """`status` is pending, accepted or rejected; while a store is away it stays pending."""
    return await claims.read_claim(person.user_id, parse_id(claim_id))


@get("/v1/billing/subscription", operation_id="readSubscription", tags=_TAGS, summary="What the person has")
async def read_subscription(person: NamedDependency[Person]) -> SubscriptionView:
    """One answer for all stores; `state` is `none` for somebody who never had any."""
    return await subscription.read_subscription(person.user_id)


HANDLERS = [list_products, hand_in_purchase, restore_purchase, read_purchase, read_subscription]
