"""Anchor: the model and its prices, what a person may use of it, and how long things may take."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from domain.kit.environment import BadValue, Reader, integer, number


class Price(msgspec.Struct, frozen=True):
    """Micro-dollars for a million tokens of one model, from `valid_from` (a UTC day) on."""

    model: str
    valid_from: str
    input_hit: int
    input_miss: int
    output: int
    peak_input_hit: int
    peak_input_miss: int
    peak_output: int


class AnchorLimits(msgspec.Struct, frozen=True):
    """What one plan may use of Anchor: replies a person's day and a UTC month, micro-dollars a UTC month."""

    replies_per_day: int
    replies_per_month: int
    cost_per_month: int


# DeepSeek's price list of 2026-08-16 (spec: providers.md 1.1). A new price is a new row with its first day.
_DEFAULT_PRICES = (
    Price("deepseek-flash", "2026-08-16", 3_000, 150_000, 600_000, 6_000, 300_000, 1_200_000),
    Price("deepseek-v4-pro", "2026-08-16", 22_000, 660_000, 1_980_000, 44_000, 1_320_000, 3_960_000),
)


@dataclass(frozen=True, kw_only=True)
class AnchorSettings:
    deepseek_url: str
    deepseek_api_key: str
    anchor_model: str
    anchor_prices: tuple[Price, ...]
    anchor_limits_free: AnchorLimits
    anchor_limits_subscriber: AnchorLimits
    anchor_spend_per_day: int
    anchor_reply_seconds: float
    anchor_memory_delay_seconds: float
    anchor_daily_calls: int


def _prices(text: str) -> tuple[Price, ...]:
    prices = msgspec.json.decode(text, type=tuple[Price, ...])
    if not prices:
        raise BadValue("must list at least one price")
    return prices


def _limits(text: str) -> AnchorLimits:
    try:
        day, month, cost = (int(part) for part in text.split("/"))
    except ValueError:
        raise BadValue("must be replies a day/replies a month/micro-dollars a month") from None
    if min(day, month, cost) < 0:
        raise BadValue("must not be negative")
    return AnchorLimits(replies_per_day=day, replies_per_month=month, cost_per_month=cost)


def read(r: Reader) -> AnchorSettings:
    """Raises SettingError."""
    return AnchorSettings(
        deepseek_url=r.url(
            "DEEPSEEK_URL", "the model's OpenAI-compatible address", "https://api.deepseek.com",
            "https://api.deepseek.com", "https", "http",
        ),
        deepseek_api_key=r.get("DEEPSEEK_API_KEY", "the key of the model's provider", "sk-…", str),
        anchor_model=r.get("ANCHOR_MODEL", "the model that answers", "deepseek-flash", str, "deepseek-flash"),
        anchor_prices=r.get(
            "ANCHOR_PRICES", "micro-dollars a million tokens by model and first day, as JSON",
            '[{"model":"deepseek-flash","valid_from":"2026-08-16","input_hit":3000,"input_miss":150000,'
            '"output":600000,"peak_input_hit":6000,"peak_input_miss":300000,"peak_output":1200000}]',
            _prices, _DEFAULT_PRICES,
        ),
        anchor_limits_free=r.get(
            "ANCHOR_LIMITS_FREE", "replies a day/replies a month/micro-dollars a month without a subscription",
            "3/30/60000", _limits, AnchorLimits(3, 30, 60_000),
        ),
        anchor_limits_subscriber=r.get(
            "ANCHOR_LIMITS_SUBSCRIBER", "replies a day/replies a month/micro-dollars a month with a subscription",
            "30/500/600000", _limits, AnchorLimits(30, 500, 600_000),
        ),
        anchor_spend_per_day=r.get(
            "ANCHOR_SPEND_PER_DAY", "micro-dollars that all people together may cost in a UTC day",
            "50000000", integer(0, 10**12), 50_000_000,
        ),
        anchor_reply_seconds=r.get(
            "ANCHOR_REPLY_SECONDS", "time that one reply may take before it has failed", "60", number(0.5, 600), 60.0
        ),
        anchor_memory_delay_seconds=r.get(
            "ANCHOR_MEMORY_DELAY_SECONDS", "how long a talk with Anchor rests until it is gone through for its memory",
            "1200", number(0, 86_400), 1200.0,
        ),
        anchor_daily_calls=r.get(
            "ANCHOR_DAILY_CALLS", "daily messages that one worker has the model write at once", "100",
            integer(1, 2000), 100,
        ),
    )  # fmt: skip
