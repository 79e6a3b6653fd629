"""The metrics counted slowly: one day after the other, one thing after the other."""

from __future__ import annotations

from datetime import date, timedelta

from domain.achievements.metrics import Metric
from tests.achievements.people import Life

DAY = timedelta(days=1)


def clean(started_on: date | None, broken: list[date], today: date) -> list[tuple[date, int, int, int]]:
    """For each day up to `today`: best, total and comebacks as they are on that day."""
    history = []
    if started_on is None:
        return history
    day, current, best, total, comebacks, after_a_slip = started_on, 0, 0, 0, 0, False
    while day <= today:
        if day > started_on:
            # The night is over: one day more.
            current += 1
            total += 1
            best = max(best, current)
            if after_a_slip and current == 7:
                comebacks += 1
        if day in broken:
            current, after_a_slip = 0, True
        history.append((day, best, total, comebacks))
        day += DAY
    return history


def metrics(life: Life, today: date) -> dict[Metric, int]:
    """What every metric is on `today`."""
    history = clean(life.started_on, life.broken, today)
    _, best, total, comebacks = history[-1] if history else (today, 0, 0, 0)
    return {
        "best_clean_days": best,
        "total_clean_days": total,
        "comebacks": comebacks,
        "check_in_streak": life.best_streak or 0,
        "check_ins": len(life.check_ins),
        "urges_logged": len(life.outcomes),
        "urges_resisted": life.outcomes.count("resisted"),
        "journal_entries": life.entries,
        "slips_reflected": life.reflected,
        "goals_completed": life.goals,
        "quizzes_completed": len(set(life.quizzes)),
    }


def first_day(started_on: date, broken: list[date], today: date, metric: Metric, level: int) -> date | None:
    """The first day on which a metric of clean days was at least `level`."""
    place = {"best_clean_days": 1, "total_clean_days": 2, "comebacks": 3}[metric]
    return next((on[0] for on in clean(started_on, broken, today) if on[place] >= level), None)
