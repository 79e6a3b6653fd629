"""GET /v1/achievements, and the ways in which something comes to stand there."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest

from domain.achievements.catalogue import DELIVERED
from domain.achievements.overview import read_achievements
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value
from domain.kit.errors import NotFound
from domain.kit.ids import new_id
from tests.achievements.people import told
from tests.recovery.conftest import Traveller, moment, run_of
from tests.recovery.slipping import slips, undoes

BERLIN = "Europe/Berlin"
FIELDS = {"slug", "title", "description", "metric", "level", "current", "progress", "earned_at"}


@pytest.fixture
async def person(live_in) -> Traveller:
    return await live_in(BERLIN, "2026-05-01 09:00")


async def shown(person: Traveller, when: str) -> dict:
    """The items, by slug."""
    page = await person.reads(when, "/v1/achievements")
    assert page["next_cursor"] is None
    return {item["slug"]: item for item in page["items"]}


async def got(person: Traveller, when: str) -> set[str]:
    return {slug for slug, item in (await shown(person, when)).items() if item["earned_at"]}


async def drained(drain, person: Traveller, when: str) -> None:
    with clock.frozen(moment(when, person.zone)):
        await drain()


async def test_a_new_person_sees_all_of_them_before_them(person):
    items = (await person.reads("2026-05-01 09:01", "/v1/achievements"))["items"]
    assert [item["slug"] for item in items] == [one.slug for one in DELIVERED]
    assert all(set(item) == FIELDS for item in items)
    assert {(item["current"], item["progress"], item["earned_at"]) for item in items} == {(0, 0, None)}
    assert items[0]["metric"] == "best_clean_days"


async def test_progress_is_rounded_down(live_in):
    person = await live_in(BERLIN, "2026-05-01 09:00", started_on="2023-08-07")
    items = await shown(person, "2026-05-01 09:01")
    assert [(items[slug]["current"], items[slug]["progress"]) for slug in ("clean-days-730", "clean-days-1000")] == [
        (998, 100),
        (998, 99),
    ]


async def test_what_was_reached_is_there_though_no_job_ever_ran(person):
    items = await shown(person, "2026-05-08 00:00")
    assert items["clean-days-7"]["earned_at"] == "2026-05-07T22:00:00Z"
    assert items["clean-days-1"]["earned_at"] == "2026-05-01T22:00:00Z"
    assert (items["clean-days-14"]["progress"], items["clean-days-14"]["earned_at"]) == (50, None)
    assert [title for title, _ in await told(person.user_id)] == ["3 milestones reached"]


async def test_events_bring_theirs_by_the_job(person, drain):
    await person.checks_in("2026-05-01 12:00")
    await drained(drain, person, "2026-05-01 12:01")
    inbox = await person.reads("2026-05-01 12:02", "/v1/notifications")
    (note,) = [item for item in inbox["items"] if item["kind"] == "achievement"]
    assert (note["title"], note["deep_link"]) == ("First check-in", "kuitter://achievements")
    items = await shown(person, "2026-05-01 12:03")
    assert items["check-ins-1"]["earned_at"] == "2026-05-01T10:01:00Z"
    assert (items["check-ins-10"]["current"], items["check-ins-10"]["progress"]) == (1, 10)
    # The same day again changes nothing.
    await person.checks_in("2026-05-01 20:00", mood=5)
    await drained(drain, person, "2026-05-01 20:01")
    assert len(await told(person.user_id)) == 1


async def test_somebody_with_years_behind_them_is_told_once(live_in, drain):
    person = await live_in(BERLIN, "2026-05-01 09:00", started_on="2024-04-30")
    await person.checks_in("2026-05-01 09:01")
    await drained(drain, person, "2026-05-01 09:02")
    items = await shown(person, "2026-05-01 09:03")
    assert items["clean-days-730"]["earned_at"] == "2026-04-29T22:00:00Z"
    assert items["clean-days-365"]["earned_at"] == "2025-04-29T22:00:00Z"
    number = sum(item["earned_at"] is not None for item in items.values())
    assert number > 15
    assert [title for title, _ in await told(person.user_id)] == [f"{number} milestones reached"]
    # An imported start is not a slip.
    assert items["comebacks-1"]["current"] == 0


async def test_a_slip_and_undoing_it_take_nothing_back_and_give_nothing_twice(person, drain):
    before = await shown(person, "2026-05-09 12:00")
    slip = await slips(person, "2026-05-09 13:00", "2026-05-03 13:00", reflection="I was tired.")
    await drained(drain, person, "2026-05-09 13:01")
    after = await shown(person, "2026-05-09 13:02")
    assert after["clean-days-7"] == {**before["clean-days-7"], "current": 6}
    assert (after["clean-days-7"]["progress"], after["clean-days-14"]["progress"]) == (100, 42)
    assert after["reflections-1"]["earned_at"]
    assert (await undoes(person, "2026-05-09 14:00", slip)).status_code == 204
    await drained(drain, person, "2026-05-09 14:01")
    again = await shown(person, "2026-05-09 14:02")
    assert {slug: again[slug] for slug in before if slug != "reflections-1"} == {
        slug: before[slug] for slug in before if slug != "reflections-1"
    }
    assert again["reflections-1"]["earned_at"]
    assert len(await told(person.user_id)) == 2


async def test_a_week_after_a_slip_is_a_comeback(person):
    await slips(person, "2026-05-01 10:00")
    assert "comebacks-1" not in await got(person, "2026-05-07 23:59")
    assert "comebacks-1" in await got(person, "2026-05-08 00:00")


async def test_a_streak_of_check_ins_counts_by_its_best(person, drain):
    for when in run_of(date(2026, 5, 1), 3):
        await person.checks_in(when)
    item = (await shown(person, "2026-05-20 12:00"))["check-in-streak-3"]
    assert (item["current"], item["progress"]) == (3, 100)
    assert item["earned_at"] is not None


async def test_what_is_switched_off_is_shown_only_to_those_who_have_it(person, live_in, catalogue):
    await shown(person, "2026-05-03 12:00")
    await execute("UPDATE achievements SET active = false WHERE slug IN ('clean-days-1', 'clean-days-3')")
    items = await shown(person, "2026-05-05 12:00")
    assert items["clean-days-1"]["earned_at"]
    assert "clean-days-3" not in items
    other = await live_in(BERLIN, "2026-05-05 12:00")
    assert not {"clean-days-1", "clean-days-3"} & set(await shown(other, "2026-05-09 12:00"))


async def test_the_order_is_that_of_the_catalogue(person, catalogue):
    await execute("UPDATE achievements SET position = -1 WHERE slug = 'journal-1'")
    await execute("UPDATE achievements SET position = -1 WHERE slug = 'goals-1'")
    assert list(await shown(person, "2026-05-01 12:00"))[:3] == ["goals-1", "journal-1", "clean-days-1"]


async def test_nobody_sees_what_another_has(person, live_in):
    other = await live_in(BERLIN, "2026-05-08 12:00")
    assert await got(person, "2026-05-08 12:00")
    assert await got(other, "2026-05-08 12:00") == set()


async def test_reading_is_one_statement_once_all_is_noted(person, statements):
    await shown(person, "2026-05-08 12:00")
    statements.clear()
    with clock.frozen(moment("2026-05-08 12:01", BERLIN)):
        page = await read_achievements(person.user_id)
    assert len(statements) == 1
    assert sum(item.earned_at is not None for item in page.items) == 3


async def test_reading_and_the_job_at_once_award_once(person, drain):
    await person.checks_in("2026-05-20 12:00")
    with clock.frozen(moment("2026-05-20 12:01", BERLIN)):
        await asyncio.gather(drain(), *(person.api.ok("GET", "/v1/achievements") for _ in range(5)))
    assert len(await told(person.user_id)) in (1, 2)
    number = await fetch_value("SELECT count(*) FROM earned_achievements WHERE user_id = $1", person.user_id)
    assert number == len(await got(person, "2026-05-20 12:02")) == 6


async def test_a_person_who_is_gone_is_not_found(app):
    with pytest.raises(NotFound):
        await read_achievements(new_id())


async def test_a_corrected_start_awards_what_it_brings(person, drain):
    with clock.frozen(moment("2026-05-01 10:00", BERLIN)):
        await person.api.ok("PATCH", "/v1/streak", json={"started_on": str(date(2026, 5, 1) - timedelta(days=14))})
    await drained(drain, person, "2026-05-01 10:01")
    assert [title for title, _ in await told(person.user_id)] == ["5 milestones reached"]
    assert (await shown(person, "2026-05-01 10:02"))["clean-days-14"]["earned_at"] == "2026-04-30T22:00:00Z"
