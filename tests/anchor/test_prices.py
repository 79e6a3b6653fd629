"""Money: whole micro-dollars, never rounded in the person's or the provider's favour by accident."""

from datetime import UTC, datetime

import msgspec
import pytest

from domain.anchor.prices import NoPrice, Usage, is_peak, rate, worst_case
from domain.kit.settings import Price

MONDAY_NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
MONDAY_NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hour", "minute", "peak"),
    [(0, 59, False), (1, 0, True), (3, 59, True), (4, 0, False), (5, 59, False), (6, 0, True), (9, 59, True),
     (10, 0, False)],
)  # fmt: skip
def test_peak_begins_and_ends_by_the_minute(hour: int, minute: int, peak: bool) -> None:
    assert is_peak(datetime(2026, 11, 23, hour, minute, tzinfo=UTC)) is peak


def test_no_peak_at_the_weekend() -> None:
    assert not is_peak(datetime(2026, 11, 21, 2, 0, tzinfo=UTC))
    assert is_peak(datetime(2026, 11, 20, 2, 0, tzinfo=UTC))


def test_costs_are_whole_and_rounded_up() -> None:
    price = rate("deepseek-flash", MONDAY_NOON)
    assert price.of(Usage(0, 0, 0)).micro_dollars == 0
    assert price.of(Usage(1, 0, 0)).micro_dollars == 1
    assert price.of(Usage(1000, 176, 42)).micro_dollars == 55  # 3 + 26.4 + 25.2
    assert rate("deepseek-flash", MONDAY_NIGHT).of(Usage(1000, 176, 42)).micro_dollars == 110


def test_nothing_can_be_paid_out() -> None:
    with pytest.raises(ValueError, match="less than nothing"):
        rate("deepseek-flash", MONDAY_NOON).of(Usage(0, -1, 0))


def test_a_model_without_a_price_is_refused(configure) -> None:
    with pytest.raises(NoPrice):
        rate("deepseek-chat", MONDAY_NOON)
    with pytest.raises(NoPrice):
        rate("deepseek-flash", datetime(2026, 8, 15, tzinfo=UTC))
    configure(ANCHOR_MODEL="unheard-of")
    with pytest.raises(NoPrice):
        worst_case(10, 10)


def test_the_newest_price_in_force_holds(configure) -> None:
    old = Price("m", "2026-01-01", 1, 1_000_000, 1, 1, 1_000_000, 1)
    new = Price("m", "2026-12-01", 1, 2_000_000, 1, 1, 2_000_000, 1)
    configure(ANCHOR_PRICES=msgspec.json.encode([new, old]).decode())
    assert rate("m", datetime(2026, 11, 30, 23, 59, tzinfo=UTC)).of(Usage(0, 5, 0)).micro_dollars == 5
    assert rate("m", datetime(2026, 12, 1, tzinfo=UTC)).of(Usage(0, 5, 0)).micro_dollars == 10
