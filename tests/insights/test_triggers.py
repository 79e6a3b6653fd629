"""What brings urges on, and when: windows, shares, the heat map."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from domain.insights.figures import average, risen, share
from domain.insights.triggers import read_trigger_insights
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
PATH = "/v1/insights/triggers"


async def insights(person: Traveller, when: str = NOON, **query: Any) -> Any:
    answer = await asks(person, when, "GET", PATH, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_new_person_sees_zeros_and_no_rate(mara: Traveller) -> None:
    nothing = {"urges": 0, "resisted": 0, "slipped": 0, "ongoing": 0, "resisted_rate": None, "slips": 0, "check_ins": 0}
    assert await insights(mara) == {
        "from": "2026-04-12",
        "to": "2026-05-11",
        **nothing,
        "days": 30,
        "triggers": [],
        "heat_map": [[0] * 24] * 7,
        "previous": {"from": "2026-03-13", "to": "2026-04-11", **nothing},
        "change": {"urges": 0, "slips": 0, "resisted_rate": None},
    }


async def test_a_week_as_it_is_lived(mara: Traveller) -> None:
    async def urge(when: str, **said: Any) -> None:
        body = {"intensity": 5, "outcome": "resisted", **said}
        assert (await asks(mara, when, "POST", "/v1/urges", json=body)).status_code == 201

    await urge("2026-05-03 22:10", triggers=["stress"])
    await urge("2026-05-06 22:10", triggers=["Stress", "boss"], intensity=8)
    await urge("2026-05-09 23:59", triggers=["STRESS"], intensity=3, outcome="slipped")
    await urge("2026-05-10 00:00", triggers=["boss"], outcome="resisted")
    await urge("2026-05-11 11:00", triggers=["late at night", "late-night"], outcome="ongoing")
    await slips(mara, "2026-05-09 23:59", triggers=["stress"])
    await mara.checks_in("2026-05-10 12:00", triggers=["Boss"])
    found = await insights(mara, days=7)
    assert (found["from"], found["to"]) == ("2026-05-05", "2026-05-11")
    assert [found[key] for key in ("urges", "resisted", "slipped", "ongoing", "slips", "check_ins")] == [
        4,
        2,
        1,
        1,
        1,
        1,
    ]
    assert found["resisted_rate"] == 66
    counts = {"urges": 2, "slips": 0, "check_ins": 1, "resisted_rate": 100, "average_intensity": 6.5}
    assert found["triggers"] == [
        {"trigger": "stress", "label": "Stress", "urges": 2, "slips": 1, "check_ins": 0, "resisted_rate": 50,
         "average_intensity": 5.5},
        {"trigger": "boss", "label": "Boss", **counts},
        {"trigger": "late-night", "label": "Late at night", "urges": 1, "slips": 0, "check_ins": 0,
         "resisted_rate": None, "average_intensity": 5.0},
    ]  # fmt: skip
    marks = {
        (day, hour): count for day, hours in enumerate(found["heat_map"]) for hour, count in enumerate(hours) if count
    }
    assert marks == {(2, 22): 1, (5, 23): 2, (6, 0): 1, (0, 11): 1}
    assert (found["previous"]["urges"], found["previous"]["resisted_rate"]) == (1, 100)
    assert found["change"] == {"urges": 3, "slips": 1, "resisted_rate": -34}


async def test_an_urge_finished_or_deleted_shows_at_once(mara: Traveller) -> None:
    urge = (await asks(mara, NOON, "POST", "/v1/urges", json={"intensity": 5, "outcome": "ongoing"})).json()
    assert (await insights(mara))["ongoing"] == 1
    await asks(mara, NOON, "PATCH", f"/v1/urges/{urge['id']}", json={"outcome": "resisted"})
    assert (await insights(mara))["resisted_rate"] == 100
    await asks(mara, NOON, "DELETE", f"/v1/urges/{urge['id']}")
    assert (await insights(mara))["urges"] == 0


@pytest.mark.parametrize("days", [1, 2, 7, 30, 366])
@pytest.mark.parametrize("zone", [HONOLULU, KIRITIMATI])
async def test_both_periods_begin_and_end_where_they_should(live_in: LiveIn, zone: str, days: int) -> None:
    person = await live_in(zone, "2026-05-01 09:00")
    back = [0, days - 1, days, 2 * days - 1, 2 * days]
    await write(person.user_id, [Urge(TODAY - timedelta(each), 3, 5, "resisted", ["rain"]) for each in back])
    await write(person.user_id, [Urge(TODAY + timedelta(1), 3, 5, "resisted", ["rain"])])
    for when in ("2026-05-11 00:00", "2026-05-11 12:00", "2026-05-11 23:59"):
        found = await insights(person, when, days=days)
        assert (found["to"], found["from"]) == (str(TODAY), str(TODAY - timedelta(days - 1)))
        assert found["previous"]["to"] == str(TODAY - timedelta(days))
        assert found["previous"]["from"] == str(TODAY - timedelta(2 * days - 1))
        assert (found["urges"], found["previous"]["urges"]) == (2, 2)
        assert sum(map(sum, found["heat_map"])) == found["triggers"][0]["urges"] == 2


@pytest.mark.parametrize("days", ["0", "-1", "367", "x", "", "1.5", "99999999999999999999", "%00"])
async def test_a_window_has_1_to_366_days(mara: Traveller, days: str) -> None:
    answer = await asks(mara, NOON, "GET", f"{PATH}?days={days}")
    assert answer.status_code == 400, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == ["days"]


async def test_fifty_triggers_are_shown_those_named_most(mara: Traveller) -> None:
    events = [
        Urge(TODAY - timedelta(day), 3, 5, "resisted", [f"word {number:03}" for number in range(start, start + 20)])
        for start in range(0, 120, 20) for day in range(1 + start // 20)
    ]  # fmt: skip
    await write(mara.user_id, events)
    found = (await insights(mara))["triggers"]
    assert [item["trigger"] for item in found[:20]] == [f"word {number:03}" for number in range(100, 120)]
    assert [item["urges"] for item in found] == [6] * 20 + [5] * 20 + [4] * 10


async def test_at_the_same_weight_slips_come_first_then_names(mara: Traveller) -> None:
    await write(mara.user_id, [
        CheckIn(TODAY, 3, 3, ["b", "A"]), Urge(TODAY, 3, 5, "resisted", ["d"]), Slip(TODAY, 3, ["z"]),
    ])  # fmt: skip
    assert [item["trigger"] for item in (await insights(mara))["triggers"]] == ["z", "a", "b", "d"]


async def test_nothing_of_another_person_counts(mara: Traveller, live_in: LiveIn) -> None:
    other = await live_in(BERLIN, "2026-05-01 09:00")
    await write(mara.user_id, [Urge(TODAY, 3, 5, "resisted", ["rain"]), Slip(TODAY, 3, []), CheckIn(TODAY, 3, 3, [])])
    found = await insights(other)
    assert (found["urges"], found["slips"], found["check_ins"], found["triggers"]) == (0, 0, 0, [])


async def test_it_is_one_round_trip(mara: Traveller, statements: list[str]) -> None:
    statements.clear()
    await read_trigger_insights(mara.user_id, 30)
    assert len(statements) == 1


async def test_somebody_who_is_gone_is_not_found(app: object) -> None:
    with clock.frozen(moment(NOON, BERLIN)), pytest.raises(NotFound):
        await read_trigger_insights(new_id(), 30)


def test_shares_are_rounded_down() -> None:
    assert [share(2, 1), share(999, 1), share(0, 5), share(5, 0), share(0, 0)] == [66, 99, 0, 100, None]


def test_averages_are_to_one_decimal_with_halves_up() -> None:
    assert [average(9, 4), average(29, 20), average(10, 3), average(0, 3), average(0, 0)] == [2.3, 1.5, 3.3, 0.0, None]


def test_changes_are_exact_to_the_decimal() -> None:
    assert [risen(3.4, 3.1), risen(1.1, 3.0), risen(None, 1.0), risen(1.0, None)] == [0.3, -1.9, None, None]
