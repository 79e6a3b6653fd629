"""What telling of a slip does to the clean days, and which one is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

import pytest

from domain.anchor.snapshot import facts_of
from tests.recovery.conftest import Traveller, attempts_of, moment
from tests.recovery.slipping import asks, clean, refused, slips, undoes

LiveIn = Callable[..., Awaitable[Traveller]]
BERLIN, HONOLULU, KIRITIMATI = "Europe/Berlin", "Pacific/Honolulu", "Pacific/Kiritimati"


async def test_the_answer_is_the_slip_with_the_streak(mara: Traveller) -> None:
    answer = await slips(
        mara, "2026-05-02 08:00", "2026-05-01 23:30",
        triggers=["Stress", "stress"], feeling=" tired ", reflection="A long\u200b day", plan="Sleep", client_id="s1",
    )  # fmt: skip
    identity, streak = answer.pop("id"), answer.pop("streak")
    assert answer == {
        "occurred_at": "2026-05-01T21:30:00Z",
        "date": "2026-05-01",
        "timezone": BERLIN,
        "triggers": ["Stress"],
        "feeling": "tired",
        "reflection": "A long day",
        "plan": "Sleep",
        "client_id": "s1",
        "created_at": "2026-05-02T06:00:00Z",
        "undo_until": "2026-05-03T06:00:00Z",
        "support": None,
    }
    assert streak == await mara.reads("2026-05-02 08:00")
    del answer["support"]
    read = await mara.reads("2026-05-02 08:00", f"/v1/slips/{identity}")
    assert read == {"id": identity, **answer}


async def test_a_slip_needs_no_word(mara: Traveller) -> None:
    answer = await slips(mara, "2026-05-11 22:00")
    assert answer["occurred_at"] == answer["created_at"] == "2026-05-11T20:00:00Z"
    assert (answer["triggers"], answer["feeling"], answer["reflection"], answer["plan"]) == ([], None, None, None)
    assert answer["streak"]["clean"]["started_on"] == "2026-05-11"


async def test_clean_days_begin_again_and_neither_best_nor_total_fall(mara: Traveller) -> None:
    assert await clean(mara, "2026-05-11 21:00") == (130, 130, 130, 1, "2026-01-01")
    await slips(mara, "2026-05-11 22:00")
    assert await clean(mara, "2026-05-11 23:00") == (0, 130, 130, 2, "2026-05-11")
    assert await clean(mara, "2026-05-12 00:01") == (1, 130, 131, 2, "2026-05-11")
    assert await clean(mara, "2026-09-28 12:00") == (140, 140, 270, 2, "2026-05-11")


async def test_several_on_one_day_are_one_broken_day(mara: Traveller) -> None:
    before = await mara.reads("2026-05-11 21:00")
    first = await slips(mara, "2026-05-11 22:00")
    once = await clean(mara, "2026-05-11 23:59")
    second = await slips(mara, "2026-05-11 23:00", "2026-05-11 00:10")
    assert await clean(mara, "2026-05-11 23:59") == once
    assert (await undoes(mara, "2026-05-11 23:10", first)).status_code == 204
    assert await clean(mara, "2026-05-11 23:59") == once
    assert (await undoes(mara, "2026-05-11 23:10", second)).status_code == 204
    assert await mara.reads("2026-05-11 21:00") == before


async def test_a_back_dated_slip_splits_an_older_attempt(mara: Traveller) -> None:
    await slips(mara, "2026-05-11 22:00")
    slip = await slips(mara, "2026-05-20 22:00", "2026-02-10 12:00")
    assert slip["streak"]["clean"] == {
        "current_days": 9, "best_days": 90, "started_on": "2026-05-11", "total_clean_days": 139, "attempts": 3,
    }  # fmt: skip
    assert await attempts_of(mara.user_id) == [
        (date(2026, 1, 1), date(2026, 2, 10)), (date(2026, 2, 10), date(2026, 5, 11)), (date(2026, 5, 11), None),
    ]  # fmt: skip
    assert (await undoes(mara, "2026-05-20 23:00", slip)).status_code == 204
    assert await clean(mara, "2026-05-20 23:00") == (9, 130, 139, 2, "2026-05-11")


async def test_on_the_first_day_it_ends_an_attempt_of_no_days(mara: Traveller) -> None:
    slip = await slips(mara, "2026-05-02 09:00", "2026-01-01 00:00")
    assert await attempts_of(mara.user_id) == [(date(2026, 1, 1), date(2026, 1, 1)), (date(2026, 1, 1), None)]
    assert await clean(mara, "2026-05-02 09:00") == (121, 121, 121, 2, "2026-01-01")
    await undoes(mara, "2026-05-02 10:00", slip)
    assert await clean(mara, "2026-05-02 09:00") == (121, 121, 121, 1, "2026-01-01")


@pytest.mark.parametrize("started_on", [None, "2026-04-01"])
async def test_anchor_knows_the_day_of_the_last_slip(live_in: LiveIn, started_on: str | None) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00", started_on=started_on)
    noon = moment("2026-05-01 12:00", BERLIN)

    async def last_slip_on() -> date | None:
        return (await facts_of([person.user_id], noon))[person.user_id].snapshot.clean.last_slip_on

    assert await last_slip_on() is None
    slip = await slips(person, "2026-05-01 12:00")
    assert await last_slip_on() == date(2026, 5, 1)
    await undoes(person, "2026-05-01 12:00", slip)
    assert await last_slip_on() is None


async def test_the_home_screen_follows(mara: Traveller) -> None:
    await slips(mara, "2026-05-11 22:00")
    home = await mara.reads("2026-05-13 09:00", "/v1/me/dashboard")
    assert (home["streak"]["clean"]["current_days"], home["streak"]["clean"]["best_days"]) == (2, 130)


async def test_a_slip_leaves_the_check_in_streak_alone(mara: Traveller) -> None:
    await mara.checks_in("2026-05-10 20:00")
    await mara.checks_in("2026-05-11 20:00")
    answer = await slips(mara, "2026-05-11 22:00")
    assert answer["streak"]["check_in"]["current_days"] == 2


# Before the first start, and over the date line


async def test_before_the_first_start_is_against_the_rule(mara: Traveller) -> None:
    before = moment("2025-12-31 23:59", BERLIN).isoformat()
    assert await refused(mara, "2026-05-02 09:00", occurred_at=before) == (422, "slip_before_start")
    assert await attempts_of(mara.user_id) == [(date(2026, 1, 1), None)]


async def test_after_flying_west_over_the_date_line_it_counts_for_the_first_day(live_in: LiveIn) -> None:
    person = await live_in(KIRITIMATI, "2026-05-11 09:00")
    await person.moves("2026-05-11 13:00", HONOLULU)
    answer = await slips(person, "2026-05-10 20:00")
    assert (answer["date"], answer["timezone"], answer["occurred_at"]) == (
        "2026-05-11", HONOLULU, "2026-05-11T06:00:00Z",
    )  # fmt: skip
    assert await attempts_of(person.user_id) == [(date(2026, 5, 11), date(2026, 5, 11)), (date(2026, 5, 11), None)]
    assert await clean(person, "2026-05-10 21:00") == (0, 0, 0, 2, "2026-05-11")
    # Told of a day later, it still came after the start.
    later = await slips(person, "2026-05-11 09:00", "2026-05-10 21:00")
    assert later["date"] == "2026-05-11"
    assert await clean(person, "2026-05-12 09:00") == (1, 1, 1, 2, "2026-05-11")


async def test_flying_west_opens_nothing_before_the_start(live_in: LiveIn) -> None:
    person = await live_in(KIRITIMATI, "2026-05-11 09:00")
    # The morning of the day before, in Kiritimati: the count had not begun.
    early = moment("2026-05-10 20:00", KIRITIMATI).isoformat()
    await person.moves("2026-05-11 13:00", HONOLULU)
    assert await refused(person, "2026-05-10 20:00", occurred_at=early) == (422, "slip_before_start")


async def test_the_day_is_that_of_the_place_where_it_happened(live_in: LiveIn) -> None:
    person = await live_in(HONOLULU, "2026-05-01 09:00")
    await person.moves("2026-05-10 18:00", KIRITIMATI)
    answer = await asks(person, "2026-05-12 09:00", "POST", "/v1/slips", json={
        "occurred_at": moment("2026-05-09 22:00", HONOLULU).isoformat(),
    })  # fmt: skip
    assert (answer.json()["date"], answer.json()["timezone"]) == ("2026-05-09", HONOLULU)
    assert await clean(person, "2026-05-12 09:00") == (3, 8, 11, 2, "2026-05-09")


async def test_a_date_had_twice_is_broken_once(live_in: LiveIn) -> None:
    person = await live_in(KIRITIMATI, "2026-05-01 09:00")
    await slips(person, "2026-05-10 12:00")
    await person.moves("2026-05-11 13:00", HONOLULU)
    await slips(person, "2026-05-10 20:00")
    assert await clean(person, "2026-05-11 09:00") == (1, 9, 10, 2, "2026-05-10")


async def test_the_future_is_refused_and_a_fast_clock_is_not(mara: Traveller) -> None:
    ahead = moment("2026-05-11 22:06", BERLIN).isoformat()
    assert await refused(mara, "2026-05-11 22:00", occurred_at=ahead) == (422, "in_future")
    answer = await slips(mara, "2026-05-11 23:58", "2026-05-12 00:01")
    assert (answer["date"], answer["occurred_at"]) == ("2026-05-11", "2026-05-11T21:58:00Z")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"occurred_at": "2026-05-01T12:00:00"}, "occurred_at"),
        ({"occurred_at": "yesterday"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"triggers": None}, "triggers"),
        ({"triggers": ["x" * 41]}, "triggers"),
        ({"triggers": [str(number) for number in range(21)]}, "triggers"),
        ({"feeling": "x" * 201}, "feeling"),
        ({"reflection": "x" * 4001}, "reflection"),
        ({"plan": "x" * 2001}, "plan"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": "x" * 101}, "client_id"),
        ({"client_id": "a\u0000"}, "client_id"),
        ({"date": "2026-05-01"}, None),
    ],
)
async def test_a_wrong_shape_is_400(mara: Traveller, body: dict[str, object], field: str | None) -> None:
    response = await asks(mara, "2026-05-11 12:00", "POST", "/v1/slips", json=body)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (400, "invalid_request")
    if field is not None:
        assert [error["field"].split(".")[0] for error in problem["errors"]] == [field]
    assert await attempts_of(mara.user_id) == [(date(2026, 1, 1), None)]


async def test_the_longest_texts_fit(mara: Traveller) -> None:
    family = "👨‍👩‍👧‍👦"
    said = {"feeling": family * 200, "reflection": family * 2000, "plan": "é" * 2000, "client_id": "ß" * 100}
    answer = await slips(mara, "2026-05-11 12:00", **said)
    assert {field: answer[field] for field in said} == said
