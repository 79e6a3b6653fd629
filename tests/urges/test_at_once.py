"""Urges written, changed and deleted many at once."""

from __future__ import annotations

import asyncio

from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_row, fetch_value
from domain.kit.errors import DomainError, NotFound
from domain.urges.urges import UrgeChange, change_urge, delete_urge, log_urge
from tests.recovery.conftest import Traveller, moment
from tests.recovery.slipping import asks
from tests.urges.conftest import logs

BERLIN = "Europe/Berlin"
WHEN = "2026-05-11 22:00"


async def test_fifty_posts_with_one_client_id_are_one_urge(mara: Traveller) -> None:
    body = {"intensity": 6, "outcome": "ongoing", "client_id": "u1"}
    with clock.frozen(moment(WHEN, BERLIN)):
        answers = await asyncio.gather(*(mara.api("POST", "/v1/urges", json=body) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert await fetch_value("SELECT count(*) FROM urges") == 1


async def test_fifty_with_one_idempotency_key_are_one_urge(mara: Traveller) -> None:
    body = {"intensity": 6, "outcome": "ongoing"}
    with clock.frozen(moment(WHEN, BERLIN)):
        answers = await asyncio.gather(
            *(mara.api("POST", "/v1/urges", json=body, headers={"Idempotency-Key": "k1"}) for _ in range(50))
        )
    assert {answer.status_code for answer in answers} <= {201, 409}
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} <= {"idempotency_in_progress"}
    assert await fetch_value("SELECT count(*) FROM urges") == 1


async def test_changes_and_deletions_at_once_are_served_or_find_nothing(mara: Traveller) -> None:
    for _ in range(3):
        urge = await logs(mara, WHEN, outcome="ongoing")
        path = f"/v1/urges/{urge['id']}"
        with clock.frozen(moment("2026-05-11 22:10", BERLIN)):
            answers = await asyncio.gather(
                *(
                    mara.api("DELETE", path) if number % 4 == 3 else mara.api("PATCH", path, json={"intensity": 2})
                    for number in range(16)
                )
            )
        changed = [answer.status_code for number, answer in enumerate(answers) if number % 4 != 3]
        deleted = [answer.status_code for number, answer in enumerate(answers) if number % 4 == 3]
        assert set(changed) <= {200, 404}
        assert sorted(deleted) == [204, 404, 404, 404]
        assert (await asks(mara, WHEN, "GET", path)).status_code == 404


async def test_changes_of_different_fields_at_once_all_stay(mara: Traveller) -> None:
    urge = await log_urge(mara.user_id, intensity=5, outcome="ongoing")
    await asyncio.gather(
        *(
            change_urge(mara.user_id, urge.id, change)
            for change in (
                UrgeChange(outcome="resisted"), UrgeChange(intensity=9), UrgeChange(coping="a walk"),
                UrgeChange(note="over"), UrgeChange(triggers=["stress"]),
            ) * 10
        )
    )  # fmt: skip
    row = await fetch_row("SELECT outcome, intensity, coping, note, triggers FROM urges")
    assert tuple(row) == ("resisted", 9, "a walk", "over", ["stress"])


async def test_retries_deletions_and_changes_of_one_client_id_leave_one_or_none(mara: Traveller) -> None:
    first = await log_urge(mara.user_id, intensity=5, outcome="ongoing", client_id="u1")

    async def post() -> str:
        try:
            await log_urge(mara.user_id, intensity=5, outcome="ongoing", client_id="u1")
        except NotFound:
            return "deleted since"
        return "made"

    async def alter(number: int) -> str:
        ids = [row["id"] for row in await fetch("SELECT id FROM urges")] or [first.id]
        try:
            if number % 2:
                await delete_urge(mara.user_id, ids[0])
            else:
                await change_urge(mara.user_id, ids[0], UrgeChange(outcome="resisted"))
        except DomainError as error:
            return error.code
        return "done"

    # Anything but these outcomes (a deadlock, a violated constraint) is raised here.
    told = await asyncio.gather(*(post() if number % 3 else alter(number) for number in range(60)))
    assert set(told) <= {"made", "deleted since", "done", "not_found"}
    assert await fetch_value("SELECT count(*) FROM urges") <= 1
