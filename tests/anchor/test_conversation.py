"""Asking, retrying, and reading the talk."""

import asyncio
from uuid import UUID

import pytest

from domain.kit.database import execute, fetch, fetch_value
from tests.anchor.conftest import ask, charges, replies_asked_for, until, window


async def test_without_the_consent_nothing_happens_and_nothing_leaves(person, provider, drain) -> None:
    refused = await person("POST", "/v1/anchor/messages", json={"body": "Hello"})
    assert refused.status_code == 403
    assert (refused.json()["code"], refused.json()["kind"]) == ("consent_required", "third_party_ai")
    await drain()
    assert await provider.requests() == []
    assert await fetch("SELECT FROM anchor_messages") == []
    assert await charges(person) == []


async def test_a_consent_that_is_withdrawn_before_the_worker_comes(talker, provider, drain) -> None:
    asked = await ask(talker)
    await talker.ok("PUT", "/v1/me/consents/third_party_ai", json={"granted": False})
    await drain()
    assert await provider.requests() == []
    reply = await talker.ok("GET", f"/v1/anchor/messages/{asked['reply']['id']}")
    assert (reply["status"], reply["code"]) == ("failed", "consent_required")
    assert (await window(talker))["replies"] == 0


async def test_an_answer_from_question_to_end(talker, provider, drain) -> None:
    await provider.says("Good to hear from you. How was the evening?")
    response = await talker("POST", "/v1/anchor/messages", json={"body": "  Hello\u200b there "})
    assert response.status_code == 202
    asked = response.json()
    assert asked["message"]["body"] == "Hello there"
    assert (asked["reply"]["status"], asked["reply"]["body"]) == ("pending", "")
    assert response.headers["Location"] == f"/v1/anchor/messages/{asked['reply']['id']}"
    assert await drain() == [("anchor.reply", "done")]
    reply = await talker.ok("GET", response.headers["Location"])
    assert (reply["status"], reply["body"]) == ("done", "Good to hear from you. How was the evening?")
    assert reply["reply_to"] == asked["message"]["id"]
    (charge,) = await charges(talker)
    assert charge["state"] == "settled"
    assert charge["input_miss"] > 500
    assert charge["output"] == 11
    assert charge["model"] == "deepseek-flash"
    assert 0 < charge["cost"] < charge["reserved"]
    assert (await window(talker))["cost"] == charge["cost"]


async def test_a_retry_by_client_id_is_the_same_message(talker, provider, drain) -> None:
    first = await ask(talker, client_id="m-1")
    again = await ask(talker, client_id="m-1")
    assert (again["message"]["id"], again["reply"]["id"]) == (first["message"]["id"], first["reply"]["id"])
    await drain()
    late = await ask(talker, client_id="m-1")
    assert (late["reply"]["id"], late["reply"]["status"]) == (first["reply"]["id"], "done")
    assert late["quota"]["day"]["used"] == 1
    assert len(await provider.requests()) == 1


@pytest.mark.parametrize("client_id", ["", "x" * 101, "a\nb", "a" + "\u0301" * 500])
async def test_a_client_id_is_short_and_printable(talker, client_id: str) -> None:
    answer = await talker("POST", "/v1/anchor/messages", json={"body": "Hello", "client_id": client_id})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert "client_id" in answer.text
    assert await charges(talker) == []


async def test_the_longest_client_id(talker) -> None:
    client_id = "".join(chr(0x20000 + 977 * number) for number in range(40)) + "x" * 60
    assert (await ask(talker, client_id=client_id))["reply"]["id"] == (await ask(talker, client_id=client_id))["reply"][
        "id"
    ]


async def test_a_retry_is_answered_even_with_nothing_left_and_no_consent(talker, drain, sandbox) -> None:
    first = await ask(talker, client_id="m-1")
    await drain()
    await execute("UPDATE anchor_windows SET replies = 30")
    await talker.ok("PUT", "/v1/me/consents/third_party_ai", json={"granted": False})
    assert (await ask(talker, client_id="m-1"))["reply"]["id"] == first["reply"]["id"]


async def test_the_same_message_twenty_times_at_once(talker) -> None:
    answers = await asyncio.gather(*(ask(talker, client_id="m-1") for _ in range(20)))
    assert len({answer["reply"]["id"] for answer in answers}) == 1
    assert len(await charges(talker)) == 1
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'anchor.reply'") == 1


async def test_client_ids_of_different_people_have_nothing_to_do_with_each_other(sign_up) -> None:
    one, other = await sign_up(consents=("third_party_ai",)), await sign_up(consents=("third_party_ai",))
    assert (await ask(one, client_id="a"))["reply"]["id"] != (await ask(other, client_id="a"))["reply"]["id"]


