"""Whether the numbers in a text that the model wrote are the person's own (semantics: Anchor, "Daily message")."""

from __future__ import annotations

import re

from domain.anchor.snapshot import Snapshot

# Digits of any script, with what languages put between thousands: 1,000 is not a one and nothing.
_NUMBER = re.compile(r"\d+(?:[.,'\u2019_\s]\d{3}(?!\d))*")
_BETWEEN = re.compile(r"\D")
# Zero and one are words of the language as often as they are figures ("one step").
_SMALLEST = 2


def numbers_agree(text: str, snapshot: Snapshot) -> bool:
    """Whether every integer of 2 or more in `text` is one that we counted for the person: their streaks and totals.

    Whatever the language, and whatever is counted there: a date, a mood or a number out of the person's own notes is no
    count, and next to a word for days it would be a false one.
    """
    clean, check_in = snapshot.clean, snapshot.check_in
    counted = {clean.current_days, clean.best_days, clean.total_clean_days, check_in.current_days, check_in.best_days}
    found = (int(_BETWEEN.sub("", number)) for number in _NUMBER.findall(text))
    return all(number < _SMALLEST or number in counted for number in found)
