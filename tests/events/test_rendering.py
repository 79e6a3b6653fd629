"""What each event carries: the row as this person may see it at this moment, and nothing that they may not."""

import asyncio
from uuid import UUID

import pytest

from domain.events.rendering import _READERS, render
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_value
from domain.kit.days import local_date
from domain.kit.events import Event, EventType, Told
from tests.anchor.conftest import ask, fresh_model, provider, talker  # noqa: F401  fixtures
from tests.community.conftest import confirm
from tests.events.conftest import told, user_id
from tests.partners.talking import block, pair, write


async def test_every_kind_of_event_can_be_read(person):
    kinds = EventType.__args__
    assert set(kinds) == set(_READERS)
    unknown = UUID("01990000-0000-7000-8000-000000000000")
    events = [Told("1-1", Event(kind, unknown)) for kind in kinds]
    assert await render(user_id(person), events) == []
    # Whoever is gone has nothing to see.
    assert await render(unknown, [Told("1-1", Event("streak")), Told("1-2", Event("goal", unknown))]) == []


async def test_each_kind_is_read_at_once(person, statements):
    made = [Told(f"1-{number}", Event("notification", UUID(int=number))) for number in range(1, 50)]
    statements.clear()
    assert await render(user_id(person), made) == []
    assert len(statements) == 1


async def test_a_message_reaches_both_and_their_other_phones(people, listen):
    one, other = people
    talk = await pair(one, other)
    async with listen(one) as writing, listen(other) as reading, listen(other) as tablet:
        for phone in (writing, reading, tablet):
            await phone.hear("hello")
        sent = await write(one, talk, "How was your day?", client_id="a1")
        mine = await writing.hear("partner.message")
        assert mine["partnership_id"] == talk
        assert mine["message"] == sent
        assert mine["unread_count"] == 0
        for phone in (reading, tablet):
            theirs = await phone.hear("partner.message")
            assert theirs["message"]["body"] == "How was your day?"
            assert (theirs["message"]["is_mine"], theirs["message"]["client_id"]) == (False, None)
            assert theirs["unread_count"] == 1
            assert one.user["id"] not in str(theirs)
            assert (await other.ok("GET", f"/v1/partners/{talk}/messages"))["items"][0] == theirs["message"]
        assert await writing.silent()


async def test_a_third_person_cannot_see_it_even_if_told(people, sign_up, listen):
    one, other = people
    third = await sign_up()
    message = await write(one, await pair(one, other))
    async with listen(third) as phone:
        await phone.hear("hello")
        await told(third, Event("partner.message", UUID(message["id"])), Event("streak"))
        await phone.hear("streak")
        assert await phone.silent()


async def test_a_block_takes_what_waits_out_of_sight(people, listen):
    one, other = people
    talk = await pair(one, other)
    async with listen(other) as phone:
        await phone.hear("hello")
    await write(one, talk, "You will not read this")
    await block(other, one)
    async with listen(other, phone.last) as back:
        await told(other, Event("streak"))
        assert (await back.next())[0] == "streak"
        assert await back.silent()


async def test_requests_and_their_answer(people, listen):
    one, other = people
    await confirm(one)
    await confirm(other)
    public = str(await fetch_value("SELECT persona_id FROM users WHERE id = $1", user_id(other)))
    async with listen(one) as asking, listen(other) as asked:
        await asking.hear("hello")
        await asked.hear("hello")
        made = await one.ok("POST", "/v1/partners/requests", json={"to": public, "message": "Shall we?"})
        found = await of_kind(asked, "partner.request")
        (listed,) = (await other.ok("GET", "/v1/partners/requests"))["items"]
        assert found["request"] == listed
        assert (found["request"]["id"], found["request"]["direction"]) == (made["id"], "incoming")
        await other.ok("POST", f"/v1/partners/requests/{made['id']}/accept")
        answer = await of_kind(asking, "partner.request")
        assert answer["request"]["status"] == "partners"
        assert answer["request"]["partnership_id"] == made["id"]


