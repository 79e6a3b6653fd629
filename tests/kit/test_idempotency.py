"""A request with a key has its effect once, whoever repeats it and however fast."""

import asyncio
from uuid import UUID

import msgspec
import pytest

from domain.kit.database import execute, fetch, fetch_row, fetch_value
from domain.kit.errors import Conflict
from domain.kit.idempotency import IdempotencyKey, Outcome, forget_old, once
from domain.kit.ids import new_id
from domain.kit.outbox import enqueue
from tests.kit.jobs import Note, together

pytestmark = pytest.mark.usefixtures("scratch")


@pytest.fixture
async def key(sign_up) -> IdempotencyKey:
    owner = await sign_up()
    await execute("TRUNCATE jobs")
    user_id = UUID(owner.user["id"])
    return IdempotencyKey(user_id=user_id, method="POST", path="/v1/posts", key="k-1", body_hash=b"1" * 32)


async def create() -> UUID:
    """An effect that takes a moment, with a job."""
    made = new_id()
    await execute("INSERT INTO scratch (what) VALUES ($1)", str(made))
    await asyncio.sleep(0.01)
    await enqueue(Note())
    return made


async def counts() -> tuple[int, int, int]:
    """Effects, jobs and keys."""
    row = await fetch_row(
        "SELECT (SELECT count(*) FROM scratch), (SELECT count(*) FROM jobs), (SELECT count(*) FROM idempotency_keys)"
    )
    return tuple(row)


async def test_fifty_at_once_have_one_effect(key):
    results = await together(*(once(key, 201, create) for _ in range(50)))
    outcomes = [result for result in results if isinstance(result, Outcome)]
    refused = [result for result in results if not isinstance(result, Outcome)]
    assert {result.code for result in refused} <= {"idempotency_in_progress"}
    assert all(isinstance(result, Conflict) and result.status == 409 for result in refused)
    assert len({outcome.resource_id for outcome in outcomes}) == 1
    assert [outcome.repeated for outcome in outcomes].count(False) == 1
    assert await counts() == (1, 1, 1)


async def test_repeat_leads_to_the_same_resource(key):
    first = await once(key, 201, create)
    again = await once(key, 200, create)
    assert (first.status, first.repeated) == (201, False)
    assert again == Outcome(first.resource_id, 201, repeated=True)
    assert await counts() == (1, 1, 1)


async def test_other_body_is_a_conflict(key):
    await once(key, 201, create)
    with pytest.raises(Conflict) as refused:
        await once(msgspec.structs.replace(key, body_hash=b"2" * 32), 201, create)
    assert (refused.value.code, refused.value.status) == ("idempotency_conflict", 409)
    assert await counts() == (1, 1, 1)


async def test_running_request_is_in_progress_whatever_the_body(key):
    inside, leave = asyncio.Event(), asyncio.Event()

    async def slow() -> UUID:
        inside.set()
        await leave.wait()
        return await create()

    first = asyncio.create_task(once(key, 201, slow))
    await inside.wait()
    for body in (b"1" * 32, b"2" * 32):
        with pytest.raises(Conflict) as refused:
            await once(msgspec.structs.replace(key, body_hash=body), 201, create)
        assert refused.value.code == "idempotency_in_progress"
    leave.set()
    made = await first
    assert await once(key, 201, create) == Outcome(made.resource_id, 201, repeated=True)


async def test_failed_request_leaves_no_key(key):
    async def fail() -> UUID:
        await create()
        raise LookupError

    with pytest.raises(LookupError):
        await once(key, 201, fail)
    assert await counts() == (0, 0, 0)
    assert not (await once(key, 201, create)).repeated


async def test_cancelled_request_leaves_no_key(key):
    first = asyncio.create_task(once(key, 201, create))
    await asyncio.sleep(0.008)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    made, jobs, keys = await counts()
    assert made == jobs == keys
    await once(key, 201, create)
    assert await counts() == (1, 1, 1)


async def test_key_belongs_to_person_method_and_path(key, sign_up):
    other = await sign_up()
    await execute("TRUNCATE jobs")
    for change in (
        {},
        {"path": "/v1/urges"},
        {"method": "PUT"},
        {"key": "k-2"},
        {"user_id": UUID(other.user["id"])},
    ):
        assert not (await once(msgspec.structs.replace(key, **change), 201, create)).repeated
    assert await counts() == (5, 5, 5)


async def test_key_lives_for_a_day(key):
    first = await once(key, 201, create)
    await execute("UPDATE idempotency_keys SET created_at = now() - interval '23 hours 59 minutes'")
    assert (await once(key, 201, create)).repeated
    await execute("UPDATE idempotency_keys SET created_at = now() - interval '24 hours 1 second'")
    second = await once(key, 201, create)
    assert not second.repeated
    assert second.resource_id != first.resource_id
    assert (await once(key, 201, create)).resource_id == second.resource_id
    assert await counts() == (2, 2, 1)


async def test_old_keys_are_forgotten(key):
    for name in "abc":
        await once(msgspec.structs.replace(key, key=name), 201, create)
    await execute("UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key IN ('a', 'b')")
    assert await forget_old() == 2
    assert await fetch_value("SELECT string_agg(key, '') FROM idempotency_keys") == "c"


async def test_without_a_key_each_request_has_its_effect(key):
    await once(None, 201, create)
    assert not (await once(None, 201, create)).repeated
    assert await counts() == (2, 2, 0)


async def test_key_holds_no_text(key):
    await once(key, 201, create)
    (row,) = await fetch("SELECT * FROM idempotency_keys")
    assert set(row.keys()) == {"user_id", "method", "path", "key", "body_hash", "status", "resource_id", "created_at"}
