"""That Anchor says what it is: when a talk begins, and every three hours of it; once, and not to the model."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from domain.anchor.notice_words import AGAIN, BEGIN
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value
from tests.anchor.conftest import ask, charges, run_job
from tests.safety.conftest import DANGER

PATH = "/v1/anchor/messages"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def plenty(configure) -> None:
    configure(ANCHOR_LIMITS_FREE="500/500/600000")


async def talk(person, at: datetime, body: str = "Hello") -> str | None:
    """Write at an instant and be answered; the notice that came with it."""
    with clock.frozen(at):
        asked = await ask(person, body)
        await run_job("anchor.reply")
    return asked["notice"] and asked["notice"]["body"]


async def notices() -> int:
    count: int = await fetch_value("SELECT count(*) FROM anchor_messages WHERE kind = 'notice'")
    return count


async def test_it_stands_at_the_start_between_question_and_answer(talker, provider) -> None:
    asked = await ask(talker)
    notice = asked["notice"]
    assert (notice["role"], notice["kind"], notice["status"]) == ("anchor", "notice", "done")
    assert notice["body"] == BEGIN["en"]
    for says in ("an AI", "not talking with a person", "not therapy"):
        assert says in notice["body"]
    await run_job("anchor.reply")
    shown = (await talker.ok("GET", PATH))["items"]
    assert [one["kind"] for one in shown] == ["chat", "notice", "chat"]
    assert [one["id"] for one in shown] == [asked["reply"]["id"], notice["id"], asked["message"]["id"]]
    assert await talker.ok("GET", f"{PATH}/{notice['id']}") == notice
    # It is no answer of the model's: never sent to it, never counted, never rated.
    await ask(talker, "And now?")
    await run_job("anchor.reply")
    sent = json.dumps([request["body"] for request in await provider.requests()])
    assert BEGIN["en"][:40] not in sent
    assert (await talker.ok("GET", "/v1/anchor/quota"))["day"]["used"] == 2
    assert len(await charges(talker)) == 2
    rated = await talker("PUT", f"{PATH}/{notice['id']}/feedback", json={"helpful": True})
    assert rated.status_code == 404


async def test_every_three_hours_of_continuing_use(talker, sandbox) -> None:
    seen = {}
    for minutes in range(0, 5 * 60, 59):
        seen[minutes] = await talk(talker, NOON + timedelta(minutes=minutes))
    # Written to about every hour: the first message at which three hours have passed since the last notice.
    expected = {0: BEGIN["en"], 236: AGAIN["en"]}
    assert {minutes: body for minutes, body in seen.items() if body is not None} == expected


@pytest.mark.parametrize(("minutes", "again"), [(59, False), (61, True)])
async def test_a_pause_begins_anew(talker, sandbox, minutes: int, again: bool) -> None:
    assert await talk(talker, NOON) == BEGIN["en"]
    assert await talk(talker, NOON + timedelta(minutes=minutes)) == (BEGIN["en"] if again else None)
    if again:  # and its three hours are counted from here
        assert await talk(talker, NOON + timedelta(minutes=minutes + 50)) is None


async def test_a_retry_has_the_same_notice(talker, drain, sandbox) -> None:
    first = await ask(talker, client_id="m-1")
    await drain()
    again = await ask(talker, client_id="m-1")
    assert again["notice"] == first["notice"] is not None
    keyed = [await talker.ok("POST", PATH, json={"body": "Two"}, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [one["notice"] for one in keyed] == [None, None]
    assert await notices() == 1


async def test_fifty_at_once_have_one_between_them(talker) -> None:
    def send(number: int):
        fields = {"client_id": "same"} if number % 2 else {}
        return talker("POST", PATH, json={"body": f"Number {number % 2}", **fields})

    answers = await asyncio.gather(*(send(number) for number in range(50)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    accepted = [answer.json() for answer in answers if answer.status_code == 202]
    assert len({answer["reply"]["id"] for answer in accepted}) == 1
    assert await notices() == 1
    assert {answer["notice"]["id"] for answer in accepted} == {
        str(await fetch_value("SELECT id FROM anchor_messages WHERE kind = 'notice'"))
    }


async def test_what_is_refused_brings_none(talker, person, configure, drain, sandbox) -> None:
    assert (await person("POST", PATH, json={"body": "Hello"})).json()["code"] == "consent_required"
    configure(ANCHOR_LIMITS_FREE="0/0/0")
    assert (await talker("POST", PATH, json={"body": "Hello"})).status_code == 429
    assert await notices() == 0


async def test_words_of_danger_are_answered_first(talker, sandbox) -> None:
    said = (await talker("POST", PATH, json={"body": DANGER})).json()
    assert said["notice"] is None
    assert said["reply"]["kind"] == "support"
    assert await notices() == 0
    # The talk after it begins with one.
    assert (await ask(talker))["notice"]["body"] == BEGIN["en"]


async def test_a_failed_answer_does_not_take_it_back(talker, provider, drain) -> None:
    await provider.fault(status=402, times=1)
    assert (await ask(talker))["notice"] is not None
    await drain()
    assert (await ask(talker, "Again"))["notice"] is None


@pytest.mark.parametrize(("locale", "language"), [("de-AT", "de"), ("ja", "en")])
async def test_it_is_said_in_the_persons_language(talker, locale: str, language: str) -> None:
    await talker.ok("PATCH", "/v1/me", json={"locale": locale})
    assert (await ask(talker))["notice"]["body"] == BEGIN[language]


async def test_forgetting_the_talk_begins_anew(talker, drain, sandbox) -> None:
    await talk(talker, NOON)
    await execute("DELETE FROM anchor_messages")
    assert await talk(talker, NOON + timedelta(minutes=1)) == BEGIN["en"]


async def test_a_daily_message_is_no_talk(talker, sandbox) -> None:
    await talk(talker, NOON)
    await execute(
        """INSERT INTO anchor_messages (id, user_id, role, kind, status, body, created_at, finished_at)
           SELECT gen_random_uuid(), id, 'anchor', 'daily', 'done', 'Hello', $1, $1 FROM users""",
        NOON + timedelta(minutes=70),
    )
    # What was answered an hour ago is a pause, whatever came in between; and the answer to it begins a talk.
    assert await talk(talker, NOON + timedelta(minutes=75)) == BEGIN["en"]
    rows = await fetch("SELECT kind FROM anchor_messages ORDER BY seq")
    assert [row["kind"] for row in rows].count("notice") == 2
