"""The sums in docs/anchor-economics.md follow from the settings and the code: each table is worked out here anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from domain.anchor.context import DAILY_TOKENS, INPUT_TOKENS, REPLY_TOKENS
from domain.anchor.memories.asking import OUTPUT_TOKENS
from domain.anchor.prices import Rate, Usage, is_peak, rate
from domain.anchor.reply import _LEAST_SECONDS, _LONGEST_PAUSE
from domain.kit.settings import settings

DOC = Path(__file__).parents[2] / "docs" / "anchor-economics.md"
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
# A message of 4,000 plain letters is reserved as so many tokens, and is a quarter of them.
LONGEST_MESSAGE = 4000
DAYS = 31


class Kind(msgspec.Struct, frozen=True):
    """A call: what it uses in tokens when all goes against us, and what it mostly uses."""

    name: str
    worst: Usage
    typical: Usage


REPLY = Kind("reply", Usage(0, INPUT_TOKENS + LONGEST_MESSAGE, REPLY_TOKENS), Usage(2400, 600, 120))
DAILY = Kind("daily message", Usage(0, INPUT_TOKENS, DAILY_TOKENS), Usage(0, 3000, 60))
MEMORY = Kind("memory", Usage(0, INPUT_TOKENS, OUTPUT_TOKENS), Usage(0, 2500, 200))


def thousands(number: int) -> str:
    return f"{number:,}"


def cents(micro_dollars: float) -> str:
    return f"{micro_dollars / 10_000:.1f} ¢"


def price(usage: Usage, at: Rate) -> int:
    return at.of(usage).micro_dollars


def rates() -> tuple[Rate, Rate]:
    """Off-peak and peak."""
    assert (is_peak(NOON), is_peak(NIGHT)) == (False, True)
    return rate(settings().anchor_model, NOON), rate(settings().anchor_model, NIGHT)


def calls() -> Iterator[str]:
    for kind in (REPLY, DAILY, MEMORY):
        for how, usage in (("typical", kind.typical), ("worst", kind.worst)):
            tokens = f"{thousands(usage.input_hit)} + {thousands(usage.input_miss)} | {usage.output}"
            costs = " | ".join(thousands(price(usage, at)) for at in rates())
            yield f"| {kind.name}, {how} | {tokens} | {costs} |"


def typical_month(replies: int, talks: int, at: Rate) -> int:
    """Daily messages are written before the peak, whenever they are sent (domain/anchor/planning.py)."""
    daily = DAYS * price(DAILY.typical, rates()[0])
    return replies * price(REPLY.typical, at) + talks * price(MEMORY.typical, at) + daily


def months() -> Iterator[str]:
    chosen = settings()
    for name, limits in (("free", chosen.anchor_limits_free), ("subscriber", chosen.anchor_limits_subscriber)):
        replies, talks = limits.replies_per_month, min(limits.replies_per_month, 2 * DAYS)
        low, peak = rates()
        sums = [typical_month(replies, talks, low), typical_month(replies, talks, peak)]
        worst = ((replies, REPLY), (2 * DAYS, DAILY), (talks, MEMORY))
        sums.append(sum(count * price(kind.worst, peak) for count, kind in worst))
        yield f"| {name}, {replies} replies | {' | '.join(map(cents, sums))} | {cents(limits.cost_per_month)} |"


def subscriptions() -> Iterator[str]:
    ceiling = settings().anchor_limits_subscriber.cost_per_month / 1_000_000
    for name, a_month in (("3.99 a month", 3.99), ("29.99 a year", 29.99 / 12)):
        for fee in (15, 30):
            net = a_month * (100 - fee) / 100
            yield f"| {name}, fee {fee} % | {net:.2f} $ | {100 * ceiling / net:.0f} % | {net - ceiling:.2f} $ |"


def tries() -> int:
    """How many tries one reply gets at most, if each of them breaks off at once."""
    left, number = settings().anchor_reply_seconds, 1
    while (left := left - min(_LONGEST_PAUSE, 2.0 ** (number - 1))) >= _LEAST_SECONDS:
        number += 1
    return number


def bounds() -> Iterator[str]:
    chosen = settings()
    peak = price(REPLY.worst, rates()[1])
    yield f"| tries of one reply at most | {tries()} |"
    yield f"| by which a month can pass its ceiling | {cents((tries() - 1) * peak)} |"
    yield f"| all people together, a day | {chosen.anchor_spend_per_day / 1e6:.0f} $ |"
    typical = chosen.anchor_spend_per_day // price(REPLY.typical, rates()[1])
    yield f"| typical replies that this pays for, all in the peak | {thousands(typical)} |"
    worst = chosen.anchor_spend_per_day // chosen.anchor_limits_subscriber.cost_per_month
    yield f"| subscribers who could use up a whole month's ceiling in one day | {worst} |"


@pytest.mark.parametrize("table", [calls, months, subscriptions, bounds])
def test_the_document_says_what_the_settings_make_of_it(app, table) -> None:
    written = DOC.read_text("utf-8").splitlines()
    missing = [line for line in table() if line not in written]
    assert missing == [], "\n" + "\n".join(missing)


def test_a_subscriber_is_never_a_loss(app) -> None:
    """Even at the highest fee, in the cheaper of the two subscriptions, with a month past its ceiling."""
    ceiling = settings().anchor_limits_subscriber.cost_per_month
    most = ceiling + tries() * price(REPLY.worst, rates()[1])
    assert most < 29.99 / 12 * 0.7 * 1_000_000 / 2


def test_typical_use_is_far_from_the_ceilings(app) -> None:
    """Who talks normally meets the limit of replies, and never that of money."""
    for limits in (settings().anchor_limits_free, settings().anchor_limits_subscriber):
        talks = min(limits.replies_per_month, 2 * DAYS)
        assert typical_month(limits.replies_per_month, talks, rates()[1]) < limits.cost_per_month
