"""A message to Anchor that says that somebody is in danger: answered at once, and never by a model."""

import asyncio
import json
from uuid import UUID

from domain.anchor.core import CORE
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from domain.safety.support_words import WORDS
from tests.anchor.conftest import ask, charges
from tests.safety.conftest import DANGER, QUIET, hits, is_support

PATH = "/v1/anchor/messages"


async def asks(person, body: str = DANGER, **fields):
    headers = fields.pop("headers", {})
    return await person("POST", PATH, json={"body": body, **fields}, headers=headers)


async def test_it_is_answered_at_once_by_words_of_people(talker, provider, drain) -> None:
    answer = await asks(talker)
    assert answer.status_code == 201
    said = answer.json()
    assert is_support(said["support"])
    assert (said["message"]["role"], said["message"]["body"]) == ("person", DANGER)
    reply = said["reply"]
    assert (reply["role"], reply["kind"], reply["status"]) == ("anchor", "support", "done")
    assert reply["body"] == said["support"]["message"] == WORDS["en"]
    assert reply["reply_to"] == said["message"]["id"]
    assert said["quota"]["day"]["used"] == 0
    assert answer.headers["Location"] == f"{PATH}/{reply['id']}"
    assert await talker.ok("GET", answer.headers["Location"]) == reply
    assert await drain() == []
    assert await provider.requests() == []
    assert await charges(talker) == []
    assert await hits() == {"chat": 1}
    shown = (await talker.ok("GET", PATH))["items"]
    assert [one["body"] for one in shown] == [WORDS["en"], DANGER]


async def test_other_messages_have_no_support(talker, drain, sandbox) -> None:
    assert (await ask(talker, QUIET))["support"] is None
    await drain()
    assert await hits() == {}


async def test_neither_consent_nor_limits_nor_an_answer_under_way_stand_before_it(talker, person, provider) -> None:
    assert (await asks(person)).status_code == 201  # without the consent for the model
    await ask(talker, QUIET)  # under way from here on
    assert (await asks(talker, QUIET)).json()["code"] == "anchor_busy"
    assert is_support((await asks(talker)).json()["support"])
    await execute("UPDATE anchor_windows SET replies = 500")
    assert is_support((await asks(talker)).json()["support"])
    await talker.ok("PUT", "/v1/me/consents/sensitive_data", json={"granted": False})
    assert is_support((await asks(talker)).json()["support"])
    assert await provider.requests() == []
    assert len(await charges(talker)) == 1


async def test_a_retry_is_the_same_message_and_has_support_again(talker, provider, drain) -> None:
    first, again = (await asks(talker, client_id="m-1")).json(), (await asks(talker, client_id="m-1")).json()
    assert again["reply"]["id"] == first["reply"]["id"]
    assert is_support(again["support"])
    keyed = [(await asks(talker, headers={"Idempotency-Key": "k-1"})) for _ in range(2)]
    assert [one.status_code for one in keyed] == [201, 201]
    assert keyed[0].json()["reply"]["id"] == keyed[1].json()["reply"]["id"]
    assert is_support(keyed[1].json()["support"])
    assert await fetch_value("SELECT count(*) FROM anchor_messages") == 4


async def test_the_same_message_twenty_times_at_once(talker) -> None:
    answers = await asyncio.gather(*(asks(talker, client_id="m-1") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["reply"]["id"] for answer in answers}) == 1
    assert await fetch_value("SELECT count(*) FROM anchor_messages") == 2


