"""Writing the daily messages that are planned, one person at a time, and sending each exactly once.

Without the consent, with the provider away, with no money left or with a number that is not true, a prepared text goes
out: nobody is left without a message because of us. The row in daily_messages is the done-mark: whoever comes second
finds it sent and writes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from domain.anchor import context, ledger
from domain.anchor.again import TryAgain
from domain.anchor.context import DAILY_TOKENS, INPUT_TOKENS
from domain.anchor.model import Call, ModelFailed, model
from domain.anchor.prices import Cost, worst_case
from domain.anchor.prompts import LastUse, Prompt, active_prompts, last_uses, pick_curated, pick_daily
from domain.anchor.quota import reserve
from domain.anchor.situation import situation_of
from domain.anchor.snapshot import Facts, facts_of
from domain.anchor.truth import numbers_agree
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.days import day_begins
from domain.kit.errors import TooMany, Unavailable
from domain.kit.ids import new_id
from domain.kit.log import log
from domain.kit.text import graphemes, tidy
from domain.push.notifications import notify

_AT_ONCE = 25
_MODEL_SECONDS = 30.0
_LONGEST = 400

TITLE = "Anchor"
DISCREET_BODY = "Anchor has a note for you"
DEEP_LINK = "kuitter://anchor/today"


class Planned(msgspec.Struct, frozen=True):
    """A message to be written."""

    id: UUID
    user_id: UUID
    local_date: date


class Shelf(msgspec.Struct, frozen=True):
    """What a batch picks from."""

    angles: list[Prompt]
    curated: list[Prompt]
    used: dict[UUID, dict[str, date]]

    def uses_of(self, user_id: UUID) -> LastUse:
        return self.used.get(user_id, {})


class Draft(msgspec.Struct, frozen=True):
    """What came of asking the model: `text` is None if it is not to be used."""

    prompt: Prompt
    text: str | None
    charge_id: UUID
    cost: Cost | None


async def write_batch(ids: Sequence[UUID]) -> None:
    """Write and send the messages of `ids` that are still planned.

    One person's failure is theirs alone. Raises TryAgain if there was any: those are left for the next try.
    """
    rows = await fetch(
        "SELECT id, user_id, local_date FROM daily_messages WHERE id = ANY ($1) AND state = 'planned'", ids
    )
    planned = [Planned(row["id"], row["user_id"], row["local_date"]) for row in rows]
    if not planned:
        return
    people = [each.user_id for each in planned]
    facts = await facts_of(people, clock.now())
    shelf = Shelf(await active_prompts("daily"), await active_prompts("curated"), await last_uses(people))
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(each: Planned) -> None:
        async with room:
            await _write_one(each, facts.get(each.user_id), shelf)

    failed = 0
    for result in await asyncio.gather(*(one(each) for each in planned), return_exceptions=True):
        if isinstance(result, Exception):
            failed += 1
            log().error("anchor.daily_failed", error=result)
        elif isinstance(result, BaseException):
            raise result
    if failed:
        raise TryAgain("some_failed")


async def skip(ids: Sequence[UUID]) -> None:
    """Mark what is still planned as not sent: its day is over, or its job has given up."""
    await execute("UPDATE daily_messages SET state = 'skipped' WHERE id = ANY ($1) AND state = 'planned'", ids)


async def _write_one(planned: Planned, facts: Facts | None, shelf: Shelf) -> None:
    if facts is None or facts.today != planned.local_date:
        await skip([planned.id])
        return
    draft = await _ask_model(planned, facts, shelf)
    try:
        async with transaction():
            await _send(planned, facts, shelf, draft, clock.now())
    except BaseException:
        if draft is not None:
            # The provider bills it although nothing was sent; if the transaction committed after all, it is booked.
            await asyncio.shield(_keep_cost(draft))
        raise


async def _ask_model(planned: Planned, facts: Facts, shelf: Shelf) -> Draft | None:
    """None if the model is not to be asked: no consent, or no money left for this person or for all."""
    if not facts.may_leave:
        return None
    prompt = pick_daily(
        shelf.angles, situation_of(facts), shelf.uses_of(facts.user_id), facts.user_id, planned.local_date
    )
    try:
        worst = worst_case(INPUT_TOKENS, DAILY_TOKENS)
        async with transaction():
            charge_id = await reserve(
                facts.user_id, facts.timezone, purpose="daily", message_id=planned.id, worst=worst, now=clock.now()
            )
    except (TooMany, Unavailable) as error:
        log().info("anchor.daily_without_model", code=error.code)
        return None
    call = Call(model(), context.for_daily(prompt, facts), facts.user_id, DAILY_TOKENS)
    try:
        await call.run(_MODEL_SECONDS)
    except ModelFailed as failed:
        log().warning("anchor.daily_without_model", code=failed.answer.code)
        return Draft(prompt, None, charge_id, call.spent())
    except BaseException:
        await asyncio.shield(ledger.refund(charge_id, call.spent()))
        raise
    return Draft(prompt, _usable(call.text, facts), charge_id, call.spent())


def _usable(text: str, facts: Facts) -> str | None:
    """The model's text as it may be sent; None if it is too long, or says a number that is not the person's."""
    text = tidy(text)
    if not text or graphemes(text) > _LONGEST:
        return None
    if not numbers_agree(text, facts.snapshot):
        log().warning("anchor.daily_wrong_number")
        return None
    return text


async def _send(planned: Planned, facts: Facts, shelf: Shelf, draft: Draft | None, now: datetime) -> None:
    """The outcome, in one transaction: the message, its notification, the mark, and the money."""
    if draft is not None:
        await _account_for(draft)
    mine = await fetch_value(
        "SELECT true FROM daily_messages WHERE id = $1 AND state = 'planned' FOR UPDATE", planned.id
    )
    if not mine:
        return
    prompt, text = _curated(shelf, planned), None
    if draft is not None and draft.text is not None:
        # Seconds have passed: is it still true, and still wanted?
        fresh = (await facts_of([planned.user_id], now)).get(planned.user_id)
        if fresh is None or fresh.today != planned.local_date:
            await skip([planned.id])
            return
        if fresh.may_leave and fresh.fingerprint == facts.fingerprint:
            prompt, text = draft.prompt, draft.text
    body, message_id = text or prompt.body, new_id()
    await execute(
        """INSERT INTO anchor_messages (id, user_id, role, kind, status, body, prompt_id, created_at, finished_at)
           VALUES ($1, $2, 'anchor', 'daily', 'done', $3, $4, $5, $5)""",
        message_id, planned.user_id, body, prompt.id, now,
    )  # fmt: skip
    await execute(
        """UPDATE daily_messages SET state = 'sent', source = $2, prompt_id = $3, message_id = $4, snapshot_hash = $5,
                                     sent_at = $6
           WHERE id = $1""",
        planned.id, "model" if text else "curated", prompt.id, message_id, facts.fingerprint, now,
    )  # fmt: skip
    await notify(
        planned.user_id,
        kind="anchor_daily",
        cause=str(planned.local_date),
        title=TITLE,
        body=body,
        discreet_body=DISCREET_BODY,
        deep_link=DEEP_LINK,
        expires_at=day_begins(planned.local_date + timedelta(days=1), facts.timezone),
    )


async def _account_for(draft: Draft) -> None:
    """An answer is paid for whether or not it is used."""
    if draft.text is not None and draft.cost is not None:
        await ledger.settle(draft.charge_id, draft.cost)
    else:
        await ledger.refund(draft.charge_id, draft.cost)


async def _keep_cost(draft: Draft) -> None:
    try:
        await ledger.close(draft.charge_id, draft.cost)
    except Exception as error:
        # What failed before is the error to be raised. The sweeper frees the reservation.
        log().error("anchor.cost_lost", error=error, micro_dollars=draft.cost.micro_dollars if draft.cost else 0)


def _curated(shelf: Shelf, planned: Planned) -> Prompt:
    return pick_curated(shelf.curated, shelf.uses_of(planned.user_id), planned.user_id)
