"""Anchor: answers and daily messages."""

from __future__ import annotations

from collections.abc import Awaitable

from domain.anchor import daily, ledger, reply, schedule
from domain.anchor.again import TryAgain
from domain.anchor.jobs import WriteDailyMessages, WriteReply
from domain.kit.outbox.rows import Lease
from domain.kit.settings import settings
from tasks.actor import Retry, outside

# The answer's own deadline ends it first; this is for what it does not cover.
_SLACK_SECONDS = 15.0
_DAILY_SECONDS = 120.0


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


async def _daily_gave_up(job: WriteDailyMessages, state: str, code: str) -> None:
    await daily.skip(job.ids)


@outside(WriteDailyMessages, seconds=_DAILY_SECONDS, gave_up=_daily_gave_up)
async def write_daily_messages(job: WriteDailyMessages, lease: Lease) -> None:
    # Each person's message commits by itself, so there is nothing for the lease to settle but the job.
    await _retrying(daily.write_batch(job.ids))


PERIODIC = [
    ("anchor.plan_daily", 1.0, schedule.plan_daily),
    ("anchor.overdue_replies", 2.0, reply.fail_overdue_replies),
    ("anchor.dead_reservations", 60.0, ledger.free_dead_reservations),
]
