"""What a tester does in Google Play: buys, makes things happen, brings a notification again."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from domain.kit.clock import clock
from ops.sandbox.google_play_events import TYPES, happen, refund
from ops.sandbox.google_play_notifications import (
    Message,
    Push,
    about_nothing,
    about_one_time_product,
    about_refund,
    about_refund_request,
    about_subscription,
    message,
)
from ops.sandbox.google_play_purchase import Purchase, State
from ops.sandbox.google_play_shelf import Shelf
from ops.sandbox.signing import Keyring
from ops.sandbox.webhooks import Redelivery
from ops.sandbox.wire import Answer, ControlHandler, Request, json_answer, problem

WEBHOOK = "/webhooks/google-play"
PURCHASES, EVENTS, MESSAGES = (f"/_control/google-play/{name}" for name in ("purchases", "events", "messages"))

_DECADE = 315_360_000
_MESSAGES_KEPT = 10_000
_NUMBERS = {name: number for number, name in TYPES.items()}
# What else a tester may call a state or an event.
_OTHER_NAMES = {
    "GRACE": "IN_GRACE_PERIOD",
    "HOLD": "ON_HOLD",
    "CANCELLED": "CANCELED",
    "PENDING_PURCHASE_CANCELLED": "PENDING_PURCHASE_CANCELED",
    "VOIDED_PURCHASE": "VOIDED",
    "VOIDEDPURCHASE": "VOIDED",
    "PENDINGREFUNDREVIEW": "PENDING_REFUND_REVIEW",
    "ONETIMEPRODUCT": "ONE_TIME_PRODUCT",
}
_STATES: tuple[State, ...] = (
    "PENDING", "ACTIVE", "IN_GRACE_PERIOD", "CANCELED", "PAUSED", "ON_HOLD", "EXPIRED", "PENDING_PURCHASE_CANCELED",
)  # fmt: skip
Order = TypeVar("Order")


class PurchaseOrder(msgspec.Struct, forbid_unknown_fields=True):
    """What a tester buys."""

    product_id: Annotated[str, Meta(min_length=1, max_length=148)]
    base_plan: Annotated[str, Meta(min_length=1, max_length=63)] = "monthly"
    account_id: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    linked_purchase_token: str | None = None
    state: str = "active"
    """A state of subscriptionsv2, with or without its prefix; `trial` is an active one in its free week."""
    is_test: bool = False
    """Bought by a tester whom Google knows: then nobody paid."""
    expires_in: Annotated[int, Meta(ge=-_DECADE, le=_DECADE)] | None = None
    """Seconds from now to the end of the first period, if it is not the usual one."""


class Event(msgspec.Struct, forbid_unknown_fields=True):
    """Something that happens to a purchase."""

    type: int | str
    """Google's number or name for it, or `voided`, `pending_refund_review`, `one_time_product`, `test`."""
    purchase_token: str = ""
    """May be left out for `test`."""
    deliver: bool = True
    copies: Annotated[int, Meta(ge=1, le=50)] = 1
    order_id: str | None = None
    """`voided`: the order that is paid back, if it is not the latest."""
    expires_in: Annotated[int, Meta(ge=-_DECADE, le=_DECADE)] | None = None
    """Seconds from now to the end of the present period, when all is done."""
    push: Push = msgspec.field(default_factory=Push)


class Delivery(msgspec.Struct, forbid_unknown_fields=True):
    """A message that is to be brought, again or at last."""

    message_id: str
    copies: Annotated[int, Meta(ge=1, le=50)] = 1
    push: Push = msgspec.field(default_factory=Push)


