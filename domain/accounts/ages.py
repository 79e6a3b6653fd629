"""How old somebody is, by calendar days."""

from __future__ import annotations

from datetime import date

_OF_AGE = 18


def age_on(day: date, birth_date: date) -> int:
    """Whole years lived on `day`. Who was born on 29 February has the birthday on 1 March in other years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def is_minor(birth_date: date, today: date) -> bool:
    """Under 18 on `today`, the person's own day: never paired with, found by or messaged by adults."""
    return age_on(today, birth_date) < _OF_AGE
