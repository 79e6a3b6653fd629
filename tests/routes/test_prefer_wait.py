"""`Prefer: wait=N` at a route that answers 202."""

import asyncio
import time
from functools import partial

import pytest

from tests.accounts.conftest import until
from tests.routes.conftest import fields

PATH = "/v1/anchor/messages"


@pytest.fixture
async def writer(sign_up):
    return await sign_up(consents=("third_party_ai",))


async def write(person, prefer=None):
    headers = {"Prefer": prefer} if prefer is not None else {}
    return await person("POST", PATH, json={"body": "Good morning"}, headers=headers)


async def written(person):
    return (await person.ok("GET", PATH))["items"]


async def test_without_it_the_answer_is_202_at_once_with_a_place_to_look(writer):
    began = time.monotonic()
    response = await write(writer)
    assert time.monotonic() - began < 1
    assert response.status_code == 202
    assert response.json()["reply"]["status"] == "pending"
    polled = await writer.ok("GET", response.headers["Location"])
    assert polled["id"] == response.json()["reply"]["id"]


async def test_with_it_the_finished_answer_comes_as_201(writer, sandbox, drain):
    waiting = asyncio.create_task(write(writer, "wait=15"))
    await until(partial(written, writer))
    assert not waiting.done()
    await drain()
    began = time.monotonic()
    response = await waiting
    # Told by a signal, not found at the end of the wait.
    assert time.monotonic() - began < 3
    assert response.status_code == 201
    assert response.json()["reply"]["status"] == "done"
    assert response.json()["reply"]["body"]


async def test_when_the_time_is_over_it_is_202_with_location(writer):
    began = time.monotonic()
    response = await write(writer, "wait=1")
    assert 0.9 <= time.monotonic() - began < 3
    assert response.status_code == 202
    assert response.json()["reply"]["status"] == "pending"
    assert response.headers["Location"].endswith(response.json()["reply"]["id"])


async def test_waiting_holds_no_database_connection(sign_up):
    from domain.kit.settings import settings

    people = [await sign_up(consents=("third_party_ai",)) for _ in range(settings().database_pool_size + 5)]
    waiting = [asyncio.create_task(write(person, "wait=2")) for person in people]
    await asyncio.sleep(0.7)
    began = time.monotonic()
    await people[0].ok("GET", "/v1/me")
    assert time.monotonic() - began < 0.5
    assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {202}


async def test_waiting_works_without_signals(writer, sandbox, drain):
    """They are hints: who waits looks at the database every second as well."""
    from domain.kit import signals

    hub, signals._hub = signals._hub, None
    try:
        waiting = asyncio.create_task(write(writer, "wait=10"))
        await until(partial(written, writer))
        await drain()
        response = await waiting
    finally:
        signals._hub = hub
    assert response.status_code == 201


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("wait=7", 7), ("wait=0", 0), ("wait=20", 20), ("wait=100", 20), ("WAIT=7", 7), ('wait="7"', 7), ("wait = 7", 7),
     ("respond-async, wait=7", 7), ("wait=7, respond-async", 7), ("respond-async; wait=7", 7), ("respond-async", 0),
     ("handling=lenient", 0), ("", 0), ("wait=999999999", 20)],
)  # fmt: skip
async def test_how_long_is_read_from_the_header(header, seconds):
    from api.prefer_wait import provide_wait

    assert provide_wait(header) == seconds


@pytest.mark.parametrize("header", ["wait=x", "wait=-1", "wait=", "wait", "wait=1.5", "wait=9999999999"])
async def test_a_wait_that_is_no_number_of_seconds_is_400(writer, header):
    assert fields(await write(writer, header)) == ["Prefer"]
    assert (await writer.ok("GET", PATH))["items"] == []
