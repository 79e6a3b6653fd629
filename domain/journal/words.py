"""The words of an entry as a tsvector, and what a search looks for among them as a tsquery.

Both are written here, as literals, and PostgreSQL only compares them (`search @@ query`). Its own parser is not used:
it follows the server's locale, as lower() does, takes "and/or" for the name of a file and splits Hindi at every vowel
sign. Here a word is the same on every server: capitals, accents and the forms of a character make no difference. A
literal that PostgreSQL refused would stand in its log, so none is made that breaks its limits
(https://www.postgresql.org/docs/current/textsearch-limitations.html).

No GIN index: in one, the beginning of a word is looked up among everybody's entries, so that each search grows with all
people together. A search walks the person's own entries instead (figures: docs/decisions.md, 17).
"""

from __future__ import annotations

import unicodedata
from itertools import zip_longest

import regex

from domain.kit.errors import InvalidRequest
from domain.kit.text import clean_optional

_LONGEST = 200
_MOST_TERMS = 20

# Written without blanks: each character is a word, and what is looked for a row of them.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\u30FC\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WITHOUT_BLANKS = regex.compile(rf"[{_UNSPACED}]")
_WORD = regex.compile(
    rf"[{_UNSPACED}]\p{{M}}*|[\p{{L}}\p{{M}}\p{{N}}--[{_UNSPACED}]]+|[\p{{So}}\p{{Extended_Pictographic}}]",
    flags=regex.VERSION1,
)
# Accents of Latin, Greek and Cyrillic, points of Hebrew, vowel marks and stretching of Arabic, what colours an emoji.
# Marks of other scripts are letters of theirs.
_ACCENTS = regex.compile(
    "[\\p{Variation_Selector}\u20e3\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]"
)
# Letters that Unicode does not take apart, after casefolding.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"})

# A term: perhaps a minus, then a phrase in quotes of any style, perhaps not closed yet, or what stands up to a blank.
_QUOTE = '"“”„«»「」'
_TERM = regex.compile(rf"((?<!\S)-)?(?:[{_QUOTE}]([^{_QUOTE}]*)([{_QUOTE}]?)|([^\s{_QUOTE}]+))")

# PostgreSQL's limits. Characters of a lexeme, each of up to 4 bytes; more than a search may have. Longer words are cut.
_LONGEST_LEXEME = 500
# The highest position, and how many a lexeme may have: phrases with a word are found at its first 256 places.
_LAST_POSITION = 16_383
_MOST_POSITIONS = 256
# Bytes. Only heaps of marks take so much; words beyond it are left out.
_LARGEST_VECTOR = 1_000_000
# Positions begin again after so many words, so that phrases are found to the end of the longest entry. The first words
# of each further lap also continue the lap before, by more than a search can have: no phrase is cut in two. One whose
# parts stand a whole lap apart would be found by mistake.
_LAP = 14_000


def searchable(title: str | None, body: str) -> str:
    """The words of an entry and their positions, a tsvector literal; no phrase reaches from the title into the body."""
    positions: dict[str, list[int]] = {}
    room = _LARGEST_VECTOR
    number = 0
    for text in (title or "", body):
        for lexeme in _lexemes(_words(text)):
            known = positions.get(lexeme)
            if known is None:
                # With the count of the positions, and what aligns it.
                room -= len(lexeme.encode()) + 4
                known = []
            places = _places(number)[: _MOST_POSITIONS - len(known)]
            room -= 2 * len(places)
            if room < 0:
                break
            known += places
            positions[lexeme] = known
            number += 1
        number += 1  # a gap
    return " ".join(f"{_quoted(lexeme)}:{','.join(map(str, places))}" for lexeme, places in positions.items())


def _places(number: int) -> list[int]:
    lap, place = divmod(number, _LAP)
    if lap and place < _LAST_POSITION - _LAP:
        return [place + 1, place + 1 + _LAP]
    return [place + 1]


def read_search(q: str | None) -> str | None:
    """What `q` looks for, a tsquery literal; None if it is blank, "" if no entry could hold it.

    Every word is found by its beginning, "a phrase" as it stands, and -word or -"a phrase" leaves out what it would
    find. Whatever else stands there is of no meaning. Raises InvalidRequest for over 200 characters or 20 terms.
    """
    text = clean_optional(q, field="q", longest=_LONGEST)
    if text is None:
        return None
    all_of: dict[str, None] = {}
    none_of: dict[str, None] = {}
    for minus, phrase, closed, plain in _TERM.findall(text):
        words = _words(phrase or plain)
        if words:
            (none_of if minus else all_of)[_phrase(words, whole=bool(closed))] = None
    if len(all_of) + len(none_of) > _MOST_TERMS:
        raise InvalidRequest(f"may have at most {_MOST_TERMS} words", field="q")
    # The longest first: it is the rarest as a rule, and an entry without it needs no further look.
    return " & ".join([*sorted(all_of, key=len, reverse=True), *(f"!{term}" for term in none_of)])


def _phrase(words: list[str], *, whole: bool) -> str:
    """Words one after the other, the last one by its beginning unless it is `whole`."""
    lexemes = _lexemes(words)
    if _WITHOUT_BLANKS.match(words[-1]):
        whole = False  # where it ends nobody sees
        if len(words) > 1 and _WITHOUT_BLANKS.match(words[-2]):
            lexemes.pop()  # part of the one before
    return f"({' <-> '.join(map(_quoted, lexemes))}{'' if whole else ':*'})"


def _lexemes(words: list[str]) -> list[str]:
    """A lexeme for each word. A character of a script without blanks is taken together with the one after it.

    Alone, it may stand in an entry more than 256 times, as the commonest of Thai do within 4,000 characters.
    """
    return [
        (word + after if _WITHOUT_BLANKS.match(word) and _WITHOUT_BLANKS.match(after) else word)[:_LONGEST_LEXEME]
        for word, after in zip_longest(words, words[1:], fillvalue="")
    ]


def _quoted(lexeme: str) -> str:
    escaped = lexeme.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"


def _words(text: str) -> list[str]:
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", apart).translate(_LETTERS))
    words: list[str] = _WORD.findall(plain)
    return words
