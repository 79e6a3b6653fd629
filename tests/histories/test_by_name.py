"""Clock changes, the date line and moves in the evening by name: check-ins, slips and the sweep around the moment.

Each case is lived twice, with the sweep never, and by two clocks at once before and after every step: what people see,
and what is kept, is the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch
from tests.histories.acting import LATE, Drain, sweep
from tests.recovery.conftest import Traveller, live_in, moment
from tests.recovery.slipping import clean, slips

__all__ = ["live_in"]

BERLIN, NEW_YORK, HAVANA = "Europe/Berlin", "America/New_York", "America/Havana"
LORD_HOWE, HONOLULU, KIRITIMATI = "Australia/Lord_Howe", "Pacific/Honolulu", "Pacific/Kiritimati"
KOLKATA = "Asia/Kolkata"

SWEPT = ["", "together"]


@dataclass
class Case:
    """`acts` in order, each at a time of the clocks around the person: ("in", when[, day]) a check-in, ("slip", when[,
    at]), ("fly", when, zone), ("day", when) nothing but the sweep, ("sees", when, streak, freezes, clean days).

    `begins`: where and when they sign up, `start` their first clean day. `days`: the days with a check-in in the end,
    with the zone of each; `broken`: those with a slip.
    """

    zone: str
    begins: str
    start: str
    acts: list[tuple[Any, ...]]
    days: list[tuple[str, str]]
    broken: list[str] = field(default_factory=list)


CASES = {
    # 8 March has 23 hours: 1:59 is followed by 3:00.
    "new york, spring": Case(
        NEW_YORK, "2026-03-06 09:00", "2026-03-01",
        [
            ("in", "2026-03-07 23:59"), ("sees", "2026-03-08 00:00", 1, 0, 7), ("in", "2026-03-08 01:59"),
            ("sees", "2026-03-08 03:00", 2, 0, 7), ("slip", "2026-03-08 23:59"),
            ("sees", "2026-03-08 23:59", 2, 0, 0), ("sees", "2026-03-09 00:00", 2, 0, 1),
            ("in", "2026-03-09 23:30"), ("sees", "2026-03-10 23:59", 3, 0, 2), ("sees", "2026-03-11 00:00", 0, 0, 3),
        ],
        [("2026-03-07", NEW_YORK), ("2026-03-08", NEW_YORK), ("2026-03-09", NEW_YORK)], ["2026-03-08"],
    ),
    # 1 November has 25 hours: twenty-four after its beginning it is 23:00 of the same day.
    "new york, autumn": Case(
        NEW_YORK, "2026-10-30 09:00", "2026-10-25",
        [
            ("in", "2026-10-31 00:10"), ("in", "2026-11-01 23:50"), ("sees", "2026-11-01 23:59", 2, 0, 7),
            ("sees", "2026-11-02 23:59", 2, 0, 8), ("slip", "2026-11-02 00:30", "2026-11-01 00:30"),
            ("sees", "2026-11-02 23:59", 2, 0, 1), ("sees", "2026-11-03 00:00", 0, 0, 2),
        ],
        [("2026-10-31", NEW_YORK), ("2026-11-01", NEW_YORK)], ["2026-11-01"],
    ),
    "berlin, spring": Case(
        BERLIN, "2026-03-27 09:00", "2026-03-20",
        [
            ("in", "2026-03-28 23:50"), ("in", "2026-03-29 03:01"), ("slip", "2026-03-29 03:05", "2026-03-29 01:59"),
            ("sees", "2026-03-29 23:59", 2, 0, 0), ("sees", "2026-03-30 00:00", 2, 0, 1), ("in", "2026-03-30 00:01"),
            ("sees", "2026-03-31 23:59", 3, 0, 2), ("sees", "2026-04-01 00:00", 0, 0, 3),
        ],
        [("2026-03-28", BERLIN), ("2026-03-29", BERLIN), ("2026-03-30", BERLIN)], ["2026-03-29"],
    ),
    "berlin, autumn": Case(
        BERLIN, "2026-10-23 09:00", "2026-10-20",
        [
            ("in", "2026-10-24 00:01"), ("in", "2026-10-25 23:59"), ("slip", "2026-10-25 23:59", "2026-10-25 02:30"),
            ("in", "2026-10-26 00:00"), ("sees", "2026-10-26 23:59", 3, 0, 1), ("sees", "2026-10-27 00:00", 3, 0, 2),
            ("sees", "2026-10-28 00:00", 0, 0, 3),
        ],
        [("2026-10-24", BERLIN), ("2026-10-25", BERLIN), ("2026-10-26", BERLIN)], ["2026-10-25"],
    ),
    # 8 March begins at 1:00: 23:59 of the seventh is followed by it.
    "havana, a day without midnight": Case(
        HAVANA, "2026-03-05 09:00", "2026-03-01",
        [
            ("in", "2026-03-07 23:59"), ("sees", "2026-03-07 23:59", 1, 0, 6), ("sees", "2026-03-08 01:00", 1, 0, 7),
            ("in", "2026-03-08 01:00"), ("slip", "2026-03-08 01:05"), ("sees", "2026-03-09 00:00", 2, 0, 1),
            ("sees", "2026-03-10 00:00", 0, 0, 2),
        ],
        [("2026-03-07", HAVANA), ("2026-03-08", HAVANA)], ["2026-03-08"],
    ),
    # Half an hour on at 2:00 on 4 October, and half an hour back at 2:00 on 5 April.
    "lord howe, half an hour on": Case(
        LORD_HOWE, "2026-10-02 09:00", "2026-10-01",
        [
            ("in", "2026-10-03 23:59"), ("in", "2026-10-04 02:30"), ("in", "2026-10-05 23:59"),
            ("sees", "2026-10-06 23:59", 3, 0, 5), ("slip", "2026-10-06 23:59", "2026-10-04 01:59"),
            ("sees", "2026-10-07 00:00", 0, 0, 3),
        ],
        [("2026-10-03", LORD_HOWE), ("2026-10-04", LORD_HOWE), ("2026-10-05", LORD_HOWE)], ["2026-10-04"],
    ),
    "lord howe, half an hour back": Case(
        LORD_HOWE, "2026-04-03 09:00", "2026-04-01",
        [
            ("in", "2026-04-04 00:00"), ("in", "2026-04-05 23:59"), ("slip", "2026-04-06 00:00"),
            ("in", "2026-04-06 00:00"), ("sees", "2026-04-07 23:59", 3, 0, 1), ("sees", "2026-04-08 00:00", 0, 0, 2),
        ],
        [("2026-04-04", LORD_HOWE), ("2026-04-05", LORD_HOWE), ("2026-04-06", LORD_HOWE)], ["2026-04-06"],
    ),
    # 24 hours west: 11 May comes twice, and is credited once.
    "kiritimati to honolulu, a date credited once": Case(
        KIRITIMATI, "2026-05-08 09:00", "2026-05-01",
        [
            ("in", "2026-05-10 12:00"), ("in", "2026-05-11 09:00"), ("fly", "2026-05-11 10:00", HONOLULU),
            ("sees", "2026-05-10 10:00", 2, 0, 9), ("in", "2026-05-10 20:00"), ("in", "2026-05-11 20:00"),
            ("sees", "2026-05-11 23:59", 2, 0, 10), ("slip", "2026-05-11 23:59"), ("in", "2026-05-12 08:00"),
            ("sees", "2026-05-12 08:00", 3, 0, 1),
        ],
        [("2026-05-10", KIRITIMATI), ("2026-05-11", KIRITIMATI), ("2026-05-12", HONOLULU)], ["2026-05-11"],
    ),
    # 24 hours east: 10 May ends at six in the evening, and nobody misses it.
    "honolulu to kiritimati, a date skipped is no miss": Case(
        HONOLULU, "2026-05-07 09:00", "2026-05-01",
        [
            ("in", "2026-05-08 09:00"), ("in", "2026-05-09 09:00"), ("fly", "2026-05-10 18:00", KIRITIMATI),
            ("sees", "2026-05-11 18:00", 2, 0, 10), ("sees", "2026-05-11 23:59", 2, 0, 10),
            ("in", "2026-05-11 23:59"), ("slip", "2026-05-12 00:01"), ("in", "2026-05-12 00:02"),
            ("sees", "2026-05-13 23:59", 4, 0, 1), ("sees", "2026-05-14 00:00", 0, 0, 2),
        ],
        [("2026-05-08", HONOLULU), ("2026-05-09", HONOLULU), ("2026-05-11", KIRITIMATI), ("2026-05-12", KIRITIMATI)],
        ["2026-05-12"],
    ),
    # A whole day after the flight is a miss like any other.
    "honolulu to kiritimati, the day after is a miss": Case(
        HONOLULU, "2026-05-07 09:00", "2026-05-01",
        [
            ("in", "2026-05-09 09:00"), ("fly", "2026-05-10 18:00", KIRITIMATI),
            ("sees", "2026-05-11 23:59", 1, 0, 10), ("sees", "2026-05-12 00:00", 0, 0, 11),
            ("in", "2026-05-12 09:00"), ("sees", "2026-05-12 09:00", 1, 0, 11),
        ],
        [("2026-05-09", HONOLULU), ("2026-05-12", KIRITIMATI)],
    ),
    "kiritimati to honolulu and back": Case(
        KIRITIMATI, "2026-05-08 09:00", "2026-05-01",
        [
            ("in", "2026-05-10 12:00"), ("in", "2026-05-11 09:00"), ("fly", "2026-05-11 12:00", HONOLULU),
            ("in", "2026-05-10 19:00"), ("fly", "2026-05-10 20:00", KIRITIMATI),
            ("sees", "2026-05-11 20:00", 2, 0, 10), ("in", "2026-05-12 23:00"), ("slip", "2026-05-12 23:30"),
            ("sees", "2026-05-13 23:59", 3, 0, 1), ("sees", "2026-05-14 00:00", 0, 0, 2),
        ],
        [("2026-05-10", KIRITIMATI), ("2026-05-11", KIRITIMATI), ("2026-05-12", KIRITIMATI)], ["2026-05-12"],
    ),
    # The streak ended at midnight in Kiritimati, and lives again where it is still the day before.
    "a streak that ended in the east lives again in the west": Case(
        KIRITIMATI, "2026-05-08 09:00", "2026-05-01",
        [
            ("in", "2026-05-09 12:00"), ("sees", "2026-05-11 00:00", 0, 0, 10), ("fly", "2026-05-11 01:00", HONOLULU),
            ("sees", "2026-05-10 01:00", 1, 0, 9), ("in", "2026-05-10 23:59"), ("sees", "2026-05-11 23:59", 2, 0, 10),
        ],
        [("2026-05-09", KIRITIMATI), ("2026-05-10", HONOLULU)],
    ),
    # 22:30 in New York is 4:30 of the next day in Berlin: the evening that was lost is no miss.
    "an evening change of zone to the east": Case(
        NEW_YORK, "2026-05-07 09:00", "2026-05-01",
        [
            ("in", "2026-05-09 12:00"), ("fly", "2026-05-10 22:30", BERLIN), ("sees", "2026-05-11 04:30", 1, 0, 10),
            ("slip", "2026-05-11 05:00"), ("in", "2026-05-11 23:59"), ("sees", "2026-05-12 23:59", 2, 0, 1),
            ("sees", "2026-05-13 00:00", 0, 0, 2),
        ],
        [("2026-05-09", NEW_YORK), ("2026-05-11", BERLIN)], ["2026-05-11"],
    ),
    # 0:30 in Berlin is 18:30 of the day before in New York: the evening comes again, and the day stays one.
    "an evening change of zone to the west": Case(
        BERLIN, "2026-05-07 09:00", "2026-05-01",
        [
            ("in", "2026-05-10 22:00"), ("in", "2026-05-11 00:10"), ("fly", "2026-05-11 00:30", NEW_YORK),
            ("in", "2026-05-10 20:00"), ("sees", "2026-05-10 20:00", 2, 0, 9), ("in", "2026-05-11 20:00"),
            ("slip", "2026-05-11 21:00", "2026-05-10 21:00"), ("sees", "2026-05-12 23:59", 2, 0, 2),
            ("sees", "2026-05-13 00:00", 0, 0, 3),
        ],
        [("2026-05-10", BERLIN), ("2026-05-11", BERLIN)], ["2026-05-10"],
    ),
    # Half an hour's zone: 19:00 in Berlin is 22:30 in Kolkata, the same day.
    "berlin to kolkata within a day": Case(
        BERLIN, "2026-05-07 09:00", "2026-05-01",
        [
            ("in", "2026-05-09 12:00"), ("fly", "2026-05-10 19:00", KOLKATA), ("sees", "2026-05-10 23:59", 1, 0, 9),
            ("sees", "2026-05-11 00:00", 0, 0, 10), ("in", "2026-05-11 00:01", "2026-05-10"),
            ("sees", "2026-05-11 00:01", 2, 0, 10),
        ],
        [("2026-05-09", BERLIN), ("2026-05-10", KOLKATA)],
    ),
    # 22:00 of 10 May in Kiritimati was 22:00 of the ninth in Honolulu, where the person was.
    "a slip told of and a day filled in after the flight": Case(
        HONOLULU, "2026-05-07 09:00", "2026-05-01",
        [
            ("in", "2026-05-08 09:00"), ("fly", "2026-05-10 18:00", KIRITIMATI), ("in", "2026-05-11 19:00"),
            ("in", "2026-05-11 20:00", "2026-05-09"), ("slip", "2026-05-12 09:00", "2026-05-10 22:00"),
            ("sees", "2026-05-12 09:00", 3, 0, 3),
        ],
        [("2026-05-08", HONOLULU), ("2026-05-09", KIRITIMATI), ("2026-05-11", KIRITIMATI)], ["2026-05-09"],
    ),
    # Seven in a row earn a freeze; the day cut short takes none, the whole day after it does.
    "a freeze is not spent on a date skipped": Case(
        HONOLULU, "2026-05-01 09:00", "2026-05-01",
        [
            *(("in", f"2026-05-0{day} 09:00") for day in range(2, 9)), ("sees", "2026-05-09 09:00", 7, 1, 8),
            ("fly", "2026-05-09 18:00", KIRITIMATI), ("sees", "2026-05-10 23:59", 7, 1, 9),
            ("sees", "2026-05-11 00:00", 7, 0, 10), ("in", "2026-05-11 09:00"), ("sees", "2026-05-11 23:59", 8, 0, 10),
            ("sees", "2026-05-13 00:00", 0, 0, 12),
        ],
        [*((f"2026-05-0{day}", HONOLULU) for day in range(2, 9)), ("2026-05-11", KIRITIMATI)],
    ),
}  # fmt: skip


async def lived(person: Traveller, case: Case, how: str, drain: Drain) -> None:
    for act, when, *more in case.acts:
        with clock.frozen(moment(when, person.zone)):
            await sweep(how)
        if act == "in":
            await person.checks_in(when, *more)
        elif act == "slip":
            await slips(person, when, *more)
        elif act == "fly":
            await person.moves(when, *more)
        else:
            streak, freezes, clean_days = more
            assert await person.streak(when) == (streak, freezes), when
            assert (await clean(person, when))[0] == clean_days, when
        if how:
            with clock.frozen(moment(when, person.zone)):
                await drain(allow=LATE)
                await sweep(how)


async def kept(person: Traveller) -> dict[str, Any]:
    """The rows of the person's numbers."""
    statements = {
        "check_ins": "SELECT local_date::text, timezone FROM check_ins WHERE user_id = $1 ORDER BY 1",
        "slips": "SELECT DISTINCT local_date::text FROM slips WHERE user_id = $1 ORDER BY 1",
        "attempts": "SELECT started_on, ended_on FROM attempts WHERE user_id = $1 ORDER BY started_on, ended_on",
        "streak": """SELECT days, best, freezes, toward_freeze, last_check_in, last_check_in_on
                     FROM check_in_streaks WHERE user_id = $1""",
        "newest": "SELECT created_at, local_date FROM check_ins WHERE user_id = $1 ORDER BY local_date DESC LIMIT 1",
        "earned": """SELECT achievement, earned_at FROM earned_achievements
                     WHERE user_id = $1 AND achievement ~ '^(clean-days|days-in-all|comebacks)-' ORDER BY 1""",
        "achievements": "SELECT achievement FROM earned_achievements WHERE user_id = $1 ORDER BY 1",
    }
    return {name: [tuple(row) for row in await fetch(sql, person.user_id)] for name, sql in statements.items()}


@pytest.mark.parametrize("case", CASES)
async def test_the_day_is_theirs(live_in: Callable[..., Awaitable[Traveller]], drain: Drain, case: str) -> None:
    given, found = CASES[case], {}
    for how in SWEPT:
        await execute("DELETE FROM users")
        await execute("DELETE FROM day_sweeps")
        person = await live_in(given.zone, given.begins, started_on=given.start)
        await lived(person, given, how, drain)
        # At the end everything runs, in both lives.
        with clock.frozen(moment(given.acts[-1][1], person.zone)):
            await drain(allow=LATE)
            await sweep("once")
        rows = await kept(person)
        assert rows["check_ins"] == given.days
        assert rows["streak"][0][-2:] == rows["newest"][0]
        assert [day for (day,) in rows["slips"]] == given.broken
        found[how] = rows
    # Back-dated slips take days away that may have been noted before; all else is the same without any sweep.
    told_late = any(act[0] == "slip" and len(act) == 3 for act in given.acts)
    unswept = {name: rows for name, rows in found[""].items() if not (told_late and name in ("earned", "achievements"))}
    assert unswept == {name: found["together"][name] for name in unswept}
