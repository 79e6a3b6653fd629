"""The situation that a person's data shows: names that prompts put under their conditions.

A pure function of the facts, so that whoever asks again on the same day gets the same answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from domain.anchor.snapshot import CheckIn, Facts, Snapshot

_MILESTONES = frozenset({1, 3, 7, 14, 21, 30, 45, 60, 90, 120, 150, 180, 270, 365, 500})
_YEAR = 365
_LOW_MOOD = 2
_STRONG_URGE = 7
# For so many days after a slip somebody is treated gently, and for so many the way back is still fresh.
_TENDER_DAYS = 3
_FRESH_DAYS = 10
_CLOSE_PROGRESS = 75
# Urges are compared only where both sides are more than a single day.
_NEWER, _OLDER = 3, 2

# Every name there is, with what it says.
MEANINGS = {
    "slip_yesterday": "slipped yesterday or today",
    "slip": "slipped within the last three days",
    "week_after": "slipped four to ten days ago",
    "milestone": "the clean days reached a mark today, and no slip within the last three days",
    "goal_due": "a goal that is not reached yet is due today or tomorrow",
    "goal_close": "a goal is three quarters done or more, and not reached yet",
    "low_mood": "the mood was low in a check-in of today or yesterday",
    "strong_urge": "the urge was strong in a check-in of today or yesterday",
    "new": "joined within the last seven days",
    "quiet": "joined longer ago, and no check-in for three days",
    "steady": "has a week of clean days or more",
    "longest_yet": "has begun again before, and the clean days of now are the most there have been",
    "easing": "the urges in the last check-ins were weaker than in those before",
    "why": "has written down what it is for",
    "weekend": "it is Saturday or Sunday",
    "monday": "it is Monday",
}

# What is spoken to before anything else, the most pressing first. The other names only say what may be spoken of.
PRESSING = (
    "slip_yesterday", "slip", "milestone", "low_mood", "goal_due", "strong_urge", "new", "quiet", "week_after",
    "goal_close",
)  # fmt: skip


def situation_of(facts: Facts) -> frozenset[str]:
    """The names that hold for a person on their day."""
    snapshot = facts.snapshot
    today, clean = snapshot.today, snapshot.clean
    newest = snapshot.check_ins[0] if snapshot.check_ins else None
    new = (today - facts.joined_on).days < 7
    fresh = newest is not None and newest.on >= today - timedelta(days=1)
    since_slip = (today - clean.last_slip_on).days if clean.last_slip_on else None
    tender = since_slip is not None and since_slip <= _TENDER_DAYS
    weekday = today.weekday()
    holds = {
        "slip_yesterday": since_slip is not None and since_slip <= 1,
        "slip": tender,
        "week_after": since_slip is not None and _TENDER_DAYS < since_slip <= _FRESH_DAYS,
        "milestone": not tender and _is_mark(clean.current_days),
        "low_mood": newest is not None and fresh and newest.mood <= _LOW_MOOD,
        "strong_urge": newest is not None and fresh and newest.urge_level >= _STRONG_URGE,
        "new": new,
        "quiet": not new and (newest is None or (today - newest.on).days > 3),
        "steady": clean.current_days >= 7,
        "longest_yet": since_slip is not None and clean.current_days >= 7 and clean.current_days == clean.best_days,
        "easing": _is_easing(snapshot.check_ins),
        "why": snapshot.why is not None,
        "weekend": weekday >= 5,
        "monday": weekday == 0,
        **_goals(snapshot),
    }
    return frozenset(name for name, is_so in holds.items() if is_so)


def _is_mark(days: int) -> bool:
    return days in _MILESTONES or (days > 0 and days % _YEAR == 0)


def _goals(snapshot: Snapshot) -> dict[str, bool]:
    open_goals = [goal for goal in snapshot.goals if goal.progress < 100]
    tomorrow = snapshot.today + timedelta(days=1)
    return {
        "goal_due": any(goal.due_on is not None and snapshot.today <= goal.due_on <= tomorrow for goal in open_goals),
        "goal_close": any(goal.progress >= _CLOSE_PROGRESS for goal in open_goals),
    }


def _is_easing(check_ins: Sequence[CheckIn]) -> bool:
    """Newest first. The mean of the newest few against that of the others."""
    newer = [each.urge_level for each in check_ins[:_NEWER]]
    older = [each.urge_level for each in check_ins[_NEWER:]]
    if len(newer) < _NEWER or len(older) < _OLDER:
        return False
    return sum(newer) * len(older) < sum(older) * len(newer)
