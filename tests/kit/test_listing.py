"""Jobs in an operator's hands: seen, counted, made to run again, dropped; never while they run."""

from datetime import timedelta
from uuid import uuid4

import pytest

from domain.kit.database import execute, fetch, fetch_value
from domain.kit.outbox import listing, rows
from tests.kit.jobs import Call, Note, Recount, ask, bind, effects, row_of

pytestmark = pytest.mark.usefixtures("bound", "scratch")


async def dead(job) -> object:
    job_id = await ask(job)
    await execute(
        """UPDATE jobs SET state = 'dead', ended_at = now(), attempts = 12, sends = 12, error_code = 'timeout',
                           not_after = now() - interval '1 day' WHERE id = $1""",
        job_id,
    )
    return job_id


async def test_dead_job_runs_again_with_its_tries_forgiven():
    job_id = await dead(Note())
    assert await listing.retry_job(job_id)
    row = await row_of(job_id)
    assert (row["state"], row["attempts"], row["sends"], row["error_code"]) == ("live", 0, 0, None)
    assert row["sent_in"] <= 0

    async def work() -> None:
        await execute("INSERT INTO scratch (what) VALUES ('again')")

    run = bind(Note, work)
    assert await run(str(job_id)) == "done"
    assert await effects() == ["again"]
    assert not await listing.retry_job(job_id)


async def test_dead_job_whose_successor_lives_stays_dead():
    job_id = await dead(Recount())
    successor = await ask(Recount())
    assert not await listing.retry_job(job_id)
    assert (await row_of(job_id))["state"] == "dead"
    await execute("DELETE FROM jobs WHERE id = $1", successor)
    assert await listing.retry_job(job_id)


async def test_running_job_is_left_alone():
    job_id = await ask(Call())
    await rows.lease(job_id)
    assert not await listing.retry_job(job_id)
    assert not await listing.drop_job(job_id)
    await execute("UPDATE jobs SET lease_until = now() - interval '1 second'")
    assert await listing.retry_job(job_id)
    assert await listing.drop_job(job_id)
    assert await row_of(job_id) is None


async def test_job_that_does_not_exist():
    assert not await listing.retry_job(uuid4())
    assert not await listing.drop_job(uuid4())
    assert await listing.show_job(uuid4()) is None


async def test_list_goes_by_state_and_queue_newest_first():
    first, second = await ask(Note()), await ask(Note())
    gone = await dead(Call())

    async def ids(state=None, queue=None, limit=10):
        return [row["id"] for row in await listing.list_jobs(state, queue, limit)]

    assert await ids() == [gone, second, first]
    assert await ids(limit=1) == [gone]
    assert await ids(state="live") == [second, first]
    assert await ids(state="dead") == [gone]
    assert await ids(queue="interactive") == [gone]
    assert await ids(state="live", queue="interactive") == []


async def test_summary_counts_each_state():
    await ask(Note())
    await execute("UPDATE jobs SET run_at = now() - interval '40 seconds', attempts = 1")
    await rows.lease(await ask(Call()))
    await dead(Call())
    found = {row["queue"]: dict(row) for row in await listing.queue_summary()}
    assert set(found) == {"default", "interactive"}
    assert 40 <= found["default"].pop("oldest_seconds") < 45
    assert found["default"] == {
        "queue": "default", "live": 1, "running": 0, "retrying": 1, "dead": 0, "skipped": 0,
    }  # fmt: skip
    interactive = found["interactive"]
    assert (interactive["live"], interactive["running"], interactive["dead"]) == (1, 1, 1)
    assert await fetch_value("SELECT count(*) FROM jobs") == 3


async def test_travelling_brings_waiting_jobs_nearer_and_touches_no_others(app):
    await fetch_value(
        """INSERT INTO jobs (id, name, args, queue, run_at, sends, next_send_at)
           SELECT gen_random_uuid(), name, '{}', 'default', now() + wait, 0, now() + wait
           FROM (VALUES ('soon', interval '1 hour'), ('later', interval '3 hours'), ('due', interval '0'))
                AS t (name, wait)
           RETURNING true"""
    )
    await listing.hasten_jobs(timedelta(hours=2))
    rows = await fetch("SELECT name, run_at <= now() AS due FROM jobs ORDER BY name")
    assert [(row["name"], row["due"]) for row in rows] == [("due", True), ("later", False), ("soon", True)]
