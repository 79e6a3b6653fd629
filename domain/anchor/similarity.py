"""Whether two texts read alike: how many pieces they share, of words and of letters.

Nobody keeps reading a companion that says the same in other numbers. So a text is folded first (case, accents, signs,
and every number is one sign), and then compared piece by piece with each of the earlier ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import combinations

import msgspec

# Where a script has no spaces, each of its signs stands for a word: Chinese, Japanese, Korean, Thai.
_WORDS = re.compile(r"[\u0e00-\u0e7f\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|\w+")
_DIGITS = re.compile(r"\d+")
_WORDS_A_PIECE = 3
_LETTERS_A_PIECE = 5
# Of pieces with several words half is much: it takes whole phrases. Letters are shared by any two texts of a language,
# so there it takes as much of both texts together. Examples on both sides stand in the tests.
_ALIKE = 0.5
# A text that begins as an earlier one did feels like it, whatever comes after.
_SAME_OPENING = 6


class _Folded(msgspec.Struct, frozen=True):
    words: list[str]
    phrases: frozenset[tuple[str, ...]]
    letters: frozenset[str]


def likeness(text: str, other: str) -> float:
    """How alike two texts read, from 0.0 (nothing in common) to 1.0 (the same)."""
    return _likeness(_fold(text), _fold(other))


def too_like(text: str, earlier: Sequence[str]) -> bool:
    """Whether `text` reads like one of `earlier` (semantics: Anchor, "Daily message")."""
    folded = _fold(text)
    return any(_likeness(folded, _fold(other)) >= _ALIKE for other in earlier)


def alike(texts: Iterable[str]) -> list[tuple[str, str]]:
    """All pairs among `texts` that read alike."""
    folded = [(text, _fold(text)) for text in texts]
    return [(one, two) for (one, a), (two, b) in combinations(folded, 2) if _likeness(a, b) >= _ALIKE]


def _likeness(one: _Folded, two: _Folded) -> float:
    if one.words == two.words:
        return 1.0
    if not one.letters or not two.letters:
        return 0.0
    shared = one.letters & two.letters
    of_letters = len(shared) / len(one.letters | two.letters)
    # Contained: a short text that stands whole within a long one is not new.
    of_phrases = len(one.phrases & two.phrases) / min(len(one.phrases), len(two.phrases))
    if min(len(one.words), len(two.words)) >= _SAME_OPENING and one.words[:_SAME_OPENING] == two.words[:_SAME_OPENING]:
        return max(of_letters, of_phrases, _ALIKE)
    return max(of_letters, of_phrases)


def _fold(text: str) -> _Folded:
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = _WORDS.findall(_DIGITS.sub("0", plain))
    line = " ".join(words)
    return _Folded(words, frozenset(_pieces(words, _WORDS_A_PIECE)), frozenset(_slices(line)))


def _pieces(words: Sequence[str], size: int) -> Iterable[tuple[str, ...]]:
    if len(words) <= size:
        return [tuple(words)] if words else []
    return (tuple(words[start : start + size]) for start in range(len(words) - size + 1))


def _slices(line: str) -> Iterable[str]:
    if len(line) <= _LETTERS_A_PIECE:
        return [line] if line else []
    return (line[start : start + _LETTERS_A_PIECE] for start in range(len(line) - _LETTERS_A_PIECE + 1))
