"""A daily message does not tell a stranger what it is about."""

import pytest

from domain.anchor.catalogue import CURATED
from domain.anchor.discretion import is_discreet
from domain.anchor.judging import objection
from domain.anchor.output import objection_to
from tests.anchor.test_truth import SNAPSHOT


@pytest.mark.parametrize(
    "text",
    [
        "Another day without porn.", "PORNOGRAPHY is not your master.", "Stay sober tonight.", "No relapse today!",
        "You are not your addiction.", "Ein Tag ohne Pornos.", "Kein Rückfall heute.", "Du bist nicht süchtig.",
        "Sin recaídas, un día más.", "Tu adicción no manda.", "Une rechute n'est pas la fin.", "Sem recaída hoje.",
        "Sexual thoughts pass.", "Abstinence is a skill.",
    ],
)  # fmt: skip
def test_telling(text: str) -> None:
    assert not is_discreet(text)


@pytest.mark.parametrize(
    "text",
    [
        "12 clean days, and each was yours.", "The pull comes, stands and goes.", "Sechs Schritte bis zur Tür.",
        "Er sucht nichts, und du musst nichts finden.", "El sexto día empieza.", "Popcorn and a film?",
        "A dependable friend is worth a call.", "Begin again.", "You are unporous today.",
    ],
)  # fmt: skip
def test_discreet(text: str) -> None:
    assert is_discreet(text)


def test_what_people_wrote_would_pass_as_the_models() -> None:
    for seed in CURATED:
        assert is_discreet(seed.body), seed.slug
        assert objection_to(seed.body) is None, seed.slug


def test_the_model_hears_why() -> None:
    assert "other words" in (objection("Another day without porn.", SNAPSHOT, []) or "")
    assert objection("Another quiet day of your own making.", SNAPSHOT, []) is None
