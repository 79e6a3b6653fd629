"""Why something is reported (api: POST /v1/reports), and how we call that to people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

Reason = Literal["spam", "harassment", "hate", "sexual", "self_harm", "contact_data", "minor_safety", "other"]

# In these somebody may be in danger: they are reviewed before all others.
URGENT: tuple[Reason, ...] = ("minor_safety", "self_harm")

_SAYS: dict[Reason, str] = {
    "spam": "spam",
    "harassment": "harassment",
    "hate": "hate",
    "sexual": "sexual content",
    "self_harm": "self-harm",
    "contact_data": "contact data",
    "minor_safety": "the safety of minors",
    "other": "other reasons",
}


def in_words(reasons: Iterable[Reason]) -> str:
    """`spam, hate`: as people read it, each once and always in the same order."""
    there = set(reasons)
    return ", ".join(words for reason, words in _SAYS.items() if reason in there)
