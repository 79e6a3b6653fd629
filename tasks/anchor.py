"""Anchor: answers and daily messages."""

from __future__ import annotations

from collections.abc import Awaitable

from domain.anchor import ledger, planning, reply, sending, writing
from domain.anchor.again import TryAgain
from domain.anchor.jobs import SendDailyMessages, WriteDailyMessages, WriteReply
from domain.anchor.memories import due, reading
from domain.anchor.memories.due import Remember
from domain.kit.outbox.rows import Lease
from domain.kit.settings import settings
from tasks.actor import Retry, outside

# The answer's own deadline ends it first; this is for what it does not cover.
_SLACK_SECONDS = 15.0
# All of a batch, of which others may hold the calls to the model for a while.
_DAILY_SECONDS = 300.0
_MEMORY_SECONDS = 300.0


async def _retrying(work: Awaitable[None]) -> None:
    try:
        await work
    except TryAgain as again:
        raise Retry(again.code, again.retry_after) from None


async def _reply_gave_up(job: WriteReply, state: str, code: str) -> None:
    await reply.fail(job.reply_id, code, None)


@outside(WriteReply, seconds=settings().anchor_reply_seconds + _SLACK_SECONDS, gave_up=_reply_gave_up)
async def write_reply(job: WriteReply, lease: Lease) -> None:
    await _retrying(reply.write(job.reply_id, lease))


# Neither has an ending for when it gives up: the clock sees to it that what is left goes out all the same.
@outside(WriteDailyMessages, seconds=_DAILY_SECONDS)
async def write_daily_messages(job: WriteDailyMessages, lease: Lease) -> None:
    # Each person's message commits by itself, so there is nothing for the lease to settle but the job.
    await _retrying(writing.write_batch(job.ids, lease.row.id))


@outside(SendDailyMessages)
async def send_daily_messages(job: SendDailyMessages, lease: Lease) -> None:
    await _retrying(sending.send_batch(job.ids))


async def _remember_gave_up(job: Remember, state: str, code: str) -> None:
    await due.put_off_all(job.user_ids)


@outside(Remember, seconds=_MEMORY_SECONDS, gave_up=_remember_gave_up)
async def remember(job: Remember, lease: Lease) -> None:
    # Each call is written down by itself, and knows by the rows whether another has been there before.
    await reading.remember_all(job.user_ids)


PERIODIC = [
    ("anchor.plan_daily", 1.0, planning.plan_daily),
    ("anchor.send_daily", 1.0, sending.send_due),
    ("anchor.plan_memories", 5.0, due.plan_due),
    ("anchor.overdue_replies", 2.0, reply.fail_overdue_replies),
    ("anchor.dead_reservations", 60.0, ledger.free_dead_reservations),
]
