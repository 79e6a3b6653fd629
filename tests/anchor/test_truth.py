"""A number that Anchor says by itself is one of the person's own."""

from datetime import date

import pytest

from domain.anchor.snapshot import CheckIn, CheckInStreak, CleanDays, Snapshot
from domain.anchor.truth import numbers_agree

SNAPSHOT = Snapshot(
    today=date(2026, 11, 23),
    language="en",
    clean=CleanDays(12, 40, 61, date(2026, 11, 11), None),
    check_in=CheckInStreak(5, 9),
    check_ins=[CheckIn(date(2026, 11, 22), 2, 8, ["being alone after 22:00"], "My 34th birthday")],
    why=None,
)


@pytest.mark.parametrize(
    "text",
    [
        "A quiet word for you.", "12 days, and each of them yours.", "You have 12 clean days behind you.",
        "Your check-ins: 5 days in a row; the best was 9.", "One day at a time: 1 step.", "61 days in all.",
        "12 Tage, und das Beste waren 40.", "12 jours, puis 40.", "\u0661\u0662 \u064a\u0648\u0645",
    ],
)  # fmt: skip
def test_true(text: str) -> None:
    assert numbers_agree(text, SNAPSHOT)


@pytest.mark.parametrize(
    "text",
    ["13 days clean!", "After 100 days.", "Your 23 days are real.", "22-day streak", "In 90 seconds it is over.",
     "You kept 8 clean days.", "\u0661\u0663 days",
     # In any language, and whatever the person has written.
     "8 Tage sauber!", "22 jours", "34 d\u00edas limpios", "Since 11 November.", "Happy 34th!", "Before 22:00.",
     "An urge of 8 is strong.",
     # Thousands, however they are written.
     "1,000 days", "1.000 Tage", "1\u202f000 jours", "1 000 days", "12,000"],
)  # fmt: skip
def test_untrue(text: str) -> None:
    assert not numbers_agree(text, SNAPSHOT)
