"""A number that Anchor says by itself is one of the person's own."""

import time
from datetime import date

import msgspec
import pytest

from domain.anchor.catalogue import CURATED
from domain.anchor.number_words import cardinals, ordinals
from domain.anchor.snapshot import CheckIn, CheckInStreak, CleanDays, Snapshot
from domain.anchor.snapshot_parts import Goal, Urges
from domain.anchor.truth import numbers_agree
from tests.anchor.said_numbers import TRUE, TRUE_LATER, UNTRUE, UNTRUE_LATER

SNAPSHOT = Snapshot(
    today=date(2026, 11, 23),
    language="en",
    clean=CleanDays(12, 40, 61, date(2026, 11, 11), date(2026, 11, 11)),
    check_in=CheckInStreak(5, 9),
    check_ins=[
        CheckIn(date(2026, 11, 22), 2, 8, ["being alone after 22:00"], "My 34th birthday"),
        CheckIn(date(2026, 11, 21), 4, 3),
    ],
    goals=[
        Goal("clean_days", "Clean days", 40, 12, "days", 30, None, date(2026, 12, 11)),
        Goal("check_ins", "Check-ins", 80, 16, "check_ins", 20, None, date(2026, 11, 26)),
        Goal("journal_entries", "Pages", 66, 2, "entries", 3),
    ],
    urges=Urges(30, 7, 5, 83, []),
)


def _lines(by_language: dict[str, list[str]]) -> list[tuple[str, Snapshot]]:
    return [
        (line, msgspec.structs.replace(SNAPSHOT, language=language))
        for language, lines in by_language.items()
        for line in lines
    ]


def test_what_is_true_passes_and_what_is_not_does_not() -> None:
    """No untrue number may pass. A true one that is refused only costs a second try."""
    true, untrue = [*_lines(TRUE), *_lines(TRUE_LATER)], [*_lines(UNTRUE), *_lines(UNTRUE_LATER)]
    refused = [line for line, snapshot in true if not numbers_agree(line, snapshot)]
    passed = [line for line, snapshot in untrue if numbers_agree(line, snapshot)]
    print(f"\nof {len(true)} true lines {len(refused)} refused, of {len(untrue)} untrue lines {len(passed)} passed")
    assert len(true) >= 100
    assert len(untrue) >= 100
    assert passed == []
    assert len(refused) <= 0.02 * len(true), refused


def test_every_delivered_text_passes_for_anybody() -> None:
    """They hold no number, and must not be taken to."""
    nobody = Snapshot(
        language="en", clean=CleanDays(0, 0, 0, None, None), check_in=CheckInStreak(0, 0), today=SNAPSHOT.today
    )
    assert [seed.slug for seed in CURATED if not numbers_agree(seed.body, nobody)] == []


def test_after_a_slip_yesterdays_number_is_no_longer_true() -> None:
    slipped = msgspec.structs.replace(SNAPSHOT, clean=CleanDays(0, 40, 61, SNAPSHOT.today, SNAPSHOT.today), goals=[])
    assert not numbers_agree("12 clean days, and each of them yours.", slipped)
    assert not numbers_agree("Twelve days of your own making.", slipped)
    assert not numbers_agree("More than a week clean!", slipped)
    assert numbers_agree("Your 40 days are still yours.", slipped)


def test_words_of_numbers() -> None:
    for language, words, value in (
        ("en", "twenty one", 21), ("en", "one hundred and twenty", 120), ("en", "three hundred sixty five", 365),
        ("en", "a hundred", 100), ("de", "einundzwanzig", 21), ("de", "hundertzwanzig", 120), ("de", "dreissig", 30),
        ("es", "treinta y uno", 31), ("es", "veintidos", 22), ("fr", "vingt et un", 21), ("fr", "soixante dix", 70),
        ("fr", "quatre vingt dix neuf", 99), ("pt", "vinte e cinco", 25), ("pt", "duas", 2),
    ):  # fmt: skip
        assert cardinals(language)[tuple(words.split())] == value
    assert ordinals("en")[("twentieth",)] == 20
    assert ordinals("de")[("dritten",)] == 3
    assert ordinals("fr")[("deuxieme",)] == 2
    # Another language's words are not looked for, and a language that we cannot read has those of English.
    assert ("once",) not in cardinals("en")
    assert cardinals("pl") == cardinals("en")


MOST = 130
CLEAN_DAYS = {
    "en": "You have {n} clean days behind you.",
    "de": "{n} saubere Tage liegen hinter dir.",
    "es": "Llevas {n} días limpios.",
    "fr": "Voilà {n} jours propres.",
    "pt": "Já são {n} dias limpos.",
}


@pytest.mark.parametrize("language", CLEAN_DAYS)
def test_each_count_of_clean_days_in_figures_and_in_words(language: str) -> None:
    snapshot = msgspec.structs.replace(SNAPSHOT, language=language)
    lines = [(str(n), n) for n in range(2, MOST)]
    lines += [(" ".join(words), n) for words, n in cardinals(language).items() if 2 <= n < MOST]
    wrong = [
        words
        for words, n in lines
        if numbers_agree(CLEAN_DAYS[language].format(n=words), snapshot) != (n in (12, 40, 61))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "text", ["", " ", "1" * 500, "%", "/5", "5/", "of 5", "12 of", "1.1.1.1", "9 9 9 9", "31/31", "99.99.", "½ of ⅓ ²³"]
)
def test_odd_signs_do_no_harm(text: str) -> None:
    assert numbers_agree(text, SNAPSHOT) in (True, False)


def test_it_takes_no_time() -> None:
    began = time.perf_counter()
    numbers_agree("You have 12 clean days and a hundred and twenty small choices behind you. " * 1000, SNAPSHOT)
    assert time.perf_counter() - began < 3
