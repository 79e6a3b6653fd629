"""How old somebody is, by calendar days; in Python and, for rules about two people, in SQL."""

from __future__ import annotations

from datetime import date

_OF_AGE = 18


def age_on(day: date, birth_date: date) -> int:
    """Whole years lived on `day`. Who was born on 29 February has the birthday on 1 March in other years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def is_minor(birth_date: date, today: date) -> bool:
    """Under 18 on `today`, the person's own day: never paired with, found by or messaged by adults."""
    return age_on(today, birth_date) < _OF_AGE


def minor(people: str, now: str) -> str:
    """The same in SQL, by the person's own day at the instant `now` (SQL, `$3::timestamptz`).

    `people` is what `users` is called in the statement. Years are taken from today and not added to the birth date:
    that would give somebody born on 29 February their birthday a day too early. The zone is asked only where it
    decides: nobody's day is further than one from that of UTC, and the server may not know a zone that is new.
    """

    def younger_than(day: str) -> str:
        return f"{people}.birth_date > {day} - interval '{_OF_AGE} years'"

    utc = f"({now} AT TIME ZONE 'UTC')::date"
    return f"""CASE WHEN {younger_than(f"({utc} + 1)")} THEN true WHEN NOT {younger_than(f"({utc} - 1)")} THEN false
        ELSE {younger_than(f"({now} AT TIME ZONE {people}.timezone)::date")} END"""


def same_age_group(one: str, other: str, now: str) -> str:
    """SQL that is true for two adults or two minors, each by their own day; both are names of `users`, as in `minor`.

    Never null: somebody who is not there (an outer join) is in no group with anybody.
    """
    return f"COALESCE(({minor(one, now)}) = ({minor(other, now)}), false)"
