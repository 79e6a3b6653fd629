"""Text from people: one form, nothing hidden in it, and lengths as people count them."""

import time
import unicodedata

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from domain.kit.errors import InvalidRequest
from domain.kit.text import clean_optional, clean_text, graphemes, tidy

FAMILIES = {
    "family": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "kiss": "\U0001f469\U0001f3fd\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f468\U0001f3fb",
    "rainbow flag": "\U0001f3f3\ufe0f\u200d\U0001f308",
    "woman runs": "\U0001f3c3\U0001f3fe\u200d\u2640\ufe0f",
    "polar bear": "\U0001f43b\u200d\u2744\ufe0f",
    "flag of a country": "\U0001f1ef\U0001f1f5",
    "keycap": "1\ufe0f\u20e3",
    "flag of a region": "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
}


@pytest.mark.parametrize("emoji", FAMILIES.values(), ids=FAMILIES.keys())
def test_emoji_of_several_parts_stays_one_character(emoji):
    assert tidy(emoji) == emoji
    assert graphemes(emoji) == 1
    assert clean_text(emoji * 3, field="body", longest=3) == emoji * 3


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("abc", 3), ("e\u0301", 1), ("a\nb", 3), ("नमस्ते", 3), ("각", 1), ("Zoë", 3)],
    ids=ascii,
)
def test_length_is_what_a_person_sees(text, count):
    assert graphemes(text) == count


HIDDEN = [
    *(chr(code) for code in (*range(9), *range(0x0B, 0x20), *range(0x7F, 0xA0)) if chr(code) != "\r"),
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    *"\u115f\u3164\uffa0",
    *"\u200b\u200c\u200d\u2060\ufeff\u180e",
    *"\u00ad\u034f\u2061\u2062\u2063\u2064\u206a\u206f\ufff9\ufffa\ufffb",
    *"\U000e0001\U000e0041\U000e007f",
]


@pytest.mark.parametrize("hidden", HIDDEN, ids=ascii)
def test_hidden_characters_are_removed(hidden):
    assert tidy(f"a{hidden}b") == "ab"
    assert tidy(f"{hidden} a {hidden}") == "a"
    with pytest.raises(InvalidRequest):
        clean_text(f" {hidden}{hidden} ", field="body", longest=10)


def test_same_letter_has_one_form():
    assert tidy("Zoe\u0308") == "Zo\u00eb"
    # Also when something hidden stood between letter and mark.
    for hidden in "\u200b\u200d\u202e\x01":
        assert tidy(f"Zoe{hidden}\u0308") == "Zo\u00eb"


def test_loose_joiners_are_removed():
    assert tidy("a\u200db") == "ab"
    assert tidy("\U0001f469\u200d\u200d\U0001f469") == "\U0001f469\U0001f469"
    assert tidy("\U0001f469\u200d") == "\U0001f469"
    assert tidy("\u200d\U0001f469") == "\U0001f469"


def test_line_breaks_and_tabs_stay():
    assert tidy("\r\n a\r\nb\rc\td \n") == "a\nb\nc\td"


@given(
    text=st.text()
    | st.text(
        alphabet="ae \n\u0301\u200b\u200d\ufe0f\ufe00"
        "\U0001f469\U0001f3fd\u2764\U0001f3f4\U000e0067\U000e007f\u1100\u1161"
    )
)
@example(text="e\u200b\u0301")
@example(text="\u1100\u200b\u1161")
def test_tidy_text_is_stable_and_normal(text):
    once = tidy(text)
    assert tidy(once) == once
    assert unicodedata.is_normalized("NFC", once)
    assert once == once.strip()
    assert not set(once) & set(HIDDEN) - {"\u200d", "\U000e0041", "\U000e007f"}
    assert "\x00" not in once


def test_nothing_left_is_refused():
    for text in ("", " \n\t ", "\u200b\u202e", "\u3000", "\ufe0f", " \ufe0f\ufe0f", "\u200d\ufe0f\U000e0041"):
        with pytest.raises(InvalidRequest) as refused:
            clean_text(text, field="body", longest=5)
        assert refused.value.extra["errors"][0]["field"] == "body"
        assert clean_optional(text, field="body", longest=5) is None
    assert clean_optional(None, field="body", longest=5) is None


def test_length_is_checked_after_tidying():
    assert clean_text("  \u200babcde\u200b ", field="body", longest=5) == "abcde"
    for clean in (clean_text, clean_optional):
        with pytest.raises(InvalidRequest):
            clean("abcdef", field="body", longest=5)


def test_marks_without_end_are_refused_at_once():
    """Any number of marks is one character to a person, and sorting them is slow."""
    for clean in (clean_text, clean_optional):
        begun = time.monotonic()
        with pytest.raises(InvalidRequest):
            clean("e" + "\u0301\u0327" * 100_000, field="body", longest=5)
        assert time.monotonic() - begun < 0.5


def test_marks_beyond_thirty_are_cut_before_they_are_sorted():
    """A long text may hold 100,000 of them on one letter."""
    begun = time.monotonic()
    clean = clean_text("e" + "\u0301\u0327" * 60_000, field="body", longest=20_000)
    assert time.monotonic() - begun < 0.5
    assert len(clean) <= 31
    assert graphemes(clean) == 1
    # One that NFC takes in two.
    twice = tidy("e" + "\u0344" * 40)
    assert tidy(twice) == twice
    assert tidy("e" + "\u0301" * 30 + "x") == "\u00e9" + "\u0301" * 29 + "x"


def test_flags_without_end_are_counted_at_once():
    """What is one flag and what another is decided from the first of them on."""
    letters = "\U0001f1ef\U0001f1f5" * 30_000
    begun = time.monotonic()
    assert graphemes(letters) == 30_000
    assert graphemes(letters + "\U0001f1ef") == 30_001
    assert time.monotonic() - begun < 1
    assert graphemes("\U0001f1ef\u0301\U0001f1f5") == 2


PARTS = [
    *"a\r\n\u200d\ufe0f\u0301\u20e3\u1100\u1161\u0600\u0903",
    "\U0001f469",
    "\U0001f3fb",
    *"\U0001f1ef\U0001f1f5" * 3,
]


@given(st.text(st.sampled_from(PARTS), max_size=12))
def test_flags_are_counted_as_the_standard_says(text):
    assert graphemes(text) == len(regex.findall(r"\X", text))


def test_refusal_does_not_quote_the_text():
    with pytest.raises(InvalidRequest) as refused:
        clean_text("my secret" * 10, field="body", longest=5)
    assert "secret" not in str(refused.value.extra) + str(refused.value) + refused.value.detail
