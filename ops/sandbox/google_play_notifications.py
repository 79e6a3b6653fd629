"""What Google Play says of its own accord: a message of Pub/Sub, pushed with a token that Google signed."""

from __future__ import annotations

import base64
import secrets
import time
from datetime import datetime
from typing import Any

import msgspec

from ops.sandbox.credentials import PLAY_PACKAGE, PLAY_PUSH_ACCOUNT, PLAY_PUSH_AUDIENCE, PROJECT_ID
from ops.sandbox.google_play_purchase import Purchase, Voided
from ops.sandbox.journal import timestamp
from ops.sandbox.signing import Keyring, WrongKey

PUSH_LIFETIME = 3600
_SUBSCRIPTION = f"projects/{PROJECT_ID}/subscriptions/google-play"
_KIND_SUBSCRIPTION = 1
_FULL_REFUND = 1
_REFUND_REASON = 7


class Push(msgspec.Struct, forbid_unknown_fields=True):
    """What may be wrong with a push; left out, all of it is right."""

    audience: str = PLAY_PUSH_AUDIENCE
    email: str = PLAY_PUSH_ACCOUNT
    email_verified: bool = True
    expires_in: int = PUSH_LIFETIME
    key: WrongKey | None = None

    def headers(self, keys: Keyring) -> dict[str, str]:
        """The headers, with a token by the keys that sign Google's identity tokens too."""
        now = int(time.time())
        expires = now + self.expires_in
        claims = {
            "iss": "https://accounts.google.com",
            "aud": self.audience,
            "azp": "100000000000000000002",
            "sub": "100000000000000000002",
            "email": self.email,
            "email_verified": self.email_verified,
            "iat": min(now, expires - 1),
            "exp": expires,
        }
        return {"Authorization": f"Bearer {keys.sign(claims, self.key)}"}


class Message(msgspec.Struct, frozen=True):
    """One message. A copy of it bears the same id."""

    id: str
    body: dict[str, Any]


def message(about: dict[str, Any], now: datetime) -> Message:
    """The message around what is said, at the business instant `now`."""
    said = {"version": "1.0", "packageName": PLAY_PACKAGE, "eventTimeMillis": str(int(now.timestamp() * 1000))}
    number = str(10**15 + secrets.randbelow(9 * 10**15))
    published = timestamp(time.time())
    body = {
        "message": {
            "attributes": {},
            "data": base64.b64encode(msgspec.json.encode(said | about)).decode(),
            "messageId": number,
            "message_id": number,
            "publishTime": published,
            "publish_time": published,
        },
        "subscription": _SUBSCRIPTION,
    }
    return Message(number, body)


def about_subscription(kind: int, purchase: Purchase) -> dict[str, Any]:
    """Something happened to a subscription."""
    said = {"version": "1.0", "notificationType": kind, "purchaseToken": purchase.token}
    return {"subscriptionNotification": said}


def about_refund(record: Voided) -> dict[str, Any]:
    """Money went back."""
    said = {"purchaseToken": record.token, "orderId": record.order_id}
    return {
        "voidedPurchaseNotification": said | {"productType": _KIND_SUBSCRIPTION, "refundType": _FULL_REFUND},
    }


def about_refund_request(purchase: Purchase) -> dict[str, Any]:
    """Somebody wants money back, and the developer may say something about it for a day."""
    said = {
        "version": "1.0",
        "pendingRefundToken": secrets.token_urlsafe(32),
        "orderId": purchase.order_id,
        "refundReason": _REFUND_REASON,
    }
    account = {"obfuscatedAccountId": purchase.account_id} if purchase.account_id else {}
    return {"pendingRefundReviewNotification": said | account}


def about_one_time_product(purchase: Purchase) -> dict[str, Any]:
    """Something that is no subscription was bought; the app sells nothing of the kind."""
    said = {"version": "1.0", "notificationType": 1, "purchaseToken": purchase.token, "sku": purchase.product_id}
    return {"oneTimeProductNotification": said}


def about_nothing() -> dict[str, Any]:
    """The test that Google's console sends."""
    return {"testNotification": {"version": "1.0"}}
