"""Figures as they are shown: shares in whole per cent, averages to one decimal, and what has changed between two."""

from __future__ import annotations


def share(part: int, rest: int) -> int | None:
    """How many of `part` and `rest` together are `part`: 0 to 100, rounded down; None of nothing."""
    return 100 * part // (part + rest) if part + rest else None


def average(total: int, count: int) -> float | None:
    """To one decimal, halves rounded up; None of nothing. By whole numbers, so that 2.25 never becomes 2.2."""
    return (20 * total + count) // (2 * count) / 10 if count else None


def risen(now: float | None, before: float | None) -> float | None:
    """The difference of two averages as they are shown; None unless there are both."""
    return None if now is None or before is None else round(now - before, 1)
