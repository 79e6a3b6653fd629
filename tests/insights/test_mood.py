"""How the days were: averages, weekdays, and the days around urges and slips."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from domain.insights.mood import read_mood_insights
from domain.kit.clock import clock
from domain.kit.errors import NotFound
from domain.kit.ids import new_id
from tests.insights.diary import CheckIn, Slip, Urge, write
from tests.recovery.conftest import Traveller, moment
from tests.recovery.slipping import asks, slips

LiveIn = Callable[..., Awaitable[Traveller]]
BERLIN, HONOLULU, KIRITIMATI = "Europe/Berlin", "Pacific/Honolulu", "Pacific/Kiritimati"
NOON = "2026-05-11 12:00"
TODAY = date(2026, 5, 11)  # a Monday
PATH = "/v1/insights/mood"
NONE = {"average_mood": None, "check_ins": 0}
NOTHING = {"days": 0, "before": NONE, "on": NONE, "after": NONE}


def mood(average_mood: float, check_ins: int = 1) -> dict[str, Any]:
    return {"average_mood": average_mood, "check_ins": check_ins}


def day(number: int, mood: int, urge_level: int = 0) -> CheckIn:
    return CheckIn(date(2026, 5, number), mood, urge_level, [])


async def insights(person: Traveller, when: str = NOON, **query: Any) -> Any:
    answer = await asks(person, when, "GET", PATH, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_new_person_sees_nothing_yet(mara: Traveller) -> None:
    nothing = {
        "check_ins": 0, "average_mood": None, "average_urge_level": None, "around_urges": NOTHING,
        "around_slips": NOTHING,
    }  # fmt: skip
    assert await insights(mara) == {
        "from": "2026-04-12",
        "to": "2026-05-11",
        **nothing,
        "days": 30,
        "by_day": [],
        "by_weekday": [NONE] * 7,
        "previous": {"from": "2026-03-13", "to": "2026-04-11", **nothing},
        "change": {"average_mood": None, "average_urge_level": None},
    }


async def test_a_week_as_it_is_lived(mara: Traveller) -> None:
    for when, said in (("2026-05-04 21:00", (5, 2)), ("2026-05-05 21:00", (2, 7)), ("2026-05-08 21:00", (4, 0)),
                       ("2026-05-11 08:00", (3, 3))):  # fmt: skip
        await mara.checks_in(when, mood=said[0], urge_level=said[1])
    await asks(mara, "2026-05-07 23:59", "POST", "/v1/urges", json={"intensity": 5, "outcome": "resisted"})
    await slips(mara, "2026-05-05 00:01")
    found = await insights(mara, days=7)
    assert (found["from"], found["to"], found["check_ins"]) == ("2026-05-05", "2026-05-11", 3)
    assert (found["average_mood"], found["average_urge_level"]) == (3.0, 3.3)
    assert found["by_day"] == [
        {"date": "2026-05-05", "mood": 2, "urge_level": 7},
        {"date": "2026-05-08", "mood": 4, "urge_level": 0},
        {"date": "2026-05-11", "mood": 3, "urge_level": 3},
    ]
    assert found["by_weekday"] == [mood(3.0), mood(2.0), NONE, NONE, mood(4.0), NONE, NONE]
    assert found["around_urges"] == {"days": 1, "before": NONE, "on": NONE, "after": mood(4.0)}
    # The day before the slip lies before the window, and counts.
    assert found["around_slips"] == {"days": 1, "before": mood(5.0), "on": mood(2.0), "after": NONE}
    assert (found["previous"]["average_mood"], found["previous"]["average_urge_level"]) == (5.0, 2.0)
    assert found["change"] == {"average_mood": -2.0, "average_urge_level": 1.3}


async def test_a_day_with_many_urges_counts_once(mara: Traveller) -> None:
    await write(mara.user_id, [Urge(date(2026, 5, 8), hour, 5, "resisted", []) for hour in range(24)])
    await write(mara.user_id, [Urge(date(2026, 5, 9), 1, 5, "slipped", [])])
    await write(mara.user_id, [day(7, 1), day(8, 2), day(9, 4), day(10, 5)])
    assert (await insights(mara))["around_urges"] == {
        "days": 2, "before": mood(1.5, 2), "on": mood(3.0, 2), "after": mood(4.5, 2),
    }  # fmt: skip


async def test_the_day_after_the_earlier_period_lies_in_this_one(mara: Traveller) -> None:
    await write(mara.user_id, [Slip(date(2026, 5, 4), 1, []), day(5, 1)])
    found = await insights(mara, days=7)
    assert found["around_slips"] == NOTHING
    assert found["previous"]["around_slips"] == {"days": 1, "before": NONE, "on": NONE, "after": mood(1.0)}


@pytest.mark.parametrize("days", [1, 7, 366])
@pytest.mark.parametrize("zone", [HONOLULU, KIRITIMATI])
async def test_both_periods_begin_and_end_where_they_should(live_in: LiveIn, zone: str, days: int) -> None:
    person = await live_in(zone, "2026-05-01 09:00")
    back = {-1, 0, days - 1, days, 2 * days - 1, 2 * days}
    await write(person.user_id, [CheckIn(TODAY - timedelta(each), 3, 3, []) for each in sorted(back)])
    for when in ("2026-05-11 00:00", "2026-05-11 12:00", "2026-05-11 23:59"):
        found = await insights(person, when, days=days)
        assert (found["to"], found["from"]) == (str(TODAY), str(TODAY - timedelta(days - 1)))
        ends = sorted({TODAY - timedelta(days - 1), TODAY})
        assert [item["date"] for item in found["by_day"]] == [str(end) for end in ends]
        assert found["previous"]["check_ins"] == len(ends)


@pytest.mark.parametrize("days", ["0", "-1", "367", "x", "", "1.5", "99999999999999999999", "%00"])
async def test_a_window_has_1_to_366_days(mara: Traveller, days: str) -> None:
    answer = await asks(mara, NOON, "GET", f"{PATH}?days={days}")
    assert answer.status_code == 400, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == ["days"]


async def test_nothing_of_another_person_counts(mara: Traveller, live_in: LiveIn) -> None:
    other = await live_in(BERLIN, "2026-05-01 09:00")
    await write(mara.user_id, [day(10, 1), Urge(TODAY, 3, 5, "resisted", []), Slip(TODAY, 3, [])])
    await write(other.user_id, [CheckIn(TODAY, 5, 0, [])])
    found = await insights(other)
    assert (found["average_mood"], found["check_ins"]) == (5.0, 1)
    assert found["around_urges"] == found["around_slips"] == NOTHING


async def test_it_is_one_round_trip(mara: Traveller, statements: list[str]) -> None:
    statements.clear()
    await read_mood_insights(mara.user_id, 30)
    assert len(statements) == 1


async def test_somebody_who_is_gone_is_not_found(app: object) -> None:
    with clock.frozen(moment(NOON, BERLIN)), pytest.raises(NotFound):
        await read_mood_insights(new_id(), 30)
