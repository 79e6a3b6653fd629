"""Whether a text can stand on a phone's screen without telling somebody who looks over a shoulder what it is about.

Only plain words for it, in English, German, Spanish, French and Portuguese: "clean days" or "the pull" may be anything.
"""

from __future__ import annotations

import re

from domain.anchor.said_numbers import fold

_TELLING = re.compile(
    r"\b(?:"
    r"\w*porn\w*|sex(?:ual\w*|uell\w*|uel\w*|o|e)?|masturb\w*|onani\w*|jerk(?:ed|ing)? off|nofap\w*|nude\w*|erotic\w*"
    r"|addict\w*|\w*suchtig\w*|adicci\w*|adict\w*|viciad\w*|dependencia|dependance"
    r"|relaps\w*|ruckfall\w*|ruckfallig\w*|recaida\w*|rechut\w*"
    r"|sober|sobriety|abstinen\w*|abstemi\w*"
    r")\b"
)


def is_discreet(text: str) -> bool:
    """Whether `text` has no such word."""
    return _TELLING.search(fold(text)) is None
