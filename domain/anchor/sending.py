"""Sending the daily messages whose time has come, many people at a time.

The clock looks for rows that are due and asks for a job; until a row is sent or skipped it looks at it again and again,
at longer and longer distances, so that neither a lost job nor a dead worker can lose a message that was promised.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

from domain.anchor import daily
from domain.anchor.again import TryAgain
from domain.anchor.daily import Outgoing, Verdict, Waiting, verdict
from domain.anchor.jobs import SendDailyMessages, WriteDailyMessages
from domain.anchor.planning import PATIENCE, PEOPLE_A_JOB
from domain.anchor.prompts import active_prompts, last_uses, pick_curated
from domain.anchor.situation import situation_of
from domain.anchor.snapshot import Facts, facts_of
from domain.kit.clock import clock
from domain.kit.database import fetch, transaction
from domain.kit.days import day_begins
from domain.kit.log import log
from domain.kit.outbox import enqueue

_BATCH = 1000

# The next look: after two minutes, when whatever there is goes out, and then at twice the time that has passed.
_CLAIM = """
UPDATE daily_messages SET look_at = $1::timestamptz + greatest($3::interval, $1 - coalesce(due_at, planned_at))
WHERE id = ANY (ARRAY(
    SELECT id FROM daily_messages WHERE look_at <= $1 ORDER BY look_at LIMIT $2 FOR UPDATE SKIP LOCKED))
RETURNING id
"""


async def send_due() -> int:
    """One look of the clock: ask for the messages that are due to be sent; returns how many were asked for."""
    now, asked = clock.now(), 0
    while True:
        async with transaction():
            ids = [row["id"] for row in await fetch(_CLAIM, now, _BATCH, PATIENCE)]
            for start in range(0, len(ids), PEOPLE_A_JOB):
                await enqueue(SendDailyMessages(ids=tuple(ids[start : start + PEOPLE_A_JOB])))
        asked += len(ids)
        if len(ids) < _BATCH:
            return asked


async def send_batch(ids: Sequence[UUID]) -> None:
    """Send those of the messages `ids` that are due, each by its verdict.

    One person's failure is theirs alone: when they cannot be sent together, each is tried alone. Raises TryAgain if
    that failed too: those are left for the next try.
    """
    try:
        async with transaction():
            await send_in_transaction(ids)
        return
    except Exception as error:
        log().warning("anchor.daily_one_by_one", error=error)
    failed = 0
    for one in ids:
        try:
            async with transaction():
                await send_in_transaction([one])
        except Exception as error:
            failed += 1
            log().error("anchor.daily_failed", error=error)
    if failed:
        raise TryAgain("some_failed")


async def send_in_transaction(ids: Sequence[UUID], *, with_what_there_is: bool = False) -> None:
    """As `send_batch`, in the caller's transaction. `with_what_there_is`: no new text is asked for."""
    waiting = await daily.lock(ids)
    if not waiting:
        return
    now = clock.now()
    facts = await facts_of([each.user_id for each in waiting], now)
    by_verdict: dict[Verdict, list[Waiting]] = {each: [] for each in Verdict}
    for each in waiting:
        by_verdict[verdict(each, facts.get(each.user_id), now)].append(each)
    to_write, prepared = by_verdict[Verdict.WRITE], by_verdict[Verdict.CURATED]
    if with_what_there_is:
        to_write, prepared = [], prepared + to_write
    if skipped := by_verdict[Verdict.SKIP]:
        await daily.skip([each.id for each in skipped])
    outgoing = [_as_written(each, facts[each.user_id]) for each in by_verdict[Verdict.SEND]]
    await daily.send([*outgoing, *await _prepared(prepared, facts)], now)
    if to_write:
        end = max(day_begins(each.local_date + timedelta(days=1), facts[each.user_id].timezone) for each in to_write)
        await enqueue(WriteDailyMessages(ids=tuple(each.id for each in to_write)), not_after=end)


def _as_written(waiting: Waiting, facts: Facts) -> Outgoing:
    assert waiting.body is not None
    source: Literal["model", "curated"] = "curated" if waiting.source == "curated" else "model"
    return Outgoing(waiting, facts, waiting.prompt_id, waiting.body, source)


async def _prepared(waiting: Sequence[Waiting], facts: dict[UUID, Facts]) -> list[Outgoing]:
    if not waiting:
        return []
    texts, uses = await active_prompts("curated"), await last_uses([each.user_id for each in waiting])
    outgoing = []
    for each in waiting:
        person = facts[each.user_id]
        text = pick_curated(texts, situation_of(person), uses[each.user_id], each.user_id, each.local_date)
        outgoing.append(Outgoing(each, person, text.id, text.body, "curated"))
    return outgoing
