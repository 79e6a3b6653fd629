"""The App Store: what a signed transaction is worth, and what Apple's server says of a subscription.

Asked by jobs alone; no request of a person waits for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import httpx2
import msgspec
from appstoreserverlibrary.models.LastTransactionsItem import LastTransactionsItem
from appstoreserverlibrary.models.StatusResponse import StatusResponse

from domain.billing import app_store_verifier as verifier
from domain.billing.app_store_api import AppStoreApi
from domain.billing.app_store_reading import NotASubscription, UnknownStatus, read_subscription
from domain.billing.app_store_reading import read_transaction as read_alone
from domain.billing.app_store_verifier import PurchaseInvalid, StoreAway, Unreadable
from domain.billing.report import Environment, StoreReport
from domain.kit.clock import clock, real_now
from domain.kit.log import log
from domain.kit.own_client import OwnClient
from domain.kit.providers import Answer, Outcome
from domain.kit.settings import Settings, settings

T = TypeVar("T")

# What Apple says truly of a purchase that gives nothing here.
_FAULTLESS = frozenset({"not_a_subscription", "family_shared"})
_ID = re.compile(r"[0-9A-Za-z]{1,64}\Z")


class SignedTransaction(msgspec.Struct, frozen=True):
    """A transaction that Apple has signed for this app. `report` is what it says by itself (app_store_reading)."""

    original_transaction_id: str
    environment: Environment
    report: StoreReport

    def __repr__(self) -> str:
        # Reprs end up in logs and tracebacks; what names a purchase must not.
        return f"SignedTransaction({self.report})"


class AppStore:
    """Bound to the event loop that it is opened on. Raises SettingError when APP_STORE_KEY cannot be read."""

    def __init__(self, chosen: Settings) -> None:
        self._http = httpx2.AsyncClient(
            http2=True, trust_env=False, follow_redirects=False, timeout=httpx2.Timeout(10, connect=3, pool=5)
        )
        self.apis: dict[Environment, AppStoreApi] = {
            "production": AppStoreApi(chosen, "production", self._http),
            "sandbox": AppStoreApi(chosen, "sandbox", self._http),
        }

    async def close(self) -> None:
        """Close all connections. Afterwards the object is of no use."""
        await self._http.aclose()


client = OwnClient(lambda: AppStore(settings()))
close = client.close


async def read_transaction(signed: str) -> SignedTransaction | Answer:
    """What an app hands in as a purchase, checked. REJECTED: Apple has not signed it, not for this app, or it is no
    subscription of the person's own. TRANSIENT: that cannot be found out at the moment."""

    def check() -> SignedTransaction:
        environment = verifier.environment_of(verifier.claims(signed).get("environment"))
        report = read_alone(environment, verifier.transaction(signed, environment), clock.now())
        return SignedTransaction(report.store_key, environment, report)

    return await _or_refusal(check)


async def ask(original_transaction_id: str, environment: Environment) -> StoreReport | Answer:
    """What Apple says of a subscription, or what kept it from us.

    REJECTED: no such purchase, or none that is the customer's own. TRANSIENT, CONFIG: ask again later.
    """
    if not _ID.match(original_transaction_id):
        return Answer(Outcome.REJECTED, "malformed_id")
    if environment not in settings().app_store_environments:
        return Answer(Outcome.REJECTED, "environment")
    asked_at = real_now()
    said = await client().apis[environment].statuses(original_transaction_id)
    if isinstance(said, Answer):
        return said
    if said.data is None:
        # The library takes any JSON for an answer; this is none.
        log().error("app_store.unreadable_answer")
        return Answer(Outcome.TRANSIENT, "unreadable_answer")
    found = _last(said, original_transaction_id)
    if found is None:
        # A customer without this subscription: what was asked about is no subscription.
        return Answer(Outcome.REJECTED, "not_a_subscription")
    answer = await _or_refusal(lambda: _read(found, environment, asked_at))
    if isinstance(answer, Answer) and answer.outcome is Outcome.REJECTED and answer.code not in _FAULTLESS:
        # It came from Apple's own address: then our roots or ids are wrong, not the purchase.
        log().error("app_store.answer_refused", code=answer.code)
        return Answer(Outcome.TRANSIENT, answer.code)
    return answer


async def _or_refusal(check: Callable[[], T]) -> T | Answer:
    """Run what checks signatures, on a thread."""
    try:
        return await verifier.on_thread(check)
    except StoreAway:
        return Answer(Outcome.TRANSIENT, "certificates_away")
    except (PurchaseInvalid, NotASubscription) as error:
        return Answer(Outcome.REJECTED, str(error))
    except Unreadable:
        return Answer(Outcome.REJECTED, "unreadable")
    except UnknownStatus as unknown:
        log().error("app_store.unknown_status", status=str(unknown)[:20])
        return Answer(Outcome.TRANSIENT, "unknown_status")


def _last(said: StatusResponse, original_transaction_id: str) -> LastTransactionsItem | None:
    """Its latest transaction, of all that the customer ever subscribed to."""
    return next(
        (
            last
            for group in said.data or []
            for last in group.lastTransactions or []
            if last.originalTransactionId == original_transaction_id and last.signedTransactionInfo
        ),
        None,
    )


def _read(last: LastTransactionsItem, environment: Environment, asked_at: datetime) -> StoreReport:
    latest = verifier.transaction(last.signedTransactionInfo or "", environment)
    renewal = verifier.renewal(last.signedRenewalInfo, environment) if last.signedRenewalInfo else None
    return read_subscription(environment, last.rawStatus, latest, renewal, asked_at)
