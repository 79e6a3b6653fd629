"""The App Store's own list of the notifications that never reached us (spec: providers.md 7.1).

Apple gives a notification up after some days, and one from its sandbox at once. What is missing here is kept as if it
had come, and looked into in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from domain.billing import app_store
from domain.billing import app_store_verifier as verifier
from domain.billing.app_store_verifier import PurchaseInvalid
from domain.billing.app_store_webhook import opened
from domain.billing.jobs import ReadHistory
from domain.billing.notified import Notification, keep
from domain.billing.report import Environment
from domain.kit.clock import real_now
from domain.kit.database import fetch, transaction
from domain.kit.log import log
from domain.kit.outbox import enqueue
from domain.kit.providers import Answer, Outcome
from domain.kit.settings import settings

# Apple tries for three days, so this finds the end of every outage with time to spare; asking again costs nothing.
_BACK = timedelta(days=7)
# Apple's clock may be ahead of ours; an end in the future means now.
_AHEAD = timedelta(hours=1)
# Twenty notifications each.
_PAGES = 500


async def ask_for_history() -> None:
    """Have jobs read the list, one for each of Apple's environments, however often that is asked for."""
    async with transaction():
        for environment in settings().app_store_environments:
            await enqueue(ReadHistory(environment="production" if environment == "production" else "sandbox"))


async def read_history(environment: Environment) -> int | Answer:
    """Keep what is new in the list; returns how much that was, or what kept us from it."""
    now = real_now()
    new, page = 0, None
    for _ in range(_PAGES):
        answer = await app_store.client().apis[environment].history(now - _BACK, now + _AHEAD, page)
        if isinstance(answer, Answer):
            return answer
        signed = [one.signedPayload for one in answer.notificationHistory or [] if one.signedPayload]
        try:
            new += await _keep_new(signed)
        except verifier.StoreAway:
            return Answer(Outcome.TRANSIENT, "certificates_away")
        page = answer.paginationToken if answer.hasMore else None
        if page is None:
            break
    if new:
        log().warning("app_store.notifications_were_missing", environment=environment, count=new)
    return new


async def _keep_new(signed: Sequence[str]) -> int:
    """Check and keep those that are not here. Raises StoreAway."""
    ids = [_id(one) for one in signed]
    rows = await fetch(
        "SELECT notification_id FROM store_notifications WHERE store = 'app_store' AND notification_id = ANY ($1)",
        [one for one in ids if one is not None],
    )
    known = {row["notification_id"] for row in rows}
    missing: list[Notification] = []
    for one, its_id in zip(signed, ids, strict=True):
        if its_id in known:
            continue
        try:
            missing.append(await verifier.on_thread(partial(opened, one)))
        except PurchaseInvalid as error:
            log().error("app_store.history_refused", reason=error.code)
    return await keep("app_store", missing) if missing else 0


def _id(signed: str) -> str | None:
    """By what it claims: whether that is true is checked before it is kept."""
    try:
        found = verifier.claims(signed).get("notificationUUID")
    except PurchaseInvalid:
        return None
    return found if isinstance(found, str) else None
