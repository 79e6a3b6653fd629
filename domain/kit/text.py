"""Text from people, made safe to keep, show and compare (api: Conventions, "Text from people")."""

from __future__ import annotations

import unicodedata

import regex

from domain.kit.errors import InvalidRequest

# Control characters but for tab and line breaks; bidirectional marks; zero-width characters; unassigned specials.
_HIDDEN = regex.compile(
    r"[\p{Cc}--[\t\n]]|[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]|[\u200B\u200C\u2060\uFEFF\u180E]|[\p{Cs}\uFFF9-\uFFFB]",
    flags=regex.VERSION1,
)
# A zero-width joiner stays only where it makes one emoji out of several.
_LOOSE_JOINER = regex.compile(
    r"(?<![\p{Extended_Pictographic}\uFE0F\p{Emoji_Modifier}])\u200D|\u200D(?!\p{Extended_Pictographic})"
)
_GRAPHEME = regex.compile(r"\X")


def graphemes(text: str) -> int:
    """How many characters a person sees in `text`."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    return sum(1 for _ in _GRAPHEME.finditer(text))


def tidy(text: str) -> str:
    """`text` in NFC, without hidden characters, trimmed."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return str(_LOOSE_JOINER.sub("", _HIDDEN.sub("", unicodedata.normalize("NFC", text)))).strip()


def clean_text(text: str, *, field: str, longest: int) -> str:
    """`text` made tidy. Raises InvalidRequest for `field` when nothing is left or it exceeds `longest` graphemes."""
    clean = tidy(text)
    if not clean:
        raise InvalidRequest("must not be empty", field=field)
    if graphemes(clean) > longest:
        raise InvalidRequest(f"must have at most {longest} characters", field=field)
    return clean


def clean_optional(text: str | None, *, field: str, longest: int) -> str | None:
    """Like clean_text, but nothing stays nothing: None or a text of blanks is None."""
    if text is None or not tidy(text):
        return None
    return clean_text(text, field=field, longest=longest)
