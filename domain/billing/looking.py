"""Looking into a store's notification: the store is asked afresh, and its answer written down.

So it does not matter in which order notifications come, how often, or before the app has handed the purchase in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from domain.billing import app_store_webhook, google_webhook
from domain.billing.applying import apply, key_hash
from domain.billing.asking import ask
from domain.billing.google_answers import NOT_FOUND
from domain.billing.google_reading import as_refunded
from domain.billing.jobs import AskStore
from domain.billing.notified import About, Waiting, settle, waiting
from domain.billing.report import Store, StoreReport
from domain.kit.clock import clock
from domain.kit.database import fetch_value, transaction
from domain.kit.outbox import enqueue
from domain.kit.outbox.rows import Lease
from domain.kit.providers import Answer, Outcome

# A store may tell of a purchase before all of it knows the purchase.
_FRESH = timedelta(minutes=5)
_FRESH_PAUSE = 20.0

_READERS: dict[Store, Callable[[Waiting], Awaitable[About | str]]] = {
    "app_store": app_store_webhook.about,
    "google_play": google_webhook.about,
}


async def look_into(notification_id: UUID, lease: Lease) -> Answer | None:
    """Ask the store about the subscription that a notification is about, and write down what comes.

    Returns the answer after which the same is to be tried again. Raises LeaseLost.
    """
    notification = await waiting(notification_id)
    if notification is None:
        return None
    about = await _READERS[notification.store](notification)
    if isinstance(about, str):
        async with transaction():
            await lease.settle()
            await settle(notification_id, about)
        return None
    answer = await ask(notification.store, about.store_key, about.environment)
    if isinstance(answer, StoreReport):
        await _write(notification, about, answer, lease)
        return None
    if answer.outcome not in (Outcome.REJECTED, Outcome.TOKEN_DEAD):
        if about.signed is not None:
            # Good for now, whatever keeps the store from answering; the question stays open.
            async with transaction():
                await apply(about.signed, notification.word)
        return answer
    if answer.code in NOT_FOUND and clock.now() - notification.received_at < _FRESH:
        return Answer(Outcome.TRANSIENT, answer.code, retry_after=_FRESH_PAUSE)
    await _pass_over(notification, about, answer, lease)
    return None


async def _write(notification: Waiting, about: About, report: StoreReport, lease: Lease) -> None:
    if about.refunded_at is not None:
        report = as_refunded(report, about.refunded_at)
    async with transaction():
        await lease.settle()
        await apply(report, notification.word)
        await settle(notification.id)


async def _pass_over(notification: Waiting, about: About, answer: Answer, lease: Lease) -> None:
    """The store knows no such subscription, or has forgotten it. If we know it, we ask once more, for its own sake."""
    async with transaction():
        await lease.settle()
        await settle(notification.id, answer.code)
        purchase_id = await fetch_value(
            "SELECT id FROM purchases WHERE store = $1 AND store_key_hash = $2",
            notification.store, key_hash(about.store_key),
        )  # fmt: skip
        if purchase_id is not None:
            await enqueue(AskStore(purchase_id=purchase_id, cause=notification.word))
