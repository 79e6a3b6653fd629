"""Google's list of purchases whose money went back: what its notifications should have told, and may have lost.

Each entry that concerns a purchase of ours becomes a notification like those that Google pushes, so that there is one
way of looking into them (notified.py). The list goes back 30 days.
"""

from __future__ import annotations

import msgspec

from domain.billing import google_play
from domain.billing.applying import key_hash
from domain.billing.google_play import Voided
from domain.billing.google_webhook import read
from domain.billing.jobs import ReadVoided
from domain.billing.notified import Notification, keep
from domain.kit.database import fetch, transaction
from domain.kit.outbox import enqueue
from domain.kit.providers import Answer
from domain.kit.settings import settings

# Of a thousand entries each; more than that many refunds in a month are another kind of problem.
_PAGES = 100


async def ask_for_list() -> None:
    """Have a job read the list. However often it is asked for, it is one job."""
    async with transaction():
        await enqueue(ReadVoided())


async def read_list() -> int | Answer:
    """Read the whole list and keep what is new in it; returns how much that was, or what kept us from it."""
    new, page = 0, None
    for _ in range(_PAGES):
        answer = await google_play.voided(page)
        if isinstance(answer, Answer):
            return answer
        new += await keep("google_play", [_notification(one) for one in await _ours(answer.items)])
        page = answer.next_page
        if page is None:
            break
    return new


async def _ours(items: list[Voided]) -> list[Voided]:
    """Those of purchases that we know and that stand as if nothing had happened."""
    by_key = {key_hash(one.purchase_token): one for one in items}
    rows = await fetch(
        """SELECT store_key_hash FROM purchases
           WHERE store = 'google_play' AND store_key_hash = ANY ($1) AND state <> 'revoked'""",
        list(by_key),
    )
    known = {row["store_key_hash"] for row in rows}
    return [one for one in items if key_hash(one.purchase_token) in known]


def _notification(one: Voided) -> Notification:
    """The entry in the form of a push (spec: providers.md 6.3). Its id follows from it: read again, it is a repeat."""
    body = msgspec.json.encode(
        {
            "version": "1.0",
            "packageName": settings().google_play_package,
            "eventTimeMillis": str(one.voided_time_millis),
            "voidedPurchaseNotification": {
                "purchaseToken": one.purchase_token, "orderId": one.order_id, "productType": 1, "refundType": 1,
            },
        }
    ).decode()  # fmt: skip
    mark = key_hash(one.purchase_token).hex()[:32]
    return Notification(f"voided:{mark}:{one.voided_time_millis}", read(body).word, body)
