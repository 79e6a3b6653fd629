"""The sweeper: every job that is due and in nobody's hands gets a hint again, whatever Redis has lost, and no more."""

import asyncio
import contextlib
import socket
from datetime import timedelta

import msgspec
import pytest
from redis.exceptions import RedisError

from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.outbox import hints, rows, sweeper
from domain.kit.outbox.sweeper import PULSE, Sweeper, forget_ended
from domain.kit.redis import connect
from tests.kit.jobs import Call, Note, ask, row_of, together

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def sender_away(monkeypatch):
    """No hint is sent after a commit: as if each had been lost."""
    monkeypatch.setattr(hints, "_sender", None)


@pytest.fixture
async def steady(broker_redis):
    """A sweeper that has looked before, at a Redis which forgot nothing since."""
    steady = Sweeper(broker_redis)
    await steady.sweep()
    return steady


async def sent(redis):
    """The jobs that the hints in Redis name, one an entry."""
    found = []
    for key in await redis.keys("*.msgs"):
        found += [msgspec.json.decode(body)["args"][0] for body in await redis.hvals(key)]
    return found


async def all_due() -> None:
    await execute("UPDATE jobs SET next_send_at = now()")


async def many(count: int, **columns: str) -> None:
    """`count` jobs that were sent a minute ago and are due to be sent again."""
    names = "".join(f", {name}" for name in columns)
    values = "".join(f", {value}" for value in columns.values())
    await execute(
        f"""INSERT INTO jobs (id, name, args, queue, run_at, sends, sent_at, next_send_at{names})
            SELECT gen_random_uuid(), 'kit.note', '{{}}', (ARRAY['interactive', 'default', 'push', 'bulk'])[1 + n % 4],
                   now() - interval '1 minute', 1, now() - interval '1 minute', now() - interval '1 second'{values}
            FROM generate_series(1, {count}) AS n"""
    )


