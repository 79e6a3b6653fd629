"""Asking the model for a daily message: the angle, the call, and once more if what came cannot be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from domain.anchor import context, ledger
from domain.anchor.context import DAILY_TOKENS, INPUT_TOKENS
from domain.anchor.daily import Waiting
from domain.anchor.judging import objection
from domain.anchor.model import Call, ModelFailed, model
from domain.anchor.prices import Cost, worst_case
from domain.anchor.prompts import Prompt, active_prompts, last_uses, pick_curated, pick_daily, recent_texts
from domain.anchor.quota import reserve
from domain.anchor.situation import situation_of
from domain.anchor.snapshot import Facts
from domain.anchor.tokens import Message
from domain.kit.clock import clock
from domain.kit.database import transaction
from domain.kit.errors import TooMany, Unavailable
from domain.kit.log import log
from domain.kit.providers import Outcome
from domain.kit.settings import settings
from domain.kit.text import tidy

# A second one is told what was wrong with the first.
_TRIES = 2
_MODEL_SECONDS = 20.0
# What a second try has beyond the first: the text that was no good, and why.
_SECOND_TRY_TOKENS = DAILY_TOKENS + 100


class Shelf(msgspec.Struct, frozen=True):
    """What a batch picks from, and what its people have had."""

    angles: list[Prompt]
    curated: list[Prompt]
    used: dict[UUID, dict[str, date]]
    texts: dict[UUID, list[str]]


class Draft(msgspec.Struct, frozen=True):
    """What came of asking the model. Without `prompt` nothing is to be used: it is away, or there is no money.

    The charge is still open if there is one; `cost` is what the call used.
    """

    prompt: Prompt | None = None
    body: str | None = None
    source: Literal["model", "curated"] = "model"
    charge_id: UUID | None = None
    cost: Cost | None = None


async def shelf_for(user_ids: Sequence[UUID]) -> Shelf:
    """For a batch of people."""
    return Shelf(
        angles=await active_prompts("daily"),
        curated=await active_prompts("curated"),
        used=await last_uses(user_ids),
        texts=await recent_texts(user_ids),
    )


async def draft(waiting: Waiting, facts: Facts, shelf: Shelf) -> Draft:
    """A text of the model; a prepared one if nothing that it says can be used. Every call that leads to no text is
    booked here, the one that does with what becomes of the text."""
    situation, earlier = situation_of(facts), shelf.texts[facts.user_id]
    used = shelf.used[facts.user_id]
    prompt = pick_daily(shelf.angles, situation, used, facts.user_id, waiting.local_date)
    messages = context.for_daily(prompt, facts, earlier)
    for _ in range(_TRIES):
        charge_id = await _reserve(waiting, facts)
        if charge_id is None:
            return Draft()
        call = Call(model(), messages, facts.user_id, DAILY_TOKENS)
        try:
            await call.run(_MODEL_SECONDS)
        except ModelFailed as failed:
            log().warning("anchor.daily_without_model", code=failed.answer.code)
            if failed.answer.outcome is not Outcome.REJECTED:
                return Draft(charge_id=charge_id, cost=call.spent())
            reason = "It was not to be shown."
        except BaseException:
            await asyncio.shield(ledger.refund(charge_id, call.spent()))
            raise
        else:
            text = tidy(call.text)
            found = objection(text, facts.snapshot, earlier)
            if found is None:
                return Draft(prompt, text, "model", charge_id, call.spent())
            reason = found
        # Paid for all the same, and before the next one is.
        await ledger.refund(charge_id, call.spent())
        messages = [*messages, Message("assistant", tidy(call.text) or "…"), Message("user", _again(reason))]
    prepared = pick_curated(shelf.curated, situation, used, facts.user_id, waiting.local_date)
    return Draft(prepared, prepared.body, "curated")


def _again(reason: str) -> str:
    return f"That cannot be sent. {reason} Write the message for today once more, and nothing else."


async def _reserve(waiting: Waiting, facts: Facts) -> UUID | None:
    """The charge for a call; None if there is no money left for this person or for all."""
    try:
        worst = worst_case(INPUT_TOKENS + _SECOND_TRY_TOKENS, DAILY_TOKENS)
        async with transaction():
            return await reserve(
                facts.user_id, facts.timezone, purpose="daily", message_id=waiting.id, worst=worst, now=clock.now()
            )
    except (TooMany, Unavailable) as error:
        log().info("anchor.daily_without_model", code=error.code)
        return None


_calls: tuple[asyncio.AbstractEventLoop, int, asyncio.Semaphore] | None = None


def room() -> asyncio.Semaphore:
    """Room for a call to the model: all batches of this process share it."""
    global _calls
    loop, most = asyncio.get_running_loop(), settings().anchor_daily_calls
    if _calls is None or _calls[:2] != (loop, most):
        _calls = (loop, most, asyncio.Semaphore(most))
    return _calls[2]
