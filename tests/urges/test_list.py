"""The list of urges: its order, its pages, ranges of days, and how it is read."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute
from domain.kit.pagination import encode_cursor
from domain.urges.urges import LIST, delete_urge, list_urges, log_urge
from tests.recovery.conftest import Traveller, moment
from tests.recovery.slipping import asks
from tests.urges.conftest import logs
from tests.urges.plans import generic_scans, scans

LiveIn = Callable[..., Awaitable[Traveller]]
BERLIN, HONOLULU, KIRITIMATI = "Europe/Berlin", "Pacific/Honolulu", "Pacific/Kiritimati"
WHEN = "2026-05-11 22:00"


async def listed(person: Traveller, **query: Any) -> list[str]:
    answer = await asks(person, WHEN, "GET", "/v1/urges", params=query)
    assert answer.status_code == 200, answer.text
    return [item["date"] for item in answer.json()["items"]]


async def test_the_latest_to_come_up_is_first_whenever_it_was_told(mara: Traveller) -> None:
    for at in ("2026-05-10 10:00", "2026-05-11 10:00", "2026-05-09 10:00"):
        await logs(mara, WHEN, occurred_at=moment(at, BERLIN).isoformat())
    assert await listed(mara) == ["2026-05-11", "2026-05-10", "2026-05-09"]


async def test_a_range_holds_both_its_days(mara: Traveller) -> None:
    for day in range(1, 11):
        await logs(mara, f"2026-05-{day:02} 23:59")
        await logs(mara, f"2026-05-{day + 1:02} 00:01")
    twice = ["2026-05-06", "2026-05-06", "2026-05-05", "2026-05-05"]
    assert await listed(mara, **{"from": "2026-05-05", "to": "2026-05-06"}) == twice
    assert await listed(mara, **{"from": "2026-05-11"}) == ["2026-05-11"]
    assert await listed(mara, to="2026-05-01") == ["2026-05-01"]
    assert len(await listed(mara, **{"from": "0001-01-01", "to": "9999-12-31", "limit": 100})) == 20


async def test_a_day_is_the_person_s_wherever_they_are(live_in: LiveIn) -> None:
    person = await live_in(KIRITIMATI, "2026-05-01 09:00")
    for zone in (KIRITIMATI, HONOLULU):
        if zone != person.zone:
            await person.moves("2026-05-08 12:00", zone)
        for hour in ("00:00", "23:59"):
            await logs(person, f"2026-05-10 {hour}")
    assert await listed(person, **{"from": "2026-05-10", "to": "2026-05-10"}) == ["2026-05-10"] * 4
    assert await listed(person, **{"from": "2026-05-11"}) == []
    assert await listed(person, to="2026-05-09") == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"from": "2026-05-02", "to": "2026-05-01"}, "from"),
        ({"from": "x"}, "from"),
        ({"to": "2026-02-30"}, "to"),
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": encode_cursor("2026-05-01")}, "cursor"),
        ({"cursor": encode_cursor("0001-01-01T00:00:00+14:00", "0192f0c5-7c5e-7b3a-8f43-3d1c5a2b9e77")}, "cursor"),
    ],
    ids=["turned round", "from", "to", "none", "many", "nonsense", "short", "out of range"],
)
async def test_what_cannot_be_asked_is_400(mara: Traveller, query: dict[str, str], field: str) -> None:
    answer = await asks(mara, WHEN, "GET", "/v1/urges", params=query)
    assert answer.status_code == 400, answer.text
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_pages_hold_everything_once_while_urges_come_and_go(mara: Traveller) -> None:
    chance = random.Random(20261123)
    start = datetime(2026, 5, 1, tzinfo=UTC)

    async def write(hours: int) -> UUID:
        # Many at the same instant, so that the id has to decide.
        return (
            await log_urge(mara.user_id, intensity=5, outcome="resisted", occurred_at=start + timedelta(hours=hours))
        ).id

    with clock.frozen(moment(WHEN, BERLIN)):
        there = {await write(chance.randrange(40)) for _ in range(60)}
        seen: list[UUID] = []
        cursor, removed = None, set[UUID]()
        while True:
            page = await list_urges(mara.user_id, None, None, 7, cursor)
            seen += [urge.id for urge in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
            # A new one before all that was shown, and one that was shown goes, the one under the cursor.
            await write(50)
            await delete_urge(mara.user_id, seen[-1])
            removed.add(seen[-1])
    assert len(seen) == len(set(seen))
    assert set(seen) == there


async def test_what_has_one_instant_is_ordered_by_id(mara: Traveller) -> None:
    with clock.frozen(moment(WHEN, BERLIN)):
        made = [(await log_urge(mara.user_id, intensity=5, outcome="resisted")).id for _ in range(5)]
        first = await list_urges(mara.user_id, None, None, 2, None)
        rest = await list_urges(mara.user_id, None, None, 5, first.next_cursor)
    assert [urge.id for urge in [*first.items, *rest.items]] == sorted(made, reverse=True)


@pytest.mark.parametrize("scanning", ["custom", "generic"])
async def test_a_page_is_read_by_an_index_wherever_it_lies(mara: Traveller, live_in: LiveIn, scanning: str) -> None:
    await live_in(BERLIN, "2026-05-01 09:00")
    # Some ten thousand urges each, one every 150 minutes.
    await execute(
        """INSERT INTO urges (id, user_id, occurred_at, timezone, local_date, local_hour, intensity, triggers, outcome,
                              created_at, updated_at)
           SELECT gen_random_uuid(), users.id, at, 'Europe/Berlin', at::date, 1, 5, '{}', 'resisted', at, at
           FROM users, generate_series('2023-05-01Z'::timestamptz, '2026-05-01Z', '150 minutes') AS at"""
    )
    await execute("ANALYZE urges")
    middle, few, some = datetime(2024, 8, 1, tzinfo=UTC), 40, 250
    for first, last, at, most in (
        (None, None, None, few), (None, None, middle, few), (None, date(2024, 1, 1), None, few),
        (date(2024, 1, 1), None, None, few), (date(2023, 6, 1), date(2026, 1, 1), middle, few),
        (date(2024, 1, 1), date(2024, 1, 20), None, some),
    ):  # fmt: skip
        arguments = (mara.user_id, first, last, at, mara.user_id, 21)
        if scanning == "custom":
            (scan,) = await scans(LIST, *arguments)
        else:
            (scan,) = await generic_scans(LIST, *("NULL" if each is None else f"'{each}'" for each in arguments))
        assert "user_id = " in scan.condition, scan
        assert 21 <= scan.rows <= most, (first, last, at, scan)
