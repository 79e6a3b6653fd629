"""Somebody who is not heard of gets the daily message once a week after 14 days, and none after 60; and daily again as
soon as they are back."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from domain.anchor import planning
from domain.anchor.silence import comes_on, next_day
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from domain.kit.ids import new_id

JOINED = datetime(2026, 1, 4, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
# Of a person last seen on day 0: every day to the thirteenth, then each week to the eighth.
EXPECTED = [*range(1, 14), 14, 21, 28, 35, 42, 49, 56]


async def quiet_person(timezone: str = "Europe/Berlin") -> UUID:
    person = new_id()
    await execute(
        """INSERT INTO users (id, email, visibility, birth_date, timezone, store_account_token, created_at)
           VALUES ($1, 'quiet@example.org', 'anonymous', '1990-01-01', $2, $1, $3)""",
        person, timezone, JOINED,
    )  # fmt: skip
    return person


async def pass_days(first: int, last: int) -> list[int]:
    """The clock's looks of some days after joining, at noon and at midnight; on which of the days one was planned."""
    for half in range(2 * first, 2 * last + 1):
        with clock.frozen(JOINED + half * DAY / 2):
            await planning.plan_daily()
    rows = await fetch("SELECT local_date FROM daily_messages ORDER BY local_date")
    await execute("DELETE FROM jobs")
    days = [(row["local_date"] - JOINED.date()).days for row in rows]
    return [day for day in days if first <= day <= last]


async def test_a_hundred_days_of_silence(app) -> None:
    await quiet_person()
    assert await pass_days(0, 100) == EXPECTED


@pytest.mark.parametrize("sign", ["check_in", "message", "session", "sign_in"])
async def test_back_at_once_after_a_sign_of_life(app, sign: str) -> None:
    person = await quiet_person()
    assert await pass_days(54, 70) == [56]
    seen = JOINED + 70 * DAY + timedelta(hours=6)
    if sign == "check_in":
        await execute(
            """INSERT INTO check_in_streaks (user_id, last_check_in, last_check_in_on) VALUES ($1, $2, $3)
               ON CONFLICT (user_id) DO UPDATE SET last_check_in = $2, last_check_in_on = $3""",
            person, seen, seen.date(),
        )  # fmt: skip
    elif sign == "message":
        await execute(
            """INSERT INTO anchor_messages (id, user_id, role, kind, status, body, created_at)
               VALUES ($1, $1, 'person', 'chat', 'done', 'hello', $2)""",
            person, seen,
        )  # fmt: skip
    else:
        created = seen if sign == "sign_in" else JOINED
        await execute(
            "INSERT INTO sessions (id, user_id, rotated_at, created_at, expires_at) VALUES ($1, $1, $2, $3, $2)",
            person, seen, created,
        )  # fmt: skip
    assert await pass_days(71, 74) == [71, 72, 73, 74]


@pytest.mark.parametrize("timezone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Havana"])
async def test_days_are_the_persons_own(app, timezone: str) -> None:
    person = await quiet_person(timezone)
    await pass_days(10, 80)
    joined_on = await fetch_value("SELECT (created_at AT TIME ZONE timezone)::date FROM users WHERE id = $1", person)
    rows = await fetch("SELECT local_date FROM daily_messages ORDER BY local_date")
    days = [(row["local_date"] - joined_on).days for row in rows]
    assert [day for day in days if day > 11] == EXPECTED[11:]


async def test_answers_of_anchor_and_its_messages_are_no_signs(app) -> None:
    person = await quiet_person()
    await execute(
        """INSERT INTO anchor_messages (id, user_id, role, kind, status, body, created_at)
           SELECT gen_random_uuid(), $1, 'anchor', 'daily', 'done', 'hello', $2::timestamptz + n * interval '1 day'
           FROM generate_series(1, 60) AS n""",
        person, JOINED,
    )  # fmt: skip
    assert await pass_days(12, 30) == [12, 13, 14, 21, 28]


async def test_the_app_is_told_when_the_next_one_comes(sign_up) -> None:
    joined = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
    with clock.frozen(joined):
        person = await sign_up()
        await sign_up()  # whose signs of life are no signs of the person's
    await execute("UPDATE sessions SET rotated_at = $1", joined)

    async def due_at(day: int, hour: int = 6) -> str:
        with clock.frozen(joined + day * DAY + timedelta(hours=hour - 6)):
            await planning.plan_daily()
            due: str = (await person.ok("GET", "/v1/anchor/today"))["due_at"]
            return due

    assert await due_at(13) == "2026-11-14T08:00:00Z"
    assert await due_at(14) == "2026-11-15T08:00:00Z"
    # Its hour has passed, and the next is in a week.
    assert await due_at(15) == "2026-11-22T08:00:00Z"
    assert await due_at(15, 12) == "2026-11-22T08:00:00Z"
    assert await due_at(21) == "2026-11-22T08:00:00Z"
    # A sign of life: tomorrow, as today's hour has passed without one.
    assert await due_at(23, 10) == "2026-11-29T08:00:00Z"
    await execute("UPDATE sessions SET rotated_at = $1", joined + 23 * DAY)
    assert await due_at(23, 12) == "2026-11-25T08:00:00Z"


def test_the_rule_by_itself() -> None:
    seen = date(2026, 1, 4)
    assert [day for day in range(100) if comes_on(seen + day * DAY, seen)] == [0, *EXPECTED]
    # Somebody seen "tomorrow" has flown west.
    assert comes_on(seen, seen + DAY)
    assert next_day(seen + 15 * DAY, seen) == seen + 21 * DAY
    assert next_day(seen + 57 * DAY, seen) == seen + 57 * DAY
