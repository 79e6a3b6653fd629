"""Correcting the first day of the count."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import httpx2
import pytest

from tests.recovery.conftest import Traveller, attempts_of
from tests.recovery.slipping import asks, clean, slips, undoes

LiveIn = Callable[..., Awaitable[Traveller]]
NOW = "2026-05-11 22:00"


async def corrects(person: Traveller, when: str, started_on: Any) -> httpx2.Response:
    return await asks(person, when, "PATCH", "/v1/streak", json={"started_on": started_on})


async def test_the_start_is_moved_back_and_forth(mara: Traveller) -> None:
    answer = await corrects(mara, NOW, "2025-05-11")
    assert answer.status_code == 200
    assert answer.json() == await mara.reads(NOW)
    assert await clean(mara, NOW) == (365, 365, 365, 1, "2025-05-11")
    await corrects(mara, NOW, "2026-05-11")
    assert await clean(mara, NOW) == (0, 0, 0, 1, "2026-05-11")


async def test_only_the_first_attempt_is_moved(mara: Traveller) -> None:
    slip = await slips(mara, NOW, "2026-04-01 12:00")
    await corrects(mara, NOW, "2026-03-31")
    assert await clean(mara, NOW) == (40, 40, 41, 2, "2026-04-01")
    await corrects(mara, NOW, "2026-04-01")
    assert await attempts_of(mara.user_id) == [(date(2026, 4, 1), date(2026, 4, 1)), (date(2026, 4, 1), None)]
    await undoes(mara, NOW, slip)
    assert await attempts_of(mara.user_id) == [(date(2026, 4, 1), None)]


async def refusal(person: Traveller, started_on: Any) -> tuple[int, str]:
    before = await attempts_of(person.user_id)
    answer = await corrects(person, NOW, started_on)
    assert await attempts_of(person.user_id) == before
    return answer.status_code, answer.json()["code"]


async def test_what_cannot_be_a_start(mara: Traveller) -> None:
    assert await refusal(mara, "2026-05-12") == (422, "start_in_future")
    assert await refusal(mara, "1975-05-11") == (400, "invalid_request")
    assert (await corrects(mara, NOW, "1975-05-12")).status_code == 200
    await slips(mara, NOW, "2026-04-01 12:00")
    await slips(mara, NOW, "2026-05-01 12:00")
    assert await refusal(mara, "2026-04-02") == (422, "start_after_slip")


@pytest.mark.parametrize("started_on", [None, "", "2026-02-30", "2026-05-01T00:00:00Z", 20260501, ["2026-05-01"]])
async def test_what_is_no_day_is_400(mara: Traveller, started_on: Any) -> None:
    assert await refusal(mara, started_on) == (400, "invalid_request")


async def test_nothing_said_changes_nothing(mara: Traveller) -> None:
    answer = await asks(mara, NOW, "PATCH", "/v1/streak", json={})
    assert (answer.status_code, answer.json()) == (200, await mara.reads(NOW))
    assert (await asks(mara, NOW, "PATCH", "/v1/streak", json={"best_days": 9})).status_code == 400


async def test_today_is_the_person_s_and_what_stands_stays_allowed(live_in: LiveIn) -> None:
    person = await live_in("Pacific/Kiritimati", "2026-05-11 00:30", started_on="2026-05-10")
    # In UTC it is the 10th still.
    assert (await corrects(person, "2026-05-11 00:40", "2026-05-11")).status_code == 200
    await person.moves("2026-05-11 13:00", "Pacific/Honolulu")
    assert (await corrects(person, "2026-05-10 14:00", "2026-05-11")).status_code == 200
    assert (await corrects(person, "2026-05-10 14:00", "2026-05-09")).status_code == 200
    assert (await corrects(person, "2026-05-10 14:00", "2026-05-11")).json()["code"] == "start_in_future"


async def test_a_correction_is_the_person_s_own(mara: Traveller, live_in: LiveIn) -> None:
    other = await live_in("Europe/Berlin", "2026-05-01 09:00")
    await corrects(other, NOW, "2020-01-01")
    assert await clean(mara, NOW) == (130, 130, 130, 1, "2026-01-01")