@contextlib.contextmanager
def away():
    """A client of a Redis that is not there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield connect(f"redis://127.0.0.1:{taken.getsockname()[1]}/1")


# Lost hints


async def test_lost_hint_is_sent_again_after_the_resend_time(sender_away, use_settings, steady, broker_redis):
    use_settings(JOB_RESEND_SECONDS="0.3")
    job_id = await ask(Note())
    assert await steady.sweep() == 0
    await asyncio.sleep(0.35)
    assert await steady.sweep() == 1
    assert await sent(broker_redis) == [str(job_id)]
    row = await row_of(job_id)
    assert row["sends"] == 2
    assert await steady.sweep() == 0


async def test_pause_between_sends_doubles_up_to_the_longest(sender_away, steady, broker_redis):
    job_id = await ask(Note())
    pauses = []
    for _ in range(7):
        await all_due()
        assert await steady.sweep() == 1
        pauses.append(round((await row_of(job_id))["sent_in"]))
        await broker_redis.delete("kuitter:default", "kuitter:default.msgs")
    assert pauses == [60, 120, 240, 480, 900, 900, 900]


async def test_retry_and_delayed_job_are_sent_when_their_time_comes(steady, broker_redis):
    job_id = await ask(Note(), delay=timedelta(seconds=0.3))
    assert await steady.sweep() == 0
    await asyncio.sleep(0.35)
    assert await steady.sweep() == 1
    assert await sent(broker_redis) == [str(job_id)]
    assert (await row_of(job_id))["sends"] == 1


async def test_quiet_system_sends_nothing(steady):
    for _ in range(5):
        assert await steady.sweep() == 0


# Hints that are only waiting


async def test_waiting_hint_is_neither_sent_again_nor_counted(steady, broker_redis, eventually):
    asked = {str(await ask(job)) for job in (Note(), Note(), Call())}

    async def arrived():
        return set(await sent(broker_redis)) == asked

    await eventually(arrived)
    for _ in range(3):
        await all_due()
        assert await steady.sweep() == 0
    assert len(await sent(broker_redis)) == 3
    assert await fetch_value("SELECT array_agg(DISTINCT sends) FROM jobs") == [1]
    assert await fetch_value("SELECT min(next_send_at) > now() + interval '20 seconds' FROM jobs")


async def test_job_sent_before_the_oldest_waiting_hint_is_sent_again(steady, broker_redis, eventually):
    lost = await ask(Note())

    async def arrived():
        return await sent(broker_redis)

    await eventually(arrived)
    await broker_redis.delete("kuitter:default", "kuitter:default.msgs")
    await execute("UPDATE jobs SET sent_at = now() - interval '1 minute', next_send_at = now()")
    waiting = await ask(Note())
    await eventually(arrived)
    assert await steady.sweep() == 1
    assert sorted(await sent(broker_redis)) == sorted([str(lost), str(waiting)])


async def test_foreign_message_at_the_head_of_a_queue_does_no_harm(sender_away, steady, broker_redis):
    await ask(Note())
    await all_due()
    for head in ("", "not an id", "7d3c0b6e-9f5e-4a57-8a58-0d6b9a6b2f10"):
        await broker_redis.delete("kuitter:default", "kuitter:default.msgs")
        await broker_redis.rpush("kuitter:default", head)
        await all_due()
        assert await steady.sweep() == 1


# Redis forgets


async def test_flush_makes_all_unheld_jobs_due_at_once(steady, broker_redis, eventually):
    asked = [str(await ask(Note())) for _ in range(3)]
    held = await ask(Call())
    await rows.lease(held)
    later = await ask(Note(), delay=timedelta(minutes=5))
    held_before, later_before = await row_of(held), await row_of(later)

    async def arrived():
        return len(await sent(broker_redis)) == 4

    await eventually(arrived)
    assert await steady.sweep() == 0
    await broker_redis.flushdb()
    assert await steady.sweep() == 3
    assert sorted(await sent(broker_redis)) == sorted(asked)
    for job_id, before in ((held, held_before), (later, later_before)):
        row = await row_of(job_id)
        for column in ("sends", "sent_at", "next_send_at", "run_at", "lease_token", "attempts"):
            assert row[column] == before[column], column
    # Losing Redis is not the jobs' fault.
    assert {row["sends"] for row in await fetch("SELECT sends FROM jobs WHERE name = 'kit.note' AND sends > 0")} == {1}
    assert await steady.sweep() == 0


async def test_redis_of_an_older_copy_is_noticed(steady, broker_redis, eventually):
    await broker_redis.set(PULSE, 1000)
    await steady.sweep()
    await ask(Note())

    async def arrived():
        return await sent(broker_redis)

    await eventually(arrived)
    await broker_redis.delete("kuitter:default", "kuitter:default.msgs")
    await broker_redis.set(PULSE, 900)
    assert await steady.sweep() == 1


async def test_first_clock_on_an_empty_redis_sends_everything(sender_away, broker_redis):
    await many(5)
    await execute("UPDATE jobs SET next_send_at = now() + interval '10 minutes'")
    assert await Sweeper(broker_redis).sweep() == 5


async def test_flush_is_not_forgotten_when_the_database_fails_just_then(sender_away, broker_redis, monkeypatch):
    await many(3)
    await execute("UPDATE jobs SET next_send_at = now() + interval '10 minutes'")
    fresh = Sweeper(broker_redis)

    async def fails(*arguments: object) -> list[object]:
        # Redis goes in the same moment.
        monkeypatch.setattr(fresh._redis, "delete", unreachable)
        raise ConnectionResetError

    async def unreachable(*keys: str) -> None:
        raise RedisError

    with monkeypatch.context() as patch:
        patch.setattr(sweeper, "fetch", fails)
        with pytest.raises(ConnectionResetError):
            await fresh.sweep()
    assert await fresh.sweep() == 3


# Redis is away


async def test_redis_away_counts_nothing(sender_away):
    await many(3)
    with away() as redis:
        with pytest.raises((RedisError, OSError)):
            await Sweeper(redis).sweep()
        # Away only after the look, when the rows are claimed already.
        with pytest.raises((RedisError, OSError)):
            await Sweeper(redis)._send_batch({})
        await redis.aclose()
    assert await fetch_value("SELECT array_agg(DISTINCT sends) FROM jobs") == [1]
    assert await fetch_value("SELECT count(*) FROM jobs WHERE next_send_at <= now()") == 3


# Many rows, many clocks


async def test_sweepers_at_once_send_each_job_once(sender_away, steady, broker_redis):
    await many(1800)
    sums = await together(*(one.sweep() for one in (steady, Sweeper(broker_redis), Sweeper(broker_redis))))
    assert sum(sums) == 1800
    hinted = await sent(broker_redis)
    assert len(hinted) == len(set(hinted)) == 1800
    assert await fetch_value("SELECT array_agg(DISTINCT sends) FROM jobs") == [2]


async def test_five_thousand_jobs_go_out_in_batches(sender_away, steady, broker_redis, monkeypatch):
    sizes = []

    async def push(redis, batch):
        sizes.append(len(batch))
        await hints.push_hints(redis, batch)

    monkeypatch.setattr(sweeper, "push_hints", push)
    await many(5000)
    assert await steady.sweep() == 5000
    assert max(sizes) <= 500
    assert len(set(await sent(broker_redis))) == 5000
    assert await steady.sweep() == 0


async def test_flush_with_more_rows_than_one_statement_takes(sender_away, steady, broker_redis):
    await many(5100)
    await execute("UPDATE jobs SET next_send_at = now() + interval '10 minutes'")
    await broker_redis.flushdb()
    assert await steady.sweep() == 5100


# Ends


async def test_job_sent_too_often_is_exhausted_and_no_longer_sent(sender_away, use_settings, steady):
    use_settings(JOB_MAX_SENDS="3")
    await many(2)
    await execute("UPDATE jobs SET sends = 3")
    held = await ask(Call())
    await rows.lease(held)
    await execute("UPDATE jobs SET sends = 9, next_send_at = now() WHERE id = $1", held)
    assert await steady.sweep() == 0
    assert len(await steady.exhausted()) == 2
    assert held not in await steady.exhausted()
    await execute("UPDATE jobs SET next_send_at = now() + interval '1 minute'")
    assert await steady.exhausted() == []


async def test_dead_and_skipped_jobs_are_not_sent(sender_away, steady):
    await many(2, state="'dead'", ended_at="now()")
    await many(2, state="'skipped'", ended_at="now()")
    assert await steady.sweep() == 0
    assert await steady.exhausted() == []


async def test_ended_jobs_are_kept_for_a_while(steady):
    await many(2, state="'dead'", ended_at="now() - interval '31 days'")
    await many(3, state="'dead'", ended_at="now() - interval '29 days'")
    await many(1)
    assert await forget_ended(30) == 2
    assert await fetch_value("SELECT count(*) FROM jobs") == 4


async def test_claim_uses_its_index(steady):
    await many(20)
    async with transaction():
        await execute("SET LOCAL enable_seqscan = off")
        lines = await fetch(
            """EXPLAIN SELECT id FROM jobs WHERE state = 'live' AND next_send_at <= now() AND run_at <= now()
               AND (lease_until IS NULL OR lease_until < now()) ORDER BY next_send_at LIMIT 500"""
        )
    assert any("jobs_due" in line[0] for line in lines)
