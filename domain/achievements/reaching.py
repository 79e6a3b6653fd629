"""The day on which a number of clean days was reached. Pure rules over dates.

It follows from the attempts alone, so whoever looks late, or twice, finds the same day.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from domain.achievements.metrics import COMEBACK_DAYS, Metric

# The first day, and the day of the slip that ended it; None for the running one.
Attempt = tuple[date, date | None]


def reached_on(metric: Metric, level: int, attempts: Iterable[Attempt], today: date) -> date | None:
    """The first day on which `metric`, one of TIME_METRICS, was at least `level`; None if it is not so by `today`.

    The attempts may come in any order, and do not overlap. Raises KeyError for another metric.
    """
    return _RULES[metric](level, _in_order(attempts, today))


def _in_order(attempts: Iterable[Attempt], today: date) -> list[tuple[date, int]]:
    """Start and days of each attempt."""
    spans = sorted((started, ended or date.max, ended or today) for started, ended in attempts)
    return [(started, max(0, (until - started).days)) for started, _, until in spans]


def _best(level: int, attempts: list[tuple[date, int]]) -> date | None:
    return next((started + timedelta(days=level) for started, days in attempts if days >= level), None)


def _total(level: int, attempts: list[tuple[date, int]]) -> date | None:
    left = level
    for started, days in attempts:
        if days >= left:
            return started + timedelta(days=left)
        left -= days
    return None


def _comebacks(level: int, attempts: list[tuple[date, int]]) -> date | None:
    # The first attempt followed no slip.
    reached = [started + timedelta(days=COMEBACK_DAYS) for started, days in attempts[1:] if days >= COMEBACK_DAYS]
    return reached[level - 1] if len(reached) >= level else None


_RULES = {"best_clean_days": _best, "total_clean_days": _total, "comebacks": _comebacks}
