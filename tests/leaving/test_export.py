"""POST /v1/me/export: one ZIP with all that is kept of a person, and nothing of anybody else."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from domain.leaving import archive, export
from domain.leaving.columns import readable_tables
from tests.leaving.conftest import NOON
from tests.leaving.exporting import ask, exported, unpacked
from tests.leaving.filling import Filler


@pytest.fixture
async def filled(person, sign_up):
    """A person and another, each with a row of their own in every table."""
    other, third = await sign_up(username="somebody_else"), await sign_up()
    ids = [UUID(one.user["id"]) for one in (person, other, third)]
    await Filler(ids[1], ids[2]).fill_all()
    await Filler(ids[0], ids[2]).fill_all()
    await execute("UPDATE exports SET created_at = '2020-01-01'")
    return person, other, third


# -- asking --------------------------------------------------------------------------------------------------------


async def test_asking_answers_202_with_where_to_look(person, drain):
    answer = await ask(person)
    assert answer.status_code == 202
    body = answer.json()
    assert body["state"] == "pending"
    assert (body["url"], body["bytes"]) == (None, None)
    assert answer.headers["location"] == f"/v1/me/exports/{body['id']}"
    await drain()
    ready = await person.ok("GET", answer.headers["location"])
    assert (ready["id"], ready["state"]) == (body["id"], "ready")


async def test_the_same_idempotency_key_is_the_same_export(person, drain):
    first = await ask(person, **{"Idempotency-Key": "once"})
    again = await ask(person, **{"Idempotency-Key": "once"})
    assert (again.status_code, again.json()["id"]) == (202, first.json()["id"])
    await drain()
    assert (await ask(person, **{"Idempotency-Key": "once"})).json()["state"] == "ready"
    assert await fetch_value("SELECT count(*) FROM exports") == 1


async def test_prefer_wait_answers_with_the_finished_one(person, drain):
    waiting = asyncio.create_task(ask(person, Prefer="wait=10"))
    while not await fetch_value("SELECT count(*) FROM jobs WHERE name = 'leaving.export'"):
        await asyncio.sleep(0.02)
    await drain()
    answer = await waiting
    assert (answer.status_code, answer.json()["state"]) == (201, "ready")
    assert answer.json()["url"]


async def test_waiting_in_vain_answers_202(person):
    answer = await ask(person, Prefer="wait=1")
    assert (answer.status_code, answer.json()["state"]) == (202, "pending")


async def test_at_most_one_export_an_hour(person, drain):
    with clock.frozen(NOON):
        first = await exported(person, drain)
    with clock.frozen(NOON + timedelta(minutes=59)):
        answer = await ask(person)
    assert (answer.status_code, answer.json()["code"]) == (429, "export_too_soon")
    assert answer.json()["export_id"] == first["id"]
    assert int(answer.headers["retry-after"]) == 60
    with clock.frozen(NOON + timedelta(hours=1)):
        assert (await ask(person)).status_code == 202


async def test_of_twenty_at_once_one_is_taken(person):
    answers = await asyncio.gather(*(ask(person) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [202] + [429] * 19
    assert await fetch_value("SELECT count(*) FROM exports") == 1


async def test_an_export_that_failed_does_not_count(person, drain, monkeypatch):
    monkeypatch.setattr(archive, "LARGEST_ARCHIVE", 100)
    failed = await exported(person, drain)
    assert (failed["state"], failed["code"], failed["url"]) == ("failed", "too_large", None)
    assert await fetch_value("SELECT count(*) FROM export_parts") == 0
    assert (await ask(person)).status_code == 202


async def test_somebody_elses_export_does_not_exist(person, sign_up, stranger, drain):
    other = await sign_up()
    mine = await exported(person, drain)
    assert (await other("GET", f"/v1/me/exports/{mine['id']}")).status_code == 404
    assert (await stranger("GET", f"/v1/me/exports/{mine['id']}")).status_code == 401
    assert (await person("GET", "/v1/me/exports/not-an-id")).status_code == 404


# -- what it holds -------------------------------------------------------------------------------------------------


async def test_every_table_with_the_persons_rows_is_in_it(filled, stranger, drain):
    person, *_ = filled
    files = await unpacked(stranger, (await exported(person, drain))["url"])
    tables = [table.name for table in await readable_tables()]
    assert set(files) == {f"{table}.json" for table in tables} | {"README.txt", "manifest.json"}
    empty = [table for table in tables if not json.loads(files[f"{table}.json"])]
    assert empty == []
    [me] = json.loads(files["users.json"])
    assert (me["id"], me["email"]) == (person.user["id"], person.user["email"])


async def test_nobody_elses_data_is_in_it(filled, stranger, drain):
    person, *others = filled
    text = "".join((await unpacked(stranger, (await exported(person, drain))["url"])).values())
    for other in others:
        strange = [other.user["id"], other.user["email"], other.user["store_account_token"], other.user["public_name"]]
        personas = await fetch("SELECT id, name FROM personas WHERE user_id = $1", UUID(other.user["id"]))
        strange += [str(value) for row in personas for value in row]
        assert [value for value in strange if value in text] == []


async def test_secrets_are_left_out(filled, stranger, drain):
    person, *_ = filled
    user_id = UUID(person.user["id"])
    await execute("UPDATE devices SET token = 'the-device-token' WHERE user_id = $1", user_id)
    await execute("UPDATE identities SET refresh_token = 'sealed', authorization_code = 'c0de'")
    files = await unpacked(stranger, (await exported(person, drain))["url"])
    text = "".join(files.values())
    for secret in ("argon2", "the-device-token", '"refresh_token":', person.signed_in["refresh_token"]):
        assert secret not in text
    left_out = {table["table"]: table["columns_left_out"] for table in json.loads(files["manifest.json"])["tables"]}
    assert "password_hash" in left_out["users"]
    assert {"token", "token_hash"} <= set(left_out["devices"])
    assert {"refresh_token", "authorization_code"} <= set(left_out["identities"])
    assert {"blocked_id", "persona_id"} <= set(left_out["blocks"])


async def test_the_manifest_counts_and_the_readme_explains(person, stranger, drain):
    with clock.frozen(NOON):
        files = await unpacked(stranger, (await exported(person, drain))["url"])
    manifest = json.loads(files["manifest.json"])
    assert (manifest["user_id"], manifest["written_at"]) == (person.user["id"], "2026-12-01T12:00:00Z")
    counts = {table["file"]: table["rows"] for table in manifest["tables"]}
    assert counts == {name: len(json.loads(text)) for name, text in files.items() if name not in _OF_THE_ARCHIVE}
    assert counts["users.json"] == 1
    assert "2026-12-01 12:00" in files["README.txt"]


_OF_THE_ARCHIVE = {"README.txt", "manifest.json"}


async def test_a_text_arrives_as_it_was_written(person, stranger, drain):
    why = 'für meine „Kinder“ 👨‍👩‍👧 "quoted" \\ and\na second line'
    await person.ok("PATCH", "/v1/me", json={"why": why})
    files = await unpacked(stranger, (await exported(person, drain))["url"])
    assert json.loads(files["users.json"])[0]["why"] == why


async def test_a_large_account_is_written_and_read_in_pieces(person, stranger, drain, monkeypatch):
    monkeypatch.setattr(archive, "PART_BYTES", 4096)
    taken = []
    real = archive._Sink.take

    def take(sink, **how_much):
        taken.append(len(sink._waiting))
        return real(sink, **how_much)

    monkeypatch.setattr(archive._Sink, "take", take)
    await execute(
        """INSERT INTO check_ins (user_id, local_date, timezone, mood, urge_level, triggers, note, created_at,
                                  updated_at)
           SELECT $1, date '2000-01-01' + n, 'UTC', 3, 0, '{}', md5(n::text) || md5((n + 1)::text), now(), now()
           FROM generate_series(1, 5000) AS n""",
        UUID(person.user["id"]),
    )
    ready = await exported(person, drain)
    parts = await fetch("SELECT number, length(content) AS size FROM export_parts ORDER BY number")
    assert len(parts) > 20
    assert {row["size"] for row in parts[:-1]} == {4096}
    assert [row["number"] for row in parts] == list(range(1, len(parts) + 1))
    assert sum(row["size"] for row in parts) == ready["bytes"]
    # What waits to be handed on is about one batch of rows, never the archive.
    assert max(taken) < 64 * 1024
    assert len(json.loads((await unpacked(stranger, ready["url"]))["check_ins.json"])) == 5000


async def test_it_is_one_snapshot_of_the_database(person, stranger, drain, monkeypatch):
    real = archive.readable_tables

    async def then_something_changes():
        tables = await real()
        # From another connection, while the archive is being written.
        await asyncio.create_task(_elsewhere("UPDATE users SET why = 'changed meanwhile'"))
        return tables

    monkeypatch.setattr(archive, "readable_tables", then_something_changes)
    files = await unpacked(stranger, (await exported(person, drain))["url"])
    assert json.loads(files["users.json"])[0]["why"] is None
    assert await fetch_value("SELECT why FROM users") == "changed meanwhile"


async def _elsewhere(statement):
    import os

    import asyncpg

    connection = await asyncpg.connect(os.environ["DATABASE_URL"], server_settings={"search_path": "kuitter"})
    await connection.execute(statement)
    await connection.close()


# -- the job -------------------------------------------------------------------------------------------------------


async def test_killed_half_way_the_next_try_makes_it_whole(person, stranger, drain, monkeypatch):
    class Killed(BaseException):
        pass

    async def die(*arguments):
        raise Killed

    asked = await ask(person)
    with monkeypatch.context() as patches:
        patches.setattr(export, "_finish", die)
        with pytest.raises(Killed):
            await drain(allow=("skipped",))
    assert await fetch_value("SELECT count(*) FROM export_parts") > 0
    await execute("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL")
    await drain()
    ready = await person.ok("GET", asked.headers["location"])
    assert "users.json" in await unpacked(stranger, ready["url"])


async def test_a_job_that_ends_without_an_outcome_leaves_a_failed_export(person, drain, monkeypatch):
    async def broken(*arguments):
        raise ValueError

    monkeypatch.setattr(export, "write_archive", broken)
    asked = await ask(person)
    await execute("UPDATE jobs SET attempts = 11")
    await drain(allow=("dead", "skipped"))
    failed = await person.ok("GET", asked.headers["location"])
    assert (failed["state"], failed["code"]) == ("failed", "ValueError")
