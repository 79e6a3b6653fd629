"""Having the model write daily messages, ahead of their time where it can be.

What is written waits in its row until it is due; what is due already is sent with it. With the provider away, no money
left or a text that cannot be used nothing is lost: the row stays, and at its time a prepared text goes out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from domain.anchor import daily, drafting, ledger
from domain.anchor.again import TryAgain
from domain.anchor.consent import lacking_sql
from domain.anchor.daily import Verdict, Waiting, verdict
from domain.anchor.drafting import Draft, Shelf
from domain.anchor.sending import send_batch, send_in_transaction
from domain.anchor.snapshot import Facts, facts_of
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, transaction
from domain.kit.log import log

# By PostgreSQL's clock, after which a worker that asks the model is taken for dead.
_CLAIM_SECONDS = 60.0
_LOOK_AGAIN_SECONDS = 10.0
# Facts that have waited longer than this for their turn are read again.
_FRESH_SECONDS = 5.0

# A job that is run again has lost its worker, so what that one had begun is ours, and whatever money it had set aside
# for this message is of no use to anyone. The consent is looked at again: others may have kept us waiting for a call.
_CLAIM = f"""
UPDATE daily_messages SET writing_until = now() + make_interval(secs => $2), writing_by = $3
WHERE id = $1 AND state IN ('planned', 'written') AND (coalesce(writing_until <= now(), true) OR writing_by = $3)
RETURNING ARRAY(SELECT id FROM anchor_charges WHERE message_id = $1 AND state = 'reserved') AS set_aside,
    EXISTS (SELECT FROM users WHERE users.id = daily_messages.user_id AND users.state = 'active')
    AND {lacking_sql("daily_messages.user_id")} IS NULL AS may_leave
"""


async def write_batch(ids: Sequence[UUID], job_id: UUID | None = None) -> None:
    """Write those of the messages `ids` that the model is to write now, and send those that are due. `job_id` is the
    job that asks for it: nothing that an earlier run of it has begun is waited for.

    One person's failure is theirs alone. Raises TryAgain if there was any, or if another worker is at some of them.
    """
    waiting = await daily.read(ids)
    now = clock.now()
    facts = await facts_of([each.user_id for each in waiting], now) if waiting else {}
    to_write = {each.id for each in waiting if _is_to_be_written(each, facts.get(each.user_id), now)}
    others = [each.id for each in waiting if each.id not in to_write and each.is_due(now)]
    if others:
        await send_batch(others)
    if to_write:
        await _write_all([(each, facts[each.user_id]) for each in waiting if each.id in to_write], job_id)


def _is_to_be_written(waiting: Waiting, facts: Facts | None, now: datetime) -> bool:
    if facts is None or not facts.may_leave or waiting.local_date != facts.today:
        return False
    if waiting.is_due(now):
        # Those that somebody else is writing too: if that comes to nothing, it is ours.
        return waiting.being_written or verdict(waiting, facts, now) is Verdict.WRITE
    return waiting.state == "planned"


async def _write_all(people: Sequence[tuple[Waiting, Facts]], job_id: UUID | None) -> None:
    shelf = await drafting.shelf_for([facts.user_id for _, facts in people])
    busy = failed = 0
    for result in await asyncio.gather(*(_write_one(*each, shelf, job_id) for each in people), return_exceptions=True):
        if isinstance(result, Exception):
            failed += 1
            log().error("anchor.daily_failed", error=result)
        elif isinstance(result, BaseException):
            raise result
        else:
            busy += not result
    if failed:
        raise TryAgain("some_failed")
    if busy:
        raise TryAgain("being_written", _LOOK_AGAIN_SECONDS)


async def _write_one(waiting: Waiting, facts: Facts, shelf: Shelf, job_id: UUID | None) -> bool:
    """False: another worker is at it."""
    read_at = time.monotonic()
    async with drafting.room():
        fresh: Facts | None = facts
        if time.monotonic() - read_at > _FRESH_SECONDS:
            fresh = (await facts_of([facts.user_id], clock.now())).get(facts.user_id)
        claim = await fetch_row(_CLAIM, waiting.id, _CLAIM_SECONDS, job_id)
        if claim is None:
            return not await daily.read([waiting.id])
        draft: Draft | None = None
        try:
            for charge_id in claim["set_aside"]:
                await ledger.refund(charge_id, None)
            draft = await drafting.draft(waiting, fresh, shelf) if fresh and claim["may_leave"] else Draft()
            async with transaction():
                await _keep(waiting, fresh or facts, draft, job_id)
        except BaseException:
            # Whoever comes next need not wait for us, and what the provider bills is booked all the same.
            await asyncio.shield(_let_go(waiting, draft))
            raise
    return True


async def _keep(waiting: Waiting, facts: Facts, draft: Draft, job_id: UUID | None) -> None:
    """The outcome, in one transaction: the money, the text, and if its time has come the message itself."""
    if draft.charge_id is not None:
        if draft.prompt is not None and draft.cost is not None:
            await ledger.settle(draft.charge_id, draft.cost)
        else:
            await ledger.refund(draft.charge_id, draft.cost)
    if not await daily.lock([waiting.id]):
        return
    if draft.prompt is None:
        await execute("UPDATE daily_messages SET writing_until = NULL WHERE id = $1", waiting.id)
    else:
        # Unless it was let go of meanwhile (forget_drafts).
        await execute(
            """UPDATE daily_messages SET state = 'written', body = $2, source = $3, prompt_id = $4, snapshot_hash = $5,
                                         writing_until = NULL
               WHERE id = $1 AND writing_until IS NOT NULL AND writing_by IS NOT DISTINCT FROM $6""",
            waiting.id, draft.body, draft.source, draft.prompt.id, facts.fingerprint, job_id,
        )  # fmt: skip
    # Seconds have passed: whether it is still true and still wanted is looked at as for any other. What has become
    # untrue meanwhile is written once more, and not again and again.
    again = draft.prompt is not None and waiting.state == "planned"
    await send_in_transaction([waiting.id], with_what_there_is=not again)


async def _let_go(waiting: Waiting, draft: Draft | None) -> None:
    try:
        if draft is not None and draft.charge_id is not None:
            # If the transaction committed after all, it is booked, and this does nothing.
            await ledger.close(draft.charge_id, draft.cost)
        await execute("UPDATE daily_messages SET writing_until = NULL WHERE id = $1", waiting.id)
    except Exception as error:
        # What failed before is the error to be raised. The sweeper frees the reservation, and claims end by themselves.
        log().error("anchor.cost_lost", error=error)
