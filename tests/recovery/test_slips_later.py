"""What is done about a slip later: undone, written about, listed; and what follows from all of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, fetch_value
from domain.kit.errors import NotFound
from domain.kit.ids import new_id
from domain.recovery.attempts import StreakChange, change_streak
from domain.recovery.slips import list_slips, tell_slip
from tests.conftest import Api
from tests.recovery.conftest import Traveller, moment
from tests.recovery.slipping import asks, changes, clean, slips, undoes
from tests.urges.plans import generic_scans

LiveIn = Callable[..., Awaitable[Traveller]]
BERLIN, KIRITIMATI = "Europe/Berlin", "Pacific/Kiritimati"


async def test_it_can_be_undone_for_24_hours_from_telling(mara: Traveller) -> None:
    before = await clean(mara, "2026-05-12 22:00")
    slip = await slips(mara, "2026-05-11 22:00", "2026-04-01 12:00")
    late = await undoes(mara, "2026-05-12 22:01", slip)
    assert (late.status_code, late.json()["code"]) == (422, "undo_expired")
    assert await clean(mara, "2026-05-12 22:00") != before
    assert (await undoes(mara, "2026-05-12 22:00", slip)).status_code == 204
    assert await clean(mara, "2026-05-12 22:00") == before
    for method in ("GET", "DELETE"):
        assert (await asks(mara, "2026-05-12 22:00", method, f"/v1/slips/{slip['id']}")).status_code == 404


async def test_another_person_can_neither_read_change_nor_undo_it(mara: Traveller, live_in: LiveIn) -> None:
    other = await live_in(BERLIN, "2026-05-01 09:00")
    slip = await slips(mara, "2026-05-11 22:00", feeling="tired")
    path = f"/v1/slips/{slip['id']}"
    for method, arguments in (("GET", {}), ("PATCH", {"json": {"feeling": "x"}}), ("DELETE", {})):
        assert (await asks(other, "2026-05-11 22:00", method, path, **arguments)).status_code == 404
        assert (await asks(other, "2026-05-11 22:00", method, "/v1/slips/no-id", **arguments)).status_code == 404
    assert (await other.reads("2026-05-11 22:00", "/v1/slips"))["items"] == []
    assert (await mara.reads("2026-05-11 22:00", path))["feeling"] == "tired"


# Writing about it later


async def test_words_can_be_written_later_and_taken_back(mara: Traveller) -> None:
    slip = await slips(mara, "2026-05-11 22:00", feeling="tired", triggers=["stress"])
    written = (await changes(mara, "2026-05-20 09:00", slip, reflection=" I was alone ", plan="Call Ann")).json()
    assert written == {
        **slip, "reflection": "I was alone", "plan": "Call Ann", "streak": await mara.reads("2026-05-20 09:00"),
    }  # fmt: skip
    emptied = (await changes(mara, "2026-05-20 09:00", slip, reflection=None, plan="  ", triggers=["x"])).json()
    assert emptied == {**written, "reflection": None, "plan": None, "triggers": ["x"]}
    assert (await changes(mara, "2026-05-20 09:00", slip)).json() == emptied


async def test_a_reflection_that_is_written_later_counts_by_itself(
    mara: Traveller, drain: Callable[..., Awaitable[Any]]
) -> None:
    slip = await slips(mara, "2026-05-11 22:00")
    await drain()
    await changes(mara, "2026-05-12 09:00", slip, reflection="I was alone")
    assert ("recovery.progress", "done") in await drain()
    row = await fetch_row("SELECT user_id FROM earned_achievements WHERE achievement = 'reflections-1'")
    assert row is not None
    # Other words about it change nothing that counts.
    await changes(mara, "2026-05-12 09:00", slip, plan="Call Ann")
    assert await drain() == []


@pytest.mark.parametrize(
    "said",
    [
        {"occurred_at": "2026-05-01T12:00:00Z"}, {"triggers": None}, {"triggers": [""]}, {"feeling": "x" * 201},
        {"reflection": "x" * 4001}, {"plan": "x" * 2001}, {"client_id": "x"},
    ],
)  # fmt: skip
async def test_a_wrong_change_is_400_and_changes_nothing(mara: Traveller, said: dict[str, Any]) -> None:
    slip = await slips(mara, "2026-05-11 22:00", feeling="tired")
    assert (await changes(mara, "2026-05-11 22:00", slip, **{"feeling": "sad", **said})).status_code == 400
    assert (await mara.reads("2026-05-11 22:00", f"/v1/slips/{slip['id']}"))["feeling"] == "tired"


@pytest.mark.parametrize("kind", ["terms", "sensitive_data"])
async def test_nothing_is_kept_without_consent_and_what_is_there_can_still_be_undone(person: Api, kind: str) -> None:
    slip = await person.ok("POST", "/v1/slips", json={})
    path = f"/v1/slips/{slip['id']}"
    await person.ok("PUT", f"/v1/me/consents/{kind}", json={"granted": False})
    for method, at, body in (
        ("POST", "/v1/slips", {}), ("PATCH", path, {"feeling": "sad"}),
        ("PATCH", "/v1/streak", {"started_on": "2026-01-01"}),
    ):  # fmt: skip
        answer = await person(method, at, json=body)
        assert (answer.status_code, answer.json()["code"], answer.json()["kind"]) == (403, "consent_required", kind)
    await person.ok("GET", path)
    assert (await person("DELETE", path)).status_code == 204


# The list


async def test_the_list_goes_by_when_it_happened_and_is_stable_while_slips_are_added(mara: Traveller) -> None:
    now = "2026-05-11 22:00"
    for day in (3, 1, 5, 2, 4):
        await slips(mara, now, f"2026-04-0{day} 12:00")
    whole = (await mara.reads(now, "/v1/slips"))["items"]
    assert [item["date"][-1] for item in whole] == ["5", "4", "3", "2", "1"]
    page = await mara.reads(now, "/v1/slips?limit=2")
    assert page["items"] == whole[:2]
    await slips(mara, now, "2026-04-06 12:00")
    await slips(mara, now, "2026-04-05 12:00")  # at the very moment of one that was shown
    rest = await mara.reads(now, f"/v1/slips?limit=100&cursor={page['next_cursor']}")
    assert rest == {"items": whole[2:], "next_cursor": None}


async def test_slips_of_one_moment_come_once_each(mara: Traveller) -> None:
    told = [await slips(mara, "2026-05-11 22:00") for _ in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = await mara.reads("2026-05-11 22:00", f"/v1/slips?limit=2{cursor and f'&cursor={cursor}'}")
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [slip["id"] for slip in reversed(told)]


async def test_a_page_of_a_long_list_reads_no_more_than_the_page(mara: Traveller, statements: list[str]) -> None:
    at = moment("2026-05-11 22:00", BERLIN)
    await execute(
        """INSERT INTO slips (id, user_id, occurred_at, timezone, local_date, local_hour, triggers, created_at)
           SELECT gen_random_uuid(), $1, $2::timestamptz - number * interval '1 hour', 'Europe/Berlin', '2026-01-01', 0,
                  '{}', $2
           FROM generate_series(1, 3000) AS number""",
        mara.user_id, at,
    )  # fmt: skip
    await execute("ANALYZE slips")
    statements.clear()
    await list_slips(mara.user_id, 20, None)
    (statement,) = statements
    page = (f"'{mara.user_id}'", f"'{at - timedelta(hours=2000)}'", f"'{new_id()}'", "21")
    read = [scan for scan in await generic_scans(statement, *page) if scan.table == "slips"]
    assert [scan.rows for scan in read] == [21]


# What follows


async def progress_jobs(user_id: UUID) -> int:
    count: int = await fetch_value(
        "SELECT count(*) FROM jobs WHERE name = 'recovery.progress' AND dedupe_key = $1", str(user_id)
    )
    return count


async def test_progress_is_worked_out_for_slips_undos_and_starts_and_nobody_is_told(
    mara: Traveller, drain: Callable[..., Awaitable[Any]]
) -> None:
    assert await progress_jobs(mara.user_id) == 1, "for the days that they brought along"
    await drain()
    told = await fetch_value("SELECT count(*) FROM notifications")
    slip = await slips(mara, "2026-05-11 22:00")
    assert await progress_jobs(mara.user_id) == 1
    # One more looks for partners who are to hear of it, and there are none.
    assert await fetch_value("SELECT array_agg(name ORDER BY name) FROM jobs") == [
        "recovery.progress", "recovery.tell_of_slip",
    ]  # fmt: skip
    assert await fetch_value("SELECT count(*) FROM notifications") == told
    await drain()
    assert (await changes(mara, "2026-05-11 22:00", slip, feeling="sad")).status_code == 200
    assert await progress_jobs(mara.user_id) == 0
    await undoes(mara, "2026-05-11 22:00", slip)
    assert await progress_jobs(mara.user_id) == 1
    await drain()
    with clock.frozen(moment("2026-05-11 22:00", BERLIN)):
        await change_streak(mara.user_id, StreakChange(started_on=date(2025, 1, 1)))
    assert await progress_jobs(mara.user_id) == 1


async def test_a_person_who_begins_today_brings_nothing_along(live_in: LiveIn) -> None:
    # In UTC it is the day before.
    person = await live_in(KIRITIMATI, "2026-05-11 00:30")
    assert await progress_jobs(person.user_id) == 0
    yesterday = await live_in(KIRITIMATI, "2026-05-11 00:30", started_on="2026-05-10")
    assert await progress_jobs(yesterday.user_id) == 1


async def test_a_person_who_is_gone_is_not_found(app: object) -> None:
    with pytest.raises(NotFound):
        await tell_slip(new_id())
    with pytest.raises(NotFound):
        await change_streak(new_id(), StreakChange())


async def test_without_any_attempt_the_first_slip_begins_one(mara: Traveller) -> None:
    await execute("DELETE FROM attempts")
    slip = await slips(mara, "2026-05-11 22:00")
    assert await clean(mara, "2026-05-12 09:00") == (1, 1, 1, 2, "2026-05-11")
    await undoes(mara, "2026-05-11 22:00", slip)
    assert await clean(mara, "2026-05-12 09:00") == (1, 1, 1, 1, "2026-05-11")
