"""Checking in: whose day it is, what is kept, what the streak becomes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import date, timedelta

import pytest

from domain.accounts.profile import ProfileChange, change_profile
from domain.kit.clock import clock
from domain.kit.database import fetch_value
from domain.kit.days import local_date
from domain.kit.errors import NotFound, TooMany
from domain.kit.ids import new_id
from domain.recovery.check_ins import put_check_in
from domain.recovery.standing import read_streak
from domain.recovery.streaks import fold
from tests.conftest import Api
from tests.recovery.conftest import Traveller, folded, moment, run_of, written

LiveIn = Callable[..., Awaitable[Traveller]]
HONOLULU, KIRITIMATI = "Pacific/Honolulu", "Pacific/Kiritimati"
NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"


@pytest.fixture
async def berliner(live_in: LiveIn) -> Traveller:
    return await live_in(BERLIN, "2026-05-01 09:00")


async def test_the_answer_holds_check_in_streak_and_support(berliner: Traveller) -> None:
    answer = await berliner.checks_in(
        "2026-05-01 21:00", mood=4, urge_level=7, triggers=["stress"], note=" long day ", client_id="a1"
    )
    assert answer["check_in"] == {
        "date": "2026-05-01",
        "timezone": BERLIN,
        "mood": 4,
        "urge_level": 7,
        "triggers": ["stress"],
        "note": "long day",
        "client_id": "a1",
        "created_at": "2026-05-01T19:00:00Z",
        "updated_at": "2026-05-01T19:00:00Z",
    }
    assert answer["streak"]["check_in"] == {
        "current_days": 1,
        "best_days": 1,
        "last_check_in": "2026-05-01T19:00:00Z",
        "last_check_in_on": "2026-05-01",
        "freezes_left": 0,
    }
    assert answer["streak"]["clean"]["started_on"] == "2026-05-01"
    assert answer["support"] is None


async def test_the_answer_shows_the_streak_that_is_read_next(berliner: Traveller) -> None:
    answer = await berliner.checks_in("2026-05-02 12:00", "2026-05-01")
    assert answer["streak"] == await berliner.reads("2026-05-02 12:00")


async def test_a_future_day_is_against_the_rule(berliner: Traveller) -> None:
    response = await berliner.puts("2026-05-01 23:59", "2026-05-02")
    assert (response.status_code, response.json()["code"]) == (422, "check_in_in_future")


async def test_seven_days_back_are_allowed_and_eight_are_not(berliner: Traveller) -> None:
    await berliner.checks_in("2026-05-10 12:00", "2026-05-03")
    response = await berliner.puts("2026-05-10 12:00", "2026-05-02")
    assert (response.status_code, response.json()["code"]) == (422, "check_in_too_old")


async def test_days_before_signing_up_can_be_filled_in(berliner: Traveller) -> None:
    answer = await berliner.checks_in("2026-05-01 12:00", "2026-04-28")
    assert answer["streak"]["check_in"]["last_check_in_on"] == "2026-04-28"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"mood": 9}, "mood"),
        ({"mood": 0}, "mood"),
        ({"urge_level": 11}, "urge_level"),
        ({"urge_level": -1}, "urge_level"),
        ({"triggers": [str(number) for number in range(21)]}, "triggers"),
        ({"triggers": ["x" * 41]}, "triggers"),
        ({"triggers": [" \u200b "]}, "triggers"),
        ({"note": "x" * 2001}, "note"),
        ({"client_id": "x" * 101}, "client_id"),
        ({"unheard_of": 1}, None),
    ],
)
async def test_a_wrong_shape_is_400(berliner: Traveller, body: dict[str, object], field: str | None) -> None:
    response = await berliner.puts("2026-05-01 12:00", **body)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (400, "invalid_request")
    if field is not None:
        assert [error["field"].split(".")[0] for error in problem["errors"]] == [field]


@pytest.mark.parametrize("day", ["today", "2026-02-30", "2026-5-1", "20260501", "2026-05-01T00:00"])
async def test_a_path_that_is_no_day_is_400(berliner: Traveller, day: str) -> None:
    assert (await berliner.puts("2026-05-01 12:00", day)).status_code == 400


async def test_triggers_are_cleaned_and_kept_once(berliner: Traveller) -> None:
    answer = await berliner.checks_in(
        "2026-05-01 12:00", triggers=["Late  night", "late\nnight", " alone ", "alone\u200b"]
    )
    assert answer["check_in"]["triggers"] == ["Late night", "alone"]


async def test_a_note_of_2000_seen_characters_fits(berliner: Traveller) -> None:
    family = "👨‍👩‍👧‍👦"
    answer = await berliner.checks_in("2026-05-01 12:00", note=family * 2000)
    assert answer["check_in"]["note"] == family * 2000


async def test_a_second_check_in_of_a_day_changes_it_and_not_the_streak(berliner: Traveller) -> None:
    first = await berliner.checks_in("2026-05-01 08:00", mood=2)
    again = await berliner.checks_in("2026-05-01 20:00", mood=5)
    assert again["streak"] == first["streak"]
    assert (again["check_in"]["mood"], again["check_in"]["created_at"]) == (5, first["check_in"]["created_at"])
    assert again["check_in"]["updated_at"] == "2026-05-01T18:00:00Z"


async def test_changing_an_older_day_leaves_the_streak_alone(berliner: Traveller) -> None:
    for when in run_of(date(2026, 5, 1), 3):
        last = await berliner.checks_in(when)
    assert (await berliner.checks_in("2026-05-03 13:00", "2026-05-02", mood=1))["streak"] == last["streak"]


async def test_2359_and_0001_are_two_days(berliner: Traveller) -> None:
    await berliner.checks_in("2026-05-01 23:59")
    answer = await berliner.checks_in("2026-05-02 00:01")
    assert answer["streak"]["check_in"]["current_days"] == 2


async def test_a_back_fill_joins_two_runs(berliner: Traveller) -> None:
    for when in ("2026-05-01 12:00", "2026-05-02 12:00", "2026-05-04 12:00", "2026-05-05 12:00"):
        await berliner.checks_in(when)
    assert await berliner.streak("2026-05-05 13:00") == (2, 0)
    answer = await berliner.checks_in("2026-05-05 14:00", "2026-05-03")
    assert answer["streak"]["check_in"]["current_days"] == 5
    assert answer["streak"]["check_in"]["last_check_in"] == "2026-05-05T10:00:00Z"
    assert await written(berliner.user_id) == await folded(berliner.user_id)


async def test_a_back_fill_gives_a_spent_freeze_back(berliner: Traveller) -> None:
    for when in [*run_of(date(2026, 5, 1), 7), "2026-05-09 12:00"]:
        await berliner.checks_in(when)
    assert await berliner.streak("2026-05-09 13:00") == (8, 0)
    answer = await berliner.checks_in("2026-05-09 14:00", "2026-05-08")
    assert (answer["streak"]["check_in"]["current_days"], answer["streak"]["check_in"]["freezes_left"]) == (9, 1)


async def test_a_back_fill_of_yesterday_after_a_missed_day_keeps_the_streak(berliner: Traveller) -> None:
    await berliner.checks_in("2026-05-01 12:00")
    assert await berliner.streak("2026-05-03 09:00") == (0, 0)
    await berliner.checks_in("2026-05-03 09:00", "2026-05-02")
    assert await berliner.streak("2026-05-03 09:00") == (2, 0)


# Nights when the clocks change: spring forward, fall back, in three kinds (at two, at midnight, by half an hour).
@pytest.mark.parametrize(
    ("zone", "first"),
    [
        (NEW_YORK, date(2026, 3, 6)),
        (NEW_YORK, date(2026, 10, 30)),
        (BERLIN, date(2026, 3, 27)),
        (BERLIN, date(2026, 10, 23)),
        ("America/Havana", date(2026, 3, 6)),
        ("America/Havana", date(2026, 10, 30)),
        ("Australia/Lord_Howe", date(2026, 4, 3)),
        ("Australia/Lord_Howe", date(2026, 10, 2)),
    ],
)
@pytest.mark.parametrize("times", ["00:01 23:59", "23:59 00:01", "12:00 12:00"])
async def test_days_are_consecutive_over_a_clock_change(live_in: LiveIn, zone: str, first: date, times: str) -> None:
    person = await live_in(zone, f"{first} 00:00")
    for number in range(5):
        day = first + timedelta(days=number)
        answer = await person.checks_in(f"{day} {times.split()[number % 2]}")
        assert answer["streak"]["check_in"]["current_days"] == number + 1
        assert answer["streak"]["clean"]["current_days"] == number
    after = first + timedelta(days=6)
    assert await person.streak(f"{after - timedelta(days=1)} 23:59") == (5, 0)
    assert await person.streak(f"{after} 00:01") == (0, 0)


async def test_a_date_skipped_by_flying_east_is_no_miss(live_in: LiveIn) -> None:
    person = await live_in(HONOLULU, "2026-05-08 09:00")
    await person.checks_in("2026-05-08 12:00")
    await person.checks_in("2026-05-09 12:00")
    await person.moves("2026-05-10 18:00", KIRITIMATI)
    assert await person.streak("2026-05-11 23:59") == (2, 0)
    answer = await person.checks_in("2026-05-11 23:59")
    assert answer["streak"]["check_in"]["current_days"] == 3
    assert await written(person.user_id) == await folded(person.user_id)


async def test_a_whole_day_missed_after_the_flight_is_a_miss(live_in: LiveIn) -> None:
    person = await live_in(HONOLULU, "2026-05-09 09:00")
    await person.checks_in("2026-05-09 12:00")
    await person.moves("2026-05-10 18:00", KIRITIMATI)
    assert await person.streak("2026-05-12 00:01") == (0, 0)


async def test_a_date_had_twice_by_flying_west_is_credited_once(live_in: LiveIn) -> None:
    person = await live_in(KIRITIMATI, "2026-05-10 09:00")
    await person.checks_in("2026-05-10 12:00")
    await person.checks_in("2026-05-11 12:00")
    await person.moves("2026-05-11 13:00", HONOLULU)
    # It is the 10th again: nothing to gain, nothing lost, and the 11th that was credited is still ahead.
    assert await person.streak("2026-05-10 13:30") == (2, 0)
    assert (await person.checks_in("2026-05-10 14:00"))["streak"]["check_in"]["current_days"] == 2
    assert (await person.puts("2026-05-10 15:00", "2026-05-11")).status_code == 422
    assert (await person.checks_in("2026-05-11 12:00"))["streak"]["check_in"]["current_days"] == 2
    assert await person.streak("2026-05-12 23:59") == (2, 0)
    assert (await person.checks_in("2026-05-12 23:59"))["streak"]["check_in"]["current_days"] == 3
    assert await fetch_value("SELECT count(*) FROM check_ins WHERE user_id = $1", person.user_id) == 3


async def test_a_day_missed_in_the_east_can_still_be_had_in_the_west(live_in: LiveIn) -> None:
    person = await live_in(KIRITIMATI, "2026-05-09 09:00")
    await person.checks_in("2026-05-09 12:00")
    await person.checks_in("2026-05-11 09:00")
    await person.moves("2026-05-11 13:00", HONOLULU)
    assert await person.streak("2026-05-10 13:30") == (1, 0)
    assert (await person.checks_in("2026-05-10 14:00"))["streak"]["check_in"]["current_days"] == 3


async def test_an_evening_change_of_zone_takes_no_day(live_in: LiveIn) -> None:
    person = await live_in(NEW_YORK, "2026-05-09 09:00")
    await person.checks_in("2026-05-09 20:00")
    await person.moves("2026-05-10 22:30", BERLIN)
    answer = await person.checks_in("2026-05-11 12:00")
    assert answer["streak"]["check_in"]["current_days"] == 2


async def test_an_evening_change_where_the_day_begins_first(live_in: LiveIn) -> None:
    person = await live_in("Pacific/Auckland", "2026-05-09 00:01")
    await person.checks_in("2026-05-09 00:02")
    await person.moves("2026-05-10 22:30", KIRITIMATI)
    assert await person.streak("2026-05-11 12:00") == (1, 0)
    assert (await person.checks_in("2026-05-11 12:00"))["streak"]["check_in"]["current_days"] == 2


async def test_travel_leaves_the_zone_of_earlier_days(live_in: LiveIn) -> None:
    person = await live_in(NEW_YORK, "2026-05-09 09:00")
    await person.checks_in("2026-05-09 20:00")
    await person.moves("2026-05-10 10:00", BERLIN)
    changed = await person.checks_in("2026-05-10 20:00", "2026-05-09", mood=1)
    assert changed["check_in"]["timezone"] == NEW_YORK


async def test_fifty_at_once_on_one_day_are_one(berliner: Traveller) -> None:
    with clock.frozen(moment("2026-05-01 12:00", BERLIN)):
        await asyncio.gather(
            *(
                put_check_in(berliner.user_id, date(2026, 5, 1), mood=1 + number % 5, urge_level=0, triggers=[])
                for number in range(50)
            )
        )
    assert await fetch_value("SELECT count(*) FROM check_ins WHERE user_id = $1", berliner.user_id) == 1
    assert await written(berliner.user_id) == fold([date(2026, 5, 1)])


async def test_fifty_at_once_on_eight_days_leave_the_streak_of_all_days(berliner: Traveller) -> None:
    days = [date(2026, 5, 3) + timedelta(days=number % 8) for number in range(50)]
    random.Random(7).shuffle(days)
    with clock.frozen(moment("2026-05-10 12:00", BERLIN)):
        answers = await asyncio.gather(
            *(put_check_in(berliner.user_id, day, mood=3, urge_level=0, triggers=[]) for day in days)
        )
        assert (await read_streak(berliner.user_id)).check_in.current_days == 8
    assert max(answer.streak.check_in.current_days for answer in answers) == 8
    assert await written(berliner.user_id) == fold(set(days)) == await folded(berliner.user_id)


async def test_months_of_life_and_travel_leave_what_a_fold_of_everything_gives(live_in: LiveIn) -> None:
    chance = random.Random(20261123)
    person = await live_in(BERLIN, "2026-01-01 09:00")
    user_id, zone = person.user_id, BERLIN
    now = moment("2026-01-01 10:00", BERLIN)
    for _ in range(250):
        now += timedelta(minutes=chance.choice([1, 30, 600, 720, 1380, 1440, 1500, 1500]))
        with clock.frozen(now):
            if chance.random() < 0.2:
                there = chance.choice([HONOLULU, KIRITIMATI, NEW_YORK, BERLIN, "Australia/Lord_Howe"])
                try:
                    await change_profile(user_id, ProfileChange(timezone=there))
                    zone = there
                except TooMany:
                    pass
            else:
                back = chance.choice([0, 0, 0, 0, 1, 2, 7])
                day = local_date(now, zone) - timedelta(days=back)
                await put_check_in(user_id, day, mood=3, urge_level=0, triggers=[])
            everything = await folded(user_id)
            assert await written(user_id) == everything
            shown = (await read_streak(user_id)).check_in
            assert shown.best_days == everything.best
    assert shown.best_days > 7


async def test_a_usual_check_in_takes_three_round_trips_in_its_transaction(
    berliner: Traveller, statements: list[str]
) -> None:
    async def cost(when: str, day: str | None = None) -> int:
        statements.clear()
        with clock.frozen(moment(when, BERLIN)):
            chosen = date.fromisoformat(day or when[:10])
            await put_check_in(berliner.user_id, chosen, mood=3, urge_level=0, triggers=[])
        assert statements[0].startswith("BEGIN")
        assert statements[-1].startswith("COMMIT")
        # The last one asks for the job that works out goals and achievements.
        return len(statements) - 2

    assert await cost("2026-05-08 12:00") == 5, "the first makes the streak's row"
    assert await cost("2026-05-09 12:00") == 3, "a new day"
    assert await cost("2026-05-09 13:00") == 3, "the same day again"
    assert await cost("2026-05-09 14:00", "2026-05-07") == 4, "a back-fill"
    assert await cost("2026-05-09 15:00", "2026-05-07") == 4, "an older day again"


async def test_a_change_of_the_same_day_does_not_write_the_streak(berliner: Traveller) -> None:
    await berliner.checks_in("2026-05-01 12:00")
    version = "SELECT xmin::text FROM check_in_streaks WHERE user_id = $1"
    before = await fetch_value(version, berliner.user_id)
    await berliner.checks_in("2026-05-01 13:00")
    assert await fetch_value(version, berliner.user_id) == before


async def test_a_person_who_is_gone_is_not_found(app: object) -> None:
    with pytest.raises(NotFound):
        await put_check_in(new_id(), date(2026, 5, 1), mood=3, urge_level=0, triggers=[])


async def test_nobody_checks_in_without_signing_in(stranger: Api) -> None:
    assert (await stranger("PUT", "/v1/check-ins/no-day", json={})).status_code == 401


@pytest.mark.parametrize("kind", ["terms", "sensitive_data"])
async def test_nothing_is_kept_once_the_consent_to_it_is_withdrawn(person, kind):
    today = (await person.ok("GET", "/v1/me/dashboard"))["date"]
    body = {"mood": 3, "urge_level": 1, "triggers": []}
    await person.ok("PUT", f"/v1/me/consents/{kind}", json={"granted": False})
    refused = await person("PUT", f"/v1/check-ins/{today}", json=body)
    assert (refused.status_code, refused.json()["code"], refused.json()["kind"]) == (403, "consent_required", kind)
    await person.ok("PUT", f"/v1/me/consents/{kind}", json={"granted": True})
    await person.ok("PUT", f"/v1/check-ins/{today}", json=body)
