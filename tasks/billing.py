"""Subscriptions: claims are decided, purchases asked about, what the stores tell is looked into."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from domain.billing import (
    acknowledging,
    alarms,
    app_store_history,
    asking,
    claims,
    google_play,
    looking,
    reconciling,
    voided,
)
from domain.billing.jobs import Acknowledge, ApplyNotification, AskStore, DecideClaim, ReadHistory, ReadVoided
from domain.kit.database import transaction
from domain.kit.log import log
from domain.kit.outbox.rows import Lease
from domain.kit.providers import Answer, Outcome
from tasks.actor import Retry, outside

# Seconds. A key or permission waits for a person, who will not have mended it within seconds.
_CONFIG_PAUSE = 300.0
# After a long outage there may be thousands of notifications to check.
_HISTORY_SECONDS = 600.0


def _retry(answer: Answer | None) -> None:
    """Raises Retry for an answer after which the same is to be asked again. Where a job has tried for so long that it
    ends, the sweeps find the claim or purchase that still waits: nothing that was paid for is given up."""
    if answer is None:
        return
    if answer.outcome is Outcome.CONFIG:
        log().error("billing.misconfigured", code=answer.code)
        raise Retry(answer.code, max(answer.retry_after or 0.0, _CONFIG_PAUSE), counts=False)
    raise Retry(answer.code, answer.retry_after)


@outside(DecideClaim)
async def decide_claim(job: DecideClaim, lease: Lease) -> None:
    _retry(await claims.decide(job.claim_id, lease))


async def _asked_in_vain(job: AskStore, state: str, code: str) -> None:
    await asking.ask_sooner(job.purchase_id)


@outside(AskStore, gave_up=_asked_in_vain)
async def ask_store(job: AskStore, lease: Lease) -> None:
    _retry(await asking.ask_again(job.purchase_id, job.cause, lease))


@outside(ApplyNotification)
async def apply_notification(job: ApplyNotification, lease: Lease) -> None:
    _retry(await looking.look_into(job.notification_id, lease))


@outside(Acknowledge)
async def acknowledge(job: Acknowledge, lease: Lease) -> None:
    purchase = await acknowledging.unacknowledged(job.purchase_id)
    if purchase is None:
        return
    answer = await google_play.acknowledge(purchase.token, purchase.product_id)
    if answer.outcome in (Outcome.TRANSIENT, Outcome.CONFIG):
        _retry(answer)
    async with transaction():
        await acknowledging.record(purchase, answer)
        # Last, as in domain/billing/asking.py: whoever holds the purchase may be asking for this job.
        await lease.settle()


@outside(ReadVoided, seconds=300)
async def read_voided(job: ReadVoided, lease: Lease) -> None:
    answer = await voided.read_list()
    if isinstance(answer, Answer):
        _retry(answer)


@outside(ReadHistory, seconds=_HISTORY_SECONDS)
async def read_history(job: ReadHistory, lease: Lease) -> None:
    answer = await app_store_history.read_history(job.environment)
    if isinstance(answer, Answer):
        _retry(answer)


PERIODIC: list[tuple[str, float, Callable[[], Awaitable[object]]]] = [
    ("billing.ask_due", 10.0, reconciling.ask_due),
    ("billing.take_up_again", 60.0, reconciling.take_up_again),
    ("billing.forget_settled", 3600.0, reconciling.forget_settled),
    ("billing.alarms", 300.0, alarms.look),
    ("billing.acknowledge_late", 3600.0, acknowledging.acknowledge_late),
    ("billing.read_voided", 3600.0, voided.ask_for_list),
    ("billing.app_store_history", 3600.0, app_store_history.ask_for_history),
]
