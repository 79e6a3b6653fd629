"""Planning daily messages: once a local day, neither twice nor never, whatever clocks and people do."""

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import msgspec
import pytest

from domain.anchor import planning, sending
from domain.anchor.schedule import EARLIEST, LATEST
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from domain.kit.days import instant
from domain.kit.outbox.rows import SKIPPED
from tests.anchor.conftest import run_job

# 07:00 in Berlin, and messages come at 09:00. At the weekend the provider is never dear.
SATURDAY = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
NINE = SATURDAY + timedelta(hours=2)
DAY = timedelta(days=1)


async def crowd(how_many: int, timezone: str = "Europe/Berlin", joined: datetime = SATURDAY - 5 * DAY) -> None:
    await execute(
        """INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
           SELECT gen_random_uuid(), gen_random_uuid() || '@example.org', 'anonymous', '1990-01-01', $2,
                  gen_random_uuid(), $3
           FROM generate_series(1, $1)""",
        how_many, timezone, joined,
    )  # fmt: skip


async def is_next_for(due_at: datetime) -> bool:
    """Whether the one person's next message is to be written for that instant."""
    (row,) = await fetch("SELECT next_at FROM daily_schedule")
    return due_at - EARLIEST <= row["next_at"] <= due_at - LATEST


async def planned() -> list[date]:
    return [row["local_date"] for row in await fetch("SELECT local_date FROM daily_messages ORDER BY local_date")]


async def look(at: datetime) -> None:
    """What the clock does at an instant."""
    with clock.frozen(at):
        await planning.plan_daily()


async def look_and_send(at: datetime) -> None:
    """And what follows when nobody is slow."""
    await look(at)
    with clock.frozen(at):
        due = await fetch("SELECT id FROM daily_messages WHERE look_at IS NOT NULL AND due_at <= $1", at)
        await sending.send_batch([row["id"] for row in due])
    await execute("DELETE FROM jobs")


async def sent() -> list[date]:
    rows = await fetch("SELECT local_date FROM daily_messages WHERE state = 'sent' ORDER BY sent_at")
    return [row["local_date"] for row in rows]


async def zone(name: str) -> None:
    await execute("UPDATE users SET timezone = $1", name)


@pytest.mark.parametrize(
    ("joined", "first"),
    [
        (SATURDAY, NINE), (NINE - timedelta(seconds=1), NINE), (NINE, NINE + DAY),
        (NINE + timedelta(hours=14), NINE + DAY),
    ],
)  # fmt: skip
async def test_the_first_message(app, joined: datetime, first: datetime) -> None:
    await crowd(1, joined=joined)
    await look_and_send(joined + timedelta(milliseconds=500))
    at = joined.replace(minute=0, second=0) - timedelta(hours=1)
    while not await sent():
        at += timedelta(minutes=30)
        await look_and_send(at)
    assert await fetch_value("SELECT sent_at FROM daily_messages") == first


async def test_registering_makes_a_schedule(sign_up) -> None:
    with clock.frozen(SATURDAY):
        person = await sign_up(timezone="America/New_York")
        await planning.plan_daily()
        shown = await person.ok("GET", "/v1/anchor/today")
    assert shown == {"message": None, "due_at": "2026-11-21T14:00:00Z"}


async def test_a_chosen_time_is_followed_at_once(sign_up) -> None:
    with clock.frozen(SATURDAY):
        person = await sign_up()
        await planning.plan_daily()
        await person.ok("PATCH", "/v1/me/preferences", json={"daily_message_time": "18:30"})
        await planning.plan_daily()
        assert await is_next_for(datetime(2026, 11, 21, 17, 30, tzinfo=UTC))
        # Other preferences have nothing to do with it.
        await person.ok("PATCH", "/v1/me/preferences", json={"discreet_push": False})
        assert await is_next_for(datetime(2026, 11, 21, 17, 30, tzinfo=UTC))
        # Earlier than now on the day of joining: tomorrow, and not at once.
        await person.ok("PATCH", "/v1/me/preferences", json={"daily_message_time": "05:00"})
        await planning.plan_daily()
        assert await is_next_for(datetime(2026, 11, 22, 4, 0, tzinfo=UTC))


async def test_due_once_a_day_to_the_minute(app) -> None:
    await crowd(1)
    at = SATURDAY
    while at < SATURDAY + 3 * DAY:
        await look_and_send(at)
        assert len(await sent()) == (at - SATURDAY + timedelta(hours=22)) // DAY
        at += timedelta(minutes=30)
    assert await sent() == [date(2026, 11, 21), date(2026, 11, 22), date(2026, 11, 23)]


