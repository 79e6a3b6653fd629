"""The stores of a history (history.py), as our clients would see them: the sandbox's own models, without the wire."""

from __future__ import annotations

from typing import Any

import msgspec
from appstoreserverlibrary.models.JWSRenewalInfoDecodedPayload import JWSRenewalInfoDecodedPayload
from appstoreserverlibrary.models.JWSTransactionDecodedPayload import JWSTransactionDecodedPayload
from appstoreserverlibrary.models.LibraryUtility import _get_cattrs_converter

from domain.billing import google_play
from domain.billing.app_store import SignedTransaction
from domain.billing.app_store_reading import read_subscription
from domain.billing.app_store_reading import read_transaction as read_alone
from domain.billing.google_play import VoidedPage
from domain.billing.google_reading import read_purchase
from domain.billing.report import Environment, StoreReport
from domain.kit.providers import Answer, Outcome
from ops.sandbox.app_store_subscription import Subscription, milliseconds
from tests.billing.history import DAY, World


class StoresHere:
    """The stores' addresses, so to speak: what our clients would get from the present world."""

    def __init__(self) -> None:
        self.world: World

    async def ask(self, token: str) -> StoreReport | Answer:
        """Google's client."""
        sold = self.world.shelf.find(token, self.world.now)
        if sold is None:
            return Answer(Outcome.REJECTED, "invalidValue")
        if sold.is_forgotten(self.world.now):
            return Answer(Outcome.TOKEN_DEAD, "subscriptionPurchaseNoLongerAvailable")
        return read_purchase(token, msgspec.json.encode(sold.shown()), self.world.now)

    async def acknowledge(self, token: str, product_id: str) -> Answer:
        sold = self.world.shelf.find(token, self.world.now)
        if sold is None or sold.started_at is None or sold.state == "EXPIRED":
            return Answer(Outcome.REJECTED, "subscriptionNotOwnedByUser")
        sold.acknowledged = True
        return Answer(Outcome.OK, "OK")

    async def voided(self, page: str | None = None) -> VoidedPage:
        oldest = self.world.now - 30 * DAY
        return VoidedPage(
            [
                google_play.Voided(one.token, one.order_id, milliseconds(one.at), one.reason)
                for one in self.world.shelf.voided
                if one.at > oldest
            ],
            None,
        )

    async def ask_apple(self, key: str, environment: Environment) -> StoreReport | Answer:
        bought = self._bought(key)
        signed_at = milliseconds(self.world.now)
        latest = _decoded(JWSTransactionDecodedPayload, bought.transaction(bought.latest, signed_at))
        renewal = _decoded(JWSRenewalInfoDecodedPayload, bought.renewal(signed_at))
        return read_subscription(environment, bought.status, latest, renewal, self.world.now)

    async def read_transaction(self, signed: str) -> SignedTransaction:
        bought = self._bought(signed)
        claims_ = bought.transaction(bought.latest, milliseconds(self.world.now))
        report = read_alone("production", _decoded(JWSTransactionDecodedPayload, claims_), self.world.now)
        return SignedTransaction(report.store_key, "production", report)

    def _bought(self, key: str) -> Subscription:
        found = self.world.called(key).model
        assert isinstance(found, Subscription)
        return found


def _decoded(kind: Any, claims_: dict[str, Any]) -> Any:
    return _get_cattrs_converter(kind).structure(claims_, kind)
