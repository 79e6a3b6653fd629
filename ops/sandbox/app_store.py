"""The App Store: its server API for production and sandbox, and control routes to buy and to make things happen.

What it signs is signed as Apple signs (`app_store_chain`), so that Apple's own library accepts it under our root.
"""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from typing import Annotated, TypeVar
from uuid import UUID

import msgspec
from msgspec import Meta

from domain.kit.clock import clock
from ops.sandbox import app_store_ocsp as ocsp
from ops.sandbox.app_store_api import PREFIXES, Api
from ops.sandbox.app_store_book import Book, ids_of
from ops.sandbox.app_store_chain import Flaw
from ops.sandbox.app_store_errors import refusal
from ops.sandbox.app_store_events import Event, UnknownTransactionError, happen
from ops.sandbox.app_store_notifications import Notification, Notifications
from ops.sandbox.app_store_page import shop
from ops.sandbox.app_store_payload import payload
from ops.sandbox.app_store_subscription import (
    Environment,
    EnvironmentName,
    Period,
    Subscription,
    environment_of,
    subscribe,
)
from ops.sandbox.credentials import APNS_TOPIC, Credentials
from ops.sandbox.faults import Faults
from ops.sandbox.journal import Journal
from ops.sandbox.webhooks import Deliver
from ops.sandbox.wire import Answer, ControlHandler, Provider, Request, Shop, json_answer, problem

_DECADE = 315_360_000
_SHOWN = 30

Order = TypeVar("Order")


class Purchase(msgspec.Struct, forbid_unknown_fields=True):
    """What a tester says about a purchase."""

    product_id: Annotated[str, Meta(min_length=1, max_length=100)]
    app_account_token: UUID | None = None
    environment: EnvironmentName = "Sandbox"
    """`Xcode` and `LocalTesting` are nowhere to be asked for, and have to be refused."""
    bundle_id: Annotated[str, Meta(min_length=1)] = APNS_TOPIC
    """Another one makes a purchase of another app."""
    trial: bool = False
    """A free week first."""
    family_shared: bool = False
    expires_in: Annotated[int, Meta(ge=-_DECADE, le=_DECADE)] | None = None
    """Seconds from now to the end of the first period; a month or a year if left out."""
    flaw: Flaw | None = None
    """What is wrong with the signature (`app_store_chain`). Then nothing was bought: the store knows nothing of it."""


class Certificates(msgspec.Struct, forbid_unknown_fields=True):
    """Whether Apple has revoked the certificates that it signs with."""

    revoked: bool


class AppStore(Provider):
    """`/app-store/inApps/…` and `/app-store-sandbox/inApps/…`, and the notifications."""

    name = "app-store"
    prefixes = tuple(PREFIXES)

    def __init__(self, credentials: Credentials, deliver: Deliver, own_url: str) -> None:
        """`own_url` is the sandbox's address, which the certificates name."""
        chain = credentials.app_store_chain.with_responder(own_url + ocsp.PATH)
        self._responder = ocsp.Responder(chain)
        self._book = Book(chain)
        self._notifications = Notifications(deliver)
        self._api = Api(credentials.app_store_public_key, self._book, self._notifications, self._test)
        self._lately: deque[Subscription] = deque(maxlen=_SHOWN)

    def answer(self, request: Request) -> Answer:
        if request.path == ocsp.PATH:
            return self._responder.answer(request)
        return self._api.answer(request)

    def refusal(self, status: int, request: Request) -> Answer:
        return refusal(status)

    def control_routes(self) -> dict[tuple[str, str], ControlHandler]:
        return {
            ("POST", "/_control/app-store/purchases"): self._buy,
            ("POST", "/_control/app-store/events"): self._event,
            ("PUT", "/_control/app-store/certificates"): self._certify,
        }

    def shop(self) -> Shop:
        return shop(self._lately)

    def forget(self) -> None:
        self._notifications.forget()
        self._lately.clear()
        self._responder.revoked = False

    async def start(self, journal: Journal, faults: Faults) -> None:
        self._notifications.start()

    async def stop(self) -> None:
        await self._notifications.stop()

    def _buy(self, request: Request) -> Answer:
        order = _order(request, Purchase)
        if isinstance(order, Answer):
            return order
        token = None if order.app_account_token is None else str(order.app_account_token)
        now = clock.now()
        bought = subscribe(
            order.product_id, now, environment_of(order.environment), order.bundle_id,
            app_account_token=token, trial=order.trial, family_shared=order.family_shared,
        )  # fmt: skip
        if order.expires_in is not None:
            bought.latest.expires_at = now + timedelta(seconds=order.expires_in)
            bought.latest.purchased_at = min(now, bought.latest.expires_at - timedelta(seconds=1))
        signed = self._book.transaction(bought, bought.latest, flaw=order.flaw)
        if order.flaw is None:
            bought.on_phone = signed
            self._book.enter(bought)
            self._lately.append(bought)
        return json_answer(
            200, {"signed_transaction": signed, "original_transaction_id": bought.original_transaction_id}
        )

    async def _event(self, request: Request) -> Answer:
        event = _order(request, Event)
        if isinstance(event, Answer):
            return event
        subscription = self._book.find(event.original_transaction_id)
        if subscription is None and (event.original_transaction_id or event.type != "TEST"):
            return problem(404, "Unknown purchase", "The store has sold nothing with this original_transaction_id.")
        subtype, period = event.subtype or None, None
        if subscription is not None:
            try:
                subtype, period = happen(subscription, event, clock.now())
            except UnknownTransactionError:
                return problem(404, "Unknown transaction", "The purchase has no such transaction_id.")
            subscription.on_phone = self._book.transaction(subscription, subscription.latest)
            self._book.enter(subscription)
        made = self._notify(event, subtype, subscription, period)
        statuses: list[int | None] = []
        if event.deliver:
            statuses = await self._notifications.send(made, event.copies)
        else:
            self._notifications.lose(made)
        answer = {"notification_uuid": made.uuid, "statuses": statuses, "signed_payload": made.payload}
        return json_answer(200, answer)

    def _certify(self, request: Request) -> Answer:
        order = _order(request, Certificates)
        if isinstance(order, Answer):
            return order
        self._responder.revoked = order.revoked
        return json_answer(200, order)

    def _test(self, environment: Environment) -> str:
        """Send a test notification, as the API is asked to; returns its id."""
        made = self._notify(Event(type="TEST", environment=environment), None, None, None)
        self._notifications.send_soon(made)
        return made.uuid

    def _notify(
        self, event: Event, subtype: str | None, subscription: Subscription | None, period: Period | None
    ) -> Notification:
        """Sign and keep a notification of what happened."""
        signed_at = self._book.signing_time()
        body = payload(event, subtype, subscription, period, self._book, signed_at)
        flaw = None if event.flaw == "inner" else event.flaw
        return self._notifications.add(
            body["notificationUUID"],
            event.type,
            subtype,
            environment_of(event.environment) if subscription is None else subscription.environment,
            frozenset() if subscription is None else ids_of(subscription),
            self._book.chain.sign(body, flaw),
            signed_at,
        )


def _order(request: Request, kind: type[Order]) -> Order | Answer:
    try:
        return msgspec.json.decode(request.body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        return problem(400, "Bad order", str(error))
