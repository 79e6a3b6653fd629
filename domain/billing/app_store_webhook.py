"""The App Store's notifications (spec: providers.md 7.1): checked and kept as they come, looked into by a job.

What a notification says is a hint, whatever its type: the store is asked. Only while the store is away does what Apple
has signed stand for itself, as of the instant at which it was signed.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

from prometheus_client import Counter

from domain.billing import app_store_verifier as verifier
from domain.billing.app_store_reading import NotASubscription, UnknownStatus, instant, read_subscription
from domain.billing.app_store_verifier import PurchaseInvalid, StoreAway, Unreadable
from domain.billing.notified import About, Notification, Waiting, keep
from domain.billing.report import Environment, StoreReport
from domain.kit.errors import Unauthenticated, Unavailable
from domain.kit.log import log
from domain.kit.providers import code_word

_UNREADABLE, _NOTHING_TO_ASK = "unreadable", "nothing_to_ask"
_LONGEST_ID = 100
# What is told with the transaction that counts. A refund may be told with an earlier one, which says nothing of today.
_ABOUT_THE_LATEST = frozenset(
    {
        "SUBSCRIBED", "DID_RENEW", "DID_CHANGE_RENEWAL_PREF", "DID_CHANGE_RENEWAL_STATUS", "DID_FAIL_TO_RENEW",
        "EXPIRED", "GRACE_PERIOD_EXPIRED",
    }
)  # fmt: skip

_received = Counter("kuitter_app_store_notifications", "Notifications of the App Store, by what became of them",
                    ["outcome"])  # fmt: skip


async def receive(signed: str) -> None:
    """Keep a notification, and ask for a look into it. A repeat changes nothing.

    Raises Unauthenticated for what Apple has not signed for this app, inside or outside; Unavailable while that cannot
    be found out, so that Apple sends it again.
    """
    try:
        given = await verifier.on_thread(lambda: opened(signed))
    except PurchaseInvalid as error:
        log().warning("app_store.notification_refused", reason=error.code)
        _received.labels("refused").inc()
        raise Unauthenticated("This is not signed by the App Store for this app.") from None
    except StoreAway:
        raise Unavailable("Apple's certificates cannot be checked at the moment.") from None
    if given.code == _UNREADABLE:
        log().error("app_store.notification_unreadable")
    new = await keep("app_store", [given])
    _received.labels("repeated" if not new else "ignored" if given.code else "taken").inc()


def opened(signed: str) -> Notification:
    """A notification with all its signatures checked. Blocks. Raises PurchaseInvalid, StoreAway."""
    said = verifier.claims(signed)
    environment = verifier.environment_of(_environment(said))
    word, code = _word(said), None
    try:
        verifier.notification(signed, environment)
        data = _part(said, "data")
        if isinstance(data.get("signedRenewalInfo"), str):
            verifier.renewal(data["signedRenewalInfo"], environment)
        bought = data.get("signedTransactionInfo")
        if not isinstance(bought, str) or not verifier.transaction(bought, environment).originalTransactionId:
            code = _NOTHING_TO_ASK
    except Unreadable:
        # Apple would only send it again.
        code = _UNREADABLE
    store_id = said.get("notificationUUID")
    if not isinstance(store_id, str) or not 0 < len(store_id) <= _LONGEST_ID or not store_id.isprintable():
        store_id = f"sha256:{hashlib.sha256(signed.encode()).hexdigest()}"
    return Notification(store_id, word, signed, code)


async def about(notification: Waiting) -> About | str:
    """What a notification that was kept is about, or a word for why there is nothing to ask."""
    try:
        said = verifier.claims(notification.body)
        environment = verifier.environment_of(_environment(said))
        data = _part(said, "data")
        # All of this was checked when it came: which purchase to ask about is not in doubt.
        key = verifier.claims(data["signedTransactionInfo"])["originalTransactionId"]
    except PurchaseInvalid as error:
        return error.code
    report = None
    if said.get("notificationType") in _ABOUT_THE_LATEST:
        with suppress(PurchaseInvalid, StoreAway, Unreadable, NotASubscription, UnknownStatus):
            report = await verifier.on_thread(lambda: _report(environment, said, data))
    return About(store_key=key, environment=environment, signed=report)


def _report(environment: Environment, said: dict[str, Any], data: dict[str, Any]) -> StoreReport | None:
    """What it says itself, None where that may be of old. Blocks. Raises as the verifier, and read_subscription."""
    signed_at = instant(said.get("signedDate"))
    latest = verifier.transaction(data["signedTransactionInfo"], environment)
    if signed_at is None or latest.isUpgraded:
        return None
    signed_renewal = data.get("signedRenewalInfo")
    renewal = verifier.renewal(signed_renewal, environment) if signed_renewal else None
    return read_subscription(environment, data.get("status"), latest, renewal, signed_at)


def _environment(said: dict[str, Any]) -> object:
    """Apple's word for where it happened; notifications of each kind have it elsewhere."""
    for name in ("data", "summary", "appData"):
        if part := _part(said, name):
            return part.get("environment")
    if part := _part(said, "externalPurchaseToken"):
        return "Sandbox" if str(part.get("externalPurchaseId")).startswith("SANDBOX") else "Production"
    return None


def _part(said: dict[str, Any], name: str) -> dict[str, Any]:
    part = said.get(name)
    return part if isinstance(part, dict) else {}


def _word(said: dict[str, Any]) -> str:
    """The store's word for what happened, as the history shows it."""
    words = (code_word(said.get(name), "") for name in ("notificationType", "subtype"))
    return ".".join(word for word in words if word) or "UNKNOWN"
