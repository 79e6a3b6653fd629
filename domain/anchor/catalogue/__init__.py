"""The catalogue as it is delivered: how Anchor talks, what the daily messages are about, and the prepared texts.

`kuitter seed` writes it to the table prompts (seeding.py), where an administrator may add versions or switch some off.
A text that changes here gets a higher version; the old rows stay, because messages point to them.
"""

from __future__ import annotations

from domain.anchor.catalogue import curated_life, curated_moments, curated_practice, curated_self
from domain.anchor.catalogue.chat import CHAT
from domain.anchor.catalogue.daily_life import LIFE
from domain.anchor.catalogue.daily_marks import MARKS
from domain.anchor.catalogue.daily_moments import MOMENTS
from domain.anchor.catalogue.daily_practice import PRACTICE
from domain.anchor.catalogue.daily_self import SELF

DAILY = (*PRACTICE, *LIFE, *SELF, *MOMENTS, *MARKS)

# Daily messages written by people, sent as they stand: without the consent nothing of a person leaves the system, and
# when the model is away somebody may be waiting.
CURATED = (*curated_practice.PRACTICE, *curated_life.LIFE, *curated_self.SELF, *curated_moments.MOMENTS)

__all__ = ["CHAT", "CURATED", "DAILY"]
