"""The text filter: what is refused and what is not, and that it cannot be kept busy."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from domain.kit.errors import RuleBroken
from domain.safety import text_filter
from domain.safety.plain import plain
from domain.safety.text_filter import objection, refuse_objectionable
from domain.safety.words import PORN_SITES, PORN_SITES_ALONE, SLURS

LINES = [
    line.split(" ", 2)
    for line in (Path(__file__).parent / "refused.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]


def test_the_table_is_large() -> None:
    assert len(LINES) >= 120
    assert {language for language, _, _ in LINES} == {"en", "es", "fr", "de", "pt"}
    assert sum(1 for _, wanted, _ in LINES if wanted == "-") > len(LINES) / 3


@pytest.mark.parametrize("number", range(len(LINES)))
def test_what_is_refused(number: int) -> None:
    _, wanted, text = LINES[number]
    assert objection(text) == (None if wanted == "-" else wanted), text


@pytest.mark.parametrize("number", range(len(LINES)))
def test_it_is_refused_in_the_midst_of_other_words(number: int) -> None:
    _, wanted, text = LINES[number]
    if wanted != "-":
        assert objection(f"A long week behind me.\n\n{text}\n\nSo far for today, be well.") == wanted, text


@pytest.mark.parametrize("word", [*PORN_SITES, *PORN_SITES_ALONE, *SLURS])
def test_every_listed_word_is_found_in_any_dress(word: str) -> None:
    wanted = "slur" if word in SLURS else "porn_site"
    digits = word.replace("o", "0") if word.isalpha() else word
    for dressed in (word, word.upper(), " ".join(word), "-".join(word), digits, word.replace("a", "а")):
        assert objection(f"so {dressed} it is") == wanted, dressed


@pytest.mark.parametrize("word", [*PORN_SITES, *PORN_SITES_ALONE, *SLURS])
def test_the_lists_are_in_plain_letters(word: str) -> None:
    assert word == plain(word)
    assert word.isalnum()


def test_the_refusal_says_why_and_where_and_nothing_of_the_text() -> None:
    with pytest.raises(RuleBroken) as refused:
        refuse_objectionable("see https://example.org/secret", field="message")
    assert (refused.value.code, refused.value.extra) == ("content_refused", {"reason": "link", "field": "message"})
    assert "secret" not in refused.value.detail
    refuse_objectionable("A quiet day")


def test_the_function_is_looked_up_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that another one may take its place."""
    monkeypatch.setattr(text_filter, "objection", lambda text: "slur")
    with pytest.raises(RuleBroken):
        refuse_objectionable("A quiet day")


HOSTILE = [
    "a", "a ", "a.", "a-", "a@", "a.a", "1", "1 ", "1.", "1-2/", "n", "nig", "porn ", "http", "www.", "@", "a dot ",
    "[.]", "a [dot] ", "my insta ", "insta: ", "12.30-", "2020-", "1000 ", "*", "n*g ", "а", "e\u0301", "😀", "\n",
    "a+b.", "x at y dot ", "nnnnn ", "insta:", "\u0600insta:",
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_time_is_linear_in_hostile_text(number: int) -> None:
    """The longest post, and four times as much: four times as long, and not sixteen."""
    piece = HOSTILE[number]
    short, long = (piece * (letters // len(piece)) for letters in (5_000, 20_000))
    objection(short)
    assert seconds_of(short) < 0.05
    assert seconds_of(long) < 8 * seconds_of(short) + 0.005


def seconds_of(text: str) -> float:
    taken = []
    for _ in range(3):
        began = time.process_time()
        objection(text)
        taken.append(time.process_time() - began)
    return min(taken)


def test_an_everyday_post_takes_little_time() -> None:
    text = " and ".join(text for _, wanted, text in LINES if wanted == "-")[:5000]
    assert objection(text) is None
    assert seconds_of(text) < 0.02
