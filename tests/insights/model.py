"""The insights once more, slowly, from lists: what the statements must agree with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tests.insights.diary import CheckIn, Event, Slip, Urge

DAY = timedelta(days=1)


def average(values: Iterable[int]) -> float | None:
    values = list(values)
    if not values:
        return None
    return float((Decimal(sum(values)) / len(values)).quantize(Decimal("0.1"), ROUND_HALF_UP))


def rate(urges: Iterable[Urge]) -> int | None:
    finished = [urge.outcome for urge in urges if urge.outcome != "ongoing"]
    return int(Decimal(100 * finished.count("resisted")) // len(finished)) if finished else None


def less(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else float(Decimal(str(now)) - Decimal(str(before)))


def within(events: Sequence[Event], first: date, last: date) -> list[Event]:
    return [event for event in events if first <= event.day <= last]


def totals(events: Sequence[Event], first: date, last: date) -> dict[str, Any]:
    events = within(events, first, last)
    urges = [event for event in events if isinstance(event, Urge)]
    outcomes = [urge.outcome for urge in urges]
    return {
        "from": str(first),
        "to": str(last),
        "urges": len(urges),
        **{outcome: outcomes.count(outcome) for outcome in ("resisted", "slipped", "ongoing")},
        "resisted_rate": rate(urges),
        "slips": sum(isinstance(event, Slip) for event in events),
        "check_ins": sum(isinstance(event, CheckIn) for event in events),
    }


def trigger_insights(events: Sequence[Event], names: dict[str, tuple[str, str]], today: date, days: int) -> Any:
    """`names` are slug and label by every word of the catalogue in small letters."""
    first = today - timedelta(days - 1)
    now = totals(events, first, today)
    before = totals(events, first - timedelta(days), first - DAY)
    present = within(events, first, today)
    heat_map = [[0] * 24 for _ in range(7)]
    for event in present:
        if not isinstance(event, CheckIn):
            heat_map[event.day.weekday()][event.hour] += 1
    return {
        **now,
        "days": days,
        "triggers": _triggers(present, names),
        "heat_map": heat_map,
        "previous": before,
        "change": {key: less(now[key], before[key]) for key in ("urges", "slips", "resisted_rate")},
    }


def _triggers(events: Sequence[Event], names: dict[str, tuple[str, str]]) -> list[dict[str, Any]]:
    def key_of(word: str) -> str:
        return names[word.lower()][0] if word.lower() in names else word.lower()

    found = []
    for key in {key_of(word) for event in events for word in event.triggers}:
        naming = [event for event in events if key in map(key_of, event.triggers)]
        urges = [event for event in naming if isinstance(event, Urge)]
        newest = max(event.day for event in naming)
        spelling = min(
            word for event in naming if event.day == newest for word in event.triggers if word.lower() == key
        ) if key not in names else ""  # fmt: skip
        trigger, label = names.get(key, (key, spelling))
        shown = {
            "trigger": trigger,
            "label": label,
            "urges": len(urges),
            "slips": sum(isinstance(event, Slip) for event in naming),
            "check_ins": sum(isinstance(event, CheckIn) for event in naming),
            "resisted_rate": rate(urges),
            "average_intensity": average(urge.intensity for urge in urges),
        }
        found.append(((-len(naming), -shown["slips"], key), shown))
    return [shown for _, shown in sorted(found, key=lambda each: each[0])][:50]


def mood_insights(events: Sequence[Event], today: date, days: int) -> Any:
    first = today - timedelta(days - 1)
    now = _moods(events, first, today)
    before = _moods(events, first - timedelta(days), first - DAY)
    present = sorted(event for event in within(events, first, today) if isinstance(event, CheckIn))
    return {
        **now,
        "days": days,
        "by_day": [{"date": str(each.day), "mood": each.mood, "urge_level": each.urge_level} for each in present],
        "by_weekday": [_mood(each for each in present if each.day.isoweekday() == weekday) for weekday in range(1, 8)],
        "previous": before,
        "change": {key: less(now[key], before[key]) for key in ("average_mood", "average_urge_level")},
    }


def _mood(check_ins: Iterable[CheckIn]) -> dict[str, Any]:
    moods = [each.mood for each in check_ins]
    return {"average_mood": average(moods), "check_ins": len(moods)}


def _moods(events: Sequence[Event], first: date, last: date) -> dict[str, Any]:
    check_ins = [event for event in events if isinstance(event, CheckIn)]
    present = [each for each in check_ins if first <= each.day <= last]

    def around(kind: type[Event]) -> dict[str, Any]:
        days = {event.day for event in within(events, first, last) if isinstance(event, kind)}
        return {
            "days": len(days),
            "before": _mood(each for each in check_ins if each.day + DAY in days),
            "on": _mood(each for each in check_ins if each.day in days),
            "after": _mood(each for each in check_ins if each.day - DAY in days),
        }

    return {
        "from": str(first),
        "to": str(last),
        "check_ins": len(present),
        "average_mood": average(each.mood for each in present),
        "average_urge_level": average(each.urge_level for each in present),
        "around_urges": around(Urge),
        "around_slips": around(Slip),
    }
