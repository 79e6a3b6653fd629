"""Reminders: in the evening of the first day without a check-in, once, and only while it helps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from domain.kit.days import day_begins
from domain.recovery import expiry
from domain.sweep import reminders
from tests.recovery.conftest import Traveller, moment, plan, run_of
from tests.recovery.crowds import crowd

LiveIn = Callable[..., Awaitable[Traveller]]
HONOLULU, KIRITIMATI = "Pacific/Honolulu", "Pacific/Kiritimati"
NEW_YORK, BERLIN, HAVANA = "America/New_York", "Europe/Berlin", "America/Havana"


@pytest.fixture
async def keen(live_in: LiveIn) -> Traveller:
    """Somebody in Berlin with check-ins on the 1st, 2nd and 3rd of May."""
    person = await live_in(BERLIN, "2026-05-01 09:00")
    for when in run_of(date(2026, 5, 1), 3):
        await person.checks_in(when)
    return person


async def looks(person: Traveller, when: str) -> int:
    """What the clock does when it is `when` for the person; how many people it reminds."""
    with clock.frozen(moment(when, person.zone)):
        await expiry.place()
        return await reminders.remind()


async def told(person: Traveller) -> list[Any]:
    return await fetch(
        "SELECT * FROM notifications WHERE user_id = $1 AND kind = 'check_in_reminder' ORDER BY id", person.user_id
    )


async def test_at_eight_in_the_evening_and_once(keen: Traveller) -> None:
    assert await looks(keen, "2026-05-04 19:59") == 0
    assert await looks(keen, "2026-05-04 20:00") == 1
    assert await looks(keen, "2026-05-04 20:01") == 0
    (row,) = await told(keen)
    assert row["body"] == "Your streak of 3 days is waiting for today's check-in."
    assert "streak" not in row["discreet_body"]
    assert row["expires_at"] == day_begins(date(2026, 5, 5), BERLIN)


async def test_it_stands_in_the_inbox_and_is_pushed(
    keen: Traveller, drain: Callable[..., Awaitable[list[tuple[str, str]]]]
) -> None:
    await execute("DELETE FROM jobs")
    await looks(keen, "2026-05-04 20:00")
    with clock.frozen(moment("2026-05-04 20:01", BERLIN)):
        assert await drain() == [("push.notification", "done")]
    shown = await keen.reads("2026-05-04 20:05", "/v1/notifications")
    assert [(item["kind"], item["deep_link"]) for item in shown["items"] if item["kind"] == "check_in_reminder"] == [
        ("check_in_reminder", "kuitter://check-in")
    ]


async def test_one_for_a_gap_even_if_freezes_cover_it(live_in: LiveIn) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00")
    for when in run_of(date(2026, 5, 1), 14):
        await person.checks_in(when)
    for day in range(15, 20):
        for hour in (12, 20, 23):
            await looks(person, f"2026-05-{day} {hour}:30")
    (row,) = await told(person)
    assert "14 days" in row["body"]


async def test_the_next_gap_has_its_own(keen: Traveller) -> None:
    await looks(keen, "2026-05-04 20:00")
    await keen.checks_in("2026-05-04 22:00")
    assert await looks(keen, "2026-05-05 20:00") == 1
    assert ["3 days" in row["body"] for row in await told(keen)] == [True, False]


async def test_not_after_a_check_in(keen: Traveller) -> None:
    await keen.checks_in("2026-05-04 19:59")
    assert await looks(keen, "2026-05-04 20:00") == 0
    assert await told(keen) == []


async def test_a_check_in_at_the_same_moment_is_not_reminded_of_twice(keen: Traveller) -> None:
    await execute("DELETE FROM jobs")
    with clock.frozen(moment("2026-05-04 20:00", BERLIN)):
        await asyncio.gather(*(reminders.remind() for _ in range(3)), keen.puts("2026-05-04 20:00"))
        assert await reminders.remind() == 0
    assert len(await told(keen)) <= 1


async def test_a_check_in_answers_the_reminder(
    keen: Traveller, drain: Callable[..., Awaitable[list[tuple[str, str]]]]
) -> None:
    """So a push that quiet hours hold back is not sent once it is too late, and the inbox does not nag."""
    await looks(keen, "2026-05-04 20:00")
    with clock.frozen(moment("2026-05-04 20:30", BERLIN)):
        await drain()
    assert [row["read_at"] for row in await told(keen)] == [None]
    await keen.checks_in("2026-05-04 21:00")
    with clock.frozen(moment("2026-05-04 21:01", BERLIN)):
        await drain()
    assert [row["read_at"] for row in await told(keen)] == [moment("2026-05-04 21:01", BERLIN)]


async def test_a_back_fill_that_leaves_today_open_answers_nothing_of_today(keen: Traveller) -> None:
    await looks(keen, "2026-05-04 20:00")
    await keen.checks_in("2026-05-05 12:00", "2026-05-04")
    assert await looks(keen, "2026-05-05 20:00") == 1
    await reminders.withdraw_answered([keen.user_id])
    assert [row["read_at"] is None for row in await told(keen)] == [False, True]


async def test_one_day_is_no_streak(live_in: LiveIn) -> None:
    person = await live_in(BERLIN, "2026-05-01 09:00")
    await person.checks_in("2026-05-01 12:00")
    assert await looks(person, "2026-05-02 20:00") == 0


@pytest.mark.parametrize("when", ["2026-05-05 00:00", "2026-05-05 20:00", "2026-05-09 12:00"])
async def test_none_that_comes_too_late(keen: Traveller, when: str) -> None:
    assert await looks(keen, when) == 0
    assert await told(keen) == []
    assert await fetch_value("SELECT count(*) FROM check_in_streaks WHERE remind_at IS NOT NULL") == 0


async def test_late_on_the_same_evening_is_not_too_late(keen: Traveller) -> None:
    assert await looks(keen, "2026-05-04 23:59") == 1


async def test_none_for_who_is_suspended(keen: Traveller) -> None:
    await execute("UPDATE users SET state = 'suspended'")
    assert await looks(keen, "2026-05-04 20:00") == 0


@pytest.mark.parametrize("kind", ["terms", "sensitive_data"])
async def test_none_for_who_may_not_check_in(keen: Traveller, kind: str) -> None:
    with clock.frozen(moment("2026-05-04 12:00", BERLIN)):
        await keen.api.ok("PUT", f"/v1/me/consents/{kind}", json={"granted": False})
    assert await looks(keen, "2026-05-04 20:00") == 0


async def test_pushes_of_reminders_can_be_switched_off(
    keen: Traveller, drain: Callable[..., Awaitable[list[tuple[str, str]]]]
) -> None:
    with clock.frozen(moment("2026-05-04 12:00", BERLIN)):
        await keen.api.ok("PATCH", "/v1/me/preferences", json={"push": {"check_in_reminder": False}})
    await looks(keen, "2026-05-04 20:00")
    with clock.frozen(moment("2026-05-04 20:01", BERLIN)):
        await drain()
    assert await fetch_value("SELECT count(*) FROM pushes") == 0
    assert len(await told(keen)) == 1


@pytest.mark.parametrize("zone", [NEW_YORK, HAVANA, "Australia/Lord_Howe"])
@pytest.mark.parametrize("day", ["2026-03-08", "2026-04-05", "2026-10-04", "2026-11-01"])
async def test_eight_by_the_clocks_of_the_day_that_they_change(live_in: LiveIn, zone: str, day: str) -> None:
    last = date.fromisoformat(day) - timedelta(days=1)
    person = await live_in(zone, f"{last - timedelta(days=1)} 00:30")
    for when in run_of(last - timedelta(days=1), 2):
        await person.checks_in(when)
    assert await looks(person, f"{day} 19:59") == 0
    assert await looks(person, f"{day} 20:00") == 1


# -- other zones ---------------------------------------------------------------------------------------------------


async def test_flying_west_after_the_reminder_brings_no_second(keen: Traveller) -> None:
    assert await looks(keen, "2026-05-04 20:00") == 1
    await keen.moves("2026-05-04 20:30", NEW_YORK)
    for hour in range(14, 24):
        assert await looks(keen, f"2026-05-04 {hour}:45") == 0
    assert len(await told(keen)) == 1


async def test_flying_west_before_the_reminder_puts_it_off(keen: Traveller) -> None:
    await keen.moves("2026-05-04 18:00", NEW_YORK)
    assert await looks(keen, "2026-05-04 19:59") == 0
    assert await looks(keen, "2026-05-04 20:00") == 1


async def test_an_evening_change_into_the_next_day_reminds_in_the_evening_of_that(live_in: LiveIn) -> None:
    person = await live_in(NEW_YORK, "2026-05-01 09:00")
    for when in run_of(date(2026, 5, 1), 3):
        await person.checks_in(when)
    await person.moves("2026-05-04 19:30", BERLIN)
    assert await looks(person, "2026-05-05 01:45") == 0
    assert await looks(person, "2026-05-05 20:00") == 1


async def test_kiritimati_to_honolulu_reminds_once(live_in: LiveIn) -> None:
    person = await live_in(KIRITIMATI, "2026-05-01 09:00")
    for when in run_of(date(2026, 5, 1), 3):
        await person.checks_in(when)
    assert await looks(person, "2026-05-04 20:00") == 1
    await person.moves("2026-05-04 21:00", HONOLULU)
    assert await looks(person, "2026-05-03 22:00") == 0
    assert await looks(person, "2026-05-04 20:00") == 0


# -- many ----------------------------------------------------------------------------------------------------------


async def test_two_clocks_remind_everybody_once(app: object) -> None:
    ids = await crowd(2200, BERLIN, date(2026, 5, 1))
    await execute(
        """INSERT INTO check_in_streaks (user_id, days, best, last_check_in, last_check_in_on)
           SELECT user_id, 3, 3, '2026-05-03 12:00Z', '2026-05-03' FROM unnest($1::uuid[]) AS given (user_id)""",
        ids,
    )
    await execute(
        """INSERT INTO consents (id, user_id, kind, version, granted, changed_at)
           SELECT gen_random_uuid(), user_id, kind, '2026-11', true, '2026-01-01'
           FROM unnest($1::uuid[]) AS given (user_id), unnest(ARRAY['terms', 'sensitive_data']) AS kind""",
        ids,
    )
    with clock.frozen(datetime(2026, 5, 4, 18, tzinfo=UTC)):
        await expiry.place()
        counts = await asyncio.gather(*(reminders.remind() for _ in range(4)))
    assert sum(counts) == 2200
    assert await fetch_value("SELECT count(DISTINCT user_id) FROM notifications") == 2200
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'push.notification'") == 2200
    await execute("ANALYZE check_in_streaks; ANALYZE users")
    assert "check_in_streaks_reminders" in await plan(reminders.DUE, datetime(2026, 5, 4, tzinfo=UTC), 1000)
    await execute("ANALYZE notifications")
    answered = await plan(reminders._ANSWERED, ids[:1], datetime(2026, 5, 4, tzinfo=UTC))
    assert "notifications_unread" in answered or "notifications_inbox" in answered or "notifications_cause" in answered
