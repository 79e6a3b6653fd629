"""When streaks end, written down: the instant, its note, and that neither decides what people see."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kit.clock import clock
from domain.kit.database import engine, execute, fetch_row, fetch_value, transaction
from domain.kit.days import instant, local_date
from domain.recovery import expiry
from domain.recovery.check_ins import put_check_in
from domain.recovery.expiry import due_of
from domain.recovery.streaks import CheckInStreak, as_of, days_to_come, ends_on
from domain.sweep import days
from tests.recovery.conftest import Traveller, moment, plan, run_of

LiveIn = Callable[..., Awaitable[Traveller]]
HONOLULU, KIRITIMATI = "Pacific/Honolulu", "Pacific/Kiritimati"
NEW_YORK, BERLIN, HAVANA, LORD_HOWE = "America/New_York", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe"


@pytest.fixture
async def berliner(live_in: LiveIn) -> Traveller:
    return await live_in(BERLIN, "2026-05-01 09:00")


async def stored(person: Traveller) -> Any:
    return await fetch_row(
        "SELECT expires_at, ended_at, remind_at FROM check_in_streaks WHERE user_id = $1", person.user_id
    )


async def looks(person: Traveller, when: str) -> None:
    """What the clock does when it is `when` for the person."""
    with clock.frozen(moment(when, person.zone)):
        await expiry.place()
        await expiry.note_ended()


async def test_a_zone_whose_name_was_given_up_stops_nobody(berliner: Traveller, live_in: LiveIn) -> None:
    other = await live_in(BERLIN, "2026-05-01 09:00")
    for when in run_of(date(2026, 5, 1), 3):
        await berliner.checks_in(when)
        await other.checks_in(when)
    await execute("UPDATE users SET timezone = 'US/Pacific-New' WHERE id = $1", other.user_id)
    await execute("UPDATE check_in_streaks SET expires_at = NULL")
    with clock.frozen(moment("2026-05-08 12:00", BERLIN)):
        await days.sweep_days()
    await looks(berliner, "2026-05-08 12:00")
    assert (await stored(berliner))["ended_at"] == (await stored(other))["ended_at"] - timedelta(hours=2)
    assert await fetch_value("SELECT count(*) FROM earned_achievements WHERE achievement = 'clean-days-7'") == 2
    # Their own app goes on as well, and may name a zone that there is.
    await other.reads("2026-05-08 12:00", "/v1/me/dashboard")
    await other.moves("2026-05-08 12:00", BERLIN)


# -- the rule ------------------------------------------------------------------------------------------------------


def streak(last: date, days: int = 5, freezes: int = 0) -> CheckInStreak:
    return CheckInStreak(days, days, freezes, 0, last)


@given(
    st.integers(0, 2),
    st.sets(st.integers(-3, 12)).map(lambda days: {date(2026, 5, 10) + timedelta(days=day) for day in days}),
)
def test_the_day_of_the_end_is_the_first_on_which_nothing_is_left(freezes: int, excused: set[date]) -> None:
    written = streak(date(2026, 5, 10), freezes=freezes)
    end = ends_on(written, excused)
    assert as_of(written, end, excused)[0] == 0
    assert as_of(written, end - timedelta(days=1), excused)[0] == 5


def test_there_is_no_end_of_what_never_began() -> None:
    with pytest.raises(ValueError, match="no check-in"):
        ends_on(CheckInStreak())
    with pytest.raises(ValueError, match="no check-in"):
        days_to_come(CheckInStreak(), 1)


@pytest.mark.parametrize("freezes", [0, 1, 2])
def test_each_freeze_puts_the_end_off_by_a_day(freezes: int) -> None:
    due = due_of(streak(date(2026, 5, 10), freezes=freezes), BERLIN, set())
    assert due.expires_at == moment("2026-05-12 00:00", BERLIN) + timedelta(days=freezes)
    assert due.remind_at == moment("2026-05-11 20:00", BERLIN)


def test_an_excused_day_is_neither_missed_nor_reminded_on() -> None:
    due = due_of(streak(date(2026, 5, 10)), BERLIN, {date(2026, 5, 11)})
    assert due.expires_at == moment("2026-05-13 00:00", BERLIN)
    assert due.remind_at == moment("2026-05-12 20:00", BERLIN)


def test_one_day_is_not_reminded_of() -> None:
    assert due_of(streak(date(2026, 5, 10), days=1), BERLIN, set()).remind_at is None
    assert due_of(streak(date(2026, 5, 10), days=2), BERLIN, set()).remind_at is not None


CHANGES = {
    "new york, spring": (NEW_YORK, date(2026, 3, 7), datetime(2026, 3, 9, 4, tzinfo=UTC)),
    "new york, autumn": (NEW_YORK, date(2026, 10, 31), datetime(2026, 11, 2, 5, tzinfo=UTC)),
    "berlin, spring": (BERLIN, date(2026, 3, 28), datetime(2026, 3, 29, 22, tzinfo=UTC)),
    "berlin, autumn": (BERLIN, date(2026, 10, 24), datetime(2026, 10, 25, 23, tzinfo=UTC)),
    # Midnight is left out: the 8th begins at 01:00.
    "havana, the day without a midnight ends it": (HAVANA, date(2026, 3, 6), datetime(2026, 3, 8, 5, tzinfo=UTC)),
    "havana, the day without a midnight is missed": (HAVANA, date(2026, 3, 7), datetime(2026, 3, 9, 4, tzinfo=UTC)),
    "lord howe, half an hour on": (LORD_HOWE, date(2026, 10, 3), datetime(2026, 10, 4, 13, tzinfo=UTC)),
    "lord howe, half an hour back": (LORD_HOWE, date(2026, 4, 4), datetime(2026, 4, 5, 13, 30, tzinfo=UTC)),
    "kiritimati": (KIRITIMATI, date(2026, 5, 10), datetime(2026, 5, 11, 10, tzinfo=UTC)),
}


@pytest.mark.parametrize("case", CHANGES)
def test_the_end_is_the_first_instant_of_a_day_whatever_the_clocks_do(case: str) -> None:
    zone, last, expected = CHANGES[case]
    end = due_of(streak(last), zone, set()).expires_at
    assert end == expected
    before, after = (as_of(streak(last), local_date(at, zone))[0] for at in (end - timedelta(seconds=1), end))
    assert (before, after) == (5, 0)


@pytest.mark.parametrize(("zone", "day"), [(NEW_YORK, date(2026, 3, 7)), (BERLIN, date(2026, 10, 24))])
def test_the_reminder_comes_at_eight_by_the_new_clocks(zone: str, day: date) -> None:
    due = due_of(streak(day), zone, set())
    assert due.remind_at == instant(day + timedelta(days=1), time(20), zone)


# -- check-ins write it --------------------------------------------------------------------------------------------


async def test_a_check_in_says_when_its_streak_will_end(berliner: Traveller) -> None:
    await berliner.checks_in("2026-05-01 12:00")
    assert tuple(await stored(berliner)) == (moment("2026-05-03 00:00", BERLIN), None, None)
    await berliner.checks_in("2026-05-02 12:00")
    assert tuple(await stored(berliner)) == (
        moment("2026-05-04 00:00", BERLIN), None, moment("2026-05-03 20:00", BERLIN),
    )  # fmt: skip


async def test_a_freeze_earned_puts_the_end_off(berliner: Traveller) -> None:
    for when in run_of(date(2026, 5, 1), 7):
        await berliner.checks_in(when)
    assert (await stored(berliner))["expires_at"] == moment("2026-05-10 00:00", BERLIN)


async def test_a_back_fill_moves_the_end(berliner: Traveller) -> None:
    for when in run_of(date(2026, 5, 1), 8):
        if not when.startswith("2026-05-04"):
            await berliner.checks_in(when)
    assert (await stored(berliner))["expires_at"] == moment("2026-05-10 00:00", BERLIN)
    await berliner.checks_in("2026-05-08 13:00", "2026-05-04")
    assert (await stored(berliner))["expires_at"] == moment("2026-05-11 00:00", BERLIN)


async def test_who_fills_yesterday_in_at_night_is_not_reminded_at_once(berliner: Traveller) -> None:
    await berliner.checks_in("2026-05-01 12:00")
    await berliner.checks_in("2026-05-03 21:00", "2026-05-02")
    assert tuple(await stored(berliner)) == (moment("2026-05-04 00:00", BERLIN), None, None)


async def test_a_first_check_in_of_a_day_before_a_flight_knows_the_flight(live_in: LiveIn) -> None:
    person = await live_in(HONOLULU, "2026-05-09 09:00")
    await person.moves("2026-05-10 18:00", KIRITIMATI)
    answer = await person.checks_in("2026-05-11 20:00", "2026-05-09")
    assert answer["streak"]["check_in"]["current_days"] == 1, "the 10th was cut short, the 11th is today"
    assert (await stored(person))["expires_at"] == moment("2026-05-12 00:00", KIRITIMATI)


# -- what has ended ------------------------------------------------------------------------------------------------


async def test_an_end_is_noted_at_its_instant_however_late(berliner: Traveller) -> None:
    await berliner.checks_in("2026-05-01 12:00")
    end = moment("2026-05-03 00:00", BERLIN)
    with clock.frozen(end - timedelta(seconds=1)):
        assert await expiry.note_ended() == 0
    with clock.frozen(end + timedelta(days=3, hours=7)):
        assert await expiry.note_ended() == 1
        assert await expiry.note_ended() == 0
    assert tuple(await stored(berliner)) == (end, end, None)


async def test_what_is_read_does_not_wait_for_the_note(berliner: Traveller) -> None:
    await berliner.checks_in("2026-05-01 12:00")
    assert await berliner.streak("2026-05-02 23:59") == (1, 0)
    assert await berliner.streak("2026-05-03 00:00") == (0, 0)


async def test_the_note_leaves_days_and_freezes_alone(berliner: Traveller) -> None:
    for when in run_of(date(2026, 5, 1), 8):
        await berliner.checks_in(when)
    numbers = "SELECT ROW(days, best, freezes, toward_freeze)::text FROM check_in_streaks WHERE user_id = $1"
    before = await fetch_value(numbers, berliner.user_id)
    await looks(berliner, "2026-06-01 12:00")
    assert (await stored(berliner))["ended_at"] is not None
    assert await fetch_value(numbers, berliner.user_id) == before


async def test_a_check_in_after_the_end_begins_anew(berliner: Traveller) -> None:
    await berliner.checks_in("2026-05-01 12:00")
    await looks(berliner, "2026-05-05 12:00")
    await berliner.checks_in("2026-05-05 13:00")
    assert tuple(await stored(berliner)) == (moment("2026-05-07 00:00", BERLIN), None, None)


async def test_a_back_fill_after_the_note_brings_the_streak_back(berliner: Traveller) -> None:
    await berliner.checks_in("2026-05-01 12:00")
    await looks(berliner, "2026-05-03 12:00")
    await berliner.checks_in("2026-05-03 13:00", "2026-05-02")
    assert await berliner.streak("2026-05-03 13:01") == (2, 0)
    assert (await stored(berliner))["ended_at"] is None


async def test_two_clocks_note_each_end_once(app: object) -> None:
    await crowd(2500, datetime(2026, 5, 3, tzinfo=UTC))
    with clock.frozen(datetime(2026, 5, 3, 1, tzinfo=UTC)):
        counts = await asyncio.gather(*(expiry.note_ended() for _ in range(4)))
    assert sum(counts) == 2500
    assert await fetch_value("SELECT count(*) FROM check_in_streaks WHERE ended_at = expires_at") == 2500


async def crowd(people: int, expires_at: datetime | None) -> None:
    await execute(
        """WITH made AS (
               INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
               SELECT gen_random_uuid(), gen_random_uuid() || '@example.org', 'anonymous', '1990-01-01',
                      'Europe/Berlin', gen_random_uuid(), '2026-01-01' FROM generate_series(1, $1)
               RETURNING id)
           INSERT INTO check_in_streaks (user_id, days, best, last_check_in, last_check_in_on, expires_at)
           SELECT id, 3, 3, '2026-05-01 12:00Z', '2026-05-01', $2 FROM made""",
        people, expires_at,
    )  # fmt: skip


# -- other zones ---------------------------------------------------------------------------------------------------


async def test_flying_west_after_midnight_brings_the_day_back(berliner: Traveller) -> None:
    await berliner.checks_in("2026-05-10 12:00")
    await looks(berliner, "2026-05-12 01:00")
    assert (await stored(berliner))["ended_at"] == moment("2026-05-12 00:00", BERLIN)
    await berliner.moves("2026-05-12 02:00", NEW_YORK)
    assert tuple(await stored(berliner)) == (None, None, None)
    await looks(berliner, "2026-05-11 20:30")
    assert tuple(await stored(berliner)) == (moment("2026-05-12 00:00", NEW_YORK), None, None)
    assert await berliner.streak("2026-05-11 21:00") == (1, 0)
    answer = await berliner.checks_in("2026-05-11 22:00")
    assert answer["streak"]["check_in"]["current_days"] == 2


async def test_kiritimati_to_honolulu_puts_the_end_off_by_a_day(live_in: LiveIn) -> None:
    person = await live_in(KIRITIMATI, "2026-05-10 09:00")
    await person.checks_in("2026-05-10 10:00")
    await person.moves("2026-05-11 12:00", HONOLULU)
    await looks(person, "2026-05-10 13:00")
    assert (await stored(person))["expires_at"] == moment("2026-05-12 00:00", HONOLULU)


async def test_honolulu_to_kiritimati_excuses_the_day_that_was_cut_short(live_in: LiveIn) -> None:
    person = await live_in(HONOLULU, "2026-05-09 09:00")
    await person.checks_in("2026-05-09 10:00")
    await person.moves("2026-05-10 18:00", KIRITIMATI)
    await looks(person, "2026-05-11 18:30")
    assert (await stored(person))["expires_at"] == moment("2026-05-12 00:00", KIRITIMATI)


async def test_an_evening_change_into_the_next_day_misses_nothing(live_in: LiveIn) -> None:
    person = await live_in(NEW_YORK, "2026-05-08 09:00")
    for when in ("2026-05-08 10:00", "2026-05-09 10:00"):
        await person.checks_in(when)
    await person.moves("2026-05-10 22:30", BERLIN)
    await looks(person, "2026-05-11 05:00")
    assert tuple(await stored(person)) == (
        moment("2026-05-12 00:00", BERLIN), None, moment("2026-05-11 20:00", BERLIN),
    )  # fmt: skip


async def test_another_zone_of_somebody_who_never_checked_in_has_nothing_to_place(berliner: Traveller) -> None:
    await berliner.moves("2026-05-01 12:00", NEW_YORK)
    with clock.frozen(moment("2026-05-01 12:00", NEW_YORK)):
        assert await expiry.place() == 0
    assert (await berliner.checks_in("2026-05-01 13:00"))["streak"]["check_in"]["current_days"] == 1


@pytest.mark.parametrize("first", [True, False])
async def test_a_change_of_zone_in_parallel_with_a_check_in_leaves_no_end_by_the_old_zone(
    berliner: Traveller, *, first: bool
) -> None:
    """The check-in reads the old zone, waits for the change to commit, and must not write what follows from the old."""
    if not first:
        await berliner.checks_in("2026-05-01 12:00")
    with clock.frozen(moment("2026-05-02 12:00", BERLIN)):
        async with transaction():
            await execute("UPDATE users SET timezone = $2 WHERE id = $1", berliner.user_id, NEW_YORK)
            # In a task of its own context: transactions do not nest.
            checking_in = asyncio.create_task(_outside(put_check_in, berliner.user_id, date(2026, 5, 2)))
            await _until_waiting()
        await checking_in
        await expiry.place()
    expected = moment("2026-05-04 00:00", NEW_YORK)
    assert (await stored(berliner))["expires_at"] == expected


async def _outside(work: Callable[..., Awaitable[Any]], *arguments: Any) -> Any:
    engine().current_transaction.set(None)
    return await work(*arguments, mood=3, urge_level=0, triggers=[])


async def _until_waiting() -> None:
    async with asyncio.timeout(20):
        while not await _outside_value(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        ):
            await asyncio.sleep(0.01)


async def _outside_value(sql: str) -> Any:
    async def ask() -> Any:
        engine().current_transaction.set(None)
        return await fetch_value(sql)

    return await asyncio.create_task(ask())


async def test_two_clocks_place_everybody(app: object) -> None:
    await crowd(2300, None)
    with clock.frozen(datetime(2026, 5, 2, tzinfo=UTC)):
        counts = await asyncio.gather(*(expiry.place() for _ in range(3)))
    assert sum(counts) == 2300
    assert await fetch_value("SELECT count(*) FROM check_in_streaks WHERE expires_at IS NULL") == 0


async def test_each_look_uses_its_index(app: object) -> None:
    await crowd(3000, datetime(2026, 5, 3, tzinfo=UTC))
    await execute("UPDATE check_in_streaks SET ended_at = expires_at")
    await execute("ANALYZE check_in_streaks; ANALYZE users")
    assert "check_in_streaks_expiry" in await plan(expiry.ENDED, datetime(2026, 5, 3, tzinfo=UTC), 1000)
    assert "check_in_streaks_open" in await plan(expiry.OPEN, 1000)
