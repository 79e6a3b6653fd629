"""Finding phrases in a row of words, in one pass: an automaton that is worked out as texts need it.

A phrase is written as domain/safety/patterns says. Each word of a text costs one look-up, however many phrases there
are and whatever the text is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

# What `..` stands for, at most.
GAP = 3
# A stem is found by its first letters.
_STEM = 5
# States that are remembered, at most: a text made to find new ones begins afresh.
_MOST_STATES = 5_000
_OTHER = "?"
# How a phrase writes a number of two digits or more.
_NUMBER = "#"


class _Item(msgspec.Struct, frozen=True):
    """One place of a phrase: any of some words, or with `gap` any words at all."""

    words: frozenset[str] = frozenset()
    stems: tuple[str, ...] = ()
    optional: bool = False
    gap: bool = False


class _Place(msgspec.Struct, frozen=True):
    """How far a phrase has come: the next item, words passed over in a gap, words since its beginning."""

    phrase: int
    item: int
    skipped: int
    length: int


class _State:
    """What may still follow. `covers` is the length of the longest phrase that ends here, 0 if none does."""

    __slots__ = ("covers", "next", "places")

    def __init__(self, places: frozenset[_Place], covers: int) -> None:
        self.places = places
        self.covers = covers
        self.next: dict[str, _State] = {}


class Phrases:
    """A set of phrases to be found."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._phrases = [[_item(word) for word in line.split()] for line in lines]
        self._beginning: defaultdict[str, list[int]] = defaultdict(list)
        stems: set[str] = set()
        for number, phrase in enumerate(self._phrases):
            assert phrase[0].words or phrase[0].stems, phrase
            assert not phrase[0].optional, phrase
            for word in [*phrase[0].words, *phrase[0].stems]:
                self._beginning[word].append(number)
            for item in phrase:
                stems.update(item.stems)
        self.words = frozenset(word for phrase in self._phrases for item in phrase for word in item.words)
        self._stems: defaultdict[str, list[str]] = defaultdict(list)
        for stem in sorted(stems, key=len, reverse=True):
            self._stems[stem[:_STEM]].append(stem)
        self._forget()

    def _forget(self) -> None:
        self._start = _State(frozenset(), 0)
        self._states: dict[tuple[frozenset[_Place], int], _State] = {}

    def found(self, words: Sequence[str]) -> bool:
        """Whether a phrase stands in `words`. An empty word belongs to none and is not passed over."""
        return next(self.ends(words), None) is not None

    def ends(self, words: Sequence[str]) -> Iterator[tuple[int, int]]:
        """For each word that a phrase ends with, its place and the number of words of the longest such phrase."""
        state, known = self._start, self.words
        for at, word in enumerate(words):
            if word not in known:
                word = self._kind_of(word)
            following = state.next.get(word)
            state = following if following is not None else self._step(state, word)
            if state.covers:
                yield at, state.covers

    def _kind_of(self, word: str) -> str:
        """What a word that stands in no phrase counts as."""
        for stem in self._stems.get(word[:_STEM], ()):
            if word.startswith(stem):
                return stem
        return _NUMBER if len(word) > 1 and word.isdigit() else _OTHER if word else ""

    def _step(self, state: _State, word: str) -> _State:
        places: set[_Place] = set()
        covers = 0
        if word:
            for reached in self._reached(state, word):
                if reached.item == len(self._phrases[reached.phrase]):
                    covers = max(covers, reached.length)
                else:
                    places.add(reached)
        key = (frozenset(places), covers)
        if len(self._states) >= _MOST_STATES:
            self._forget()
        following = self._states.setdefault(key, _State(*key))
        state.next[word] = following
        return following

    def _reached(self, state: _State, word: str) -> Iterator[_Place]:
        for stem in {word, *(stem for stem in self._stems.get(word[:_STEM], ()) if word.startswith(stem))}:
            for number in self._beginning.get(stem, ()):
                yield from self._from(number, 1, 0, 1)
        for place in state.places:
            item = self._phrases[place.phrase][place.item]
            if item.gap:
                if place.skipped < GAP:
                    yield from self._from(place.phrase, place.item, place.skipped + 1, place.length + 1)
            elif word in item.words or (item.stems and word.startswith(item.stems)):
                yield from self._from(place.phrase, place.item + 1, 0, place.length + 1)

    def _from(self, phrase: int, item: int, skipped: int, length: int) -> Iterator[_Place]:
        """That place, and those behind what may be missing there."""
        items = self._phrases[phrase]
        while True:
            yield _Place(phrase, item, skipped, length)
            if item == len(items) or not (items[item].optional or items[item].gap):
                return
            item, skipped = item + 1, 0


def _item(written: str) -> _Item:
    if written == "..":
        return _Item(gap=True)
    words = written.removesuffix("?").split("|")
    stems = tuple(word.removesuffix("*") for word in words if word.endswith("*"))
    assert all(len(stem) >= _STEM for stem in stems), written
    return _Item(frozenset(word for word in words if not word.endswith("*")), stems, written.endswith("?"))
