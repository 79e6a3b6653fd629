"""Fifty at once: of two people one row is open, and no limit is passed (semantics, "Partners")."""

from __future__ import annotations

import asyncio
from collections import Counter
from uuid import UUID

import pytest

from domain.kit.database import execute, fetch, fetch_row, fetch_value
from tests.accounts.people import worn_by
from tests.community.conftest import at_once
from tests.partners.asking import accepts, asked, asks, between, declines, notices, rows, strangers, withdraws
from tests.partners.talking import block, id_of

pytestmark = pytest.mark.usefixtures("unlimited")


async def test_fifty_requests_that_cross_are_one_partnership(anna, ben):
    answers = await at_once(asks(*pair) for pair in [(anna, ben), (ben, anna)] * 25)
    counted = Counter(answer.status_code for answer in answers)
    # The first asks, those after it ask again, one crosses, and whoever comes then is a partner already.
    assert counted[201] == 2
    assert set(counted) <= {200, 201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"already_partners"}
    assert await rows() == [("partners", 1)]
    assert (await notices(anna), await notices(ben)) == (["partner_accepted"], ["partner_accepted"])


async def test_fifty_times_the_same_is_one_request(anna, ben):
    answers = await at_once(asks(anna, ben) for _ in range(50))
    assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 49}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await rows() == [("pending", 1)]
    assert await notices(ben) == ["partner_request"]


async def test_fifty_answers_of_both_sides_leave_one_outcome(anna, writer):
    for _ in range(4):
        ben = await writer()
        request_id = (await asked(anna, ben))["id"]
        answers = await at_once(
            call
            for _ in range(12)
            for call in (
                accepts(ben, request_id), declines(ben, request_id), withdraws(anna, request_id), asks(ben, anna)
            )
        )  # fmt: skip
        row = await fetch_row("SELECT state FROM partnerships WHERE id = $1", UUID(request_id))
        accepted, declined = ({answer.status_code for answer in answers[each::4]} for each in (0, 1))
        assert (200 in accepted) <= (row["state"] == "partners")
        assert (200 in declined) == (row["state"] == "declined")
        open_rows = await fetch_value(
            "SELECT count(*) FROM partnerships WHERE $1 IN (from_id, to_id) AND state IN ('pending', 'partners')",
            id_of(ben),
        )
        assert open_rows <= 1
        told = await fetch(
            """SELECT kind, cause FROM notifications WHERE kind = 'partner_accepted' AND user_id = $1
               AND cause = $2""",
            id_of(anna), request_id,
        )  # fmt: skip
        assert len(told) == (1 if row["state"] == "partners" else 0)


async def test_a_block_at_the_same_moment_leaves_nothing_open(anna, writer):
    for _ in range(4):
        ben = await writer()
        request_id = (await asked(anna, ben))["id"]
        name = str(await worn_by(ben))
        await asyncio.gather(
            block(anna, ben),
            *(accepts(ben, request_id) for _ in range(8)),
            *(asks(ben, anna) for _ in range(8)),
            *(asks(anna, name) for _ in range(8)),
        )
        assert await fetch_value(
            "SELECT count(*) FROM partnerships WHERE $1 IN (from_id, to_id) AND state IN ('pending', 'partners')",
            id_of(ben),
        ) == 0  # fmt: skip
        assert await notices(ben) == []
    assert await notices(anna) == []


async def test_of_fifty_that_are_accepted_ten_become_partners(anna):
    others = await strangers(50)
    await between(id_of(anna), others, "pending")
    await _turn_round()
    ids = [str(row["id"]) for row in await fetch("SELECT id FROM partnerships")]
    answers = await at_once(accepts(anna, request_id) for request_id in ids)
    assert Counter(answer.status_code for answer in answers) == {200: 10, 409: 40}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"too_many_partners"}
    assert await rows() == [("partners", 10), ("pending", 40)]


async def test_who_is_accepted_by_many_at_once_has_ten_partners(anna, writer):
    people = [await writer() for _ in range(4)]
    await between(id_of(anna), await strangers(8), "partners")
    ids = [(await asked(anna, each))["id"] for each in people]
    answers = await at_once(accepts(each, ids[number]) for number, each in enumerate(people))
    assert Counter(answer.status_code for answer in answers) == {200: 2, 409: 2}


async def test_of_fifty_requests_twenty_wait(anna):
    others = [str(each) for each in await strangers(50)]
    answers = await at_once(asks(anna, each) for each in others)
    assert Counter(answer.status_code for answer in answers) == {201: 20, 409: 30}
    assert await rows() == [("pending", 20)]


async def _turn_round() -> None:
    await execute(
        """UPDATE partnerships SET from_id = to_id, to_id = from_id, from_persona_id = to_persona_id,
                                   to_persona_id = from_persona_id"""
    )
