"""Every purchase that Google Play knows, and every one that was paid back."""

from __future__ import annotations

from datetime import datetime

from ops.sandbox.google_play_events import begin
from ops.sandbox.google_play_purchase import PRICES, Purchase, State, Voided, new_order, new_token

_KEPT = 50_000


class Shelf:
    """The purchases by token. They outlive `DELETE /_control`, because the app goes on asking about them."""

    def __init__(self, secret: bytes) -> None:
        """`secret` seals the tokens."""
        self._secret = secret
        self._purchases: dict[str, Purchase] = {}
        self._lately: dict[str, Purchase] = {}
        self.voided: list[Voided] = []

    def find(self, token: str, now: datetime) -> Purchase | None:
        """The purchase as it stands at `now`."""
        purchase = self._purchases.get(token)
        if purchase is not None:
            self._settle(purchase, now)
        return purchase

    def settle(self, now: datetime) -> None:
        """Let time do its work on all of them."""
        for purchase in self._purchases.values():
            self._settle(purchase, now)

    def add(
        self,
        product_id: str,
        base_plan: str,
        state: State,
        now: datetime,
        *,
        account_id: str | None = None,
        linked: Purchase | None = None,
        is_test: bool = False,
        trial: bool = False,
    ) -> Purchase:
        """Sell something. With `linked` it takes that one's place as soon as it is paid for."""
        purchase = Purchase(
            token=new_token(self._secret),
            order=new_order(),
            product_id=product_id,
            base_plan=base_plan,
            created_at=now,
            account_id=account_id,
            linked=None if linked is None else linked.token,
            is_test=is_test,
            trial=trial,
            price=0,
        )
        purchase.price = PRICES[purchase.is_yearly]
        begin(purchase, state, now)
        self._purchases[purchase.token] = purchase
        self.touch(purchase)
        self.take_place(purchase, now)
        if len(self._purchases) > _KEPT:
            del self._purchases[next(iter(self._purchases))]
        return purchase

    def take_place(self, purchase: Purchase, now: datetime) -> None:
        """End the purchase that this one is linked to, once this one has begun."""
        old = self._purchases.get(purchase.linked or "")
        if old is None or old.replaced or purchase.started_at is None:
            return
        old.canceled_by = None
        old.expire(now, "replacement")
        old.replaced = True

    def refunded(self, record: Voided) -> None:
        """Note money that went back, once for each order."""
        if all(known.order_id != record.order_id for known in self.voided):
            self.voided.append(record)
            del self.voided[:-_KEPT]

    def touch(self, purchase: Purchase) -> None:
        """Show it on the page, first of all."""
        self._lately.pop(purchase.token, None)
        self._lately[purchase.token] = purchase

    def lately(self, number: int) -> list[Purchase]:
        """What was bought or changed last, the newest first."""
        return list(reversed(self._lately.values()))[:number]

    def put_away(self) -> None:
        """Empty the page."""
        self._lately.clear()

    def _settle(self, purchase: Purchase, now: datetime) -> None:
        record = purchase.settle(now)
        if record is not None:
            self.refunded(record)
