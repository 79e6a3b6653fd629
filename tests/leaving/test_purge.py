"""The end of the grace (semantics: Identity and privacy, Deletion): every row goes, but the written list."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest

from domain.accounts.emails import email_digest
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.limits import Window, limiter
from domain.leaving import purge, traces
from domain.leaving.belongings import PEOPLE, foreign_keys
from domain.leaving.kept import KEPT
from domain.leaving.purge import PurgeAccount, Purged
from tests.leaving.conftest import GRACE, NOON, everything, leave, log_in, restore
from tests.leaving.filling import Filler


async def purge_everyone_due(drain) -> list[tuple[str, str]]:
    await purge.plan_purges()
    return [ended for ended in await drain(allow=("skipped",)) if ended[0] == PurgeAccount.name]


@pytest.fixture
async def filled(person, sign_up, drain):
    """A person with a row in every table, and another with one of their own in every table."""
    other, third = await sign_up(), await sign_up()
    await drain()
    ids = [UUID(one.user["id"]) for one in (person, other, third)]
    await Filler(ids[1], ids[2]).fill_all()
    before = await everything()
    filler = Filler(ids[0], ids[1])
    await filler.fill_all()
    return person, other, before, filler


def gone_and_new(before, after):
    gone = {table: list((Counter(rows) - Counter(after[table])).elements()) for table, rows in before.items()}
    new = {table: list((Counter(rows) - Counter(before[table])).elements()) for table, rows in after.items()}
    return {k: v for k, v in gone.items() if v}, {k: v for k, v in new.items() if v}


async def test_every_table_that_refers_to_people_is_filled_by_this_test(filled):
    *_, filler = filled
    expected = {key.child for key in await foreign_keys() if key.parent == PEOPLE} - {PEOPLE}
    assert expected <= set(filler.filled)
    # By a second step.
    assert {"pushes", "export_parts"} <= set(filler.filled)


async def test_no_row_of_the_person_is_left_but_the_written_list_and_others_are_untouched(filled, drain):
    person, _, before, _ = filled
    own = {table: [row for row in rows if person.user["id"] in row] for table, rows in before.items()}
    with clock.frozen(NOON):
        await leave(person)
        await drain()
    with clock.frozen(NOON + GRACE):
        assert await purge_everyone_due(drain) == [(PurgeAccount.name, "done")]
    gone, new = gone_and_new(before, await everything())
    # What went is what the person had from signing up, and nothing of anybody else.
    assert {table: rows for table, rows in gone.items() if table != "audit_events"} == {
        table: sorted(rows) for table, rows in own.items() if rows and table != "audit_events"
    }
    assert new.keys() <= KEPT.keys()
    for table, rows in new.items():
        for row in rows:
            assert table == "purges" or person.user["id"] not in row
            assert person.user["email"] not in row


async def test_what_is_kept_has_lost_the_person(filled, drain):
    person, *_ = filled
    with clock.frozen(NOON):
        await leave(person)
    count = await fetch_value("SELECT count(*) FROM audit_events WHERE user_id = $1", UUID(person.user["id"]))
    assert count >= 2
    nobody = await fetch_value("SELECT count(*) FROM audit_events WHERE user_id IS NULL")
    with clock.frozen(NOON + GRACE):
        await purge_everyone_due(drain)
    kept = await fetch("SELECT * FROM audit_events WHERE user_id IS NULL")
    assert len(kept) == nobody + count
    assert {(row["session_id"], row["details"]) for row in kept} == {(None, "{}")}


async def test_the_purge_is_written_down(person, drain):
    with clock.frozen(NOON):
        await leave(person)
    with clock.frozen(NOON + GRACE + timedelta(hours=1)):
        await purge_everyone_due(drain)
    assert await purge.list_purges() == [Purged(UUID(person.user["id"]), NOON + GRACE + timedelta(hours=1))]


async def test_nothing_is_purged_before_its_time_nor_after_a_restore(person, sign_up, stranger, drain):
    back = await sign_up()
    with clock.frozen(NOON):
        await leave(person)
        token = (await leave(back))["restore_token"]
        assert (await restore(stranger, token)).status_code == 200
    with clock.frozen(NOON + GRACE - timedelta(seconds=1)):
        assert await purge_everyone_due(drain) == []
    with clock.frozen(NOON + GRACE):
        assert await purge_everyone_due(drain) == [(PurgeAccount.name, "done")]
    assert await fetch_value("SELECT email FROM users") == back.user["email"]


async def test_a_restore_between_the_tick_and_the_job_wins(person, stranger, drain):
    with clock.frozen(NOON):
        token = (await leave(person))["restore_token"]
    with clock.frozen(NOON + GRACE):
        await purge.plan_purges()
    with clock.frozen(NOON + GRACE - timedelta(minutes=1)):
        await restore(stranger, token)
    with clock.frozen(NOON + GRACE):
        await drain(allow=("skipped",))
    assert await fetch_value("SELECT state FROM users") == "active"
    assert await purge.list_purges() == []


async def test_from_the_beginning_of_the_purge_nobody_can_restore(person, stranger):
    with clock.frozen(NOON):
        token = (await leave(person))["restore_token"]
    with clock.frozen(NOON + GRACE):
        assert await purge.claim(UUID(person.user["id"]))
    # A process whose clock is behind.
    with clock.frozen(NOON + GRACE - timedelta(seconds=5)):
        assert (await restore(stranger, token)).status_code == 401


async def test_two_clocks_ask_once_and_a_waiting_purge_is_not_asked_for_again(person):
    with clock.frozen(NOON):
        await leave(person)
    with clock.frozen(NOON + GRACE):
        assert [await purge.plan_purges() for _ in range(3)] == [1, 0, 0]
    rows = await fetch("SELECT generation FROM jobs WHERE name = $1", PurgeAccount.name)
    assert [row["generation"] for row in rows] == [1]


async def test_running_twice_changes_nothing(filled, drain):
    person, *_ = filled
    with clock.frozen(NOON):
        await leave(person)
    with clock.frozen(NOON + GRACE):
        await purge_everyone_due(drain)
        once = await everything()
        async with transaction():
            from domain.kit.outbox import enqueue

            await enqueue(PurgeAccount(user_id=UUID(person.user["id"])))
        await drain()
        assert await everything() == once


@pytest.mark.parametrize("step", ["traces", "tables", "last"])
async def test_killed_half_way_it_ends_right(filled, drain, monkeypatch, step):
    person, other, *_ = filled
    with clock.frozen(NOON):
        await leave(person)

    class Killed(BaseException):
        pass

    async def die(*arguments) -> None:
        raise Killed

    with clock.frozen(NOON + GRACE):
        await purge.plan_purges()
        with monkeypatch.context() as patches:
            if step == "traces":
                patches.setattr(traces, "remove", die)
            elif step == "tables":
                real, calls = purge.execute, []

                async def die_in_the_middle(statement, *arguments):
                    calls.append(statement)
                    if len(calls) > 5:
                        raise Killed
                    return await real(statement, *arguments)

                patches.setattr(purge, "execute", die_in_the_middle)
            else:
                patches.setattr(purge, "remove", die)
            with pytest.raises(Killed):
                await drain(allow=("skipped",))
        await execute("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL")
        assert (await fetch_value("SELECT count(*) FROM purges")) == 1
        assert await purge_everyone_due(drain) == [(PurgeAccount.name, "done")]
    left = [table for table, rows in (await everything()).items() for row in rows if person.user["id"] in row]
    assert left == ["purges"]
    assert (await other("GET", "/v1/me")).status_code == 200


async def test_large_tables_are_emptied_in_batches(person, drain, monkeypatch):
    monkeypatch.setattr(purge, "_BATCH", 7)
    user_id = UUID(person.user["id"])
    await execute(
        """INSERT INTO attempts (id, user_id, started_on, ended_on)
           SELECT gen_random_uuid(), $1, date '2026-01-01', date '2026-01-02' FROM generate_series(1, 100)""",
        user_id,
    )
    with clock.frozen(NOON):
        await leave(person)
    with clock.frozen(NOON + GRACE):
        assert await purge_everyone_due(drain) == [(PurgeAccount.name, "done")]
    assert await fetch_value("SELECT count(*) FROM attempts") == 0


async def test_redis_forgets_the_person_too(person, stranger, redis, drain, monkeypatch):
    monkeypatch.setattr(traces, "_redis", redis)
    await log_in(stranger, person.user["email"])
    await log_in(stranger, person.user["email"], "not my password")
    await person.ok("GET", "/v1/me")
    await stranger("POST", "/v1/auth/refresh", json={"refresh_token": person.signed_in["refresh_token"]})
    await stranger("POST", "/account-deletion", data={"email": person.user["email"]})
    with clock.frozen(NOON):
        await leave(person)
    # Everything that counts a person, by their id or by the hash of their address.
    for name in ("search", "urgent-call", "urgent-words", "prove-again", "code-mails"):
        await limiter().hit(Window(name, 9, 900), person.user["id"])
    for name in ("sign-in-account", "forgot-account", "deletion-page", "deletion-mails"):
        await limiter().hit(Window(name, 9, 900), email_digest(person.user["email"]))
    assert len(await redis.keys("kuitter:*")) >= 12
    with clock.frozen(NOON + GRACE):
        await purge_everyone_due(drain)
    assert await redis.keys("kuitter:*") == []


async def test_without_redis_the_purge_goes_on(person, drain, monkeypatch):
    from domain.kit.redis import connect
    from ops.stack.ports import free_port

    away = connect(f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setattr(traces, "_redis", away)
    with clock.frozen(NOON):
        await leave(person)
    with clock.frozen(NOON + GRACE):
        assert await purge_everyone_due(drain) == [(PurgeAccount.name, "done")]
    await away.aclose()


async def test_after_a_backup_was_restored_purges_are_applied_again(filled, drain):
    person, other, *_ = filled
    user_id = UUID(person.user["id"])
    # The backup is from before the person left; the list was kept beside it.
    assert await purge.reapply_purges([Purged(user_id, NOON)]) == 1
    left = [table for table, rows in (await everything()).items() for row in rows if person.user["id"] in row]
    assert left == ["purges"]
    assert await purge.reapply_purges() == 0
    assert (await other("GET", "/v1/me")).status_code == 200


async def test_the_address_and_the_username_are_free_again(sign_up, drain):
    person = await sign_up(email="me@example.org", username="me_myself")
    with clock.frozen(NOON):
        await leave(person)
    with clock.frozen(NOON + GRACE):
        await purge_everyone_due(drain)
    again = await sign_up(email="me@example.org", username="me_myself")
    assert again.user["id"] != person.user["id"]
