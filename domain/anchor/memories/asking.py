"""One call to the model about what to remember, and its money. It counts towards the person's month and the app's day,
and takes none of the person's replies (semantics: Anchor, "Limits")."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import msgspec

from domain.anchor import ledger
from domain.anchor.again import TryAgain
from domain.anchor.model import Call, ModelFailed, model
from domain.anchor.prices import Cost, worst_case
from domain.anchor.quota import read_quota, reserve, windows_at
from domain.anchor.tokens import Message, count_messages, ready
from domain.kit.clock import clock
from domain.kit.database import fetch_value, transaction
from domain.kit.errors import TooMany, Unavailable
from domain.kit.ids import new_id
from domain.kit.log import log
from domain.kit.providers import Outcome
from domain.kit.settings import settings

OUTPUT_TOKENS = 600
_SECONDS = 40.0
# Of the money for a month the last fifth is for answers: nobody is to be refused one for the sake of what they cannot
# see.
_PERCENT = 80
# Without money or with a provider that refuses us there is no hurry.
_NO_MONEY = timedelta(hours=6)
_NO_PROVIDER = timedelta(hours=1)


class NotNow(Exception):
    """It cannot be asked for a while: come back after `pause`."""

    def __init__(self, pause: timedelta) -> None:
        super().__init__()
        self.pause = pause


class Said(msgspec.Struct, frozen=True):
    """What the model said, with a charge that is still open; `cost` is None if there was none and nothing is open."""

    text: str
    charge_id: UUID
    cost: Cost | None


async def ask(user_id: UUID, timezone: str, prompt: Sequence[Message]) -> Said:
    """Ask the model for an answer in JSON. The caller has looked at the consent just before, and pays afterwards by
    `writing_down`.

    Raises NotNow when there is no money or no provider, TryAgain for what passes by itself.
    """
    try:
        await ready()
        worst = worst_case(count_messages(prompt), OUTPUT_TOKENS)
        if not await _is_spare(user_id, timezone, worst):
            raise NotNow(_NO_MONEY)
        async with transaction():
            charge_id = await reserve(
                user_id, timezone, purpose="memory", message_id=new_id(), worst=worst, now=clock.now()
            )
    except (TooMany, Unavailable) as error:
        log().info("anchor.memory_put_off", code=error.code)
        raise NotNow(_NO_MONEY) from None
    call = Call(model(), prompt, user_id, OUTPUT_TOKENS, as_json=True)
    try:
        await call.run(_SECONDS)
    except ModelFailed as failed:
        await ledger.refund(charge_id, call.spent())
        answer = failed.answer
        if answer.outcome is Outcome.CONFIG:
            raise NotNow(_NO_PROVIDER) from None
        if answer.outcome is Outcome.REJECTED:
            return Said("", charge_id, None)
        raise TryAgain(answer.code, answer.retry_after) from None
    except BaseException:
        await asyncio.shield(ledger.refund(charge_id, call.spent()))
        raise
    return Said(call.text, charge_id, call.spent())


async def _is_spare(user_id: UUID, timezone: str, worst: int) -> bool:
    """Whether the person's month has the money to spare. The reservation looks at the whole of it once more."""
    now, chosen = clock.now(), settings()
    plan = (await read_quota(user_id, now)).plan
    limits = chosen.anchor_limits_subscriber if plan == "subscriber" else chosen.anchor_limits_free
    used = await fetch_value(
        "SELECT cost + reserved FROM anchor_windows WHERE user_id = $1 AND kind = 'month' AND starts_on = $2",
        user_id, windows_at(now, timezone).month,
    )  # fmt: skip
    return ((used or 0) + worst) * 100 <= limits.cost_per_month * _PERCENT


@asynccontextmanager
async def writing_down(said: Said) -> AsyncIterator[None]:
    """`async with writing_down(said):` is the transaction in which its outcome is written, and in the end paid for.

    The model is paid whatever becomes of the transaction, and once.
    """
    try:
        async with transaction():
            yield
            if said.cost is not None:
                await ledger.settle(said.charge_id, said.cost)
    except BaseException:
        await asyncio.shield(ledger.close(said.charge_id, said.cost))
        raise
