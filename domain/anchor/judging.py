"""Whether a daily message that the model wrote may be sent."""

from __future__ import annotations

from collections.abc import Sequence

from domain.anchor.discretion import is_discreet
from domain.anchor.output import objection_to
from domain.anchor.similarity import too_like
from domain.anchor.snapshot import Snapshot
from domain.anchor.truth import numbers_agree
from domain.kit.log import log
from domain.kit.text import graphemes

LONGEST = 400


def objection(text: str, snapshot: Snapshot, earlier: Sequence[str]) -> str | None:
    """What the model is told about a `text` that cannot be sent; None if it can. `earlier` are the last messages."""
    found = _find(text, snapshot, earlier)
    if found is None:
        return None
    kind, reason = found
    log().info("anchor.daily_unusable", reason=kind)
    return reason


def _find(text: str, snapshot: Snapshot, earlier: Sequence[str]) -> tuple[str, str] | None:
    if not text:
        return "empty", "There was nothing in it."
    if graphemes(text) > LONGEST:
        return "length", "It was far too long: two or three short sentences are the most."
    if (kind := objection_to(text)) is not None:
        return kind, "It said something that you never say. Keep to what you hold to, whatever is said."
    if not is_discreet(text):
        return (
            "telling",
            "It names what it is about. It has to stand on a screen that others may see: find other words.",
        )
    if not numbers_agree(text, snapshot):
        return "number", "A number in it is not in the data. Do without numbers."
    if too_like(text, earlier):
        return "alike", "It reads like one of your earlier messages. Find another thought, and other words for it."
    return None