def ids_of(row) -> list[str]:
    return msgspec.json.decode(row["args"])["ids"]


async def test_two_clocks_at_once(app) -> None:
    await crowd(2600)
    await look(SATURDAY)
    with clock.frozen(NINE):
        counts = await asyncio.gather(*(planning.plan_due(clock.now()) for _ in range(4)))
        asked = await asyncio.gather(*(sending.send_due() for _ in range(3)))
    assert (sum(counts), sum(asked)) == (2600, 0)
    assert await fetch_value("SELECT count(DISTINCT user_id) FROM daily_messages") == 2600
    ids = [one for row in await fetch("SELECT args FROM jobs") for one in ids_of(row)]
    assert len(ids) == len(set(ids)) == 2600
    assert await fetch_value("SELECT max(jsonb_array_length(args -> 'ids')) FROM jobs") == 100
    await execute("DELETE FROM jobs")
    with clock.frozen(NINE + timedelta(minutes=2)):
        asked = await asyncio.gather(*(sending.send_due() for _ in range(3)))
    assert sum(asked) == 2600
    ids = [one for row in await fetch("SELECT args FROM jobs") for one in ids_of(row)]
    assert len(ids) == len(set(ids)) == 2600


async def test_a_backlog_is_planned_to_the_last(app, monkeypatch) -> None:
    monkeypatch.setattr(planning, "_BATCH", 10)
    monkeypatch.setattr(planning, "_IN_TURN", 2)
    await crowd(157)
    await look(SATURDAY)
    await look(NINE)
    assert await fetch_value("SELECT count(*) FROM daily_messages") == 157
    assert await fetch_value("SELECT count(*) FROM daily_schedule WHERE next_at <= $1", NINE) == 0


async def test_people_are_planned_by_fifty_clocks_that_start_them_too(app) -> None:
    await crowd(1500)
    with clock.frozen(NINE):
        await asyncio.gather(*(planning.plan_daily() for _ in range(50)))
        await planning.plan_daily()
    assert await fetch_value("SELECT count(*) FROM daily_messages") == 1500
    assert await fetch_value("SELECT sum(jsonb_array_length(args -> 'ids')) FROM jobs") == 1500


async def test_three_days_late_brings_only_todays(app) -> None:
    await crowd(3)
    await look(SATURDAY)
    await look_and_send(SATURDAY + timedelta(days=3, hours=5))
    assert await sent() == [date(2026, 11, 24)] * 3
    assert len(await planned()) == 3


async def test_three_days_late_before_todays_time_brings_none(app) -> None:
    await crowd(1)
    await look(SATURDAY - timedelta(days=1, hours=3))
    await look(SATURDAY + 7 * DAY)
    assert await planned() == []
    assert await is_next_for(NINE + 7 * DAY)


async def test_three_days_late_what_was_written_then_is_not_sent(app) -> None:
    await crowd(1)
    await look(SATURDAY)
    await look(NINE)
    await look_and_send(SATURDAY + timedelta(days=3, hours=5))
    assert await sent() == [date(2026, 11, 24)]
    assert await fetch_value("SELECT state FROM daily_messages ORDER BY local_date LIMIT 1") == "skipped"


async def test_a_job_from_yesterday_is_skipped(app) -> None:
    await crowd(1)
    await look(SATURDAY)
    await look(NINE)
    with clock.frozen(SATURDAY + DAY):
        assert await run_job("anchor.daily") == SKIPPED
        await sending.send_due()
        assert await run_job("anchor.send_daily") == "done"
    assert await fetch_value("SELECT state FROM daily_messages") == "skipped"


async def test_each_job_ends_with_its_own_peoples_day(app) -> None:
    await crowd(2, "Europe/Berlin")
    await crowd(2, "Asia/Tokyo")
    await look(SATURDAY - timedelta(hours=7))
    await look(SATURDAY + timedelta(hours=3))
    ends = {row["not_after"] for row in await fetch("SELECT not_after FROM jobs")}
    assert ends == {datetime(2026, 11, 21, 15, tzinfo=UTC), datetime(2026, 11, 21, 23, tzinfo=UTC)}


async def test_moving_west_after_the_message_brings_no_second(app) -> None:
    await crowd(1)
    await look(SATURDAY)
    await look_and_send(NINE)
    await zone("America/New_York")
    for hour in range(24):
        await look_and_send(NINE + timedelta(hours=hour, minutes=30))
    assert await sent() == [date(2026, 11, 21)]
    await look_and_send(datetime(2026, 11, 22, 14, 0, tzinfo=UTC))
    assert await sent() == [date(2026, 11, 21), date(2026, 11, 22)]