async def test_an_idempotency_key_does_the_same(talker, drain, sandbox) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = await talker("POST", "/v1/anchor/messages", json={"body": "Hello"}, headers=headers)
    again = await talker("POST", "/v1/anchor/messages", json={"body": "Hello"}, headers=headers)
    assert again.status_code == 202
    assert again.json()["reply"]["id"] == first.json()["reply"]["id"]
    other = await talker("POST", "/v1/anchor/messages", json={"body": "Something else"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_conflict")


async def test_one_answer_at_a_time(talker, drain, sandbox) -> None:
    await ask(talker, client_id="a")
    busy = await talker("POST", "/v1/anchor/messages", json={"body": "And?", "client_id": "b"})
    assert (busy.status_code, busy.json()["code"]) == (409, "anchor_busy")
    assert (await window(talker))["replies"] == 1
    await drain()
    assert (await ask(talker, client_id="b"))["reply"]["status"] == "pending"


async def test_different_messages_at_once(talker) -> None:
    answers = await asyncio.gather(
        *(talker("POST", "/v1/anchor/messages", json={"body": f"Number {n}"}) for n in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 19
    assert (await window(talker))["replies"] == 1


async def test_busy_comes_before_the_limit(talker) -> None:
    await ask(talker)
    await execute("UPDATE anchor_windows SET replies = 30")
    busy = await talker("POST", "/v1/anchor/messages", json={"body": "And?"})
    assert busy.json()["code"] == "anchor_busy"


async def test_what_is_no_message(talker) -> None:
    for body in ({"body": ""}, {"body": " \u200b "}, {"body": "x" * 4001}, {}, {"body": "x", "mood": 3}, {"body": 7}):
        refused = await talker("POST", "/v1/anchor/messages", json=body)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_request"), body
    assert await fetch("SELECT FROM anchor_messages") == []


async def test_four_thousand_characters_are_one_message(talker, drain, sandbox) -> None:
    await ask(talker, "\U0001f469\u200d\U0001f469\u200d\U0001f467" * 4000)
    await drain()


async def test_waiting_for_the_answer(talker, provider, drain) -> None:
    await provider.says("Here I am.")
    waiting = asyncio.create_task(
        talker("POST", "/v1/anchor/messages", json={"body": "Hello"}, headers={"Prefer": "wait=10"})
    )
    await until(replies_asked_for)
    await drain()
    answer = await waiting
    assert answer.status_code == 201
    assert (answer.json()["reply"]["status"], answer.json()["reply"]["body"]) == ("done", "Here I am.")


async def test_waiting_in_vain(talker) -> None:
    answer = await talker("POST", "/v1/anchor/messages", json={"body": "Hello"}, headers={"Prefer": "wait=1"})
    assert (answer.status_code, answer.json()["reply"]["status"]) == (202, "pending")
    assert answer.headers["Location"].endswith(answer.json()["reply"]["id"])


async def test_the_failed_answer_is_an_answer_too(talker, provider, drain) -> None:
    await provider.fault(status=402)
    waiting = asyncio.create_task(
        talker("POST", "/v1/anchor/messages", json={"body": "Hello"}, headers={"Prefer": "wait=10"})
    )
    await until(replies_asked_for)
    await drain()
    answer = await waiting
    assert answer.status_code == 201
    assert (answer.json()["reply"]["status"], answer.json()["reply"]["code"]) == ("failed", "anchor_unavailable")
    assert answer.json()["quota"]["day"]["used"] == 0


async def test_the_talk_in_pages(talker, drain, sandbox) -> None:
    ids = []
    for number in range(3):
        exchange = await ask(talker, f"Number {number}")
        shown = (exchange["message"], exchange["notice"], exchange["reply"])
        ids += [message["id"] for message in shown if message is not None]
        await drain()
    assert len(ids) == 7  # the first has a notice with it
    seen, cursor, pages = [], None, 0
    while True:
        wanted = {"limit": 4} if cursor is None else {"limit": 4, "cursor": cursor}
        page = await talker.ok("GET", "/v1/anchor/messages", params=wanted)
        seen += [item["id"] for item in page["items"]]
        pages += 1
        if pages == 1:
            # What comes meanwhile moves nothing.
            await execute("UPDATE anchor_windows SET replies = 0")
            await ask(talker, "In between")
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ids[::-1]
    assert pages == 2
    for bad in ("nonsense", "WyJ4Il0"):
        refused = await talker("GET", "/v1/anchor/messages", params={"cursor": bad})
        assert refused.status_code == 400
    assert (await talker("GET", "/v1/anchor/messages", params={"limit": 101})).status_code == 400


async def test_other_peoples_messages_do_not_exist(talker, sign_up, drain, sandbox) -> None:
    asked = await ask(talker)
    await drain()
    other = await sign_up(consents=("third_party_ai",))
    for message_id in (asked["message"]["id"], asked["reply"]["id"], "nonsense", str(UUID(int=0))):
        for method, path in (("GET", ""), ("GET", "/stream"), ("PUT", "/feedback")):
            body = {"json": {"helpful": True}} if method == "PUT" else {}
            answer = await other(method, f"/v1/anchor/messages/{message_id}{path}", **body)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (message_id, path)
    assert (await other.ok("GET", "/v1/anchor/messages"))["items"] == []


async def test_feedback(talker, drain, sandbox) -> None:
    asked = await ask(talker)
    path = f"/v1/anchor/messages/{asked['reply']['id']}/feedback"
    assert (await talker("PUT", path, json={"helpful": True})).status_code == 404  # not there yet
    await drain()
    assert (await talker.ok("PUT", path, json={"helpful": True}))["helpful"] is True
    assert (await talker.ok("PUT", path, json={"helpful": False}))["helpful"] is False
    own = f"/v1/anchor/messages/{asked['message']['id']}/feedback"
    assert (await talker("PUT", own, json={"helpful": True})).status_code == 404
