"""What gets through although the limit of requests is used up."""

from __future__ import annotations

import asyncio

import pytest

from tests.routes.conftest import problem
from tests.routes.table import today

CRY = "I want to kill myself tonight"


async def use_up(person) -> None:
    """One after another, until there is nothing left: neither in Redis nor, should it stall, in this process."""
    for _ in range(130):
        answer = await person("GET", "/v1/me")
        if answer.status_code == 429:
            return
    problem(answer, 429, "rate_limited")


async def test_the_panic_button_works_when_the_limit_is_used_up(person):
    await use_up(person)
    answer = await person("POST", "/v1/sos")
    assert answer.status_code == 200
    assert answer.json()["resources"]
    problem(await person("GET", "/v1/streak"), 429)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/v1/journal", {"body": CRY}, 201),
        ("POST", "/v1/urges", {"intensity": 9, "outcome": "ongoing", "note": CRY}, 201),
        ("POST", "/v1/slips", {"reflection": CRY}, 201),
        ("PUT", f"/v1/check-ins/{today()}", {"mood": 1, "urge_level": 9, "note": CRY}, 200),
        ("PUT", f"/v1/check-ins/{today()}", {"mood": 1, "urge_level": 9, "triggers": ["suicidal thoughts"]}, 200),
        ("POST", "/v1/anchor/messages", {"body": CRY}, 201),
    ],
    ids=["journal", "urge", "slip", "check-in", "trigger", "chat"],
)
async def test_words_of_somebody_in_danger_are_heard(person, method, path, body, status):
    await use_up(person)
    answer = await person(method, path, json=body)
    assert answer.status_code == status, answer.text
    assert answer.json()["support"]["resources"]
    calm = {key: "A quiet day" if value == CRY else value for key, value in body.items() if key != "triggers"}
    problem(await person(method, path, json=calm), 429, "rate_limited")


async def test_it_is_no_way_around_the_limit(person):
    await use_up(person)
    answers = await asyncio.gather(*(person("POST", "/v1/journal", json={"body": CRY}) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [201] * 20 + [429] * 30


async def test_words_do_not_use_up_what_calls_have(person):
    await use_up(person)
    for _ in range(25):
        problem(await person("POST", "/v1/journal", json={"body": "A quiet day"}), 429)
    assert (await person("POST", "/v1/sos")).status_code == 200


async def test_calls_do_not_use_up_what_words_have(person):
    await use_up(person)
    answers = [await person("POST", "/v1/sos") for _ in range(25)]
    assert [answer.status_code for answer in answers] == [200] * 20 + [429] * 5
    assert (await person("POST", "/v1/journal", json={"body": CRY})).status_code == 201


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 9000, b'"kill myself"', b"x" * 40_000], ids=range(5))
async def test_what_is_no_such_text_is_refused_as_ever(person, body):
    await use_up(person)
    problem(await person("POST", "/v1/journal", content=body), 429, "rate_limited")


async def test_a_text_that_comes_in_pieces_is_put_together(person):
    await use_up(person)

    async def pieces():
        for piece in (b'{"body": "I want to ki', b"", b'll myself"}'):
            yield piece

    answer = await person("POST", "/v1/journal", content=pieces(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["body"] == "I want to kill myself"
