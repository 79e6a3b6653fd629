"""Google's answer about a subscription (purchases.subscriptionsv2) in our words (spec: providers.md 6.1).

Google leaves out what is false or empty, so every field has a default; fields that we do not use are not declared, so
that a change in their shape breaks nothing.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from domain.billing.products import google_play_plan
from domain.billing.report import Plan, PurchaseState, StoreReport

_STATES: dict[str, PurchaseState] = {
    "PENDING": "pending",
    "ACTIVE": "active",
    "IN_GRACE_PERIOD": "grace",
    "ON_HOLD": "on_hold",
    "PAUSED": "paused",
    # Access lasts until the expiry.
    "CANCELED": "cancelled",
    "EXPIRED": "expired",
    # Cash that was never paid: it gave nothing, and what it was to replace goes on.
    "PENDING_PURCHASE_CANCELED": "expired",
}
_PREFIX = "SUBSCRIPTION_STATE_"
_NEVER_PAID = frozenset({"PENDING", "PENDING_PURCHASE_CANCELED"})
# Only what gives access is to be acknowledged; before it is paid Google refuses that.
_TO_ACKNOWLEDGE: frozenset[PurchaseState] = frozenset({"trial", "active", "grace", "cancelled"})
_RENEWING: frozenset[PurchaseState] = frozenset({"trial", "active", "grace", "on_hold", "paused"})
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
# Google moves the expiry to the instant of a refund, and says of it a little later, or earlier by another clock.
_REFUND_SLACK = timedelta(hours=1)
_DAWN = datetime(1970, 1, 1, tzinfo=UTC)


class UnknownState(Exception):
    """Google says a state that we have no word for. `args[0]` is Google's, safe to log."""


class _Empty(msgspec.Struct):
    """Present or not: that is all it says."""


class _Money(msgspec.Struct, rename="camel"):
    currency_code: str = ""
    units: int = 0
    nanos: int = 0


class _AutoRenewing(msgspec.Struct, rename="camel"):
    auto_renew_enabled: bool = False
    recurring_price: _Money | None = None


class _Offer(msgspec.Struct, rename="camel"):
    base_plan_id: str = ""


class _Phase(msgspec.Struct, rename="camel"):
    free_trial: _Empty | None = None


class _Replacement(msgspec.Struct, rename="camel"):
    product_id: str | None = None


class _Line(msgspec.Struct, rename="camel"):
    product_id: str = ""
    expiry_time: datetime | None = None
    auto_renewing_plan: _AutoRenewing | None = None
    offer_details: _Offer | None = None
    offer_phase: _Phase | None = None
    deferred_item_replacement: _Replacement | None = None

    @property
    def plan(self) -> Plan | None:
        return google_play_plan(self.product_id, self.offer_details.base_plan_id if self.offer_details else "")


class _Account(msgspec.Struct, rename="camel"):
    obfuscated_external_account_id: str | None = None


class _OutOfApp(msgspec.Struct, rename="camel"):
    """Bought again in Google's own app, which knows no account: that of the purchase before counts."""

    expired_purchase_token: str | None = None
    expired_external_account_identifiers: _Account | None = None


class _Canceled(msgspec.Struct, rename="camel"):
    replacement_cancellation: _Empty | None = None


class _Paused(msgspec.Struct, rename="camel"):
    auto_resume_time: datetime | None = None


class _Purchase(msgspec.Struct, rename="camel"):
    subscription_state: str = ""
    acknowledgement_state: str = ""
    start_time: datetime | None = None
    linked_purchase_token: str | None = None
    test_purchase: _Empty | None = None
    external_account_identifiers: _Account | None = None
    out_of_app_purchase_context: _OutOfApp | None = None
    line_items: list[_Line] | None = None
    paused_state_context: _Paused | None = None
    canceled_state_context: _Canceled | None = None


def read_purchase(token: str, body: bytes, asked_at: datetime) -> StoreReport:
    """What Google says of the subscription behind `token`, asked at the real instant `asked_at`.

    Raises msgspec.MsgspecError, UnicodeDecodeError for a body that is no such answer, UnknownState.
    """
    # Not strict: Google writes some of its numbers as text.
    said = msgspec.json.decode(body, type=_Purchase, strict=False)
    word = said.subscription_state.removeprefix(_PREFIX)
    if word not in _STATES:
        raise UnknownState(word)
    line = _line(said.line_items or [])
    state = _STATES[word]
    if state == "active" and line.offer_phase is not None and line.offer_phase.free_trial is not None:
        state = "trial"
    renewing = line.auto_renewing_plan or _AutoRenewing()
    price, currency = _price(renewing.recurring_price)
    canceled = said.canceled_state_context or _Canceled()
    return StoreReport(
        store="google_play",
        environment="production" if said.test_purchase is None else "sandbox",
        store_key=token,
        account_token=_account(said),
        product_id=line.product_id,
        plan=line.plan,
        state=state,
        started_at=said.start_time,
        expires_at=line.expiry_time,
        will_renew=renewing.auto_renew_enabled and state in _RENEWING,
        asked_at=asked_at,
        next_product_id=line.deferred_item_replacement.product_id if line.deferred_item_replacement else None,
        resumes_at=said.paused_state_context.auto_resume_time if said.paused_state_context else None,
        price=price,
        currency=currency,
        # What a purchase that is not paid is meant to replace goes on until it is.
        linked_key=None if word in _NEVER_PAID else _linked(said),
        needs_acknowledgement=(
            said.acknowledgement_state == "ACKNOWLEDGEMENT_STATE_PENDING"
            and state in _TO_ACKNOWLEDGE
            # What gives nothing had better be refunded.
            and line.plan is not None
        ),
        replaced=canceled.replacement_cancellation is not None,
    )


def as_refunded(report: StoreReport, at: datetime) -> StoreReport:
    """The same report, once Google has said that money went back at `at` (business time).

    Google's API knows no such state: it says expired. An expiry well after the refund had another cause, and a
    subscription that goes on had an earlier period refunded.
    """
    if report.state != "expired" or report.expires_at is None or report.expires_at > at + _REFUND_SLACK:
        return report
    return msgspec.structs.replace(report, state="revoked")


def _line(lines: list[_Line]) -> _Line:
    """The item that counts: of those that we know the one that lasts longest, else of all."""
    return max(lines, key=lambda line: (line.plan is not None, line.expiry_time or _DAWN), default=_Line())


def _price(money: _Money | None) -> tuple[int | None, str | None]:
    """In millionths of the currency's unit."""
    if money is None or not _CURRENCY.match(money.currency_code):
        return None, None
    price = money.units * 1_000_000 + money.nanos // 1000
    return (price, money.currency_code) if 0 <= price < 2**63 else (None, None)


def _account(said: _Purchase) -> UUID | None:
    """Whom the app named when it sold this, if it was one of our tokens."""
    out_of_app = said.out_of_app_purchase_context
    for account in (
        said.external_account_identifiers,
        out_of_app.expired_external_account_identifiers if out_of_app else None,
    ):
        if account is not None and account.obfuscated_external_account_id:
            try:
                return UUID(account.obfuscated_external_account_id)
            except ValueError:
                return None
    return None


def _linked(said: _Purchase) -> str | None:
    out_of_app = said.out_of_app_purchase_context
    return said.linked_purchase_token or (out_of_app.expired_purchase_token if out_of_app else None) or None