class _RefusedError(Exception):
    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Control:
    """The control routes of Google Play."""

    def __init__(self, shelf: Shelf, keys: Keyring, redelivery: Redelivery) -> None:
        self._shelf = shelf
        self._keys = keys
        self._redelivery = redelivery
        self._messages: dict[str, Message] = {}

    def routes(self) -> dict[tuple[str, str], ControlHandler]:
        """The handlers by method and path."""
        handlers = {PURCHASES: self._buy, EVENTS: self._happen, MESSAGES: self._bring}
        return {("POST", path): _answered(handler) for path, handler in handlers.items()}

    async def _buy(self, request: Request) -> Any:
        order = _decoded(request, PurchaseOrder)
        now = clock.now()
        linked = None
        if order.linked_purchase_token is not None:
            linked = self._find(order.linked_purchase_token)
        word = _plain(order.state)
        trial = word == "TRIAL"
        state = next((state for state in _STATES if state == ("ACTIVE" if trial else word)), None)
        if state is None:
            raise _RefusedError(400, f"state is none of {', '.join(state.lower() for state in _STATES)}, trial")
        purchase = self._shelf.add(
            order.product_id,
            order.base_plan,
            state,
            now,
            account_id=order.account_id,
            linked=linked,
            is_test=order.is_test,
            trial=trial,
        )
        _end_in(purchase, order.expires_in)
        return {"purchase_token": purchase.token}

    async def _happen(self, request: Request) -> Any:
        event = _decoded(request, Event)
        name, number = _named(event.type)
        purchase = None if name == "TEST" and not event.purchase_token else self._find(event.purchase_token)
        said = self._moved(event, name, number, purchase)
        note = message(said, clock.now())
        self._messages[note.id] = note
        if len(self._messages) > _MESSAGES_KEPT:
            del self._messages[next(iter(self._messages))]
        answer = await self._delivered(note, event.push, event.copies if event.deliver else 0)
        return answer | ({} if purchase is None else {"state": purchase.state})

    async def _bring(self, request: Request) -> Any:
        order = _decoded(request, Delivery)
        note = self._messages.get(order.message_id)
        if note is None:
            raise _RefusedError(404, "There is no such message.")
        return await self._delivered(note, order.push, order.copies)

    def _moved(self, event: Event, name: str, number: int, purchase: Purchase | None) -> dict[str, Any]:
        """Let the event happen; returns what is said about it."""
        if purchase is None or name == "TEST":
            return about_nothing()
        now = clock.now()
        self._shelf.touch(purchase)
        if name == "PENDING_REFUND_REVIEW":
            return about_refund_request(purchase)
        if name == "ONE_TIME_PRODUCT":
            return about_one_time_product(purchase)
        if event.order_id is not None and (name != "VOIDED" or not _is_order_of(event.order_id, purchase)):
            raise _RefusedError(404, "The purchase has no such order.")
        record = refund(purchase, now, event.order_id) if name == "VOIDED" else happen(purchase, name, now)
        self._shelf.take_place(purchase, now)
        _end_in(purchase, event.expires_in)
        if record is not None:
            self._shelf.refunded(record)
            if name == "VOIDED":
                return about_refund(record)
        return about_subscription(number, purchase)

    async def _delivered(self, note: Message, push: Push, copies: int) -> dict[str, Any]:
        headers = await asyncio.to_thread(push.headers, self._keys)
        statuses = await self._redelivery.bring(WEBHOOK, note.body, copies, headers) if copies else []
        return {"message_id": note.id, "statuses": statuses, "push": {"headers": headers, "body": note.body}}

    def _find(self, token: str) -> Purchase:
        purchase = self._shelf.find(token, clock.now())
        if purchase is None:
            raise _RefusedError(404, "There is no such purchase.")
        return purchase


def _end_in(purchase: Purchase, seconds: int | None) -> None:
    """Let the present period end so long from now; one that has not begun has no end."""
    if seconds is not None and purchase.started_at is not None:
        purchase.paid_until = purchase.expires_at = clock.now() + timedelta(seconds=seconds)


def _answered(handler: Any) -> ControlHandler:
    async def answer(request: Request) -> Answer:
        try:
            return json_answer(200, await handler(request))
        except _RefusedError as refused:
            return problem(refused.status, "Refused", str(refused))

    return answer


def _decoded(request: Request, kind: type[Order]) -> Order:
    try:
        return msgspec.json.decode(request.body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _RefusedError(400, str(error)) from None


def _named(kind: int | str) -> tuple[str, int]:
    """An event's name and number. A number without a name is one that Google has not thought of yet."""
    if isinstance(kind, str) and kind.isdecimal():
        kind = int(kind)
    if isinstance(kind, int):
        return TYPES.get(kind, ""), kind
    name = _plain(kind)
    if name not in _NUMBERS and name not in ("VOIDED", "PENDING_REFUND_REVIEW", "ONE_TIME_PRODUCT", "TEST"):
        raise _RefusedError(400, "type is neither a number nor a name of Google's")
    return name, _NUMBERS.get(name, 0)


def _plain(word: str) -> str:
    """A state's or event's name as Google has it, without prefix and suffix."""
    word = word.strip().upper().replace("-", "_")
    word = re.sub(r"^SUBSCRIPTION_(STATE_)?|_?NOTIFICATION$", "", word)
    return _OTHER_NAMES.get(word, word)


def _is_order_of(order_id: str, purchase: Purchase) -> bool:
    orders = {purchase.order} | {f"{purchase.order}..{number}" for number in range(purchase.renewals)}
    return order_id in orders