async def test_fifty_different_ones_at_once(sign_up) -> None:
    person = await sign_up(timezone="Europe/Berlin")
    answers = await asyncio.gather(*(asks(person, f"{DANGER} {n}") for n in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    rows = await fetch(
        """SELECT reply.seq > question.seq AS after FROM anchor_messages AS reply
           JOIN anchor_messages AS question ON question.id = reply.reply_to"""
    )
    assert [row["after"] for row in rows] == [True] * 50


async def test_a_client_id_that_was_used_for_another_message(talker, drain, provider) -> None:
    asked = await ask(talker, QUIET, client_id="m-1")
    answer = await asks(talker, client_id="m-1")
    assert (answer.status_code, answer.json()["reply"]["id"]) == (202, asked["reply"]["id"])
    assert is_support(answer.json()["support"])


async def test_a_refusal_carries_support(talker) -> None:
    long = await asks(talker, DANGER + "x" * 4000)
    assert long.status_code == 400
    assert is_support(long.json()["support"])
    first = await asks(talker, QUIET, headers={"Idempotency-Key": "k-1"})
    assert first.status_code == 202
    conflict = await asks(talker, headers={"Idempotency-Key": "k-1"})
    assert (conflict.status_code, conflict.json()["code"]) == (409, "idempotency_conflict")
    assert is_support(conflict.json()["support"])


async def test_waiting_changes_nothing(talker) -> None:
    answer = await asks(talker, headers={"Prefer": "wait=10"})
    assert (answer.status_code, answer.json()["reply"]["status"]) == (201, "done")


async def test_the_talk_goes_on_without_the_words_themselves(talker, provider, drain) -> None:
    await asks(talker)
    await ask(talker, "I am still here. Can we talk?")
    await drain()
    (request,) = await provider.requests()
    sent = json.dumps(request)
    assert "kill myself" not in sent
    talk = [one for one in request["body"]["messages"] if one["role"] != "system"]
    assert [one["role"] for one in talk] == ["user", "assistant", "user"]
    assert "withheld" in talk[0]["content"]
    assert talk[1]["content"] == WORDS["en"]
    assert talk[2]["content"] == "I am still here. Can we talk?"


async def test_it_goes_on_in_a_supporting_tone(talker, provider, drain) -> None:
    """The core says how to talk after a message that is withheld, in words that are in the talk itself. So the tone
    lasts as long as that message goes along, and the prefix of the prompt stays as it was."""
    await ask(talker, QUIET)
    await drain()
    await asks(talker)
    for body in ("I am still here.", "Somebody is with me now."):
        await ask(talker, body)
        await drain()
    calm, first, second = ([one["content"] for one in each["body"]["messages"]] for each in await provider.requests())
    for messages in (first, second):
        assert messages[0] == calm[0] == CORE
        assert len([text for text in messages if "spoke of being in danger" in text]) == 1
    assert second[: len(first)] == first
    for rule in ("withheld because it spoke of danger", "safe now", "do not ask for what was\n  withheld"):
        assert rule in CORE


async def test_nor_does_what_a_check_in_says_go_to_the_model(talker, provider, drain) -> None:
    body = {"mood": 1, "urge_level": 9, "triggers": ["suicidal thoughts", "boredom"], "note": DANGER}
    await talker.ok("PUT", f"/v1/check-ins/{clock.now().date()}", json=body)
    await talker.ok("PATCH", "/v1/me", json={"why": "Because I want to die otherwise, I need this"})
    await drain()
    await ask(talker, QUIET)
    await drain()
    (request,) = await provider.requests()
    sent = json.dumps(request)
    for words in ("kill myself", "suicidal", "want to die"):
        assert words not in sent
    assert sent.count("withheld: it speaks of being in danger") >= 3
    assert "boredom" in sent


async def test_it_is_one_s_own_and_can_be_rated(talker, sign_up) -> None:
    reply = (await asks(talker)).json()["reply"]
    assert (await talker.ok("PUT", f"{PATH}/{reply['id']}/feedback", json={"helpful": True}))["helpful"] is True
    other = await sign_up()
    assert (await other("GET", f"{PATH}/{reply['id']}")).status_code == 404
    assert UUID(reply["id"])


async def test_its_stream_is_one_event(talker, listen) -> None:
    reply = (await asks(talker)).json()["reply"]
    async with listen(talker, reply["id"]) as stream:
        events = await stream.all()
    assert events[-1][0] == "done"
    assert events[-1][1]["body"] == WORDS["en"]
