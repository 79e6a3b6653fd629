"""Google Play's notifications (spec: providers.md 6.3): kept as they come, looked into by a job.

What a notification says of a subscription is a hint, whatever its type: the store is asked. That money went back is the
one thing that only the notification knows, and it changes no access.
"""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, datetime, timedelta

import msgspec
from prometheus_client import Counter

from domain.billing.notified import About, Notification, Waiting, keep
from domain.kit.clock import clock
from domain.kit.log import log
from domain.kit.settings import settings

_LONGEST_ID = 200
_SUBSCRIPTION, _FULL_REFUND = 1, 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MILLIS = 10**14
_REVOKED = 12
_WORDS = {
    1: "RECOVERED", 2: "RENEWED", 3: "CANCELED", 4: "PURCHASED", 5: "ON_HOLD", 6: "IN_GRACE_PERIOD", 7: "RESTARTED",
    8: "PRICE_CHANGE_CONFIRMED", 9: "DEFERRED", 10: "PAUSED", 11: "PAUSE_SCHEDULE_CHANGED", 12: "REVOKED",
    13: "EXPIRED", 17: "ITEMS_CHANGED", 18: "CANCELLATION_SCHEDULED", 19: "PRICE_CHANGE_UPDATED",
    20: "PENDING_PURCHASE_CANCELED", 22: "PRICE_STEP_UP_CONSENT_UPDATED",
}  # fmt: skip

_received = Counter(
    "kuitter_google_play_notifications", "Notifications of Google Play, by what became of them", ["outcome"]
)


class Hint(msgspec.Struct, frozen=True):
    """What one notification is about.

    `token` is the purchase to ask about, None where there is nothing to ask (`code` says why). `refunded_at` is when
    money of it went back, by the store's word.
    """

    word: str
    token: str | None = None
    refunded_at: datetime | None = None
    code: str | None = None

    def __repr__(self) -> str:
        # Reprs end up in logs and tracebacks; a purchase token must not.
        return f"Hint({self.word})"


class _Message(msgspec.Struct, rename="camel"):
    data: str = ""
    message_id: str | int | None = None
    # Pub/Sub sends it under both names.
    message_id_old: str | int | None = msgspec.field(name="message_id", default=None)


class _Envelope(msgspec.Struct):
    message: _Message


class _Subscription(msgspec.Struct, rename="camel"):
    notification_type: int | None = None
    purchase_token: str = ""


class _Voided(msgspec.Struct, rename="camel"):
    purchase_token: str = ""
    product_type: int | None = None
    refund_type: int | None = None


class _Any(msgspec.Struct):
    """Present or not: that is all that is looked at."""


class _Notification(msgspec.Struct, rename="camel"):
    package_name: str = ""
    event_time_millis: int | None = None
    subscription_notification: _Subscription | None = None
    voided_purchase_notification: _Voided | None = None
    one_time_product_notification: _Any | None = None
    pending_refund_review_notification: _Any | None = None
    test_notification: _Any | None = None


class Unreadable(Exception):
    """Not a notification. `args[0]` says in a word what is wrong with it."""


async def receive(body: bytes) -> None:
    """Keep the notification in a push that has passed `google_push.check_push`, and ask for a look into it.

    A repeat changes nothing. What cannot be read is counted and passed over: Google would only send it again.
    """
    try:
        notification_id, text = _opened(body)
        hint = read(text)
    except Unreadable as error:
        log().error("google_play.notification_unreadable", reason=str(error))
        _received.labels("unreadable").inc()
        return
    if hint.word == "PENDING_REFUND_REVIEW":
        log().error("google_play.refund_review", hours_to_answer=24)
    new = await keep("google_play", [Notification(notification_id, hint.word, text, hint.code)])
    _received.labels("repeated" if not new else "taken" if hint.token else "ignored").inc()


async def about(notification: Waiting) -> About | str:
    """What a notification that was kept is about, or a word for why there is nothing to ask."""
    try:
        hint = read(notification.body)
    except Unreadable as error:
        return str(error)
    if hint.token is None:
        return hint.code or "nothing_to_ask"
    return About(store_key=hint.token, refunded_at=hint.refunded_at)


def read(text: str) -> Hint:
    """What the text of a notification is about. Raises Unreadable."""
    try:
        # Not strict: eventTimeMillis comes as text or as a number.
        said = msgspec.json.decode(text, type=_Notification, strict=False)
    except (msgspec.MsgspecError, RecursionError):
        raise Unreadable("no_notification") from None
    if said.package_name != settings().google_play_package:
        return Hint(_word(said), code="other_app")
    if said.subscription_notification is not None and said.subscription_notification.purchase_token:
        revoked = said.subscription_notification.notification_type == _REVOKED
        at = _instant(said.event_time_millis) if revoked else None
        return Hint(_word(said), said.subscription_notification.purchase_token, at)
    voided = said.voided_purchase_notification
    if voided is not None and voided.purchase_token:
        if voided.product_type not in (_SUBSCRIPTION, None):
            return Hint(_word(said), code="one_time_product")
        at = _instant(said.event_time_millis) if voided.refund_type in (_FULL_REFUND, None) else None
        return Hint(_word(said), voided.purchase_token, at)
    return Hint(_word(said), code="nothing_to_ask")


def _word(said: _Notification) -> str:
    """The store's word for what happened, as the history shows it."""
    if said.subscription_notification is not None:
        number = said.subscription_notification.notification_type
        return f"SUBSCRIPTION_{_WORDS.get(number or 0, number or 'UNKNOWN')}"
    kinds = (
        ("VOIDED_PURCHASE", said.voided_purchase_notification),
        ("ONE_TIME_PRODUCT", said.one_time_product_notification),
        ("PENDING_REFUND_REVIEW", said.pending_refund_review_notification),
        ("TEST", said.test_notification),
    )
    return next((word for word, kind in kinds if kind is not None), "UNKNOWN")


def _opened(body: bytes) -> tuple[str, str]:
    """Google's id and the text of the notification in a push. Raises Unreadable."""
    try:
        message = msgspec.json.decode(body, type=_Envelope).message
        text = base64.b64decode(message.data, validate=True).decode()
    except (msgspec.MsgspecError, UnicodeDecodeError, binascii.Error, RecursionError, ValueError):
        raise Unreadable("no_push") from None
    notification_id = str(message.message_id or message.message_id_old or "")
    if not 0 < len(notification_id) <= _LONGEST_ID or not notification_id.isprintable() or "\x00" in text:
        raise Unreadable("no_id" if "\x00" not in text else "not_text")
    return notification_id, text


def _instant(millis: int | None) -> datetime:
    """Without a time of its own it is now. Beyond the year 5000 it is nonsense."""
    if millis is None or not 0 < millis < _LATEST_MILLIS:
        return clock.now()
    return _EPOCH + timedelta(milliseconds=millis)
