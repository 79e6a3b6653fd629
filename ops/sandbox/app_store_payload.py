"""What a notification of the App Store says, before it is signed (providers.md 7.1)."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from ops.sandbox.app_store_book import Book
from ops.sandbox.app_store_chain import Flaw
from ops.sandbox.app_store_events import Event
from ops.sandbox.app_store_subscription import Period, Subscription, environment_of
from ops.sandbox.credentials import APNS_TOPIC, APP_STORE_APP_ID


def payload(
    event: Event,
    subtype: str | None,
    subscription: Subscription | None,
    period: Period | None,
    book: Book,
    signed_at: int,
) -> dict[str, Any]:
    """The claims; `signed_at` in milliseconds. Without a subscription it speaks of the app alone."""
    environment = environment_of(event.environment) if subscription is None else subscription.environment
    # The sandbox has no number for the app.
    number = event.app_apple_id or (APP_STORE_APP_ID if environment == "Production" else None)
    app: dict[str, Any] = {} if number is None else {"appAppleId": number}
    app["bundleId"] = event.bundle_id or (APNS_TOPIC if subscription is None else subscription.bundle_id)
    claims: dict[str, Any] = {"notificationType": event.type}
    if subtype:
        claims["subtype"] = subtype
    claims |= {"notificationUUID": str(uuid4()), "version": "2.0", "signedDate": signed_at}
    product = "" if period is None else period.product_id
    match event.type, subtype:
        case "RENEWAL_EXTENSION", "SUMMARY":
            counts = {"storefrontCountryCodes": ["USA"], "succeededCount": 1, "failedCount": 0}
            named = {"environment": environment, "productId": product, "requestIdentifier": str(uuid4())}
            return claims | {"summary": app | named | counts}
        case "EXTERNAL_PURCHASE_TOKEN", _:
            mark = "" if environment == "Production" else "SANDBOX_"
            token = {"externalPurchaseId": f"{mark}{uuid4()}", "tokenCreationDate": signed_at}
            return claims | {"externalPurchaseToken": app | token}
        case "RESCIND_CONSENT", _:
            return claims | {"appData": app | {"environment": environment}}
    data = app | {"bundleVersion": "1", "environment": environment}
    if event.type == "CONSUMPTION_REQUEST":
        data["consumptionRequestReason"] = "UNINTENDED_PURCHASE"
    if subscription is not None and period is not None and event.type != "TEST":
        flaw: Flaw | None = "root" if event.flaw == "inner" else None
        data |= {
            "status": subscription.status,
            "signedTransactionInfo": book.transaction(subscription, period, signed_at, flaw),
            "signedRenewalInfo": book.renewal(subscription, signed_at),
        }
    return claims | {"data": data}
