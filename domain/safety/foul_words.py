"""Whether a text names a porn site or has a slur in it, however it is spelled. The lists are in words.py.

A letter may stand three times and more for once or twice: "Niger" is a country, "nigggger" is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby, pairwise

from domain.safety.phrases import Phrases
from domain.safety.plain import plain
from domain.safety.words import (
    PORN_IN_HOSTS,
    PORN_SITES,
    PORN_SITES_ALONE,
    PORN_SITES_BY_PHRASE,
    SLURS,
    SLURS_BY_PHRASE,
)

_WORD = re.compile(r"[a-z0-9@$!|*+]+")
_RUN = re.compile(r"([a-z])\1{2,}")
_DOUBLED = re.compile(r"([a-z])\1+")
_LEET = [str.maketrans("013457@$!|+8", f"o{one}eastas{one}{one}tb") for one in "il"]
_INSIDE = re.compile("|".join(PORN_SITES))
_HOSTS = re.compile("|".join(PORN_IN_HOSTS))


def names_porn_site(text: str) -> bool:
    """Whether the name of one stands in `text`, also within a word or taken apart in two."""
    words = _words(text)
    if any(_INSIDE.search(form) or form in _alone() for word in set(words) for form in _forms(word, _all_sites())):
        return True
    return any(first + second in _in_two() for first, second in pairwise(words)) or _phrases(
        PORN_SITES_BY_PHRASE
    ).found(words)


def is_porn_host(link: str) -> bool:
    """Whether a link's address says what kind of site it is."""
    return _HOSTS.search(plain(link)) is not None


def says_slur(text: str) -> bool:
    """Whether a slur stands in `text`, as a word of its own."""
    words = _words(text)
    if any(form in _slurs() for word in set(words) for form in _forms(word, _slurs())):
        return True
    return _phrases(SLURS_BY_PHRASE).found(words)


def _words(text: str) -> list[str]:
    """The words of `text` in plain letters; single letters in a row as the one word that they may spell."""
    read: list[str] = []
    for single, run in groupby(_WORD.findall(plain(text).replace("'", "")), key=lambda word: len(word) == 1):
        words = list(run)
        read += ["".join(words)] if single and len(words) > 2 else words
    return read


def _forms(word: str, known: frozenset[str]) -> Iterator[str]:
    """The ways to read a word."""
    bare = word.strip("!|*+")
    yield bare
    readings = [bare]
    if not bare.isalpha():
        readings += [bare.translate(leet) for leet in _LEET]
        yield from readings
    if "*" in bare:
        yield from (one for one in known if _covers(bare, one))
    for reading in readings:
        if _RUN.search(reading):
            single = _DOUBLED.sub(r"\1", reading)
            yield from (one for one in known if _DOUBLED.sub(r"\1", one) == single)
            yield single


def _covers(word: str, known: str) -> bool:
    """Whether `word` is `known` with at most half of its letters covered by stars."""
    return (
        len(word) == len(known)
        and 2 * word.count("*") <= len(word)
        and all(seen in ("*", letter) for seen, letter in zip(word, known, strict=True))
    )


@cache
def _in_two() -> frozenset[str]:
    # These two are words: "we are only fans" (see PORN_SITES_BY_PHRASE).
    return frozenset(PORN_SITES) - {"onlyfans"}


@cache
def _alone() -> frozenset[str]:
    return frozenset(PORN_SITES_ALONE)


@cache
def _all_sites() -> frozenset[str]:
    return frozenset((*PORN_SITES, *PORN_SITES_ALONE))


@cache
def _slurs() -> frozenset[str]:
    return frozenset(word + ending for word in SLURS for ending in ("", "s", "n"))


@cache
def _phrases(lines: Iterable[str]) -> Phrases:
    return Phrases(lines)
