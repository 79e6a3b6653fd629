"""The home screen in one answer and one statement."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any

import pytest

from domain.dashboard.home import read_home
from domain.kit.clock import clock
from domain.kit.database import execute
from domain.kit.errors import NotFound
from domain.kit.ids import new_id
from tests.conftest import Api
from tests.recovery.conftest import Traveller, moment, run_of

LiveIn = Callable[..., Awaitable[Traveller]]
BERLIN = "Europe/Berlin"


@pytest.fixture
async def person(live_in: LiveIn) -> Traveller:
    return await live_in(BERLIN, "2026-05-01 09:00", username="quiet_harbour")


async def home(person: Traveller, when: str) -> Any:
    return await person.reads(when, "/v1/me/dashboard")


async def _daily_message(person: Traveller, day: date, state: str) -> str:
    message_id, at = new_id(), moment(f"{day} 09:00", person.zone)
    await execute(
        """INSERT INTO anchor_messages (id, user_id, role, kind, status, body, created_at)
           VALUES ($1, $2, 'anchor', 'daily', 'done', $3, $4)""",
        message_id, person.user_id, f"For {day}", at,
    )  # fmt: skip
    await execute(
        """INSERT INTO daily_messages (id, user_id, local_date, state, source, message_id, planned_at, sent_at)
           VALUES ($1, $2, $3, $4, 'curated', $5, $6, CASE WHEN $4 = 'sent' THEN $6::timestamptz END)""",
        new_id(), person.user_id, day, state, message_id, at,
    )  # fmt: skip
    return str(message_id)


async def test_a_new_person_sees_an_empty_home(person: Traveller) -> None:
    shown = await home(person, "2026-05-01 09:01")
    achievement = shown.pop("next_achievement")
    assert (achievement["current"], achievement["progress"], achievement["earned_at"]) == (0, 0, None)
    (quiz,) = shown.pop("quizzes_waiting")
    assert (quiz["slug"], quiz["started"]) == ("onboarding", False)
    assert shown == {
        "date": "2026-05-01",
        "timezone": BERLIN,
        "public_name": "quiet_harbour",
        "why": None,
        "plan": "free",
        "streak": await person.reads("2026-05-01 09:01"),
        "check_in": None,
        "check_ins": [],
        "last_seven_days": {"urges": 0, "urges_resisted": 0, "journal_entries": 0, "freeze_days": []},
        "slip": None,
        "goals": [],
        "achievements": [],
        "anchor_message": None,
        "unread_notifications": 0,
    }


async def test_the_day_is_the_persons_own(live_in: LiveIn) -> None:
    for zone, day in (("Pacific/Honolulu", "2026-04-30"), ("Pacific/Kiritimati", "2026-05-01")):
        person = await live_in(zone, "2026-04-30 01:00")
        with clock.frozen(moment("2026-05-01 00:30", "Europe/London")):
            assert (await person.api.ok("GET", "/v1/me/dashboard"))["date"] == day


async def test_todays_check_in_and_those_of_seven_days(person: Traveller) -> None:
    for when in run_of(date(2026, 5, 1), 9):
        await person.checks_in(when)
    shown = await home(person, "2026-05-09 13:00")
    assert shown["check_in"]["date"] == "2026-05-09"
    assert [each["date"] for each in shown["check_ins"]] == [f"2026-05-0{day}" for day in range(9, 2, -1)]
    assert shown["check_in"] == shown["check_ins"][0]
    tomorrow = await home(person, "2026-05-10 00:01")
    assert tomorrow["check_in"] is None
    assert len(tomorrow["check_ins"]) == 6
    assert tomorrow["streak"]["check_in"]["current_days"] == 9


async def test_a_day_credited_further_east_is_not_todays(live_in: LiveIn) -> None:
    person = await live_in("Pacific/Kiritimati", "2026-05-11 09:00")
    await person.checks_in("2026-05-11 12:00")
    await person.moves("2026-05-11 13:00", "Pacific/Honolulu")
    shown = await home(person, "2026-05-10 14:00")
    assert (shown["date"], shown["check_in"], shown["check_ins"]) == ("2026-05-10", None, [])
    assert shown["streak"]["check_in"]["current_days"] == 1


async def test_the_daily_message_of_today_once_sent(person: Traveller) -> None:
    await _daily_message(person, date(2026, 5, 1), "sent")
    sent = await _daily_message(person, date(2026, 5, 2), "sent")
    await _daily_message(person, date(2026, 5, 3), "planned")
    assert (await home(person, "2026-05-02 12:00"))["anchor_message"] == {
        "id": sent,
        "body": "For 2026-05-02",
        "sent_at": "2026-05-02T07:00:00Z",
    }
    assert (await home(person, "2026-05-03 12:00"))["anchor_message"] is None


async def test_unread_notifications_and_why(person: Traveller) -> None:
    await person.api.ok("PATCH", "/v1/me", json={"why": "for my daughter"})
    now = moment("2026-05-01 12:00", BERLIN)
    for number in range(3):
        await execute(
            """INSERT INTO notifications (id, user_id, kind, cause, title, body, discreet_body, deep_link, collapse_id,
                                          created_at, expires_at, read_at)
               VALUES ($1, $2, 'anchor_daily', $3, 't', 'b', 'd', 'l', $3, $4, $5, $6)""",
            new_id(), person.user_id, f"cause {number}", now, now + timedelta(days=1), now if number == 0 else None,
        )  # fmt: skip
    shown = await home(person, "2026-05-01 13:00")
    assert (shown["unread_notifications"], shown["why"]) == (2, "for my daughter")


async def test_nobody_elses_rows_are_shown(person: Traveller, sign_up: Callable[..., Awaitable[Api]]) -> None:
    await person.checks_in("2026-05-01 12:00")
    await _daily_message(person, date(2026, 5, 1), "sent")
    other = Traveller(await sign_up(), BERLIN)
    shown = await home(other, "2026-05-01 13:00")
    assert (shown["check_in"], shown["check_ins"], shown["anchor_message"]) == (None, [], None)


async def test_a_person_who_is_gone_is_not_found(app: object) -> None:
    with pytest.raises(NotFound):
        await read_home(new_id())
