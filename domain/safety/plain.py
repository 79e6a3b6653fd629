"""Text as a reader sees it, in plain letters: what the detector and the text filter look at.

Linear in the length of the text, whatever stands in it.
"""

from __future__ import annotations

import re
import unicodedata

import regex

# Letters of other scripts that look like Latin ones, Latin ones that are no letter with a mark, and signs.
_LOOK_ALIKES = str.maketrans(
    "авеікмнорстухѕјԁɡһӏαεικνορτυχłøđıæœ‘’ʼ´`′–—",
    "abeikmhopctyxsjdghlaeiknoptuxlodiao''''''  ",
)
_FEW = [(chr(letter), chr(plain)) for letter, plain in _LOOK_ALIKES.items() if chr(letter) in "łøđıæœ‘’–—"]
_MARKS = regex.compile(r"[\p{M}\p{Default_Ignorable_Code_Point}]+")
_NO_LETTERS = regex.compile(r"[^\x00-\x7f\p{L}\p{M}\p{N}]+")
# Anything but letters of Western languages, which are one code point each, and their punctuation.
_FURTHER = re.compile("[^\x00-\u024f\u2010-\u2027]")


def plain(text: str) -> str:
    """`text` in lower case and ASCII: without marks and what is not seen, look-alikes as the Latin letters they pass
    for, and signs of other kinds as a space."""
    if text.isascii():
        return text.lower()
    text = text.casefold()
    if _FURTHER.search(text) is None:
        # Most of what is written; three times as fast.
        for letter, plain_letter in _FEW:
            text = text.replace(letter, plain_letter)
        return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    # Without marks first: to sort the marks of one letter takes quadratic time.
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", _MARKS.sub("", text))).casefold()
    latin: str = _NO_LETTERS.sub(" ", bare.translate(_LOOK_ALIKES))
    return latin.encode("ascii", "ignore").decode()
