"""Finding the numbers in a sentence, in figures and in words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import msgspec

from domain.anchor.number_words import cardinals, ordinals

# Digits of any script, with what languages put between thousands: 1,000 is not a one and nothing.
_TOKEN = re.compile(r"\d+(?:[.,'\u2019_\s]\d{3}(?!\d))*(?:[.,]\d+)?|[^\W\d_]+|%|[.!?;:\n/]")
_DECIMAL = re.compile(r"\d+[.,]\d{1,2}(?!\d)")
_CHECK_IN = re.compile(r"\bcheck(?:ed|ing)?[\s-]?ins?\b")
_FORTNIGHT = re.compile(r"\b(?:a|one)\s(?:full\s|whole\s)?fortnight\b")
_BETWEEN = re.compile(r"\D")
_LONGEST_WORDS = 6
# Nothing that we count has a fraction.
FRACTION = -1


class Number(msgspec.Struct, frozen=True):
    """A number at `at` in a sentence of words, which takes up `size` of them."""

    value: int
    at: int
    size: int
    in_figures: bool


def fold(text: str) -> str:
    """`text` in small letters without accents, and a check-in as one word."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return _FORTNIGHT.sub("two weeks", _CHECK_IN.sub("checkin", plain))


def words_of(sentence: str) -> list[str]:
    """Words, numbers in figures, and the signs that matter, of a folded sentence."""
    return _TOKEN.findall(sentence)


def numbers_in(words: Sequence[str], language: str) -> list[Number]:
    """The numbers among `words`, in the words of English and of `language`, a code of two letters."""
    found, at = [], 0
    while at < len(words):
        number = _in_figures(words, at) or _in_words(words, at, language)
        if number is not None:
            found.append(number)
        at += number.size if number else 1
    return found


def _in_figures(words: Sequence[str], at: int) -> Number | None:
    word = words[at]
    if not word[0].isdigit():
        return None
    if _DECIMAL.fullmatch(word):
        return Number(FRACTION, at, 1, in_figures=True)
    is_ordinal = at + 1 < len(words) and words[at + 1] in ("st", "nd", "rd", "th")
    return Number(int(_BETWEEN.sub("", word)), at, 1 + is_ordinal, in_figures=True)


def _in_words(words: Sequence[str], at: int, language: str) -> Number | None:
    for table in (cardinals(language), ordinals(language)):
        for size in range(min(_LONGEST_WORDS, len(words) - at), 0, -1):
            value = table.get(tuple(words[at : at + size]))
            if value is not None:
                return Number(value, at, size, in_figures=False)
    return None
