"""What the App Store has sold, found by any of its ids, and signed as it stands now."""

from __future__ import annotations

import time
from typing import Any

from ops.sandbox.app_store_chain import Chain, Flaw
from ops.sandbox.app_store_subscription import Environment, Period, Subscription

_KEPT = 50_000


class Book:
    """All subscriptions. They outlive `DELETE /_control`, because the app goes on asking for what it was given."""

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self._sold: dict[str, Subscription] = {}
        self._by_id: dict[str, str] = {}
        self._last_signed = 0

    def enter(self, subscription: Subscription) -> None:
        """Add a subscription, or the ids of what it has grown by."""
        original = subscription.original_transaction_id
        self._sold[original] = subscription
        for known in ids_of(subscription):
            self._by_id[known] = original
        if len(self._sold) > _KEPT:
            oldest = self._sold.pop(next(iter(self._sold)))
            for known in ids_of(oldest):
                self._by_id.pop(known, None)

    def find(self, known: str) -> Subscription | None:
        """The subscription with this original, transaction's or app transaction's id, in either environment."""
        return self._sold.get(self._by_id.get(known, ""))

    def signing_time(self) -> int:
        """The milliseconds that the next signatures bear: the real present, and never twice the same."""
        self._last_signed = max(time.time_ns() // 1_000_000, self._last_signed + 1)
        return self._last_signed

    def transaction(
        self, subscription: Subscription, period: Period, signed_at: int | None = None, flaw: Flaw | None = None
    ) -> str:
        """`signedTransactionInfo` of one period."""
        return self.chain.sign(subscription.transaction(period, signed_at or self.signing_time()), flaw)

    def renewal(self, subscription: Subscription, signed_at: int | None = None) -> str:
        """`signedRenewalInfo`."""
        return self.chain.sign(subscription.renewal(signed_at or self.signing_time()))

    def last_transaction(self, subscription: Subscription) -> dict[str, Any]:
        """How the subscription stands, as the API's list of statuses has it."""
        signed_at = self.signing_time()
        return {
            "originalTransactionId": subscription.original_transaction_id,
            "status": subscription.status,
            "signedTransactionInfo": self.transaction(subscription, subscription.latest, signed_at),
            "signedRenewalInfo": self.renewal(subscription, signed_at),
        }


def ids_of(subscription: Subscription) -> frozenset[str]:
    """Every id that the subscription may be asked for by."""
    return frozenset(
        {subscription.original_transaction_id, subscription.app_transaction_id}
        | {period.transaction_id for period in subscription.periods}
    )


def is_in(subscription: Subscription, environment: Environment, bundle_id: str) -> bool:
    """Whether one app's server in one environment may know of it."""
    return subscription.environment == environment and subscription.bundle_id == bundle_id
