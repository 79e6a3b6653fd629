"""What Anchor remembers, in the hands of the person."""

import asyncio
from uuid import UUID

import pytest

from domain.kit.database import execute, fetch_value
from tests.anchor.remembering import PATH, bodies, write_summary
from tests.safety.conftest import DANGER, is_support

OWN = "My brother is called on Sundays."


async def add(person, body: str = OWN, **headers: str):
    return await person("POST", PATH, json={"body": body}, headers=headers)


async def test_told_read_changed_and_forgotten(talker) -> None:
    made = await add(talker, "  My  brother is\ncalled\u200b on Sundays. ")
    assert made.status_code == 201
    memory = made.json()
    assert (memory["body"], memory["origin"], memory["entry_id"], memory["support"]) == (OWN, "person", None, None)
    assert await talker.ok("GET", f"{PATH}/{memory['id']}") == memory
    changed = await talker.ok("PATCH", f"{PATH}/{memory['id']}", json={"body": "My sister, too."})
    assert changed["body"] == "My sister, too."
    assert changed["created_at"] == memory["created_at"]
    assert changed["updated_at"] > memory["updated_at"]
    assert (await talker("DELETE", f"{PATH}/{memory['id']}")).status_code == 204
    for method in ("GET", "DELETE"):
        assert (await talker(method, f"{PATH}/{memory['id']}")).status_code == 404
    assert (await talker("PATCH", f"{PATH}/{memory['id']}", json={"body": OWN})).status_code == 404


async def test_pages_newest_first_with_the_summary_on_each(talker) -> None:
    assert await talker.ok("GET", PATH) == {"items": [], "next_cursor": None, "summary": None}
    await write_summary(talker, "They talked.")
    assert (await talker.ok("GET", PATH))["summary"]["body"] == "They talked."
    for number in range(5):
        await add(talker, f"Number {number}")
    first = await talker.ok("GET", PATH, params={"limit": 3})
    rest = await talker.ok("GET", PATH, params={"limit": 3, "cursor": first["next_cursor"]})
    shown = [item["body"] for item in (*first["items"], *rest["items"])]
    assert shown == [f"Number {number}" for number in (4, 3, 2, 1, 0)]
    assert rest["next_cursor"] is None
    assert rest["summary"]["body"] == first["summary"]["body"] == "They talked."
    assert (await talker("GET", PATH, params={"cursor": "x"})).status_code == 400


@pytest.mark.parametrize("body", ["", " \u200b ", "x" * 201, "a" + "\u0301" * 5000])
async def test_a_text_that_is_none_or_too_long(talker, body: str) -> None:
    refused = await add(talker, body)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request")
    assert await bodies(talker) == []


async def test_two_hundred_letters_as_a_person_counts_them(talker) -> None:
    assert (await add(talker, "👨‍👩‍👧‍👦" * 200)).status_code == 201


async def test_unknown_fields_are_refused(talker) -> None:
    assert (await talker("POST", PATH, json={"body": OWN, "origin": "talk"})).status_code == 400


async def test_a_retry_by_idempotency_key_is_the_same(talker) -> None:
    key = {"Idempotency-Key": "m-1"}
    first, again = await add(talker, **key), await add(talker, **key)
    assert (again.status_code, again.json()) == (201, first.json())
    assert (await add(talker, "Another", **key)).json()["code"] == "idempotency_conflict"
    assert await bodies(talker) == [OWN]


async def test_telling_needs_the_consents_and_putting_right_needs_none(talker, person) -> None:
    refused = await add(person)
    assert (refused.status_code, refused.json()["kind"]) == (403, "third_party_ai")
    memory = (await add(talker)).json()
    await talker.ok("PUT", "/v1/me/consents/sensitive_data", json={"granted": False})
    assert (await add(talker)).json()["kind"] == "sensitive_data"
    await talker.ok("PATCH", f"{PATH}/{memory['id']}", json={"body": "Right now."})
    assert (await talker("DELETE", PATH)).status_code == 204


async def test_words_of_danger_are_answered_with_support(talker, person) -> None:
    said = (await add(talker, DANGER)).json()
    assert is_support(said["support"])
    assert (await talker.ok("GET", f"{PATH}/{said['id']}"))["support"] is None
    changed = await talker.ok("PATCH", f"{PATH}/{said['id']}", json={"body": f"{DANGER} Still."})
    assert is_support(changed["support"])
    assert is_support((await add(person, DANGER)).json()["support"])  # refused, and answered all the same


async def test_fifty_at_once_stay_within_the_room(talker) -> None:
    await execute(
        """INSERT INTO anchor_memories (id, user_id, body, origin, created_at, updated_at)
           SELECT gen_random_uuid(), $1, 'Number ' || n, CASE WHEN n <= 40 THEN 'person' ELSE 'talk' END, now(), now()
           FROM generate_series(1, 55) AS n""",
        UUID(talker.user["id"]),
    )
    answers = await asyncio.gather(*(add(talker, f"Own {number}") for number in range(30)))
    assert sorted({answer.status_code for answer in answers}) == [201, 409]
    assert sum(answer.status_code == 201 for answer in answers) == 20
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"memories_full"}
    assert await fetch_value("SELECT count(*) FROM anchor_memories") == 60
    assert await fetch_value("SELECT count(*) FROM anchor_memories WHERE origin <> 'person'") == 0


async def test_nobody_else_can_see_or_touch_it(talker, person) -> None:
    memory = (await add(talker)).json()
    for method in ("GET", "DELETE"):
        assert (await person(method, f"{PATH}/{memory['id']}")).status_code == 404
    assert (await person("PATCH", f"{PATH}/{memory['id']}", json={"body": "Mine"})).status_code == 404
    await person("DELETE", PATH)
    assert await bodies(talker) == [OWN]
    assert await bodies(person) == []
