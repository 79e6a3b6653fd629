"""Many at once: one row, one notification, and nobody waits for ever."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from random import Random

from domain.achievements import awards
from domain.achievements.awards import award
from domain.achievements.overview import read_achievements
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from tests.achievements.people import Life, awarded, earned, people, told
from tests.recovery.conftest import moment

NOON = "2026-11-23 12:00"
TODAY = date(2026, 11, 23)


async def test_ten_at_once_award_once_and_tell_once(app):
    (user_id,) = await people([Life(started_on=TODAY - timedelta(days=100), entries=7)])
    await asyncio.gather(*(awarded([user_id], NOON) for _ in range(10)))
    assert len(await earned(user_id)) > 10
    assert len(await told(user_id)) == 1
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'push.notification'") == 1


async def test_fifty_readers_at_once_award_once_and_all_see_it(app):
    (user_id,) = await people([Life(started_on=TODAY - timedelta(days=8))])
    with clock.frozen(moment(NOON, "Europe/Berlin")):
        pages = await asyncio.gather(*(read_achievements(user_id) for _ in range(50)))
    assert len(await told(user_id)) == 1
    for page in pages:
        assert [item.slug for item in page.items if item.earned_at] == ["clean-days-1", "clean-days-3", "clean-days-7"]


async def test_batches_of_the_same_people_in_any_order_do_not_block_each_other(app):
    ids = await people([Life(started_on=TODAY - timedelta(days=400), entries=31) for _ in range(60)])
    random = Random(7)
    await asyncio.gather(*(awarded(random.sample(ids, k=len(ids)), NOON) for _ in range(8)))
    for user_id in ids:
        assert len(await told(user_id)) == 1
    assert await fetch_value("SELECT count(*) FROM notifications") == len(ids)
    assert len({len(await earned(user_id)) for user_id in ids}) == 1


async def test_rows_are_written_in_one_order_whatever_the_order_of_people(app):
    ids = await people([Life() for _ in range(20)])
    # So that the order of the table is another.
    for user_id in ids[:10]:
        await execute("UPDATE users SET locale = 'de' WHERE id = $1", user_id)
    given = Random(7).sample(ids, k=len(ids))
    at = moment(NOON, "Europe/Berlin")
    written = await fetch(awards._WRITE, given * 2, ["goals-1"] * 20 + ["check-ins-1"] * 20, [at] * 40)
    assert [tuple(row) for row in written] == [
        (user_id, slug) for user_id in ids for slug in ("check-ins-1", "goals-1")
    ]


async def test_a_run_that_fails_leaves_everything_to_the_next(app):
    (user_id,) = await people([Life(entries=1)])
    waiting, fail = asyncio.Event(), asyncio.Event()

    async def failing() -> None:
        async with transaction():
            await award([user_id])
            waiting.set()
            await fail.wait()
            raise RuntimeError

    first = asyncio.create_task(failing())
    await waiting.wait()
    # It waits for the row that the first one has written, and then writes its own.
    second = asyncio.create_task(awarded([user_id]))
    while not await fetch_value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
        assert not second.done()
    fail.set()
    assert isinstance((await asyncio.gather(first, return_exceptions=True))[0], RuntimeError)
    await second
    assert list(await earned(user_id)) == ["journal-1"]
    assert len(await told(user_id)) == 1


async def test_an_account_that_is_closed_meanwhile_gets_nothing(app):
    """It is seen again when the rows are written, not only when they are looked for."""
    (user_id,) = await people([Life(entries=1)])
    holding, go_on = asyncio.Event(), asyncio.Event()

    async def closing() -> None:
        async with transaction():
            # What holds the writer up, so that the account is closed between its look and its rows.
            await execute("LOCK TABLE earned_achievements IN SHARE MODE")
            holding.set()
            await go_on.wait()
            await execute("UPDATE users SET state = 'suspended' WHERE id = $1", user_id)

    closer = asyncio.create_task(closing())
    await holding.wait()
    giver = asyncio.create_task(awarded([user_id]))
    while not await fetch_value("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
        assert not giver.done()
    go_on.set()
    await asyncio.gather(closer, giver)
    assert await earned(user_id) == {}
    assert await told(user_id) == []
