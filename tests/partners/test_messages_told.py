"""Telling somebody that their partner wrote: one notification a talk, nothing of what was written (telling.py)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from domain.kit import events
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.events import Event
from domain.partners import telling
from domain.partners.telling import TellOfMessages, tell_of_messages
from tasks import actors  # noqa: F401  binds every actor
from tasks.actor import bindings
from tests.community.conftest import bring_back, take_away
from tests.partners.talking import block, end, id_of, pair, path, read, told, write
from tests.push.phones import iphone, pushes

ONE = "Your partner wrote to you"


@pytest.fixture(autouse=True)
def _providers(sandbox) -> None:
    """Whoever drains may send pushes."""


@pytest.fixture
async def two(sign_up):
    """Two partners, of whom the second has a phone."""
    one, other = await sign_up(), await sign_up()
    await other.ok("PUT", "/v1/me/devices/phone", json=iphone())
    return one, other, await pair(one, other)


async def sent():
    return [state for state, _ in await pushes()].count("sent")


async def test_a_message_is_one_notification_and_one_push_without_its_text(two, drain, sandbox):
    one, other, talk = two
    await write(one, talk, "the secret words")
    await drain()
    answer = await other("GET", "/v1/notifications")
    [item] = answer.json()["items"]
    assert (item["kind"], item["title"], item["body"]) == ("partner_message", ONE, ONE)
    assert item["deep_link"] == f"kuitter://partners/{talk}"
    assert "secret" not in answer.text
    assert "secret" not in (await sandbox.get("/_control/sent")).text
    assert "secret" not in str([tuple(row) for row in await fetch("SELECT * FROM notifications")])
    assert await sent() == 1
    assert await told(one) == []


async def test_more_while_it_is_unread_change_its_text_without_a_push(two, drain):
    one, other, talk = two
    for number in range(1, 4):
        await write(one, talk)
        await drain()
        assert await told(other) == [(ONE if number == 1 else f"{number} new messages from your partner", False)]
    assert await sent() == 1


async def test_after_a_pause_a_message_is_news_again(two, drain, sandbox):
    one, other, talk = two
    await write(one, talk)
    await drain()
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        await write(one, talk)
        await drain()
        assert await told(other) == [("2 new messages from your partner", False)]
    assert await sent() == 1  # the push of the first went with it
    shown = [(await sandbox.get("/_control/sent")).json()]
    assert str(shown).count("2 new messages") + str(shown).count(telling.DISCREET_BODY) >= 2
    # In place of the one before.
    ids = {row["collapse_id"] for row in await fetch("SELECT collapse_id FROM notifications")}
    assert len(ids) == 1


async def test_after_a_pause_what_is_left_unread_is_no_news(two, drain, sandbox):
    one, other, talk = two
    for _ in range(3):
        await write(one, talk)
    await drain()
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        await read(other, talk, 1)
        await drain()
    assert await told(other) == [("2 new messages from your partner", False)]
    # Two pushes in all would be one for each of two notifications: the sandbox has seen one.
    assert len((await sandbox.get("/_control/sent", params={"provider": "apns"})).json()["items"]) == 1


async def test_fifty_at_once_are_one(two, drain):
    one, other, talk = two
    await asyncio.gather(*(write(one, talk, f"{n}") for n in range(50)))
    assert await fetch_value("SELECT count(*) FROM jobs WHERE name = 'partners.messages'") == 1
    await drain()
    assert await told(other) == [("50 new messages from your partner", False)]
    assert await sent() == 1


async def test_what_was_read_before_the_job_is_not_told(two, drain):
    one, other, talk = two
    await write(one, talk)
    await read(other, talk, 1)
    await drain()
    assert await told(other) == []
    assert await pushes() == []


async def test_reading_takes_the_notification_back_and_its_push(two, drain):
    one, other, talk = two
    await write(one, talk)
    await drain()
    await read(other, talk, 1)
    assert await told(other) == []
    assert (await other.ok("GET", "/v1/notifications"))["unread_count"] == 0


async def test_a_push_that_still_waits_goes_with_what_is_read(two, drain):
    one, other, talk = two
    await write(one, talk)
    await bindings["partners.messages"].run(
        str(await fetch_value("SELECT id FROM jobs WHERE name = 'partners.messages'"))
    )
    await read(other, talk, 1)
    await drain()
    assert await sent() == 0


async def test_reading_some_leaves_the_rest_told(two, drain):
    one, other, talk = two
    for _ in range(3):
        await write(one, talk)
    await drain()
    await read(other, talk, 2)
    await drain()
    assert await told(other) == [(ONE, False)]
    assert await sent() == 1


async def test_what_was_seen_in_the_inbox_is_not_told_twice(two, drain):
    one, other, talk = two
    await write(one, talk)
    await drain()
    await other.ok("POST", "/v1/notifications/read-all")
    async with transaction():
        await tell_of_messages(UUID(talk), id_of(other))
    await drain()
    assert await told(other) == [(ONE, True)]
    await write(one, talk)
    await drain()
    assert await told(other) == [("2 new messages from your partner", False), (ONE, True)]
    assert await sent() == 2


async def test_each_talk_is_told_apart(two, sign_up, drain):
    one, other, talk = two
    third = await sign_up()
    second = await pair(other, third)
    await write(one, talk)
    await write(third, second)
    await drain()
    assert await told(other) == [(ONE, False)] * 2
    await read(other, second, 1)
    [item] = (await other.ok("GET", "/v1/notifications"))["items"]
    assert item["deep_link"] == f"kuitter://partners/{talk}"


async def test_a_block_takes_back_what_is_unread(two, drain):
    one, other, talk = two
    await write(one, talk)
    await drain()
    await block(one, other)
    assert await told(other) == []


@pytest.mark.parametrize("what", ["blocked", "ended", "suspended", "deleting", "of another age"])
async def test_nothing_is_told_that_may_not_be_written_any_more(two, drain, what):
    one, other, talk = two
    await write(one, talk)
    if what == "blocked":
        await block(other, one)
    elif what == "ended":
        await end(talk)
    elif what == "of another age":
        await execute("UPDATE users SET birth_date = current_date - 5000 WHERE id = $1", id_of(one))
    else:
        await take_away(one, what)
    await drain()
    if what in ("suspended", "deleting"):
        await bring_back(one)
    assert await told(other) == []


async def test_nobody_who_is_gone_is_told(two, drain):
    one, other, talk = two
    await write(one, talk)
    await take_away(other, "suspended")
    await drain()
    assert await fetch_value("SELECT count(*) FROM notifications") == 0


async def test_of_a_talk_that_is_gone_nothing_is_told(two, drain):
    one, other, talk = two
    await write(one, talk)
    await execute("DELETE FROM partnerships")
    await drain()
    assert await told(other) == []


async def test_two_workers_tell_it_once(two):
    one, other, talk = two
    await write(one, talk)
    job = TellOfMessages(partnership_id=UUID(talk), reader_id=id_of(other))

    async def work():
        async with transaction():
            await telling.tell_reader(job)

    await asyncio.gather(*(work() for _ in range(8)))
    assert await told(other) == [(ONE, False)]


async def test_reading_while_it_is_told_leaves_nothing_behind(two, drain):
    one, other, talk = two
    for place in range(1, 6):
        await write(one, talk)
        await asyncio.gather(drain(), read(other, talk, place))
        await drain()
        assert await told(other) == []


async def test_it_goes_unsaid_if_the_person_does_not_want_pushes_of_it(two, drain):
    one, other, talk = two
    await other.ok("PATCH", "/v1/me/preferences", json={"push": {"partner_message": False}})
    await write(one, talk)
    await drain()
    assert await told(other) == [(ONE, False)]
    assert await pushes() == []


# -- live ----------------------------------------------------------------------------------------------------------


async def test_both_hear_of_it_live_and_of_a_retry_nobody(two, monkeypatch):
    from domain.partners import messages

    one, other, talk = two
    heard = []
    real = events.tell

    def listening(user_id, event):
        heard.append((user_id, event))
        real(user_id, event)

    monkeypatch.setattr(messages, "tell", listening)
    written = await write(one, talk, client_id="c1")
    event = Event("partner.message", UUID(written["id"]))
    assert heard == [(id_of(one), event), (id_of(other), event)]
    await write(one, talk, client_id="c1")
    await one("POST", path(talk), json={"body": ""})
    assert len(heard) == 2
