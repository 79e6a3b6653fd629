"""The detector: what it finds and what it leaves alone, in figures by language; and what it costs.

`labelled.txt` is what the patterns were tuned on. `held_out.txt` was written before them by the same hand, and left
alone; the others were written after them to see what they miss. The figures of first sight: docs/safety.md.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.safety.detector import in_crisis
from domain.safety.patterns import de, en, es, fr, others, pt
from domain.safety.phrases import Phrases
from domain.safety.plain import plain

SETS = ("labelled", "held_out", "fresh", "later", "unseen")


def lines(name: str) -> Iterator[tuple[str, bool, str]]:
    """Language, whether somebody is in danger, text."""
    for line in (Path(__file__).parent / f"{name}.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            language, sign, text = line.split(" ", 2)
            yield language, sign == "+", text


ALL = [line for name in SETS for line in lines(name)]
LANGUAGES = sorted({language for language, _, _ in ALL})


def test_the_set_is_large_and_balanced() -> None:
    assert len(ALL) >= 320
    assert len({text for _, _, text in ALL}) == len(ALL)
    assert abs(sum(1 if danger else -1 for _, danger, _ in ALL)) < len(ALL) / 6


def test_recall_and_false_alarms_by_language(capsys) -> None:
    seen: Counter[tuple[str, bool, bool]] = Counter((one, danger, in_crisis(text)) for one, danger, text in ALL)
    wrong = []
    with capsys.disabled():
        print()
        for language in LANGUAGES:
            found, missed = seen[language, True, True], seen[language, True, False]
            false, quiet = seen[language, False, True], seen[language, False, False]
            recall, alarms = found / (found + missed), false / (false + quiet)
            print(f"  {language:6} recall {recall:.3f} of {found + missed:3}  false {alarms:.3f} of {false + quiet:3}")
            if recall < 0.95 or alarms > 0.05:
                wrong.append(language)
    assert wrong == []


@pytest.mark.parametrize(
    "text", ["", " ", "\n", "5", "***", "!!!", "🙂", "ж", "я хочу", "生きたくない", "\u200d", "\ud800", "\x00", "'" * 9]
)
def test_what_has_no_words_is_no_hit(text: str) -> None:
    assert in_crisis(text) is False


def test_a_hit_is_found_wherever_it_stands() -> None:
    filling = "Today was a long day at work and I made dinner for my sister. "
    for before in (0, 1, 40, 300):
        assert in_crisis(filling * before + "I want to kill myself. " + filling * (300 - before))
    assert not in_crisis(filling * 300)


def test_what_is_excused_does_not_cover_the_rest() -> None:
    assert not in_crisis("I no longer want to die.")
    assert in_crisis("I no longer want to die slowly. I want to kill myself tonight.")
    assert in_crisis("Suicide prevention did not help, I am suicidal.")


NORMAL = {
    language: (". ".join(text for one, danger, text in ALL if one == language and not danger) + ". ") * 9
    for language in ("en", "es", "fr", "de", "pt")
}


@pytest.mark.parametrize("language", NORMAL)
def test_time_is_linear_in_what_people_write(language: str) -> None:
    """About half a millisecond for five thousand letters; four times as many take about four times as long."""
    short = NORMAL[language][: NORMAL[language].index(". ", 5000)]
    assert not in_crisis(short * 4)  # and what is worked out once is worked out now
    once, four = (min(seconds_of(text) for _ in range(50)) for text in (short, short * 4))
    assert four < 7 * once + 0.002


def seconds_of(text: str) -> float:
    """Of this process: others on the machine do not count."""
    began = time.process_time()
    in_crisis(text)
    return time.process_time() - began


HOSTILE = {
    "beginnings": "want to ", "gaps": "took all ", "gaps within gaps": "said he no ", "one letter": "a",
    "letters apart": "i ", "letters with dots": "s.u.i.c.i.d.", "covered": "k*l ", "stars": "*", "digits": "k1ll ",
    "glued": "iwant ", "glued in one": "iwant", "doubled in one": "wanto", "marks": "e\u0301\u0323\u0307",
    "only marks": "\u0301\u0323", "joiners": "a\u200d", "taken apart": "su i ci ",
    "excused": "suicid prevention ", "bold": "\U0001d41a", "mixed": "а́k1*l ", "pieces": "se lb st mo ",
    "long glue": "wantwilllivelife", "families": "👨‍👩‍👧‍👦",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_time_is_linear_in_hostile_text(name: str) -> None:
    """Twenty thousand of a journal entry at worst take milliseconds, and twice as much text about twice as long."""
    short, long = (HOSTILE[name] * (letters // len(HOSTILE[name])) for letters in (10_000, 20_000))
    in_crisis(long)
    once, twice = (min(seconds_of(text) for _ in range(5)) for text in (short, long))
    assert twice < 3.5 * once + 0.002


def test_different_covered_words_cost_no_more_than_the_first_of_them() -> None:
    text = " ".join(f"{chr(97 + n % 26)}*{chr(97 + n // 26 % 26)}{n % 9}*" for n in range(4000))
    assert min(seconds_of(text) for _ in range(3)) < 0.5


def test_different_words_run_together_cost_no_more_than_the_first_of_them() -> None:
    letters = "abcdeklmiosut"
    text = " ".join("kil" + "".join(letters[n // 13**k % 13] for k in range(4)) + "wilbringdie" for n in range(13_000))
    in_crisis(text)
    assert min(seconds_of(text) for _ in range(3)) < 0.5
    assert in_crisis("It is late and iwanttodie tonight. " + text)


def test_a_text_of_the_largest_request_costs_no_more_than_the_longest_that_is_kept() -> None:
    for piece in ("su i ", "i ", "iwanttogohomewith "):
        longest, request = (piece * (letters // len(piece)) for letters in (50_000, 250_000))
        once, largest = (min(seconds_of(text) for _ in range(3)) for text in (longest, request))
        assert largest < 2 * once + 0.005


def test_what_is_remembered_is_bounded() -> None:
    phrases = Phrases(["a .. b .. c .. d", "b .. a .. d .. c"])
    for n in range(20_000):
        phrases.found([("a", "b", "c", "x")[n * n * 7 // (k + 1) % 4] for k in range(12)])
    assert len(phrases._states) <= 5_000


@pytest.mark.parametrize("language", [en, es, fr, de, pt, others], ids=lambda module: module.__name__.rsplit(".")[-1])
def test_the_lists_are_in_plain_letters(language) -> None:
    for line in [*language.SAID, *language.EXCUSED, *language.FILLERS]:
        assert line == plain(line)
        assert set(line) <= set("abcdefghijklmnopqrstuvwxyz |?*.#"), line
        assert line == " ".join(line.split()), line
        assert all(part for item in line.split() for part in item.split("|")), line
        assert all(item == ".." or "." not in item for item in line.split()), line
        # A question mark belongs to the whole item, so it stands at its end.
        assert all("?" not in item[:-1] for item in line.split()), line
