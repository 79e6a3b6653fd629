"""Awarding: all levels passed, once, dated by the data, told once, never taken back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from domain.achievements.awards import award, passed_by_time
from domain.achievements.catalogue import DELIVERED
from domain.achievements.metrics import TIME_METRICS
from domain.kit.clock import clock
from domain.kit.database import OutsideTransaction, execute, fetch, fetch_row, fetch_value, transaction
from domain.kit.days import local_date
from domain.kit.ids import new_id
from tests.achievements.people import Life, awarded, earned, people, random_life, told
from tests.recovery.conftest import moment

BERLIN = "Europe/Berlin"
TODAY = date(2026, 11, 23)
NOON = "2026-11-23 12:00"


def reached(metric: str, value: int) -> set[str]:
    """The slugs of all that is delivered for the metric up to a value."""
    return {one.slug for one in DELIVERED if one.metric == metric and one.level <= value}


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


async def by_time(user_ids: list, when: str = NOON) -> None:
    """What the sweep does for people whose day it is."""
    with clock.frozen(moment(when, BERLIN)):
        async with transaction():
            await award(await passed_by_time(user_ids, local_date(clock.now(), BERLIN)))


BOTH = pytest.mark.parametrize("give", [awarded, by_time], ids=["all", "by time"])


@BOTH
async def test_all_levels_passed_are_awarded_and_none_beyond(app, give):
    (user_id,) = await people([Life(started_on=days_ago(29))])
    await give([user_id], NOON)
    assert set(await earned(user_id)) == reached("best_clean_days", 29) | reached("total_clean_days", 29)


async def test_every_metric_is_awarded_at_its_level(app):
    life = Life(
        started_on=days_ago(20), broken=[days_ago(10)], reflected=1, best_streak=3, check_ins=[TODAY],
        outcomes=["resisted"], entries=1, goals=1, quizzes=["onboarding"],
    )  # fmt: skip
    (user_id,) = await people([life])
    await awarded([user_id], NOON)
    assert set(await earned(user_id)) == {
        "clean-days-1", "clean-days-3", "clean-days-7", "days-in-all-10", "comebacks-1", "check-in-streak-3",
        "check-ins-1", "urges-logged-1", "urges-resisted-1", "journal-1", "reflections-1", "goals-1", "quizzes-1",
    }  # fmt: skip


@BOTH
async def test_what_time_brought_is_dated_to_the_beginning_of_its_day(app, give):
    (user_id,) = await people([Life(started_on=date(2026, 9, 1), broken=[date(2026, 10, 20)])])
    await give([user_id], NOON)
    when = await earned(user_id)
    assert when["clean-days-1"] == moment("2026-09-02 00:00", BERLIN)
    assert when["clean-days-30"] == moment("2026-10-01 00:00", BERLIN)
    # After the slip the sum goes on, in winter time; best does not begin again.
    assert when["days-in-all-50"] == moment("2026-10-21 00:00", BERLIN)
    assert when["comebacks-1"] == moment("2026-10-27 00:00", BERLIN)


async def test_a_day_begins_where_midnight_is_left_out_and_where_it_comes_twice(app):
    # Havana, 2026: on 8 March clocks go from 23:59 to 1:00, on 1 November midnight comes a second time.
    ids = await people([Life(zone="America/Havana", started_on=day) for day in (date(2026, 3, 7), date(2026, 10, 31))])
    await awarded(ids, NOON)
    assert (await earned(ids[0]))["clean-days-1"] == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert (await earned(ids[1]))["clean-days-1"] == datetime(2026, 11, 1, 4, tzinfo=UTC)


async def test_a_level_is_reached_when_the_day_begins_for_the_person(app):
    (user_id,) = await people([Life(zone="Pacific/Kiritimati", started_on=date(2026, 11, 22))])
    await awarded([user_id], "2026-11-22 23:59", "Pacific/Kiritimati")
    assert await earned(user_id) == {}
    await awarded([user_id], "2026-11-23 00:00", "Pacific/Kiritimati")
    assert await earned(user_id) == {"clean-days-1": datetime(2026, 11, 22, 10, tzinfo=UTC)}


async def test_what_an_event_brought_is_dated_to_now(app):
    (user_id,) = await people([Life(entries=7)])
    await awarded([user_id], NOON)
    assert await earned(user_id) == {"journal-1": moment(NOON, BERLIN), "journal-7": moment(NOON, BERLIN)}


@pytest.mark.parametrize(
    ("started", "broken", "new"),
    [(106, 96, {"clean-days-90", "days-in-all-100"}), (39, 9, {"clean-days-30", "days-in-all-25", "comebacks-1"})],
    ids=["long", "comeback"],
)
async def test_every_day_three_days_late_or_twice_the_rows_are_the_same(app, started, broken, new):
    # What is new is reached on days that the late one misses.
    life = Life(started_on=days_ago(started), broken=[days_ago(broken)])
    daily, late, twice = await people([life] * 3)
    for ago in range(12, -1, -1):
        for _ in range(2 if ago % 2 else 1):
            await by_time([daily], f"{days_ago(ago)} 00:30")
        if ago in (12, 8, 4, 0):
            await by_time([late], f"{days_ago(ago)} 18:00")
    await awarded([twice], NOON)
    await awarded([twice], NOON)
    assert await earned(daily) == await earned(late) == await earned(twice)
    assert new <= set(await earned(daily))


@BOTH
async def test_with_nothing_new_nothing_is_written(app, statements, give):
    ids = await people([Life(started_on=days_ago(40), check_ins=[TODAY]), Life(), Life(started_on=TODAY)])
    await awarded(ids, NOON)
    before = await fetch("SELECT ctid, xmin, * FROM earned_achievements ORDER BY user_id, achievement")
    statements.clear()
    await give(ids, NOON)
    looks = ["WITH"] if give is by_time else ["SELECT", "WITH"]
    assert [sql.split()[0] for sql in statements] == ["BEGIN", *looks, "COMMIT"]
    assert await fetch("SELECT ctid, xmin, * FROM earned_achievements ORDER BY user_id, achievement") == before


async def test_one_new_one_is_told_by_its_own_words(app):
    (user_id,) = await people([Life(entries=1)])
    await awarded([user_id], NOON)
    (entry,) = [one for one in DELIVERED if one.slug == "journal-1"]
    assert await told(user_id) == [(entry.title, entry.description)]
    note = await fetch_row("SELECT * FROM notifications WHERE user_id = $1", user_id)
    assert note["deep_link"] == "kuitter://achievements"
    assert note["expires_at"] == moment(NOON, BERLIN) + timedelta(days=3)
    assert note["discreet_body"]
    for word in (*entry.title.split(), "journal", "clean", "day"):
        assert word.lower() not in note["discreet_body"].lower().split()


async def test_several_are_told_as_one_in_their_order(app):
    (user_id,) = await people([Life(started_on=days_ago(3), entries=1)])
    await awarded([user_id], NOON)
    titles = [one.title for one in DELIVERED if one.slug in {"clean-days-1", "clean-days-3", "journal-1"}]
    assert await told(user_id) == [("3 milestones reached", " · ".join(titles))]


async def test_what_comes_later_is_told_by_itself(app):
    (user_id,) = await people([Life(started_on=days_ago(6))])
    await awarded([user_id], NOON)
    for when in ("2026-11-24 00:01", "2026-11-24 09:00", "2026-11-25 00:01"):
        await awarded([user_id], when)
    assert [title for title, _ in await told(user_id)] == ["2 milestones reached", "A week of your own"]


async def test_each_of_many_people_is_told_their_own(app):
    first, second, third = await people([Life(entries=1), Life(started_on=days_ago(3)), Life()])
    await awarded([first, second, third], NOON)
    assert [title for title, _ in await told(first)] == ["First page"]
    assert [title for title, _ in await told(second)] == ["2 milestones reached"]
    assert await told(third) == [] == list(await earned(third))


@pytest.mark.parametrize("state", ["deleting", "suspended"])
@BOTH
async def test_an_account_that_is_not_alive_gets_nothing(app, state, give):
    gone, there = await people([Life(started_on=days_ago(40)), Life(started_on=days_ago(40))])
    await execute(
        """UPDATE users SET state = $2, state_before = CASE WHEN $2 = 'deleting' THEN 'active' END,
               deleting_since = CASE WHEN $2 = 'deleting' THEN $3::timestamptz END,
               purges_at = CASE WHEN $2 = 'deleting' THEN $3 + interval '30 days' END WHERE id = $1""",
        gone, state, moment(NOON, BERLIN),
    )  # fmt: skip
    await give([gone, there, new_id()], NOON)
    assert await earned(gone) == {}
    assert await earned(there) != {}
    assert await fetch_value("SELECT count(*) FROM notifications WHERE user_id = $1", gone) == 0


@BOTH
async def test_nobody_is_nobody(app, give):
    await give([], NOON)
    await give([new_id()], NOON)
    assert await fetch_value("SELECT count(*) FROM earned_achievements") == 0


@BOTH
async def test_what_is_switched_off_is_not_awarded(app, catalogue, give):
    await execute("UPDATE achievements SET active = false WHERE slug IN ('clean-days-1', 'clean-days-7')")
    (user_id,) = await people([Life(started_on=days_ago(8))])
    await give([user_id], NOON)
    assert set(await earned(user_id)) == {"clean-days-3"}
    await execute("UPDATE achievements SET active = true")
    await give([user_id], NOON)
    assert set(await earned(user_id)) == {"clean-days-1", "clean-days-3", "clean-days-7"}


async def test_what_an_administrator_adds_is_awarded_to_those_who_are_past_it(app, catalogue):
    (user_id,) = await people([Life(started_on=days_ago(8))])
    await awarded([user_id], NOON)
    await execute(
        """INSERT INTO achievements (slug, metric, level, title, description, position)
           VALUES ('five', 'best_clean_days', 5, 'Five', 'Five days.', 35)"""
    )
    await awarded([user_id], NOON)
    assert (await earned(user_id))["five"] == moment("2026-11-20 00:00", BERLIN)


async def test_what_was_earned_stays_when_the_number_falls(app):
    (user_id,) = await people([Life(started_on=days_ago(8), entries=1)])
    await awarded([user_id], NOON)
    before = await earned(user_id)
    await execute("UPDATE attempts SET started_on = $2 WHERE user_id = $1", user_id, TODAY)
    await execute("DELETE FROM journal_entries WHERE user_id = $1", user_id)
    await awarded([user_id], NOON)
    assert await earned(user_id) == before
    # Getting there a second time is no second award.
    await awarded([user_id], "2026-12-01 12:00")
    assert await earned(user_id) == before
    assert len(await told(user_id)) == 1


async def test_only_time_is_asked_by_the_cheaper_way_but_whoever_it_finds_gets_everything(app):
    same, passed = await people([Life(started_on=TODAY, entries=1), Life(started_on=days_ago(1), entries=1)])
    await by_time([same, passed])
    assert await earned(same) == {}
    assert set(await earned(passed)) == {"clean-days-1", "journal-1"}


@pytest.mark.parametrize("seed", range(4))
async def test_the_cheaper_way_finds_exactly_those_who_would_be_awarded_for_days(app, seed):
    random = Random(seed)
    lives = [random_life(random, TODAY, ["onboarding"]) for _ in range(60)]
    for life in lives:
        life.zone = BERLIN
    ids = await people(lives)
    await awarded(ids[::2], "2026-11-16 12:00")
    before = {user_id: await earned(user_id) for user_id in ids}
    found = set(await passed_by_time(ids, TODAY))
    await awarded(ids, NOON)
    by_days = {one.slug for one in DELIVERED if one.metric in TIME_METRICS}
    assert found == {user_id for user_id in ids if ((await earned(user_id)).keys() - before[user_id].keys()) & by_days}
    assert 10 < len(found) < 60


async def test_it_wants_a_transaction(app):
    (user_id,) = await people([Life(entries=1)])
    with pytest.raises(OutsideTransaction):
        await award([user_id])
    assert await earned(user_id) == {}
