"""Text from people, made safe to keep, show and compare (api: Conventions, "Text from people")."""

from __future__ import annotations

import unicodedata

import regex

from domain.kit.errors import InvalidRequest

# What is not seen: control characters but for tab and line break, bidirectional marks, everything of no width. Of the
# latter three kinds stay where they shape the character before them, and only there.
_HIDDEN = regex.compile(
    r"[\p{Cc}--[\t\n]]"
    r"|[\p{Default_Ignorable_Code_Point}--[\u200D\p{Variation_Selector}\U000E0020-\U000E007F]]"
    r"|[\p{Cs}\uFFF9-\uFFFB]"
    # Tags spell the flag of a region.
    r"|(?<!\U0001F3F4[\U000E0020-\U000E007F]{0,6})[\U000E0020-\U000E007F]"
    # A variation selector picks one form of a character.
    r"|(?<![^\s\p{Variation_Selector}])\p{Variation_Selector}"
    # A zero-width joiner makes one emoji out of several.
    r"|(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}]\uFE0F?)\u200D|\u200D(?!\p{Extended_Pictographic})",
    flags=regex.VERSION1,
)
_GRAPHEME = regex.compile(r"\X")
# To find where a flag among others begins, \X goes back to the first of them: of 60,000 letters, fifteen seconds.
_FLAG = regex.compile(r"[\U0001F1E6-\U0001F1FF]{2}")
# Marks beyond those that a writing of any language puts on one character (UAX #15, Stream-Safe Text Format).
_HEAP_OF_MARKS = regex.compile(r"(\p{M}{30})\p{M}+")


def graphemes(text: str) -> int:
    """How many characters a person sees in `text`."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    return sum(1 for _ in _GRAPHEME.finditer(_FLAG.sub("x", text)))


def tidy(text: str) -> str:
    """`text` in NFC, without hidden characters, trimmed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    while (shown := _HIDDEN.sub("", text)) != text:
        # What is gone may have held up something else.
        text = shown
    # Sorting the marks of one character takes quadratic time: of 100,000 of them, ten seconds.
    text = _HEAP_OF_MARKS.sub(r"\1", text)
    # Last, because a letter and its mark may have been kept apart by something hidden. It takes some marks in two.
    clean: str = _HEAP_OF_MARKS.sub(r"\1", unicodedata.normalize("NFC", text))
    return clean.strip()


def clean_text(text: str, *, field: str, longest: int) -> str:
    """`text` made tidy. Raises InvalidRequest for `field` when nothing is left or it exceeds `longest` graphemes.

    A grapheme may hold any number of marks, and sorting them takes quadratic time, so the raw length is bounded first.
    """
    if len(text) > _raw_limit(longest):
        raise InvalidRequest(f"must have at most {longest} characters", field=field)
    clean = tidy(text)
    if not clean:
        raise InvalidRequest("must not be empty", field=field)
    if graphemes(clean) > longest:
        raise InvalidRequest(f"must have at most {longest} characters", field=field)
    return clean


def _raw_limit(longest: int) -> int:
    """Code points that `longest` graphemes may take: the largest family emoji has eleven, most letters one or two."""
    return 8 * longest + 64


def clean_optional(text: str | None, *, field: str, longest: int) -> str | None:
    """Like clean_text, but nothing stays nothing: None or a text of blanks is None."""
    if text is None or (len(text) <= _raw_limit(longest) and not tidy(text)):
        return None
    return clean_text(text, field=field, longest=longest)
