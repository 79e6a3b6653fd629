"""Pushes: a notification becomes one push a device, and each of them goes to its provider."""

from __future__ import annotations

from domain.kit.database import transaction
from domain.kit.log import log
from domain.kit.outbox.rows import Lease
from domain.kit.providers import Answer, Outcome
from domain.push import delivery, fuse
from domain.push.delivery import Held, SendPush, Undeliverable
from domain.push.notifications import SendNotification
from tasks.actor import Retry, in_database, outside

# A wrong key or topic waits for a person, who will not have mended it within seconds.
_CONFIG_PAUSE = 300.0


@in_database(SendNotification)
async def send_notification(job: SendNotification) -> None:
    await delivery.fan_out(job.notification_id)


async def _gave_up(job: SendPush, state: str, code: str) -> None:
    await delivery.give_up(job.push_id, state, code)


@outside(SendPush, gave_up=_gave_up)
async def send_push(job: SendPush, lease: Lease) -> None:
    claimed = await delivery.claim(job.push_id)
    if claimed is None:
        return
    if isinstance(claimed, Undeliverable):
        async with transaction():
            await lease.settle()
            await delivery.drop(claimed)
        return
    if isinstance(claimed, Held):
        raise Retry("quiet_hours", claimed.seconds, counts=False)
    answer = await delivery.send(claimed)
    _retry_unless_final(answer)
    async with transaction():
        await lease.settle()
        await delivery.record(claimed, answer)


def _retry_unless_final(answer: Answer) -> None:
    """Raises Retry for an answer after which the same push is to be sent again."""
    if answer.outcome is Outcome.CONFIG:
        if answer.code != fuse.CODE:  # which has been said
            log().error("push.misconfigured", code=answer.code)
        raise Retry(answer.code, max(answer.retry_after or 0.0, _CONFIG_PAUSE), counts=False)
    if answer.outcome in (Outcome.TRANSIENT, Outcome.UNKNOWN_DELIVERY):
        raise Retry(answer.code, answer.retry_after)
