"""The Idempotency-Key header, at a POST that creates."""

import asyncio
import time
from datetime import timedelta

import pytest

from api.idempotency import canonical
from domain.kit.database import execute, fetch_row, fetch_value, transaction
from tests.routes.conftest import fields, problem

PATH = "/v1/anchor/messages"


@pytest.fixture
async def writer(sign_up):
    return await sign_up(consents=("third_party_ai",))


async def write(person, key, body="Good morning", **more):
    return await person("POST", PATH, json={"body": body, **more}, headers={"Idempotency-Key": key})


async def test_the_same_again_is_the_same_resource_and_is_made_once(writer):
    first, second = await write(writer, "k1"), await write(writer, "k1")
    assert first.status_code == second.status_code == 202
    assert first.json()["message"]["id"] == second.json()["message"]["id"]
    assert first.json()["reply"]["id"] == second.json()["reply"]["id"]
    assert first.headers["Location"] == second.headers["Location"]
    assert len((await writer.ok("GET", PATH))["items"]) == 3  # with the notice at the beginning of a talk


async def test_another_body_is_a_conflict(writer):
    await write(writer, "k1")
    problem(await write(writer, "k1", "Good evening"), 409, "idempotency_conflict")
    # It has no effect, and takes nothing from the first.
    assert (await write(writer, "k1")).status_code == 202


SAME = b'{"body": "Good morning", "client_id": "c1"}'


async def write_raw(person, content):
    headers = {"Idempotency-Key": "k1", "Content-Type": "application/json"}
    return await person("POST", PATH, content=content, headers=headers)


@pytest.mark.parametrize(
    "again",
    [b'{"client_id":"c1","body":"Good morning"}', b'{"body":"Good\\u0020morning","client_id":"c1"}',
     b'\n{ "client_id" : "c1",\t"body": "Good morning" }\n', b'{"body":"x","body":"Good morning","client_id":"c1"}'],
)  # fmt: skip
async def test_the_same_json_written_otherwise_is_the_same_body(writer, again):
    first, second = await write_raw(writer, SAME), await write_raw(writer, again)
    assert first.status_code == second.status_code == 202
    assert first.json()["message"]["id"] == second.json()["message"]["id"]


async def test_another_text_is_another_body_however_it_is_written(writer):
    await write_raw(writer, SAME)
    for other in (b'{"client_id":"c1","body":"Good  morning"}', b'{"client_id":"C1","body":"Good morning"}',
                  b'{"body":"Good morning"}'):  # fmt: skip
        problem(await write_raw(writer, other), 409, "idempotency_conflict")


@pytest.mark.parametrize(
    ("one", "other"),
    [(b'{"a":1,"b":[1,{"d":1,"c":2}]}', b' {"b": [1, {"c": 2, "d": 1}], "a": 1}'), (b'"\\u00e4"', '"ä"'.encode()),
     (b'"\\/"', b'"/"'), (b'{"a":1,"a":2}', b'{"a":2}'), (b"-0", b"0")],
)  # fmt: skip
def test_writings_of_the_same_json_are_one(one, other):
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [(b"1", b"1.0"), (b"1", b'"1"'), (b"[1,2]", b"[2,1]"), (b'{"a":null}', b"{}"), (b"true", b"1"), (b"1.0", b"1.00"),
     (b"12345678901234567890123", b"12345678901234567890124"), (b"", b"{}"), (b"{", b"{ ")],
)  # fmt: skip
def test_what_differs_stays_different(one, other):
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize(
    "body",
    [b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 50_000, b"\xff", b'"\xff"', b'"\\ud800"', b"x", b"",
     b"9" * 200_000],
)  # fmt: skip
def test_what_cannot_be_read_stays_as_it_is(body):
    assert canonical(body) == body


@pytest.mark.parametrize(
    "body", [b"[" + b"1e308," * 40_000 + b"1]", b"[" + b"{}," * 85_000 + b"1]", b"[" + b'"\\u00e4",' * 28_000 + b"1]"]
)
def test_the_largest_bodies_cost_little(body):
    canonical(body)
    began = time.thread_time()
    canonical(body)
    assert time.thread_time() - began < 0.2


