"""Of people who leave the other keeps a copy of the talk, and nothing of whoever left (semantics, Deletion)."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_value
from domain.leaving import purge
from tests.leaving.conftest import GRACE, NOON, leave
from tests.leaving.exporting import exported, unpacked
from tests.partners.asking import asked, declines, partners, waiting, withdraws
from tests.partners.talking import SHARING, id_of, pair, path, read, said, write


@pytest.fixture(autouse=True)
def _mail(sandbox) -> None:
    """Whoever drains sends mail."""


async def purged(person, drain):
    """They leave at NOON, and are purged when the grace is over."""
    with clock.frozen(NOON):
        await leave(person)
    with clock.frozen(NOON + GRACE):
        await purge.plan_purges()
        await drain(allow=("skipped",))
    assert await fetch_value("SELECT count(*) FROM users WHERE id = $1", id_of(person)) == 0


async def test_the_other_keeps_what_they_wrote_and_no_word_of_whoever_is_gone(anna, ben, drain):
    talk = await pair(anna, ben)
    await write(anna, talk, "words of anna", client_id="of anna")
    await write(ben, talk, "words of ben")
    last = await write(anna, talk, "more of anna")
    await read(ben, talk, 1)
    await purged(anna, drain)
    assert await partners(ben) == []
    [kept] = await partners(ben, "ended")
    assert (kept["id"], kept["partner"], kept["state"], kept["streak"]) == (talk, None, "ended", None)
    assert kept["ended_at"] == "2026-12-31T12:00:00Z"
    assert (kept["last_message"]["id"], kept["last_message"]["body"]) == (last["id"], "")
    assert await said(ben, talk) == [(3, ""), (2, "words of ben"), (1, "")]
    assert (await ben("POST", path(talk), json={"body": "x"})).status_code == 409
    whole = "\n".join(
        row[0]
        for row in await fetch("SELECT partnerships::text FROM partnerships UNION ALL SELECT m::text "
                               "FROM partner_messages AS m")
    )  # fmt: skip
    for trace in (anna.user["id"], "of anna"):
        assert trace not in whole
    # When the other leaves as well, nobody has it any more.
    await purged(ben, drain)
    assert await fetch_value("SELECT count(*) FROM partnerships") == 0
    assert await fetch_value("SELECT count(*) FROM partner_messages") == 0


async def test_requests_go_with_either_of_the_two(anna, ben, writer, drain):
    carla = await writer()
    await declines(ben, (await asked(anna, ben, "Shall we?"))["id"])
    await asked(carla, anna)
    await purged(anna, drain)
    assert await waiting(carla, "outgoing") == await waiting(ben) == []
    assert await fetch_value("SELECT count(*) FROM partnerships") == 0


async def test_an_export_has_one_s_own_part_alone(anna, ben, writer, stranger, drain):
    carla = await writer()
    talk = await pair(anna, ben)
    await write(anna, talk, "words of anna")
    await write(ben, talk, "words of ben")
    await asked(anna, carla, "a message of anna")
    await declines(anna, (await asked(await writer(), anna, "a message to anna"))["id"])
    files = await unpacked(stranger, (await exported(anna, drain))["url"])
    messages, between = json.loads(files["partner_messages.json"]), json.loads(files["partnerships.json"])
    assert [message["body"] for message in messages] == ["words of anna"]
    assert {row["state"]: row["message"] for row in between} == {
        "partners": None, "pending": "a message of anna", "declined": None,
    }  # fmt: skip
    assert [row["state"] for row in between if row["closed_at"]] == ["declined"]
    text = "".join(files.values())
    others = [str(row[0]) for row in await fetch("SELECT id FROM personas WHERE user_id <> $1", id_of(anna))]
    for strange in ("words of ben", "a message to anna", ben.user["id"], carla.user["id"], *others):
        assert strange not in text


async def test_an_export_tells_nothing_of_how_the_other_answered(anna, ben, stranger, writer, drain):
    """As in the app, whoever was refused cannot tell it from another end; nor what a partner's slip was on."""
    await declines(ben, (await asked(anna, ben))["id"])
    carla = await writer()
    await withdraws(carla, (await asked(carla, anna))["id"])
    sharer = await writer(consents=SHARING, started_on="2026-01-01")
    await pair(sharer, anna)
    await sharer.ok("POST", "/v1/slips", json={})
    await drain()
    files = await unpacked(stranger, (await exported(anna, drain))["url"])
    between = json.loads(files["partnerships.json"])
    assert sorted((row["state"], row["closed_at"]) for row in between if row["state"] != "partners") == [
        ("closed", None), ("closed", None),
    ]  # fmt: skip
    [told] = [row for row in json.loads(files["notifications.json"]) if row["kind"] == "partner_slip"]
    assert "cause" not in told
    files = await unpacked(stranger, (await exported(ben, drain))["url"])
    [own] = json.loads(files["partnerships.json"])
    assert own["state"] == "declined"
    assert own["closed_at"]


async def test_whoever_comes_back_has_everything_again(anna, ben, stranger):
    talk = await pair(anna, ben)
    await write(anna, talk, "words of anna")
    before = await partners(ben)
    with clock.frozen(NOON):
        token = (await leave(anna))["restore_token"]
        assert await partners(ben) == []
        assert (await stranger("POST", "/v1/me/restore", json={"restore_token": token})).status_code == 200
    assert await partners(ben) == before
    assert await fetch_value("SELECT state FROM partnerships WHERE id = $1", UUID(talk)) == "partners"
