"""Triggers: the words for what brings an urge on, as people write them into check-ins, urges and slips.

They are stored as written. What counts as one trigger is decided when they are read (NAMES): so a trigger that joins
the catalogue takes the words that people have for it along, and one that leaves it loses nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from domain.kit.errors import InvalidRequest
from domain.kit.text import clean_text

_MOST = 20
_LONGEST = 40

# A SELECT of the words that stand for a trigger of the catalogue: its slug and its label, in any capitals. A word that
# has no row here by `lower(word)` is the person's own, and the same as every other that is equal in small letters.
NAMES = """
SELECT DISTINCT ON (word) word, slug, label, active FROM (
    SELECT lower(slug) AS word, slug, label, active, position FROM triggers
    UNION ALL SELECT lower(label), slug, label, active, position FROM triggers
) AS named ORDER BY word, active DESC, position, slug"""


def clean_triggers(triggers: Sequence[str]) -> list[str]:
    """The words, each once (capitals make no difference, the first spelling stays), on one line.

    Raises InvalidRequest for more than 20, or a word that is empty or has more than 40 characters.
    """
    # Before they are looked at, so that a heap of them costs nothing.
    if len(triggers) > 5 * _MOST:
        raise InvalidRequest(f"may be at most {_MOST}", field="triggers")
    words: dict[str, str] = {}
    for trigger in triggers:
        word = clean_text(" ".join(trigger.split()), field="triggers", longest=_LONGEST)
        words.setdefault(word.casefold(), word)
    if len(words) > _MOST:
        raise InvalidRequest(f"may be at most {_MOST}", field="triggers")
    return list(words.values())
