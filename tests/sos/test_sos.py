"""The panic button: the least it needs, what it answers, and what it leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.errors import NotFound
from domain.kit.ids import new_id
from domain.sos.calls import call_for_help
from domain.sos.steps import STEPS
from tests.conftest import Api

PATH = "/v1/sos"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SignUp = Callable[..., Awaitable[Api]]


async def urges(person: Api, *coping: str | None, outcome: str = "resisted", first: datetime = NOON) -> None:
    """Urges with these words, each a minute after the one before."""
    for number, words in enumerate(coping):
        at = first + timedelta(minutes=number)
        await execute(
            """INSERT INTO urges (id, user_id, occurred_at, timezone, local_date, local_hour, intensity, triggers,
                                  outcome, coping, created_at, updated_at)
               VALUES ($1, $2, $3, 'Europe/Berlin', $4, 12, 5, '{}', $5, $6, $3, $3)""",
            new_id(), UUID(person.user["id"]), at, at.date(), outcome, words,
        )  # fmt: skip


async def calls(person: Api) -> int:
    found: int = await fetch_value("SELECT count(*) FROM sos_calls WHERE user_id = $1", UUID(person.user["id"]))
    return found


async def test_it_needs_nothing_at_all(person: Api) -> None:
    with clock.frozen(NOON):
        answer = await person("POST", PATH)
    assert answer.status_code == 200
    help_ = answer.json()
    assert UUID(help_.pop("id"))
    assert help_.pop("resources")
    assert help_ == {
        "called_at": "2026-05-04T12:00:00Z",
        "steps": [{"title": step.title, "text": step.text, "seconds": step.seconds} for step in STEPS],
        "helped_before": [],
        "why": None,
        "partners_told": 0,
    }


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"null", b"not json", b'{"mood": 1}'], ids=["none", "empty", "null", "broken", "more"]
)
async def test_no_body_is_wrong(person: Api, body: bytes) -> None:
    answer = await person("POST", PATH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


async def test_it_asks_for_no_consent(person: Api) -> None:
    for kind in ("sensitive_data", "terms"):
        await person.ok("PUT", f"/v1/me/consents/{kind}", json={"granted": False})
    assert (await person("PUT", f"/v1/check-ins/{datetime.now(UTC).date()}", json={"mood": 3, "urge_level": 1})
            ).status_code == 403  # fmt: skip
    assert (await person("POST", PATH)).status_code == 200


async def test_it_works_while_redis_is_away(person: Api, redis_away: Any) -> None:
    redis_away()
    assert (await person("POST", PATH)).status_code == 200
    assert await calls(person) == 1


def test_the_steps_are_for_anybody() -> None:
    assert len(STEPS) >= 5
    assert len({step.title for step in STEPS}) == len(STEPS)
    assert sum(step.seconds is not None for step in STEPS) >= 3
    text = " ".join(f"{step.title} {step.text}" for step in STEPS).lower()
    for word in ("porn", "sex", "alcohol", "drug", "relapse", "addict", "fail"):
        assert word not in text


async def test_what_helped_before_is_the_newest_of_what_worked(person: Api) -> None:
    await urges(person, "a walk", "cold water", None, "A Walk", "called my sister", "drew", "cooked", "slept")
    await urges(person, "gave in", outcome="slipped", first=NOON + timedelta(hours=1))
    await urges(person, "still at it", outcome="ongoing", first=NOON + timedelta(hours=2))
    await person.ok("PATCH", "/v1/me", json={"why": "for my daughter 🌻"})
    help_ = await person.ok("POST", PATH)
    assert help_["helped_before"] == ["slept", "cooked", "drew", "called my sister", "A Walk"]
    assert help_["why"] == "for my daughter 🌻"


async def test_words_that_come_again_and_again_leave_room_for_others(person: Api) -> None:
    await urges(person, "drew", *["a walk"] * 60)
    assert (await person.ok("POST", PATH))["helped_before"] == ["a walk", "drew"]


async def test_nobody_elses_words_are_shown(person: Api, sign_up: SignUp) -> None:
    other = await sign_up()
    await urges(other, "a secret place")
    await other.ok("PATCH", "/v1/me", json={"why": "a secret reason"})
    assert "secret" not in (await person("POST", PATH)).text


async def test_resources_are_those_of_the_place(sign_up: SignUp) -> None:
    person = await sign_up(timezone="Europe/Vienna")
    assert (await person.ok("POST", PATH))["resources"][0]["phone"] == "142"
    await person.ok("PATCH", "/v1/me", json={"country": "US"})
    resources = (await person.ok("POST", PATH))["resources"]
    assert resources[0]["phone"] == "988"
    assert set(resources[0]) == {
        "kind", "name", "country", "phone", "text", "text_word", "url", "hours", "languages",
    }  # fmt: skip
    # She may be on a journey: lines that can be reached from Vienna stay, after her own.
    assert "142" in [one["phone"] for one in resources]


async def test_each_call_is_noted_with_its_time_and_nothing_else(person: Api) -> None:
    with clock.frozen(NOON):
        first = await person.ok("POST", PATH)
    second = await person.ok("POST", PATH)
    assert first["id"] != second["id"]
    rows = await fetch("SELECT * FROM sos_calls ORDER BY id")
    assert [set(row.keys()) for row in rows] == [{"id", "user_id", "called_at"}] * 2
    assert (str(rows[0]["id"]), rows[0]["called_at"]) == (first["id"], NOON)


async def test_fifty_presses_at_once_are_fifty_calls(person: Api) -> None:
    answers = await asyncio.gather(*(person("POST", PATH) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == await calls(person) == 50


async def test_the_same_key_is_the_same_call(person: Api) -> None:
    headers = {"Idempotency-Key": "press-1"}
    with clock.frozen(NOON):
        first = await person("POST", PATH, headers=headers)
    await urges(person, "a walk")
    again = await person("POST", PATH, headers=headers)
    assert first.status_code == again.status_code == 200
    assert (again.json()["id"], again.json()["called_at"]) == (first.json()["id"], "2026-05-04T12:00:00Z")
    # Rendered again, with what there is now.
    assert again.json()["helped_before"] == ["a walk"]
    assert await calls(person) == 1
    await asyncio.gather(*(person("POST", PATH, headers={"Idempotency-Key": "press-2"}) for _ in range(20)))
    assert await calls(person) == 2


async def test_it_is_one_transaction_of_two_round_trips(person: Api, statements: list[str]) -> None:
    await urges(person, "a walk")
    user_id = UUID(person.user["id"])
    statements.clear()
    await call_for_help(user_id, None)
    assert [sent.split()[0] for sent in statements] == ["BEGIN;" if ";" in statements[0] else "BEGIN", "INSERT",
                                                        "COMMIT;" if ";" in statements[2] else "COMMIT",
                                                        "SELECT"]  # fmt: skip


async def test_years_of_urges_are_not_read_through(person: Api, statements: list[str]) -> None:
    user_id = UUID(person.user["id"])
    await execute(
        """INSERT INTO urges (id, user_id, occurred_at, timezone, local_date, local_hour, intensity, triggers, outcome,
                              coping, created_at, updated_at)
           SELECT gen_random_uuid(), $1, $2::timestamptz - n * interval '2 hours', 'UTC',
                  ($2::timestamptz - n * interval '2 hours')::date, 5, 5, '{}',
                  CASE WHEN n % 3 = 0 THEN 'slipped' ELSE 'resisted' END,
                  CASE WHEN n % 4 = 0 THEN 'way ' || n END, $2, $2 FROM generate_series(1, 10000) AS n""",
        user_id, NOON,
    )  # fmt: skip
    await execute("ANALYZE urges")
    statements.clear()
    found = await call_for_help(user_id, None)
    assert found.helped_before == ["way 4", "way 8", "way 16", "way 20", "way 28"]
    (reading,) = [sent for sent in statements if sent.lstrip().startswith("SELECT")]
    async with transaction():
        plan = "\n".join(row[0] for row in await fetch(f"EXPLAIN {reading}", found.id, user_id, NOON))
    assert "urges_helped" in plan


async def test_who_is_gone_is_not_found(app: object) -> None:
    with pytest.raises(NotFound):
        await call_for_help(new_id(), None)
    assert await fetch_value("SELECT count(*) FROM sos_calls") == 0
