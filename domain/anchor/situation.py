"""The situation that a person's data shows: names that prompts put under their conditions."""

from __future__ import annotations

from datetime import timedelta

from domain.anchor.snapshot import Facts

_MILESTONES = frozenset({1, 3, 7, 14, 21, 30, 45, 60, 90, 120, 150, 180, 270, 365, 500})
_YEAR = 365
_LOW_MOOD = 2
_STRONG_URGE = 7

# Every name there is, with what it says.
MEANINGS = {
    "new": "joined within the last seven days",
    "slip": "slipped within the last three days",
    "milestone": "the clean days reached a mark today",
    "steady": "has a week of clean days or more",
    "low_mood": "the mood was low in a check-in of today or yesterday",
    "strong_urge": "the urge was strong in a check-in of today or yesterday",
    "quiet": "joined longer ago, and no check-in for three days",
    "why": "has written down what it is for",
}


def situation_of(facts: Facts) -> frozenset[str]:
    """The names that hold for a person on their day."""
    snapshot = facts.snapshot
    today, clean = snapshot.today, snapshot.clean
    newest = snapshot.check_ins[0] if snapshot.check_ins else None
    new = (today - facts.joined_on).days < 7
    fresh = newest is not None and newest.on >= today - timedelta(days=1)
    holds = {
        "new": new,
        "slip": clean.last_slip_on is not None and (today - clean.last_slip_on).days <= 3,
        "milestone": clean.current_days in _MILESTONES or (clean.current_days > 0 and clean.current_days % _YEAR == 0),
        "steady": clean.current_days >= 7,
        "low_mood": newest is not None and fresh and newest.mood <= _LOW_MOOD,
        "strong_urge": newest is not None and fresh and newest.urge_level >= _STRONG_URGE,
        "quiet": not new and (newest is None or (today - newest.on).days > 3),
        "why": snapshot.why is not None,
    }
    return frozenset(name for name, is_so in holds.items() if is_so)