async def test_moving_east_past_todays_time_brings_it_at_once(app) -> None:
    await crowd(1, "America/New_York")
    await look(SATURDAY)
    await zone("Asia/Tokyo")  # 08:00 in New York is 22:00 in Tokyo, on the same date
    await look_and_send(datetime(2026, 11, 21, 13, 0, tzinfo=UTC))
    assert await sent() == [date(2026, 11, 21)]
    assert await is_next_for(datetime(2026, 11, 22, 0, 0, tzinfo=UTC))


async def test_over_the_date_line_and_back(app) -> None:
    at = datetime(2026, 11, 22, 0, 0, tzinfo=UTC)
    await crowd(1, "Pacific/Auckland", at - DAY)
    moves = {30: "Pacific/Honolulu", 75: "Pacific/Auckland", 120: "Pacific/Kiritimati"}
    for hour in range(192):
        if hour in moves:
            await zone(moves[hour])
        await look_and_send(at + timedelta(hours=hour))
    days = await sent()
    assert len(days) == len(set(days))
    assert 7 <= len(days) <= 9


# Leaving with a message that is planned, or sent, or with none.
@pytest.mark.parametrize("hour", [0, 9, 15, 21])
async def test_one_flight_over_the_date_line(app, hour: int) -> None:
    start = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    await crowd(1, "Pacific/Auckland", start - DAY)
    for passed in range(72):
        if passed == hour:
            await zone("Pacific/Honolulu")
        if passed == hour + 30:
            await zone("Pacific/Auckland")
        await look_and_send(start + timedelta(hours=passed))
    days = await sent()
    assert len(days) == len(set(days))
    # Three days passed in Auckland; in between one day was lived twice, and has one message.
    assert 3 <= len(days) <= 4


@pytest.mark.parametrize(
    ("name", "begins", "local"),
    [
        ("Europe/Berlin", date(2026, 3, 27), time(2, 30)), ("America/New_York", date(2026, 10, 30), time(1, 30)),
        ("America/Havana", date(2026, 3, 6), time(0, 0)), ("Australia/Lord_Howe", date(2026, 10, 2), time(2, 15)),
    ],
)  # fmt: skip
async def test_each_day_has_one_when_clocks_change(app, name: str, begins: date, local: time) -> None:
    start = instant(begins, time(0), name) - timedelta(hours=1)
    await crowd(1, name, start - 5 * DAY)
    await execute("INSERT INTO preferences (user_id, daily_message_time) SELECT id, $1 FROM users", local)
    for hour in range(24 * 4):
        await look_and_send(start + timedelta(hours=hour))
    days = await sent()
    expected = [begins + timedelta(days=n) for n in range(3)]
    assert [day for day in days if day >= begins][:3] == expected
    assert len(days) == len(set(days))


async def test_a_deleted_person_leaves_no_schedule(sign_up) -> None:
    person = await sign_up()
    await execute("DELETE FROM users WHERE id = $1", UUID(person.user["id"]))
    assert await fetch("SELECT FROM daily_schedule") == []


def explained(sql: str, *values: str) -> str:
    for number, value in enumerate(values, 1):
        sql = sql.replace(f"${number}", value)
    return f"EXPLAIN {sql}"


async def test_the_clocks_look_uses_its_indexes(app) -> None:
    await crowd(2000)
    await look(SATURDAY)
    await execute("ANALYZE users, daily_schedule")
    now = f"'{NINE.isoformat()}'"
    plan = await fetch(explained(planning._DUE, now, "'-infinity'", "1000"))
    assert "daily_schedule_due" in str(plan)
    plan = await fetch(explained(planning._BACKLOG, now, f"'{UUID(int=0)}'", "100"))
    assert "daily_schedule_pkey" in str(plan)
    await execute("UPDATE daily_schedule SET next_at = NULL WHERE user_id IN (SELECT id FROM users LIMIT 3)")
    await execute("ANALYZE daily_schedule")
    plan = await fetch(explained(planning._OPEN, "1000"))
    assert "daily_schedule_due" in str(plan)
    await look(NINE)
    await execute("UPDATE daily_messages SET state = 'sent', look_at = NULL; ANALYZE daily_messages")
    plan = await fetch(explained(sending._CLAIM, now, "1000", "'2 minutes'"))
    assert "daily_messages_look" in str(plan)
