"""What a call to the model costs, in whole micro-dollars, rounded up (spec: providers.md 1.1).

The provider bills by its own clock, so prices go by the real time, whatever the business clock says.
"""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec

from domain.kit.clock import real_now
from domain.kit.errors import Unavailable
from domain.kit.log import log
from domain.kit.settings import settings

_MILLION = 1_000_000
_SATURDAY = 5


class Usage(msgspec.Struct, frozen=True):
    """The tokens of one call, by the provider's count or ours; `model` is the one that says it answered.

    `input_hit` were in the provider's cache, `input_miss` were not.
    """

    input_hit: int
    input_miss: int
    output: int
    model: str | None = None


class Cost(msgspec.Struct, frozen=True):
    """A call in money: micro-dollars, and the first day of the price that they were worked out by."""

    micro_dollars: int
    usage: Usage
    price_from: date


class Rate(msgspec.Struct, frozen=True):
    """Micro-dollars for a million tokens at one moment."""

    input_hit: int
    input_miss: int
    output: int
    valid_from: date

    def of(self, usage: Usage) -> Cost:
        """What `usage` costs. Raises ValueError for a count below 0: it would pay the person."""
        if min(usage.input_hit, usage.input_miss, usage.output) < 0:
            raise ValueError("a call cannot have used less than nothing")
        total = usage.input_hit * self.input_hit + usage.input_miss * self.input_miss + usage.output * self.output
        return Cost(-(-total // _MILLION), usage, self.valid_from)


class NoPrice(Unavailable):
    """The model has no price for the day: what it would cost is unknown, so it is not asked."""

    code = "anchor_unavailable"


def is_peak(at: datetime) -> bool:
    """Monday to Friday 01:00-04:00 and 06:00-10:00 UTC. Chinese holidays, cheaper in truth, count as working days."""
    at = at.astimezone(UTC)
    return at.weekday() < _SATURDAY and (1 <= at.hour < 4 or 6 <= at.hour < 10)


def rate(model: str, at: datetime) -> Rate:
    """The price of `model` at the real instant `at`: the newest that is in force. Raises NoPrice."""
    day = at.astimezone(UTC).date()
    prices = [
        price
        for price in settings().anchor_prices
        if price.model == model and date.fromisoformat(price.valid_from) <= day
    ]
    if not prices:
        log().error("anchor.no_price", model=model)
        raise NoPrice
    price = max(prices, key=lambda price: price.valid_from)
    valid_from = date.fromisoformat(price.valid_from)
    if is_peak(at):
        return Rate(price.peak_input_hit, price.peak_input_miss, price.peak_output, valid_from)
    return Rate(price.input_hit, price.input_miss, price.output, valid_from)


def worst_case(input_tokens: int, max_output: int) -> int:
    """Micro-dollars that a call may cost at most now: nothing cached and all the output used. Raises NoPrice."""
    usage = Usage(input_hit=0, input_miss=input_tokens, output=max_output)
    return rate(settings().anchor_model, real_now()).of(usage).micro_dollars


def cost(usage: Usage, at: datetime) -> Cost:
    """What a call made at the real instant `at` cost, by the price of the model that was asked for. Raises NoPrice."""
    return rate(settings().anchor_model, at).of(usage)