async def test_another_person_s_key_is_another_key(writer, sign_up):
    other = await sign_up(consents=("third_party_ai",))
    mine, theirs = await write(writer, "k1"), await write(other, "k1", "Something else")
    assert mine.status_code == theirs.status_code == 202
    assert mine.json()["message"]["id"] != theirs.json()["message"]["id"]


async def test_ten_at_once_make_one(writer):
    answers = await asyncio.gather(*(write(writer, "k1") for _ in range(10)))
    made = {answer.json()["message"]["id"] for answer in answers if answer.status_code == 202}
    assert len(made) == 1
    for answer in answers:
        if answer.status_code != 202:
            problem(answer, 409, "idempotency_in_progress")
    assert len((await writer.ok("GET", PATH))["items"]) == 3  # with the notice at the beginning of a talk


async def test_while_the_first_runs_the_second_is_told_so(writer):
    await write(writer, "other key")  # so that the name of the lock can be made below from a row that is there
    row = await fetch_row("SELECT user_id, method, path FROM idempotency_keys")
    await execute("DELETE FROM idempotency_keys")
    name = "\x1f".join((str(row["user_id"]), row["method"], row["path"], "k1"))
    async with transaction():
        await fetch_value("SELECT pg_advisory_xact_lock(hashtextextended($1, 42))", name)
        answer = await asyncio.create_task(write(writer, "k1"), context=_outside())
        problem(answer, 409, "idempotency_in_progress")


def _outside():
    """A context that knows nothing of the transaction of the test."""
    import contextvars

    return contextvars.Context()


async def test_the_row_holds_status_and_id_and_no_text(writer):
    answer = (await write(writer, "k1", "my secret thoughts")).json()
    row = dict(await fetch_row("SELECT * FROM idempotency_keys"))
    assert row["status"] == 202
    assert str(row["resource_id"]) in (answer["message"]["id"], answer["reply"]["id"])
    assert "secret" not in str(row)
    assert "thoughts" not in str(row)


async def test_a_refusal_is_not_kept(sign_up):
    person = await sign_up()
    problem(await write(person, "k1"), 403, "consent_required")
    assert await fetch_value("SELECT count(*) FROM idempotency_keys") == 0
    await person.ok("PUT", "/v1/me/consents/third_party_ai", json={"granted": True})
    assert (await write(person, "k1")).status_code == 202


async def test_a_failure_keeps_neither_effect_nor_key(writer, monkeypatch):
    from domain.kit import idempotency

    real = idempotency.execute

    async def fail(sql, *args):
        if "INSERT INTO idempotency_keys" in sql:
            raise RuntimeError
        return await real(sql, *args)

    with monkeypatch.context() as patches:
        patches.setattr(idempotency, "execute", fail)
        problem(await write(writer, "k1"), 500)
    assert (await writer.ok("GET", PATH))["items"] == []
    assert (await write(writer, "k1")).status_code == 202


async def test_after_24_hours_a_key_is_free(writer, drain, sandbox):
    first = await write(writer, "k1")
    await drain()
    await execute("UPDATE idempotency_keys SET created_at = created_at - $1::interval", timedelta(hours=24, seconds=1))
    second = await write(writer, "k1", "Another thing")
    assert second.status_code == 202
    assert second.json()["message"]["id"] != first.json()["message"]["id"]


@pytest.mark.parametrize("key", ["", "   ", "x" * 256, "a\x01b"])
async def test_a_bad_key_is_400(writer, key):
    assert fields(await write(writer, key)) == ["Idempotency-Key"]


async def test_a_key_may_be_255_characters_long(writer):
    assert (await write(writer, "x" * 255)).status_code == 202


async def test_without_a_key_nothing_is_kept(writer):
    assert (await writer("POST", PATH, json={"body": "Good morning"})).status_code == 202
    assert await fetch_value("SELECT count(*) FROM idempotency_keys") == 0
