"""The calendar of check-ins."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from domain.kit.database import execute
from tests.conftest import Api
from tests.recovery.conftest import Traveller

LiveIn = Callable[..., Awaitable[Traveller]]
NOW = "2026-05-31 12:00"


@pytest.fixture
async def regular(live_in: LiveIn) -> Traveller:
    """Checked in every day of the 400 up to 2026-05-31, in New York."""
    person = await live_in("America/New_York", "2026-05-31 09:00")
    await execute(
        """INSERT INTO check_ins (user_id, local_date, timezone, mood, urge_level, triggers, created_at, updated_at)
           SELECT $1, $2::date - n, 'America/New_York', 3, 0, '{}', now(), now() FROM generate_series(0, 399) AS n""",
        person.user_id, date(2026, 5, 31),
    )  # fmt: skip
    return person


async def _all(person: Traveller, query: str, when: str = NOW) -> list[str]:
    days: list[str] = []
    cursor: str | None = None
    while True:
        page = await person.reads(when, f"/v1/check-ins?{query}" + (f"&cursor={cursor}" if cursor else ""))
        days += [item["date"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return days


async def test_the_last_thirty_days_newest_first(regular: Traveller) -> None:
    days = await _all(regular, "")
    assert (days[0], days[-1], len(days)) == ("2026-05-31", "2026-05-02", 30)
    assert days == sorted(set(days), reverse=True)


async def test_the_persons_own_today_ends_it(regular: Traveller) -> None:
    assert (await _all(regular, "limit=1&from=2026-05-29", "2026-05-30 23:59"))[0] == "2026-05-30"


async def test_both_ends_are_included(regular: Traveller) -> None:
    assert await _all(regular, "from=2026-01-30&to=2026-02-01") == ["2026-02-01", "2026-01-31", "2026-01-30"]


async def test_pages_neither_repeat_nor_omit(regular: Traveller) -> None:
    assert await _all(regular, "from=2026-01-01&limit=7") == await _all(regular, "from=2026-01-01&limit=100")


async def test_366_days_at_most(regular: Traveller) -> None:
    assert len(await _all(regular, "from=2025-05-31&to=2026-05-31&limit=100")) == 366
    response = await regular.api("GET", "/v1/check-ins?from=2025-05-30&to=2026-05-31")
    assert response.status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-05-02&to=2026-05-01",
        "from=yesterday",
        "to=2026-02-30",
        "limit=101",
        "limit=0",
        "cursor=x",
        "cursor=WzFd",
    ],
)
async def test_what_is_no_range_is_400(regular: Traveller, query: str) -> None:
    response = await regular.api("GET", f"/v1/check-ins?{query}")
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")


async def test_the_first_day_of_all_time_is_a_day(regular: Traveller) -> None:
    assert await _all(regular, "to=0001-01-01") == []


async def test_others_days_are_not_shown(regular: Traveller, person: Api) -> None:
    page: Any = await person.ok("GET", "/v1/check-ins?from=2026-01-01&to=2026-05-31")
    assert page == {"items": [], "next_cursor": None}
