"""When daily messages are due: once a local day, neither twice nor never, whatever clocks and people do."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest

from domain.anchor import schedule
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, fetch_value
from domain.kit.days import instant
from domain.kit.outbox.rows import SKIPPED
from tests.anchor.conftest import run_job

MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # 07:00 in Berlin, and messages come at 09:00


async def crowd(how_many: int, timezone: str = "Europe/Berlin", joined: datetime = MONDAY - timedelta(days=30)) -> None:
    await execute(
        """INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
           SELECT gen_random_uuid(), gen_random_uuid() || '@example.org', 'anonymous', '1990-01-01', $2,
                  gen_random_uuid(), $3
           FROM generate_series(1, $1)""",
        how_many, timezone, joined,
    )  # fmt: skip


async def next_at() -> datetime:
    (row,) = await fetch("SELECT next_at FROM daily_schedule")
    return row["next_at"]


async def planned() -> list[date]:
    return [row["local_date"] for row in await fetch("SELECT local_date FROM daily_messages ORDER BY local_date")]


async def look(at: datetime) -> None:
    """What the clock does at an instant."""
    with clock.frozen(at):
        await schedule.plan_daily()


async def zone(name: str) -> None:
    await execute("UPDATE users SET timezone = $1", name)


@pytest.mark.parametrize(
    ("joined", "first"),
    [
        (datetime(2026, 11, 23, 6, 0, tzinfo=UTC), datetime(2026, 11, 23, 8, 0, tzinfo=UTC)),
        (datetime(2026, 11, 23, 7, 59, 59, tzinfo=UTC), datetime(2026, 11, 23, 8, 0, tzinfo=UTC)),
        (datetime(2026, 11, 23, 8, 0, tzinfo=UTC), datetime(2026, 11, 24, 8, 0, tzinfo=UTC)),
        (datetime(2026, 11, 23, 22, 30, tzinfo=UTC), datetime(2026, 11, 24, 8, 0, tzinfo=UTC)),
    ],
)
async def test_the_first_message(app, joined: datetime, first: datetime) -> None:
    await crowd(1, joined=joined)
    assert await next_at() is None
    await look(joined + timedelta(milliseconds=500))
    assert await next_at() == first


async def test_registering_makes_a_schedule(sign_up) -> None:
    with clock.frozen(MONDAY):
        person = await sign_up(timezone="America/New_York")
        await schedule.plan_daily()
        shown = await person.ok("GET", "/v1/anchor/today")
    assert shown == {"message": None, "due_at": "2026-11-23T14:00:00Z"}


async def test_a_chosen_time_is_followed_at_once(sign_up) -> None:
    with clock.frozen(MONDAY):
        person = await sign_up()
        await schedule.plan_daily()
        await person.ok("PATCH", "/v1/me/preferences", json={"daily_message_time": "18:30"})
        await schedule.plan_daily()
        assert await next_at() == datetime(2026, 11, 23, 17, 30, tzinfo=UTC)
        # Other preferences have nothing to do with it.
        await person.ok("PATCH", "/v1/me/preferences", json={"discreet_push": False})
        assert await next_at() is not None
        # Earlier than now on the day of joining: tomorrow, and not at once.
        await person.ok("PATCH", "/v1/me/preferences", json={"daily_message_time": "05:00"})
        await schedule.plan_daily()
        assert await next_at() == datetime(2026, 11, 24, 4, 0, tzinfo=UTC)


async def test_due_once_a_day_to_the_minute(app) -> None:
    await crowd(1)
    at = MONDAY
    while at < MONDAY + timedelta(days=3):
        await look(at)
        assert len(await planned()) == (at - MONDAY + timedelta(hours=22)) // timedelta(days=1)
        at += timedelta(minutes=30)
    assert await planned() == [date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25)]


async def test_two_clocks_at_once(app) -> None:
    await crowd(2600)
    await look(MONDAY)
    with clock.frozen(MONDAY + timedelta(hours=2)):
        counts = await asyncio.gather(*(schedule.plan_due(clock.now()) for _ in range(4)))
    assert sum(counts) == 2600
    assert await fetch_value("SELECT count(DISTINCT user_id) FROM daily_messages") == 2600
    ids = [one for row in await fetch("SELECT args FROM jobs") for one in schedule_ids(row)]
    assert len(ids) == len(set(ids)) == 2600
    assert await fetch_value("SELECT max(jsonb_array_length(args -> 'ids')) FROM jobs") == 25


def schedule_ids(row) -> list[str]:
    import msgspec

    return msgspec.json.decode(row["args"])["ids"]


async def test_people_are_planned_by_two_clocks_that_start_them_too(app) -> None:
    await crowd(1500)
    with clock.frozen(MONDAY + timedelta(hours=2)):
        await asyncio.gather(*(schedule.plan_daily() for _ in range(3)))
        await schedule.plan_daily()
    assert await fetch_value("SELECT count(*) FROM daily_messages") == 1500


async def test_three_days_late_brings_only_todays(app) -> None:
    await crowd(3)
    await look(MONDAY)
    await look(MONDAY + timedelta(days=3, hours=5))
    assert await planned() == [date(2026, 11, 26)] * 3


async def test_three_days_late_before_todays_time_brings_none(app) -> None:
    await crowd(1)
    await look(MONDAY)
    await look(MONDAY + timedelta(days=3))
    assert await planned() == []
    assert await next_at() == datetime(2026, 11, 26, 8, 0, tzinfo=UTC)


async def test_a_job_from_yesterday_is_skipped(app) -> None:
    await crowd(1)
    await look(MONDAY)
    await look(MONDAY + timedelta(hours=3))
    with clock.frozen(MONDAY + timedelta(days=1)):
        assert await run_job("anchor.daily") == SKIPPED
    row = await fetch_row("SELECT state, message_id FROM daily_messages")
    assert (row["state"], row["message_id"]) == ("skipped", None)


async def test_each_job_ends_with_its_own_peoples_day(app) -> None:
    await crowd(2, "Europe/Berlin")
    await crowd(2, "Asia/Tokyo")
    await look(MONDAY)
    await look(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
    ends = {row["not_after"] for row in await fetch("SELECT not_after FROM jobs")}
    assert ends == {datetime(2026, 11, 23, 15, tzinfo=UTC), datetime(2026, 11, 23, 23, tzinfo=UTC)}


async def test_moving_west_after_the_message_brings_no_second(app) -> None:
    await crowd(1)
    await look(MONDAY)
    await look(datetime(2026, 11, 23, 8, 0, tzinfo=UTC))
    await zone("America/New_York")
    for hour in range(24):
        await look(datetime(2026, 11, 23, 8, 30, tzinfo=UTC) + timedelta(hours=hour))
    assert await planned() == [date(2026, 11, 23)]
    await look(datetime(2026, 11, 24, 14, 0, tzinfo=UTC))
    assert await planned() == [date(2026, 11, 23), date(2026, 11, 24)]


async def test_moving_east_past_todays_time_brings_it_at_once(app) -> None:
    await crowd(1, "America/New_York")
    await look(MONDAY)
    await zone("Asia/Tokyo")  # 08:00 in New York is 22:00 in Tokyo, on the same date
    await look(datetime(2026, 11, 23, 13, 0, tzinfo=UTC))
    assert await planned() == [date(2026, 11, 23)]
    assert await next_at() == datetime(2026, 11, 24, 0, 0, tzinfo=UTC)


async def test_over_the_date_line_and_back(app) -> None:
    await crowd(1, "Pacific/Auckland")
    at = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
    moves = {30: "Pacific/Honolulu", 75: "Pacific/Auckland", 120: "Pacific/Kiritimati"}
    for hour in range(192):
        if hour in moves:
            await zone(moves[hour])
        await look(at + timedelta(hours=hour))
    days = await planned()
    assert len(days) == len(set(days))
    assert 7 <= len(days) <= 9


@pytest.mark.parametrize(
    ("name", "begins", "local"),
    [
        ("Europe/Berlin", date(2026, 3, 27), time(2, 30)), ("America/New_York", date(2026, 10, 30), time(1, 30)),
        ("America/Havana", date(2026, 3, 6), time(0, 0)), ("Australia/Lord_Howe", date(2026, 10, 2), time(2, 15)),
    ],
)  # fmt: skip
async def test_each_day_has_one_when_clocks_change(app, name: str, begins: date, local: time) -> None:
    start = instant(begins, time(0), name) - timedelta(hours=1)
    await crowd(1, name, start - timedelta(days=10))
    await execute("INSERT INTO preferences (user_id, daily_message_time) SELECT id, $1 FROM users", local)
    for half_hour in range(2 * 24 * 5):
        await look(start + timedelta(minutes=30 * half_hour))
    days = await planned()
    expected = [begins + timedelta(days=n) for n in range(5)]
    assert [day for day in days if day >= begins][:4] == expected[:4]
    assert len(days) == len(set(days))


async def test_a_deleted_person_leaves_no_schedule(sign_up) -> None:
    person = await sign_up()
    await execute("DELETE FROM users WHERE id = $1", UUID(person.user["id"]))
    assert await fetch("SELECT FROM daily_schedule") == []


async def test_the_clocks_look_uses_its_indexes(app) -> None:
    await crowd(3000)
    await look(MONDAY)
    await execute("ANALYZE daily_schedule")
    now = MONDAY + timedelta(minutes=1)
    plan = await fetch("EXPLAIN " + schedule._DUE.replace("$1", f"'{now.isoformat()}'").replace("$2", "1000"))
    assert "daily_schedule_due" in str(plan)
    await execute("UPDATE daily_schedule SET next_at = NULL WHERE user_id IN (SELECT id FROM users LIMIT 3)")
    await execute("ANALYZE daily_schedule")
    plan = await fetch("EXPLAIN " + schedule._OPEN.replace("$1", "1000"))
    assert "daily_schedule_due" in str(plan)
