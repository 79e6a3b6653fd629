"""Whether the numbers in a text that the model wrote are the person's own (semantics: Anchor, "Daily message").

A number counts as a claim unless it plainly is none: five minutes of breathing, three things that one sees, an hour on
the clock. A claim must be in the data, and be said of what it is there: thirty days until a goal's end are no thirty
clean days. Where we cannot tell, figures are claims and small numbers in words are not.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from domain.anchor.counted_words import (
    AHEAD,
    CLEAN,
    COUNTED,
    DID,
    HOUR,
    MOOD,
    NAMED,
    NEARLY,
    NOT_ONLY_NOW,
    NOT_REACHED,
    OF_GOALS,
    ONE,
    PAST,
    PERCENT,
    REACHED,
    URGE,
    WHOLE,
    Counted,
)
from domain.anchor.known_numbers import Known, known
from domain.anchor.said_dates import take_dates
from domain.anchor.said_numbers import FRACTION, Number, fold, numbers_in, words_of
from domain.anchor.snapshot import Snapshot

_SENTENCE = re.compile(r"(?<=[.!?\n])\s+")
_STOPS = frozenset(".!?;:\n")
# Zero and one are words of the language as often as they are figures ("one step").
_SMALLEST = 2
# A small number in words before a noun that we do not know is a manner of speaking.
_LARGEST_WORD = 10
_LARGEST_HOURS = 12
# So is a round one.
_ROUND = (100, 1000)
# A length that is nearly reached is so many days longer than what has been.
_NEARLY_DAYS = 2
_AFTER, _BEFORE = 3, 3
_OF = frozenset({"of", "out", "von", "de", "sur", "em", "/", "auf"})
_PER_CENT = (["per", "cent"], ["por", "ciento"], ["pour", "cent"], ["por", "cento"])
_NOT_OF_NOW = NOT_REACHED | AHEAD | PAST
_LENGTHS = frozenset({"days", "weeks", "months", "years", "hours"})
# Of moods and of urges.
_SCALES = (5, 10)


def numbers_agree(text: str, snapshot: Snapshot) -> bool:
    """Whether every number that `text` says of the person is one that we counted for them."""
    facts = known(snapshot)
    folded = fold(text)
    rest = take_dates(folded, facts.dates)
    if rest is None:
        return False
    language = snapshot.language[:2].lower()
    return all(_agrees(sentence, facts, language) for sentence in _SENTENCE.split(rest))


def _agrees(sentence: str, facts: Known, language: str) -> bool:
    words = words_of(sentence)
    return all(_is_true(number, words, facts) for number in numbers_in(words, language)) and _ones_agree(words, facts)


def _is_true(number: Number, words: Sequence[str], facts: Known) -> bool:
    before, after = _around(number, words)
    value = number.value
    if value == FRACTION:
        return False
    if after and (after[0] in PERCENT or after[:2] in _PER_CENT):
        return value in facts.percents
    if _ends_share(number, words):
        return True  # what it is the whole of has been looked at
    whole = _whole(after)
    if whole is not None:
        return (value, whole) in facts.shares or (whole in _SCALES and value in facts.ratings)
    what = next((COUNTED[word] for word in after if word in COUNTED), None)
    if before and COUNTED.get(before[-1]) in _LENGTHS:
        what = COUNTED[before[-1]]  # day 12
    if value < _SMALLEST:
        return value != 0 or what != "days" or CLEAN.isdisjoint(after) or 0 in facts.clean
    if not MOOD.isdisjoint(before):
        return value in facts.moods
    if not URGE.isdisjoint(before) and what not in _LENGTHS:
        return value in facts.urge_levels
    if what in _LENGTHS:
        return _length_agrees(value, what, before, after, words, facts)
    return _count_agrees(number, what, before, words, facts)


def _whole(after: Sequence[str]) -> int | None:
    """20 of the words that follow upon 16 in "16 of 20"."""
    if not after or after[0] not in _OF:
        return None
    following = [word for word in after[1:] if word not in _OF]
    return int(following[0]) if following and following[0].isdecimal() else None


def _ends_share(number: Number, words: Sequence[str]) -> bool:
    at = number.at - 1
    while at > 0 and words[at] in _OF:
        at -= 1
    return at < number.at - 1 and words[at].isdecimal()


def _around(number: Number, words: Sequence[str]) -> tuple[list[str], list[str]]:
    """The words near a number, as far as no stop stands between."""
    before: list[str] = []
    for word in reversed(words[max(0, number.at - _BEFORE) : number.at]):
        if word in _STOPS:
            break
        before.insert(0, word)
    after: list[str] = []
    for word in words[number.at + number.size : number.at + number.size + _AFTER]:
        if word in _STOPS:
            break
        after.append(word)
    return before, after


def _count_agrees(
    number: Number, what: Counted | None, before: Sequence[str], words: Sequence[str], facts: Known
) -> bool:
    value = number.value
    if what == "exercise" or not NAMED.isdisjoint(before[-1:]):
        return True
    of_goal = not OF_GOALS.isdisjoint(words)
    if what is None or (what == "times" and DID.isdisjoint(words)):
        if number.in_figures:
            wanted = set().union(*facts.wanted.values()) if of_goal else ()
            return value in facts.days or value in facts.years or value in wanted
        is_hour = value <= _LARGEST_HOURS and not HOUR.isdisjoint(before[-1:])
        return is_hour or value <= _LARGEST_WORD or value in _ROUND or value in facts.days
    counts = {
        "check_ins": facts.check_ins, "urges": facts.urges, "times": facts.urges, "entries": facts.entries,
        "goals": facts.goals,
    }.get(what, frozenset())  # fmt: skip
    return value in counts or (of_goal and value in facts.wanted.get(what, ()))


def _length_agrees(
    value: int, what: Counted, before: Sequence[str], after: Sequence[str], words: Sequence[str], facts: Known
) -> bool:
    """Whether days, weeks, months, years or hours are as many as we know of."""
    if not AHEAD.isdisjoint(before) and CLEAN.isdisjoint(after):
        return True
    if what == "days" and value == facts.window and not URGE.isdisjoint(words):
        return True
    if not PAST.isdisjoint(before):
        return _in_days(value, what) <= facts.clean_now
    if what == "days":
        return value in _days_meant(before, after, words, facts)
    if what == "hours":
        return (value <= _LARGEST_HOURS and CLEAN.isdisjoint(words)) or (value % 24 == 0 and value // 24 in facts.now)
    nearly = _NEARLY_DAYS if not NEARLY.isdisjoint(before) else 0
    return any(_reaches(count + nearly, value, what) for count in _lengths_meant(words, facts))


def _days_meant(before: Sequence[str], after: Sequence[str], words: Sequence[str], facts: Known) -> Collection[int]:
    """The counts of days that a number may be taken for."""
    if not CLEAN.isdisjoint(after):
        return facts.clean
    if "checkin" in after or "checkin" in before[-2:]:
        return facts.check_ins
    return facts.days if OF_GOALS.isdisjoint(words) else facts.days | facts.wanted.get("days", set())


def _lengths_meant(words: Sequence[str], facts: Known) -> frozenset[int]:
    return facts.now if NOT_ONLY_NOW.isdisjoint(words) else facts.days


def _in_days(value: int, what: Counted) -> int:
    return value * {"weeks": 7, "months": 30, "years": 365}.get(what, 1)


def _reaches(days: int, value: int, what: str) -> bool:
    """Whether somebody would say of `days` that they are `value` weeks, months or years."""
    if what == "weeks":
        return days // 7 == value
    if what == "months":
        return 28 * value <= days <= 31 * value + 14
    return days // 365 == value


def _ones_agree(words: Sequence[str], facts: Known) -> bool:
    """Whether a week, a month or a year that is said to have been reached has been."""
    is_reached = not REACHED.isdisjoint(words)
    for at, word in enumerate(words[1:], 1):
        what = COUNTED.get(word)
        if what not in ("weeks", "months", "years") or words[at - 1] not in ONE:
            continue
        is_whole = words[at - 1] in WHOLE and at > 1 and words[at - 2] in ONE
        near = words[max(0, at - 4) : at + 3]
        if not (is_reached or is_whole) or not _NOT_OF_NOW.isdisjoint(near):
            continue
        if not any(_reaches(count, 1, what) for count in _lengths_meant(words, facts)):
            return False
    return True
