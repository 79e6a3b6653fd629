"""Whether the numbers in a text that the model wrote are the person's own (semantics: Anchor, "Daily message")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from domain.anchor.snapshot import Snapshot

_NUMBER = re.compile(r"\d+")
# A count of days is not just any number: the 23 of a date must not pass for a streak.
_DAYS = re.compile(r"(\d+)[\s-]*(?:clean[\s-]+|check-?in[\s-]+|full[\s-]+|whole[\s-]+)?days?\b", re.IGNORECASE)
# Zero and one are words of the language as often as they are figures ("one step").
_SMALLEST = 2


def numbers_agree(text: str, snapshot: Snapshot) -> bool:
    """Whether every number of 2 or more in `text` stands in the data, and every count of days is one of the streaks."""
    known = set(_numbers(msgspec.to_builtins(snapshot)))
    clean, check_in = snapshot.clean, snapshot.check_in
    days = {clean.current_days, clean.best_days, clean.total_clean_days, check_in.current_days, check_in.best_days}
    return all(int(found) in known for found in _NUMBER.findall(text) if int(found) >= _SMALLEST) and all(
        int(found) in days for found in _DAYS.findall(text) if int(found) >= _SMALLEST
    )


def _numbers(value: Any) -> Iterator[int]:
    if isinstance(value, dict):
        for part in value.values():
            yield from _numbers(part)
    elif isinstance(value, list):
        for part in value:
            yield from _numbers(part)
    elif isinstance(value, str):
        yield from (int(found) for found in _NUMBER.findall(value))
    elif isinstance(value, int):
        yield value
