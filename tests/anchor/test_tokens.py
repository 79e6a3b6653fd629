"""Tokens are counted as the provider's model counts them, never too few, and never for long."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.anchor import tokens
from domain.anchor.tokens import count, cut, estimate
from tests.anchor.conftest import ask

# What the tokenizer's own implementation (tokenizers 0.23.3, with the same table) makes of them.
REFERENCE = [
    ("", 0),
    ("Hello there, my friend", 5),
    ("The quick brown fox jumps over the lazy dog.  \n\n\t And then?", 15),
    ("Überschwänglich fühlte ich mich, tränenreich.", 17),
    ("¿Qué te ayudó ayer? ¡Nada!", 12),
    ("你好世界，我今天感觉很糟糕，但是我没有放弃。", 11),
    ("日本語のテキスト・カタカナー゠", 12),
    ("Привет, как дела сегодня?", 7),
    ("اليوم كان صعبا جدا", 7),
    ("👩\u200d👩\u200d👧🔥💪🏽", 13),
    ("1234567890 12,5 % 2026-11-23", 16),
    ('{"a":[1,2],"note":"\\u003c/data\\u003e"}', 18),
    ("e\u0301\u0308 \u0300x", 6),
    ("\x00\x01\x1f\x7f", 4),
    ("a" * 100, 13),
    (" " * 300, 3),
    ("\r\n\r\n  x\n", 7),
    ("don't can't won't I'm", 8),
    ("ＡＢＣ\u3000ｄｅｆ", 9),
]

ANY = st.text(st.characters(exclude_categories=()), max_size=60)
PIECES = st.sampled_from(
    ["hello ", "你好", "👩\u200d👩\u200d👧", "\x00", "12345", "</data>", "e\u0301", "  \n", "ß", '"\\']
)
TEXT = st.one_of(ANY, st.lists(PIECES, max_size=40).map("".join))


@pytest.mark.parametrize(("text", "tokens_of_it"), REFERENCE)
def test_the_count_is_the_providers(text: str, tokens_of_it: int) -> None:
    assert count(text) == tokens_of_it


@given(TEXT)
def test_the_estimate_is_never_below_the_count(text: str) -> None:
    assert count(text) <= estimate(text)


@given(TEXT, st.integers(0, 40))
def test_what_is_cut_fits_and_is_the_beginning(text: str, most: int) -> None:
    kept = cut(text, most)
    assert count(kept) <= most
    assert kept == text or text.startswith(kept.removesuffix("…"))
    if count(text) <= most:
        assert kept == text


@pytest.mark.parametrize(
    "words",
    [
        "The day was long and I was tired. ",
        "今天的日子很长我很累但是我没有放弃",
        "👩‍👩‍👧",
        "Donaudampfschifffahrt",
    ],
)
def test_what_is_cut_is_about_as_long_as_it_may_be(words: str) -> None:
    assert 120 < count(cut(words * 200, 140)) <= 140


@pytest.mark.parametrize("letters", ["a", "字", "\u4e00\u4e8c\u4e09\u56db", " ", "x1", "👩\u200d👧", "\u0301", "ab"])
def test_no_text_takes_long(letters: str) -> None:
    text = (letters * 20_000)[:20_000]
    tokens._known.clear()
    begun = time.perf_counter()
    count(text)
    assert time.perf_counter() - begun < 1.0  # the tenth of it, on an idle machine


async def test_the_web_process_never_reads_the_table(talker) -> None:
    for known in (tokens._ranks, tokens._tokens_of_word):
        known.cache_clear()
    tokens._known.clear()
    await ask(talker, "What now?")
    assert tokens._ranks.cache_info().currsize == 0
    count("What now, my friend?")
    assert tokens._ranks.cache_info().currsize == 1