async def of_kind(phone, kind: str):
    """The data of the next event of `kind`, whatever comes before."""
    while (found := await phone.next(5)) is not None:
        if found[0] == kind:
            return found[1]
    pytest.fail(f"no {kind}")


async def test_an_answer_of_anchor_that_is_done_or_has_failed(talker, provider, listen, drain):  # noqa: F811
    await execute("DELETE FROM jobs WHERE name LIKE 'accounts.%'")
    await provider.says("Good to hear from you.")
    async with listen(talker) as phone:
        await phone.hear("hello")
        asked = await ask(talker)
        await drain()
        data = await of_kind(phone, "anchor.reply")
        shown = await talker.ok("GET", f"/v1/anchor/messages/{asked['reply']['id']}")
        assert data == {"message_id": shown["id"], "status": "done", "message": shown}
        await provider.fault(status=402)
        asked = await ask(talker, "Again")
        await drain(allow=("retry", "dead"))
        data = await of_kind(phone, "anchor.reply")
        assert (data["message_id"], data["status"]) == (asked["reply"]["id"], "failed")
        assert data["message"]["code"]


async def test_the_daily_message(person, listen):
    message_id = await daily(person)
    async with listen(person) as phone:
        await phone.hear("hello")
        await told(person, Event("anchor.daily", message_id))
        data = await phone.hear("anchor.daily")
        assert (data["id"], data["body"]) == (str(message_id), "One evening at a time.")
        assert set(data) == {"id", "body", "sent_at"}


async def daily(person) -> UUID:
    message_id: UUID = await fetch_value(
        """INSERT INTO anchor_messages (id, user_id, role, kind, status, body, created_at, finished_at)
           VALUES (gen_random_uuid(), $1, 'anchor', 'daily', 'done', 'One evening at a time.', now(), now())
           RETURNING id""",
        user_id(person),
    )
    await execute(
        """INSERT INTO daily_messages (id, user_id, local_date, planned_at, state, source, message_id, sent_at)
           VALUES (gen_random_uuid(), $1, current_date, now(), 'sent', 'curated', $2, now())""",
        user_id(person), message_id,
    )  # fmt: skip
    return message_id


async def test_goals_and_streak_follow_what_is_done(person, listen, drain):
    async with listen(person) as phone:
        await phone.hear("hello")
        goal = await person.ok("POST", "/v1/goals", json={"kind": "check_ins", "target": 2})
        assert (await of_kind(phone, "goal"))["progress"] == 0
        await drain()
        here = local_date(clock.now(), person.user["timezone"])
        await person.ok("PUT", f"/v1/check-ins/{here}", json={"mood": 4, "urge_level": 2})
        assert (await of_kind(phone, "streak"))["check_in"]["current_days"] == 1
        await drain()
        moved = await of_kind(phone, "goal")
        assert (moved["id"], moved["progress"]) == (goal["id"], 50)
        assert moved == await person.ok("GET", f"/v1/goals/{goal['id']}")
        slip = await person.ok("POST", "/v1/slips", json={})
        assert await of_kind(phone, "streak") == slip["streak"]
        await person.ok("DELETE", f"/v1/slips/{slip['id']}")
        assert await of_kind(phone, "streak") == await person.ok("GET", "/v1/streak")
        changed = await person.ok("PATCH", "/v1/streak", json={"started_on": "2026-01-01"})
        assert await of_kind(phone, "streak") == changed
        await drain()
        renamed = await person.ok("PATCH", f"/v1/goals/{goal['id']}", json={"title": "Evenings"})
        async with asyncio.timeout(5):
            while (shown := await of_kind(phone, "goal"))["title"] != "Evenings":
                continue
        assert shown == renamed


async def test_the_subscription_is_read_by_its_own_route(person, listen):
    async with listen(person) as phone:
        await phone.hear("hello")
        await told(person, Event("subscription"))
        assert await phone.hear("subscription") == {}


@pytest.fixture
async def people(sign_up):
    """Two who may be partners."""
    return await sign_up(consents=("community_rules",)), await sign_up(consents=("community_rules",))
