"""What the model said, looked at before anybody reads it (semantics: Anchor, "Output is checked too").

It finds phrases, sentence by sentence, and not meaning: what the core forbids and a model that was talked out of it, or
had a bad moment, says all the same. The lists err on the side of letting Anchor talk. Nothing of a text is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from types import ModuleType
from typing import Literal

import msgspec

from domain.anchor.core import CORE
from domain.anchor.output_patterns import de, en, es, fr, pt
from domain.safety import text_filter
from domain.safety.phrases import Phrases
from domain.safety.plain import plain

Objection = Literal["sexual", "self_harm", "shaming", "claim", "promise", "leak", "link"]

_BY_PHRASE: tuple[Objection, ...] = ("self_harm", "sexual", "shaming", "claim", "promise", "leak")
_LANGUAGES: list[ModuleType] = [en, es, fr, de, pt]
_WORD = re.compile(r"[a-z0-9]+")
# What ends a sentence; it counts once something follows, for "3.5" and "example.com" are none.
_END = re.compile(r"[.!?…。！？]+[\"'”»)*_]*\s|\n")
# Signs of a link, a number to call, or our own markup: what words alone do not show.
_SIGNS = re.compile(r"://|www|\w\.\w|@|\bdot\b|\d[\d\s()./-]{5,}\d|</?\s*(?:data|earlier)\b|<\|", re.IGNORECASE)
_MARKUP = re.compile(
    r"</?\s*(?:data|earlier)\s*>|<\||\"(?:check_in|last_slip_on|current_days|urge_level|why)\"\s*:", re.IGNORECASE
)
_QUOTED = re.compile(r'“[^”]*(?:”|$)|„[^“”]*(?:[“”]|$)|«[^»]*(?:»|$)|"[^"]*(?:"|$)|^[^“„«]*”')
_QUOTABLE = frozenset({"claim", "shaming", "promise"})
# So many words in a row of the core are no chance.
_RUN = 9


class _Language(msgspec.Struct, frozen=True):
    said: dict[Objection, Phrases]
    sure: Phrases
    """Claims to be a person, which nothing before them excuses."""
    excused: Phrases


class _Lists(msgspec.Struct, frozen=True):
    smelly: Phrases
    """All that is looked for, at once: what shows none of it needs no further look."""
    languages: list[_Language]


def objection_to(text: str) -> Objection | None:
    """Why a model's `text` may not be sent as Anchor's; None if nothing stands against it.

    About a tenth of a millisecond for a reply, and linear in its length.
    """
    for sentence in _sentences(text):
        if (found := _objection(sentence)) is not None:
            return found
    return "leak" if _recites_core(text) else None


def _sentences(text: str) -> Iterator[str]:
    start = 0
    for end in _END.finditer(text):
        yield text[start : end.end()]
        start = end.end()
    yield text[start:]


def smells(sentence: str) -> bool:
    """Whether a sentence, perhaps not yet whole, has to be looked at as a whole before it is shown."""
    return _SIGNS.search(sentence) is not None or _lists().smelly.found(_words(sentence))


def _objection(sentence: str) -> Objection | None:
    if not smells(sentence):
        return None
    if _MARKUP.search(sentence):
        return "leak"
    if text_filter.objection(sentence) in ("link", "contact_data"):
        return "link"
    words, own = _words(sentence), _words(_QUOTED.sub(" . ", sentence))
    return next((found for one in _lists().languages if (found := _against(words, own, one)) is not None), None)


def _against(words: list[str], own: list[str], language: _Language) -> Objection | None:
    """`own` are the words without those in quotation marks: "you wrote “I am worthless”" is not Anchor's word."""
    if language.sure.found(own):
        return "claim"
    left, left_own = _without_excused(words, language), _without_excused(own, language)
    for kind, phrases in language.said.items():
        if phrases.found(left_own if kind in _QUOTABLE else left):
            return kind
    return None


def _without_excused(words: list[str], language: _Language) -> list[str]:
    left = list(words)
    for at, length in list(language.excused.ends(words)):
        left[at - length + 1 : at + 1] = [""] * length
    return left


def _words(text: str) -> list[str]:
    return _WORD.findall(plain(text).replace("'", ""))


def _recites_core(text: str) -> bool:
    return any(run in _core_runs() for run in _runs(text))


def _runs(text: str) -> Iterator[str]:
    words = _words(text)
    for at in range(len(words) - _RUN + 1):
        yield " ".join(words[at : at + _RUN])


@cache
def _core_runs() -> frozenset[str]:
    return frozenset(_runs(CORE))


@cache
def _lists() -> _Lists:
    every = [line for one in _LANGUAGES for lines in (*one.SAID.values(), one.SURE) for line in lines]
    return _Lists(Phrases(every), [_language(module) for module in _LANGUAGES])


def _language(module: ModuleType) -> _Language:
    said = {kind: Phrases(module.SAID[kind]) for kind in _BY_PHRASE}
    return _Language(said, Phrases(module.SURE), Phrases(module.EXCUSED))


class Gate:
    """Lets a reply through while it is being written, and holds back what has to be read to the end of its sentence.

    Most text passes at once. `put` the pieces, then `end`; each gives what may be shown now. Once there is an
    `objection`, nothing more passes.
    """

    def __init__(self) -> None:
        self.objection: Objection | None = None
        self._text = ""
        self._shown = 0
        self._sentence = 0
        """Where the sentence that is being written begins."""

    def put(self, piece: str) -> str:
        """The text that may be shown now."""
        self._text += piece
        while self.objection is None and (end := _END.search(self._text, self._sentence)) is not None:
            self._judge(end.end())
        if self.objection is not None or smells(self._text[self._sentence :]):
            return ""
        return self._show(len(self._text))

    def end(self) -> str:
        """Nothing more comes."""
        if self.objection is None:
            self._judge(len(self._text))
        return "" if self.objection is not None else self._show(len(self._text))

    def _judge(self, end: int) -> None:
        sentence = self._text[self._sentence : end]
        self.objection = _objection(sentence) or ("leak" if _recites_core(self._text[:end]) else None)
        self._sentence = end

    def _show(self, end: int) -> str:
        fresh, self._shown = self._text[self._shown : end], end
        return fresh
