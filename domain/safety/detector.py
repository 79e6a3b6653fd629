"""Whether somebody's words say that they are in danger: suicide, hurting themselves, an overdose, violence at hand.

Rule: semantics, "Anchor", Safety (a local detector, several languages, obfuscated spelling). It looks for phrases of
words (domain/safety/patterns), not for meaning. Where it is open what was meant, a gentle hit is better than a miss.

Nothing of a text is kept, and the time is linear in its length.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from types import ModuleType

import msgspec

from domain.safety.patterns import de, en, es, fr, others, pt
from domain.safety.phrases import Phrases
from domain.safety.plain import plain

_LANGUAGES: list[ModuleType] = [en, es, fr, de, pt, others]

_WORD = re.compile(r"[a-z0-9@$!|*+]+")
_DOUBLED = re.compile(r"([a-z])\1+")
# Digits and signs that stand for letters; two of them for either of two.
_LEET = [str.maketrans("013457@$!|+8", f"o{one}eastas{one}{one}tb") for one in "il"]

# Words that people take apart, to be put together again from up to four pieces.
_TAKEN_APART = "suicide suicidal suicidio suicidarme suizid selbstmord myself overdose selfharm kill".split()
_PIECES = 4
# Words without a space between them: how many letters there are, and what is among them.
_SHORTEST_RUN, _LONGEST_RUN = 5, 80
_GLUED = re.compile(
    "want|wana|die|kil|kms|live|living|life|dead|self|suicid|quiero|morir|vivir|matar|vida|veux|mour|vivre|tuer|envie"
    "|will|wil|sterb|leben|bring|umbr|quero|mor?rer|viver|sumir"
)
_LONGEST_WORD = 16
_OF_ONE_LETTER = "ia"
_SHORTEST_SPELLED = 3
# Different words with covered letters that are looked at in one text, and that may be several without a space.
_MOST_COVERED = 50
_MOST_GLUED = 200
# Of a text that is longer than any that may be written down, this much is read: it is read before it is refused.
_MOST_LETTERS = 50_000


class _Lists(msgspec.Struct, frozen=True):
    said: Phrases
    excused: Phrases
    fillers: frozenset[str]
    words: frozenset[str]
    languages: list[frozenset[str]]
    """The words of each language's phrases."""
    by_length: dict[int, list[str]]
    """All words by their length, for those with letters covered."""
    whole: frozenset[str]
    beginnings: frozenset[str]


def in_crisis(text: str) -> bool:
    """Whether `text` says that somebody is in danger. Under a millisecond for 5,000 letters."""
    lists = _lists()
    seen = _DOUBLED.sub(r"\1", plain(text[:_MOST_LETTERS]).replace("'", ""))
    words = _WORD.findall(seen)
    if not seen.isalpha():
        words = _read_all(words, lists)
    if _says(words, lists):
        return True
    return any(_says(mended, lists) for mended in _mended(words, lists))


def _says(words: list[str], lists: _Lists) -> bool:
    fillers = lists.fillers
    said = [word for word in words if word not in fillers]
    if not lists.said.found(said):
        return False
    for at, length in list(lists.excused.ends(said)):
        said[at - length + 1 : at + 1] = [""] * length
    return lists.said.found(said)


def _read_all(words: list[str], lists: _Lists) -> list[str]:
    """`words` with those that have digits or signs in them read as letters; a number stays one."""
    readings: dict[str, str] = {}
    covered = 0
    for word in set(words):
        if word.isalpha():
            continue
        bare = word.strip("!|*+@")
        if "*" in bare:
            covered += 1
            readings[word] = _uncovered(bare, lists) if covered <= _MOST_COVERED else bare.replace("*", "")
        elif bare.isalpha() or bare.isdigit() or not bare:
            readings[word] = bare
        else:
            readings[word] = _unleeted(bare, lists)
    return [readings.get(word, word) for word in words] if readings else words


def _unleeted(word: str, lists: _Lists) -> str:
    either = [_single(word.translate(leet)) for leet in _LEET]
    return next((one for one in either if one in lists.words), either[0])


def _uncovered(word: str, lists: _Lists) -> str:
    """A word with stars between its letters (s*u*i*c*i*d*e), or in the place of at most half of them (k*ll)."""
    without = _single(word.replace("*", ""))
    if without not in lists.words and len(word) <= 2 * len(without):
        for known in lists.by_length.get(len(word), ()):
            if all(seen in ("*", letter) for seen, letter in zip(word, known, strict=True)):
                return known
    return without


