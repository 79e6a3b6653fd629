"""Dates and times of the clock in a text: a date is a claim and must be in the data, a time is an appointment."""

from __future__ import annotations

import re
from collections.abc import Set
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan januar janner enero ene janvier janeiro",
            "february feb februar febrero fevrier fevereiro fev",
            "march mar marz marzo mars marco",
            "april apr abril avril avr abr",
            "may mai mayo maio",
            "june jun juni junio juin junho",
            "july jul juli julio juillet julho",
            "august aug agosto aout ago",
            "september sep sept septiembre septembre setembro",
            "october oct oktober okt octubre octobre outubro",
            "november nov noviembre novembre novembro",
            "december dec dezember dez diciembre decembre dezembro dic",
        ),
        1,
    )
    for name in names.split()
}
_NAME = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?:,?\s+(?:de\s+|del\s+)?(?P<y{n}>\d{{4}}))?"
_DATE = re.compile(
    r"\b(?P<y0>\d{4})-(?P<m0>\d{1,2})-(?P<d0>\d{1,2})\b"
    rf"|\b(?P<d1>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?\s+(?:de\s+|of\s+)?(?P<m1>{_NAME})\b\.?" + _YEAR.format(n=1) +
    rf"|\b(?P<m2>{_NAME})\b\.?\s+(?:the\s+)?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?!\s*(?::|days|%))" +
    _YEAR.format(n=2) +
    r"|\b(?P<d3>\d{1,2})[./](?P<m3>\d{1,2})[./](?P<y3>\d{2,4})\b"
    r"|\b(?P<d4>\d{1,2})\.(?P<m4>\d{1,2})\.(?=\s|$)"
)  # fmt: skip
_CLOCK = re.compile(
    r"\b\d{1,2}[:h]\d{2}(?:\s*[ap]\.?m\.?|\s*uhr|\s*h\b)?"
    r"|\b\d{1,2}(?:\.\d{2})?\s*(?:am|pm|a\.m\.|p\.m\.|uhr|h|heures?\s+du|o['’]clock)(?!\w)"
    # Idioms: round the clock, and counting down.
    r"|\b24/7\b|\b\d(?:[-–, ]+\d){2,}\b"
)


def take_dates(text: str, dates: Set[date]) -> str | None:
    """`text`, folded, without its dates and times; None if it names a date that is not one of `dates`."""
    for found in _DATE.finditer(text):
        if not _is_known(found, dates):
            return None
    return _CLOCK.sub(" ", _DATE.sub(" ", text))


def _is_known(found: re.Match[str], dates: Set[date]) -> bool:
    parts = {name[0]: value for name, value in found.groupdict().items() if value is not None}
    day = int(parts["d"])
    month = _MONTHS.get(parts["m"]) or int(parts["m"])
    # 3/11 is the third of November to some and the eleventh of March to others.
    readings = {(day, month)} if parts["m"] in _MONTHS else {(day, month), (month, day)}
    year = int(parts["y"]) if "y" in parts else None
    return any(
        (each.day, each.month) in readings and (year is None or year in (each.year, each.year % 100)) for each in dates
    )
