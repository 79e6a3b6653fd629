"""Slips told again, and many at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Any

import httpx2

from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_value
from domain.kit.errors import NotFound
from domain.recovery.attempts import StreakChange, change_streak
from domain.recovery.slips import tell_slip, undo_slip
from domain.recovery.standing import read_streak
from tests.recovery.conftest import Traveller, attempts_of, moment
from tests.recovery.slipping import asks, clean, slips

LiveIn = Callable[..., Awaitable[Traveller]]
BERLIN = "Europe/Berlin"


async def test_the_same_client_id_is_the_same_slip(mara: Traveller) -> None:
    first = await slips(mara, "2026-05-11 22:00", client_id="s1", feeling="tired")
    again = await slips(mara, "2026-05-12 09:00", client_id="s1", feeling="something else")
    assert (again["id"], again["date"], again["feeling"]) == (first["id"], "2026-05-11", "tired")
    assert await clean(mara, "2026-05-12 09:00") == (1, 130, 131, 2, "2026-05-11")


async def test_a_client_id_is_each_person_s_own(mara: Traveller, live_in: LiveIn) -> None:
    other = await live_in(BERLIN, "2026-05-01 09:00")
    mine = await slips(mara, "2026-05-11 22:00", client_id="s1")
    theirs = await slips(other, "2026-05-11 22:00", client_id="s1")
    assert mine["id"] != theirs["id"]


async def test_an_idempotency_key_makes_one(mara: Traveller) -> None:
    async def send(body: dict[str, str]) -> httpx2.Response:
        headers = {"Idempotency-Key": "k1"}
        return await asks(mara, "2026-05-11 22:00", "POST", "/v1/slips", json=body, headers=headers)

    first, again = await send({"feeling": "tired"}), await send({"feeling": "tired"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (await send({"feeling": "sad"})).json()["code"] == "idempotency_conflict"
    assert await fetch_value("SELECT count(*) FROM slips") == 1


async def test_fifty_retries_at_once_are_one_slip(mara: Traveller) -> None:
    with clock.frozen(moment("2026-05-11 22:00", BERLIN)):
        told = await asyncio.gather(*(tell_slip(mara.user_id, client_id="s1") for _ in range(50)))
    assert len({slip.id for slip in told}) == 1
    assert await fetch_value("SELECT count(*) FROM slips") == 1
    assert await attempts_of(mara.user_id) == [(date(2026, 1, 1), date(2026, 5, 11)), (date(2026, 5, 11), None)]


async def test_fifty_slips_undos_and_corrections_at_once_leave_what_follows_from_the_slips(mara: Traveller) -> None:
    chance = random.Random(20261123)

    def some_time() -> datetime:
        return moment("2026-03-01 12:00", BERLIN) + timedelta(days=chance.randrange(20))

    with clock.frozen(moment("2026-05-11 22:00", BERLIN)):
        first = [await tell_slip(mara.user_id, occurred_at=some_time()) for _ in range(20)]
        work: list[Awaitable[Any]] = [undo_slip(mara.user_id, slip.id) for slip in first[:15]]
        work += [tell_slip(mara.user_id, occurred_at=some_time()) for _ in range(25)]
        work += [change_streak(mara.user_id, StreakChange(started_on=date(2026, 1, number))) for number in range(2, 12)]
        chance.shuffle(work)
        await asyncio.gather(*work)
        streak = await read_streak(mara.user_id)
    days = sorted({row[0] for row in await fetch("SELECT local_date FROM slips")})
    assert await fetch_value("SELECT count(*) FROM slips") == 30
    attempts = await attempts_of(mara.user_id)
    start = attempts[0][0]
    assert date(2026, 1, 2) <= start <= date(2026, 1, 11)
    assert attempts == list(zip([start, *days], [*days, None], strict=True))
    assert streak.clean.attempts == len(days) + 1
    assert streak.clean.total_clean_days == (date(2026, 5, 11) - start).days


async def test_fifty_undos_of_one_slip_at_once_undo_it_once(mara: Traveller) -> None:
    with clock.frozen(moment("2026-05-11 22:00", BERLIN)):
        await tell_slip(mara.user_id, occurred_at=moment("2026-05-01 12:00", BERLIN))
        slip = await tell_slip(mara.user_id)
        ends = await asyncio.gather(*(undo_slip(mara.user_id, slip.id) for _ in range(50)), return_exceptions=True)
    assert ends.count(None) == 1
    assert sum(isinstance(end, NotFound) for end in ends) == 49
    assert await attempts_of(mara.user_id) == [(date(2026, 1, 1), date(2026, 5, 1)), (date(2026, 5, 1), None)]


async def test_a_slip_leaves_the_attempts_that_it_does_not_touch(mara: Traveller) -> None:
    for day in ("2026-02-01", "2026-03-01", "2026-04-01"):
        await slips(mara, "2026-05-11 22:00", f"{day} 12:00")
    rows = "SELECT id FROM attempts WHERE ended_on <> '2026-03-01' ORDER BY started_on"
    before = await fetch(rows)
    await slips(mara, "2026-05-11 22:00", "2026-02-15 12:00")
    untouched = await fetch(f"SELECT id FROM attempts WHERE id = ANY ($1) {rows[rows.index('ORDER'):]}", [
        row["id"] for row in before
    ])  # fmt: skip
    assert untouched == before