def _mended(words: list[str], lists: _Lists) -> Iterator[list[str]]:
    """`words` with those put together that were taken apart, and those taken apart that were put together: as each
    language reads them, as far as that changes anything."""
    # In their order, so that it does not depend on chance which are looked at.
    different = dict.fromkeys(words)
    whole = words if lists.beginnings.isdisjoint(different) else _put_together(words, lists)
    glued = [
        word
        for word in different
        if _SHORTEST_RUN <= len(word) <= _LONGEST_RUN and word not in lists.words and _GLUED.search(word)
    ][:_MOST_GLUED]
    letters = [at for at, word in enumerate(words) if len(word) == 1]
    row = _SHORTEST_SPELLED - 1
    spelled = any(last - first == row for first, last in zip(letters, letters[row:], strict=False))
    if whole is not words:
        yield whole
    for language in lists.languages if glued or spelled else ():
        parted = {word: parts for word in glued if (parts := _parted(word, language))}
        apart = [part for word in whole for part in parted.get(word, (word,))] if parted else whole
        if spelled:
            apart = _spelled_out(apart, language)
        if apart is not whole:
            yield apart


def _put_together(words: list[str], lists: _Lists) -> list[str]:
    whole = words
    for at in [at for at, word in enumerate(words) if word in lists.beginnings]:
        taken, word = _joined(words, at, lists)
        if taken > 1:
            whole = list(words) if whole is words else whole
            whole[at : at + taken] = [word] + [""] * (taken - 1)
    return whole if whole is words else [word for word in whole if word]


def _joined(words: list[str], at: int, lists: _Lists) -> tuple[int, str]:
    """How many words from `at` on are one word taken apart, and that word."""
    together = words[at]
    for pieces in range(2, _PIECES + 1):
        if at + pieces > len(words):
            break
        together = _single(together + words[at + pieces - 1])
        if together in lists.whole:
            return pieces, together
        if together not in lists.beginnings:
            break
    return 1, words[at]


def _spelled_out(words: list[str], language: frozenset[str]) -> list[str]:
    """`words` with single letters in a row read as the words that they spell."""
    read: list[str] = []
    for single, run in groupby(words, key=lambda word: len(word) == 1):
        letters = list(run)
        parts = None
        if single and _SHORTEST_SPELLED <= len(letters) <= _LONGEST_RUN:
            parts = _parted(_single("".join(letters)), language)
        read += parts if parts is not None else letters
    return read


def _parted(letters: str, language: frozenset[str]) -> list[str] | None:
    """Known words that make up `letters`. Where one ends with the letter that the next begins with, it may stand once:
    doubled letters have become one."""
    dead: set[int] = set()

    def rest(start: int) -> list[str] | None:
        if start == len(letters):
            return []
        if start in dead:
            return None
        for end in range(min(len(letters), start + _LONGEST_WORD), start, -1):
            word = letters[start:end]
            if word in language and (len(word) > 1 or word in _OF_ONE_LETTER):
                for following in (end, end - 1) if len(word) > 2 and end < len(letters) else (end,):
                    if (found := rest(following)) is not None:
                        return [word, *found]
        dead.add(start)
        return None

    return rest(0)


def _single(word: str) -> str:
    return _DOUBLED.sub(r"\1", word)


@cache
def _lists() -> _Lists:
    said = Phrases(_single(line) for language in _LANGUAGES for line in language.SAID)
    excused = Phrases(_single(line) for language in _LANGUAGES for line in language.EXCUSED)
    languages = [
        Phrases(_single(line) for line in [*language.SAID, *language.EXCUSED]).words
        | set(map(_single, language.FILLERS))
        for language in _LANGUAGES
    ]
    fillers = frozenset(_single(word) for language in _LANGUAGES for word in language.FILLERS)
    whole = frozenset(map(_single, _TAKEN_APART))
    words = said.words | excused.words | whole | fillers
    by_length: defaultdict[int, list[str]] = defaultdict(list)
    for word in sorted(words):
        by_length[len(word)].append(word)
    beginnings = frozenset(word[:length] for word in whole for length in range(2, len(word)))
    # Whole words with a stem (suicid*) are among those that can be spelled.
    return _Lists(said, excused, fillers, words, [own | whole for own in languages], by_length, whole, beginnings)
