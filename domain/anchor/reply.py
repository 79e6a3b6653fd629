"""Writing an answer: ask the model, hand the text out as it comes, and write the outcome down once.

However it ends, the answer is done or failed, its reservation is settled or refunded, and the money that was spent is
in the ledger. A try that ends in the middle leaves nothing that the next one builds on.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID

import msgspec

from domain.anchor import context, ledger
from domain.anchor.again import TryAgain
from domain.anchor.context import REPLY_TOKENS, Context, Question
from domain.anchor.live import Broadcast, tell_end_on_commit
from domain.anchor.memories.due import answered
from domain.anchor.memories.forgetting import settle_forgotten
from domain.anchor.model import Call, Enough, ModelFailed, model
from domain.anchor.notice_words import INSTEAD, in_language
from domain.anchor.output import Gate
from domain.anchor.prices import Cost, Usage
from domain.anchor.prices import cost as cost_of
from domain.anchor.tokens import count_messages
from domain.kit.clock import clock, real_now
from domain.kit.database import execute, fetch, fetch_row, fetch_value, transaction
from domain.kit.events import Event, tell
from domain.kit.log import log
from domain.kit.outbox.rows import Lease, LeaseLost
from domain.kit.providers import Answer, Outcome
from domain.safety.support import count_hit

# A try that cannot end before the deadline is not begun.
_LEAST_SECONDS = 2.0
# Between two tries, each time twice as long as before.
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 8.0
# How long after its deadline an answer that nobody has ended is ended by the clock.
_GRACE_SECONDS = 10.0
_BATCH = 200


class Try(msgspec.Struct, frozen=True):
    """One try at an answer. `ends` is its deadline by time.monotonic."""

    reply_id: UUID
    number: int
    question: Question
    charge_id: UUID
    ends: float
    after_abandoned: bool
    """Nobody saw the try before this one end: its worker was killed, or has lost the job."""

    @property
    def seconds_left(self) -> float:
        return self.ends - time.monotonic()


# A try that ends with another to come leaves 'pending' (_rest): whoever finds 'streaming' comes after one that did not.
_BEGIN = """
UPDATE anchor_messages AS reply SET status = 'streaming', attempt = reply.attempt + 1, body = ''
FROM anchor_messages AS before, anchor_messages AS question, anchor_charges AS charge
WHERE reply.id = $1 AND reply.status IN ('pending', 'streaming')
  AND before.id = reply.id AND question.id = reply.reply_to AND charge.message_id = reply.id AND charge.counted
RETURNING reply.attempt, reply.user_id, question.seq, question.body, charge.id AS charge_id,
          before.status = 'streaming' AS after_abandoned,
          extract(epoch FROM reply.deadline - clock_timestamp())::float8 AS seconds_left
