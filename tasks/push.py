"""Pushes: a notification becomes one push a device, and each of them goes to its provider."""

from __future__ import annotations

from domain.kit.database import transaction
from domain.kit.outbox.rows import Lease
from domain.push import delivery, fuse
from domain.push.delivery import Held, SendPush, Undeliverable
from domain.push.notifications import SendNotification
from tasks.actor import Retry, in_database, outside
from tasks.answers import retry_unless_final


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
    retry_unless_final(answer, "push", said=answer.code == fuse.CODE)
    async with transaction():
        await lease.settle()
        await delivery.record(claimed, answer)
