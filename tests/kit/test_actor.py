"""The job guarantee around an actor: what happens once, what is tried again, what ends, and what is written of it."""

import asyncio
import contextlib
import contextvars
from datetime import timedelta
from uuid import uuid4

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.outbox import rows
from domain.kit.outbox.rows import LeaseLost
from domain.kit.outbox.sweeper import Sweeper
from tasks.actor import GiveUp, Retry, end_exhausted, in_database, outside, running
from tests.kit.jobs import Call, Note, Recount, Sync, ask, bind, effects, row_of, together

SECRET = "ann.secret@example.org"
KINDS = (Note, Recount, Call)
every_kind = pytest.mark.parametrize("job_type", KINDS, ids=lambda kind: kind.name)

pytestmark = pytest.mark.usefixtures("bound", "scratch")


async def write(what: str = "done") -> None:
    await execute("INSERT INTO scratch (what) VALUES ($1)", what)


async def nothing() -> None:
    """Work without an effect."""


async def due_now(job_id) -> None:
    await execute("UPDATE jobs SET run_at = now(), next_send_at = now() WHERE id = $1", job_id)


async def text_of(job_id) -> str:
    return await fetch_value("SELECT jobs::text FROM jobs WHERE id = $1", job_id)


class Notices:
    """What an actor's ending was told; it writes that down, too."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails

    async def __call__(self, job, state: str, code: str) -> None:
        await write(f"{job.thing}: {state}, {code}")
        if self.fails:
            raise RuntimeError


# Once


@pytest.mark.parametrize("job_type", [Note, Call], ids=lambda kind: kind.name)
async def test_twenty_parallel_runs_have_one_effect(job_type):
    async def work() -> None:
        await asyncio.sleep(0.02)
        await write()

    run = bind(job_type, work)
    job_id = await ask(job_type())
    outcomes = await together(*(run(str(job_id)) for _ in range(20)))
    assert sorted(outcomes) == ["done", *["gone"] * 19]
    assert await effects() == ["done"]
    assert await row_of(job_id) is None
    assert not running


async def test_parallel_recomputations_end_with_the_row_gone():
    run = bind(Recount, write)
    job_id = await ask(Recount())
    outcomes = await together(*(run(str(job_id)) for _ in range(20)))
    assert "done" in outcomes
    assert set(outcomes) <= {"done", "again", "gone"}
    assert await row_of(job_id) is None


@every_kind
async def test_job_that_does_not_exist_is_gone(job_type):
    run = bind(job_type, write)
    assert await run(str(uuid4())) == "gone"
    assert await effects() == []


@every_kind
async def test_job_before_its_time_is_left_alone(job_type):
    run = bind(job_type, write)
    job_id = await ask(job_type(), delay=timedelta(minutes=1))
    assert await run(str(job_id)) == "gone"
    assert (await row_of(job_id))["attempts"] == 0


async def test_effect_and_row_go_together_even_when_commit_fails():
    async def work() -> None:
        await execute("INSERT INTO scratch (what, parent) VALUES ('orphan', 99999)")

    run = bind(Note, work)
    job_id = await ask(Note())
    assert await run(str(job_id)) == "retry"
    row = await row_of(job_id)
    assert (row["attempts"], row["error_code"]) == (1, "ForeignKeyViolationError:23503")
    assert await effects() == []


async def test_outcome_of_an_outside_job_commits_with_the_row():
    fail = True

    @outside(Call)
    async def call(job, lease) -> None:
        async with transaction():
            await lease.settle()
            await write("answer")
            if fail:
                await execute("INSERT INTO scratch (parent) VALUES (99999)")

    job_id = await ask(Call())
    assert await call(str(job_id)) == "retry"
    assert await effects() == []
    await due_now(job_id)
    fail = False
    assert await call(str(job_id)) == "done"
    assert await effects() == ["answer"]
    assert await row_of(job_id) is None


async def test_two_actors_for_one_job_are_refused():
    bind(Note, nothing)
    with pytest.raises(RuntimeError):
        bind(Note, nothing)


# Failure


@every_kind
async def test_failure_is_retried_with_a_code_and_no_text(job_type, log_lines):
    async def work() -> None:
        await write()
        raise ValueError(f"no such person: {SECRET}")

    run = bind(job_type, work)
    job_id = await ask(job_type())
    assert await run(str(job_id)) == "retry"
    row = await row_of(job_id)
    assert (row["state"], row["attempts"], row["sends"]) == ("live", 1, 0)
    assert (row["error_code"], row["lease_token"], row["sent_at"]) == ("ValueError", None, None)
    assert 3.5 < row["runs_in"] <= 5
    assert row["sent_in"] == row["runs_in"]
    assert "job.failed" in log_lines()
    assert str(job_id) in log_lines()
    assert SECRET not in log_lines() + await text_of(job_id)
    if job_type is not Call:
        assert await effects() == []


@every_kind
async def test_database_error_shows_no_value(job_type, log_lines):
    await execute("INSERT INTO scratch (what, key) VALUES ('before', $1)", SECRET)

    async def work() -> None:
        await execute("INSERT INTO scratch (key) VALUES ($1)", SECRET)

    run = bind(job_type, work)
    job_id = await ask(job_type())
    assert await run(str(job_id)) == "retry"
    assert (await row_of(job_id))["error_code"] == "UniqueViolationError:23505"
    assert SECRET not in log_lines() + await text_of(job_id)


@every_kind
async def test_caught_database_error_does_not_pass_for_success(job_type):
    async def work() -> None:
        await write("twice")
        with contextlib.suppress(Exception):
            await execute("SELECT 1 / 0")

    async def in_transaction() -> None:
        if job_type is Call:
            async with transaction():
                await work()
        else:
            await work()

    run = bind(job_type, in_transaction)
    job_id = await ask(job_type())
    assert await run(str(job_id)) == "retry"
    assert await effects() == []
    assert (await row_of(job_id))["state"] == "live"


def test_pauses_double_to_a_quarter_of_an_hour():
    for attempt, longest in ((1, 5), (2, 10), (3, 20), (8, 640), (9, 900), (50, 900), (5000, 900)):
        pauses = [rows.pause_before(attempt) for _ in range(200)]
        assert longest * 0.75 <= min(pauses) <= max(pauses) <= longest
        assert max(pauses) - min(pauses) > longest / 10


@every_kind
async def test_job_is_dead_after_its_last_try_and_says_so(job_type, use_settings):
    use_settings(JOB_MAX_ATTEMPTS="3")

    async def work() -> None:
        raise KeyError

    run = bind(job_type, work, gave_up=Notices())
    job_id = await ask(job_type(thing="b"))
    outcomes = []
    for _ in range(3):
        await due_now(job_id)
        outcomes.append(await run(str(job_id)))
    assert outcomes == ["retry", "retry", "dead"]
    row = await row_of(job_id)
    assert (row["state"], row["attempts"], row["error_code"]) == ("dead", 3, "KeyError")
    assert row["ended_at"] is not None
    assert await effects() == ["b: dead, KeyError"]
    assert await run(str(job_id)) == "gone"


@every_kind
async def test_giving_up_ends_the_job_at_once(job_type):
    async def work() -> None:
        raise GiveUp("token_dead")

    run = bind(job_type, work, gave_up=Notices())
    job_id = await ask(job_type())
    assert await run(str(job_id)) == "dead"
    assert await effects() == ["a: dead, token_dead"]
    assert (await row_of(job_id))["error_code"] == "token_dead"


@every_kind
async def test_death_and_its_notice_are_one_transaction(job_type):
    async def work() -> None:
        raise GiveUp("token_dead")

    run = bind(job_type, work, gave_up=Notices(fails=True))
    job_id = await ask(job_type())
    with pytest.raises(RuntimeError):
        await run(str(job_id))
    assert (await row_of(job_id))["state"] == "live"
    assert await effects() == []


@every_kind
async def test_provider_says_when_to_come_back(job_type):
    async def work() -> None:
        raise Retry("http_429", retry_after=120)

    run = bind(job_type, work)
    job_id = await ask(job_type())
    assert await run(str(job_id)) == "retry"
    row = await row_of(job_id)
    assert 119 < row["runs_in"] <= 120
    assert (row["error_code"], row["attempts"]) == ("http_429", 1)
    assert await run(str(job_id)) == "gone"


@every_kind
async def test_forgiven_tries_do_not_kill(job_type, use_settings):
    use_settings(JOB_MAX_ATTEMPTS="2")

    async def work() -> None:
        raise Retry("provider_away", counts=False)

    run = bind(job_type, work)
    job_id = await ask(job_type())
    for _ in range(4):
        await due_now(job_id)
        assert await run(str(job_id)) == "retry"
        assert (await row_of(job_id))["attempts"] == 0


@every_kind
async def test_work_that_takes_too_long_is_a_timeout(job_type):
    async def work() -> None:
        await write()
        await asyncio.sleep(5)

    run = bind(job_type, work, seconds=0.05)
    job_id = await ask(job_type())
    assert await run(str(job_id)) == "retry"
    assert (await row_of(job_id))["error_code"] == "timeout"
    if job_type is not Call:
        assert await effects() == []


# Too late


@every_kind
async def test_job_past_its_time_is_skipped(job_type):
    now = clock.now()
    run = bind(job_type, lambda: write("worked"), gave_up=Notices())
    job_id = await ask(job_type(), not_after=now + timedelta(hours=1))
    with clock.frozen(now + timedelta(hours=1, seconds=1)):
        assert await run(str(job_id)) == "skipped"
    row = await row_of(job_id)
    assert (row["state"], row["error_code"], row["attempts"], row["lease_token"]) == ("skipped", "too_late", 0, None)
    assert await effects() == ["a: skipped, too_late"]
    assert await run(str(job_id)) == "gone"


@every_kind
async def test_job_before_its_last_moment_runs(job_type):
    now = clock.now()
    run = bind(job_type, lambda: write("worked"))
    job_id = await ask(job_type(), not_after=now + timedelta(hours=1))
    with clock.frozen(now + timedelta(minutes=59)):
        assert await run(str(job_id)) == "done"
    assert await effects() == ["worked"]


# Leases


async def test_lease_shuts_out_others_until_it_expires(use_settings):
    use_settings(JOB_LEASE_SECONDS="0.3")
    job_id = await ask(Call())
    first = await rows.lease(job_id)
    assert first.row.attempt == 1
    assert await rows.lease(job_id) is None
    assert await rows.take(job_id) is None
    await asyncio.sleep(0.35)
    second = await rows.lease(job_id)
    assert second.row.attempt == 2
    assert second.token != first.token

    assert not await first.renew()
    await first.release()
    with pytest.raises(LeaseLost):
        async with transaction():
            await write("first")
            await first.settle()
    outcome = await rows.record_failure(
        first.row, first.token, "late", retry_after=None, final=True, counts=True, ending=None
    )
    assert outcome == "lost"
    row = await row_of(job_id)
    assert (row["lease_token"], row["attempts"], row["error_code"], row["state"]) == (second.token, 2, None, "live")
    assert await effects() == []

    async with transaction():
        await second.settle()
        await write("second")
    assert await effects() == ["second"]
    assert await row_of(job_id) is None


async def test_worker_that_lost_its_lease_writes_nothing():
    order = []
    second_may_end = asyncio.Event()

    @outside(Call)
    async def call(job, lease) -> None:
        order.append(lease)
        if len(order) == 1:
            await execute("UPDATE jobs SET lease_until = now() - interval '1 second'")
            second = asyncio.create_task(call(str(lease.row.id)))
            while len(order) < 2:
                await asyncio.sleep(0.005)
            order.append(second)
        else:
            await second_may_end.wait()
        async with transaction():
            await lease.settle()
            await write("second" if lease is order[1] else "first")

    job_id = await ask(Call())
    assert await call(str(job_id)) == "lost"
    assert await effects() == []
    second_may_end.set()
    assert await order[2] == "done"
    assert await effects() == ["second"]


async def test_failure_of_a_worker_that_lost_its_lease_changes_nothing():
    async def work() -> None:
        await execute("UPDATE jobs SET lease_token = gen_random_uuid(), attempts = 2")
        raise ValueError

    run = bind(Call, work, gave_up=Notices())
    job_id = await ask(Call())
    assert await run(str(job_id)) == "lost"
    row = await row_of(job_id)
    assert (row["attempts"], row["error_code"], row["state"]) == (2, None, "live")


async def test_lease_is_renewed_while_the_work_goes_on(use_settings):
    use_settings(JOB_LEASE_SECONDS="0.3")
    others = []

    async def work() -> None:
        for _ in range(9):
            await asyncio.sleep(0.1)
            others.append(await rows.lease(job_id))
        await write()

    run = bind(Call, work)
    job_id = await ask(Call())
    assert await run(str(job_id)) == "done"
    assert others == [None] * 9
    assert await effects() == ["done"]
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "lease-keeper" and not task.cancelling()]


async def test_sweeper_leaves_a_leased_job_alone(use_settings, broker_redis):
    use_settings(JOB_LEASE_SECONDS="5")
    job_id = await ask(Call())
    await rows.lease(job_id)
    await broker_redis.flushdb()
    await execute("UPDATE jobs SET next_send_at = now()")
    assert await Sweeper(broker_redis).sweep() == 0
    assert (await row_of(job_id))["sends"] == 1


@every_kind
async def test_cancellation_gives_the_job_back_uncounted(job_type):
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        await asyncio.sleep(30)

    run = bind(job_type, work)
    job_id = await ask(job_type())
    task = asyncio.create_task(run(str(job_id)))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    row = await row_of(job_id)
    assert (row["state"], row["attempts"], row["lease_token"], row["error_code"]) == ("live", 0, None, None)
    if job_type is Call:
        assert row["sent_in"] <= 0
    assert not running


# Asked again meanwhile


async def test_request_during_the_run_makes_it_run_again():
    runs = []
    outer = contextvars.copy_context()

    async def work() -> None:
        runs.append(1)
        if len(runs) == 1:
            # Does not wait for the running job.
            async with asyncio.timeout(2):
                await asyncio.create_task(ask(Recount()), context=outer)

    run = bind(Recount, work)
    job_id = await ask(Recount())
    assert await run(str(job_id)) == "again"
    row = await row_of(job_id)
    assert (row["generation"], row["sends"], row["state"]) == (2, 0, "live")
    assert row["sent_in"] <= 0
    assert await run(str(job_id)) == "done"
    assert len(runs) == 2
    assert await row_of(job_id) is None


async def test_no_request_is_lost_between_many_runs():
    """After the last request there is always a run that began later."""
    asked, seen = 0, 0

    async def work() -> None:
        nonlocal seen
        count = asked
        await asyncio.sleep(0.002)
        seen = max(seen, count)

    run = bind(Recount, work)

    async def ask_often() -> None:
        nonlocal asked
        for _ in range(40):
            asked += 1
            await ask(Recount())

    async def run_often() -> None:
        while True:
            for row in await fetch("SELECT id FROM jobs WHERE state = 'live'"):
                await run(str(row["id"]))
            await asyncio.sleep(0)

    runner = asyncio.create_task(run_often())
    await asyncio.gather(ask_often(), ask_often())
    async with asyncio.timeout(5):
        while await fetch_value("SELECT count(*) FROM jobs"):
            await asyncio.sleep(0.01)
    runner.cancel()
    await asyncio.gather(runner, return_exceptions=True)
    assert seen == asked == 80


async def test_request_during_a_call_outside_makes_it_run_again():
    calls = []
    outer = contextvars.copy_context()

    @outside(Sync)
    async def sync(job, lease) -> None:
        calls.append(lease)
        if len(calls) == 1:
            async with asyncio.timeout(2):
                await asyncio.create_task(ask(Sync()), context=outer)
        async with transaction():
            await lease.settle()
            await write(f"call {len(calls)}")

    job_id = await ask(Sync())
    await sync(str(job_id))
    row = await row_of(job_id)
    assert (row["state"], row["generation"], row["lease_token"], row["attempts"]) == ("live", 2, None, 0)
    assert row["sent_in"] <= 0
    assert await sync(str(job_id)) == "done"
    assert await row_of(job_id) is None
    assert await effects() == ["call 1", "call 2"]


@pytest.mark.parametrize("error", [KeyError(), GiveUp("never")], ids=["last try", "given up"])
async def test_request_during_the_fatal_run_is_not_buried_with_it(use_settings, error):
    use_settings(JOB_MAX_ATTEMPTS="1")
    outer = contextvars.copy_context()

    async def work() -> None:
        await asyncio.create_task(ask(Recount()), context=outer)
        raise error

    run = bind(Recount, work, gave_up=Notices())
    job_id = await ask(Recount())
    assert await run(str(job_id)) == "retry"
    row = await row_of(job_id)
    assert (row["state"], row["attempts"], row["generation"]) == ("live", 0, 2)


async def test_hopeless_job_whose_ending_fails_does_not_hold_up_the_others():
    class Fails(Notices):
        async def __call__(self, job, state: str, code: str) -> None:
            raise RuntimeError

    bind(Note, nothing, gave_up=Fails())
    bind(Call, nothing, gave_up=Notices())
    first, second = await ask(Note()), await ask(Call(thing="b"))
    await end_exhausted([first, second])
    assert (await row_of(first))["state"] == "live"
    assert (await row_of(second))["state"] == "dead"
    assert await effects() == ["b: dead, no_outcome"]


# Jobs that kill


async def test_job_that_kills_its_worker_ends_dead(use_settings, broker_redis):
    """A lease without an outcome, again and again: the sends are counted, and run out."""
    use_settings(JOB_MAX_SENDS="4", JOB_RESEND_SECONDS="0.2", JOB_RESEND_MAX_SECONDS="0.2")
    bind(Call, nothing, gave_up=Notices())
    job_id = await ask(Call(thing="killer"))
    sweeper = Sweeper(broker_redis)
    await sweeper.sweep()
    await execute("UPDATE jobs SET sends = 1")
    for deaths in range(1, 4):
        assert (await rows.lease(job_id)).row.attempt == deaths
        await execute("UPDATE jobs SET lease_until = now() - interval '1 second', next_send_at = now()")
        await broker_redis.delete("kuitter:interactive", "kuitter:interactive.msgs")
        assert await sweeper.exhausted() == []
        assert await sweeper.sweep() == 1
    await rows.lease(job_id)
    await execute("UPDATE jobs SET lease_until = now() - interval '1 second', next_send_at = now()")
    assert await sweeper.sweep() == 0
    assert await sweeper.exhausted() == [job_id]
    await end_exhausted([job_id])
    row = await row_of(job_id)
    assert (row["state"], row["error_code"], row["attempts"]) == ("dead", "no_outcome", 4)
    assert await effects() == ["killer: dead, no_outcome"]
    assert await sweeper.exhausted() == []


async def test_job_of_an_unknown_name_ends_dead_too(app):
    job_id = await ask(Note())
    await end_exhausted([job_id, uuid4()])
    assert (await row_of(job_id))["state"] == "dead"


async def test_request_id_goes_along(log_lines):
    from domain.kit import log

    mark = log.request_id.set("req-42")
    job_id = await ask(Note())
    log.request_id.reset(mark)

    @in_database(Note)
    async def note(job) -> None:
        raise ValueError

    await asyncio.create_task(note(str(job_id)))
    lines = [line for line in log_lines().splitlines() if "job." in line]
    assert lines
    for line in lines:
        assert '"request_id": "req-42"' in line
        assert str(job_id) in line
    assert log.request_id.get() is None