"""


async def write(reply_id: UUID, lease: Lease) -> None:
    """Write the answer, holding `lease`. Raises TryAgain when there is time for another try, and LeaseLost."""
    now = await _begin(reply_id)
    if now is None:  # it has ended, or the person has deleted it
        await settle_forgotten(reply_id)
        return
    prompt = await context.for_reply(now.question, clock.now())
    if prompt is None:
        await _give_up(now, lease, "consent_required", None)
        return
    if now.after_abandoned:
        # If its worker lives after all, this is what counts.
        await _charge_abandoned(now.charge_id, now.number - 1, prompt)
    if now.seconds_left <= 0:
        await _give_up(now, lease, "timeout", None)
        return
    call, gate = Call(model(), prompt.messages, now.question.user_id, REPLY_TOKENS), Gate()
    try:
        async with Broadcast(reply_id, now.number) as broadcast:
            await call.run(now.seconds_left, lambda piece: _hand_out(broadcast, gate, gate.put(piece)))
            _hand_out(broadcast, gate, gate.end())
    except Enough:
        await _finish_otherwise(now, lease, prompt, call, gate)
    except ModelFailed as failed:
        await _after_failure(now, lease, failed.answer, call.spent())
    except BaseException:
        await asyncio.shield(_rest(now, call.spent()))
        raise
    else:
        await _finish(now, lease, prompt, call, call.text.rstrip())


def _hand_out(broadcast: Broadcast, gate: Gate, text: str) -> None:
    """Show `text`, as far as the gate lets it through. Raises Enough when the model says what it may not."""
    if gate.objection is not None:
        raise Enough
    if text:
        broadcast.put(text)


async def _begin(reply_id: UUID) -> Try | None:
    row = await fetch_row(_BEGIN, reply_id)
    if row is None:
        return None
    question = Question(row["user_id"], row["seq"], row["body"])
    ends = time.monotonic() + row["seconds_left"]
    return Try(reply_id, row["attempt"], question, row["charge_id"], ends, row["after_abandoned"])


async def _charge_abandoned(charge_id: UUID, number: int, prompt: Context) -> None:
    """Charge try `number`, of which nobody saw the end: its input at least (semantics: Anchor, "Limits").

    `prompt` is what it would be asked now, which tells how much that was.
    """
    await ledger.add_try(charge_id, number, cost_of(Usage(0, count_messages(prompt.messages), 0), real_now()))
    log().warning("anchor.try_abandoned", attempt=number)


async def _finish_otherwise(now: Try, lease: Lease, prompt: Context, call: Call, gate: Gate) -> None:
    """The model said what it may not: words of people take the place of the answer, and what was shown of it is void.

    It is answered and paid like any other, so that nobody gets free tries at making a model say such things.
    """
    locale = await fetch_value("SELECT locale FROM users WHERE id = $1", now.question.user_id)
    log().warning("anchor.output_withheld", objection=gate.objection, attempt=now.number)
    await _finish(now, lease, prompt, call, in_language(INSTEAD, locale or "en"), instead=True)


async def _finish(now: Try, lease: Lease, prompt: Context, call: Call, body: str, *, instead: bool = False) -> None:
    """Write `body` down as the answer. With `instead` it is none of the model's: it counts as a further try, so that
    whoever has read the beginning of this one forgets it."""
    cost = call.spent()
    assert cost is not None
    try:
        async with transaction():
            await lease.settle()
            await answered(now.question.user_id, prompt.history_from)
            mine = await fetch_value(
                """UPDATE anchor_messages SET status = 'done', body = $2, finished_at = $3, prompt_id = $4,
                                              history_from = $5, attempt = attempt + $6
                   WHERE id = $1 AND status = 'streaming' RETURNING true""",
                now.reply_id, body, clock.now(), prompt.prompt_id, prompt.history_from, int(instead),
            )  # fmt: skip
            if mine:
                await ledger.settle(now.charge_id, cost)
            elif not await ledger.settle_open(now.charge_id, cost):
                # The clock gave it up a moment ago, and has perhaps charged this try. (A talk that the person has
                # deleted meanwhile leaves the charge open, to be paid as any other.)
                await _book(now, cost)
            if instead:
                await count_hit("anchor_output")
            tell_end_on_commit(now.reply_id)
            tell(now.question.user_id, Event("anchor.reply", now.reply_id))
    except LeaseLost:
        await _book(now, cost)
        raise


async def _after_failure(now: Try, lease: Lease, answer: Answer, cost: Cost | None) -> None:
    """Try again if that may help and there is time; else the answer has failed."""
    if answer.outcome in (Outcome.TRANSIENT, Outcome.UNKNOWN_DELIVERY):
        pause = max(answer.retry_after or 0.0, min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (now.number - 1)))
        if now.seconds_left - pause >= _LEAST_SECONDS:
            await _rest(now, cost)
            raise TryAgain(answer.code, pause)
    await _give_up(now, lease, answer.code, cost)


async def _give_up(now: Try, lease: Lease, code: str, cost: Cost | None) -> None:
    try:
        async with transaction():
            await lease.settle()
            if not await fail(now.reply_id, code, cost):
                await _book(now, cost)
    except LeaseLost:
        await _book(now, cost)
        raise
    log().warning("anchor.reply_failed", code=code, attempt=now.number)


async def _rest(now: Try, cost: Cost | None) -> None:
    """The try has ended and another is to come, unless that has begun already."""
    async with transaction():
        await execute(
            "UPDATE anchor_messages SET status = 'pending' WHERE id = $1 AND attempt = $2 AND status = 'streaming'",
            now.reply_id, now.number,
        )  # fmt: skip
        await _book(now, cost)


async def _book(now: Try, cost: Cost | None) -> None:
    if cost is not None:
        await ledger.add_try(now.charge_id, now.number, cost)


async def fail(reply_id: UUID, code: str, cost: Cost | None) -> bool:
    """The answer has failed, in the caller's transaction: its count goes back to the person, `cost` stays charged.

    False, and nothing happens, if it has ended already.
    """
    charge: Any = await fetch_row(
        """UPDATE anchor_messages AS reply SET status = 'failed', body = '', error_code = $2, finished_at = $3
           FROM anchor_charges AS charge
           WHERE reply.id = $1 AND reply.status IN ('pending', 'streaming')
             AND charge.message_id = reply.id AND charge.counted
           RETURNING charge.id, reply.user_id""",
        reply_id, code, clock.now(),
    )  # fmt: skip
    if charge is None:
        return False
    await ledger.refund(charge["id"], cost)
    tell_end_on_commit(reply_id)
    tell(charge["user_id"], Event("anchor.reply", reply_id))
    return True


async def fail_overdue_replies() -> int:
    """End answers whose deadline passed without an outcome: no worker took them, or it died. Returns how many."""
    rows = await fetch(
        """SELECT reply.id, reply.status, reply.attempt, reply.user_id, question.seq, question.body,
                  charge.id AS charge_id
           FROM anchor_messages AS reply LEFT JOIN anchor_messages AS question ON question.id = reply.reply_to
           JOIN anchor_charges AS charge ON charge.message_id = reply.id AND charge.counted
           WHERE reply.status IN ('pending', 'streaming') AND reply.deadline < now() - make_interval(secs => $1)
           ORDER BY reply.deadline LIMIT $2""",
        _GRACE_SECONDS, _BATCH,
    )  # fmt: skip
    for row in rows:
        prompt = None
        if row["status"] == "streaming" and row["body"] is not None:
            prompt = await context.for_reply(Question(row["user_id"], row["seq"], row["body"]), clock.now())
        async with transaction():
            if await fail(row["id"], "timeout", None) and prompt is not None:
                await _charge_abandoned(row["charge_id"], row["attempt"], prompt)
    if rows:
        log().warning("anchor.overdue_replies", failed=len(rows))
    return len(rows)
