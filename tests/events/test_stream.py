"""One stream a person for whatever happens to them: it begins, goes on after a break, and says when it cannot."""

import asyncio
from datetime import timedelta

import pytest

from api.app import create_litestar
from domain.events import stream, trail
from domain.kit import events
from domain.kit.clock import clock
from domain.kit.database import execute, transaction
from domain.kit.events import KEPT, Event, tell
from domain.kit.ids import new_id
from domain.kit.redis import connect
from domain.kit.settings import settings
from domain.push.notifications import notify
from tests.events.conftest import told, until, user_id
from tests.routes.table import notification, today

STREAK = Event("streak")


@pytest.fixture
async def redis(app):
    client = connect(settings().redis_url)
    yield client
    await client.aclose()


async def notified(person) -> str:
    """A new notification of theirs."""
    async with transaction():
        made = await notify(
            user_id(person), kind="goal", cause=str(new_id()), title="Goal", body="Reached", discreet_body="News",
            deep_link="kuitter://goals", expires_at=clock.now() + timedelta(days=1),
        )  # fmt: skip
    return str(made)


async def test_a_check_in_arrives_at_the_other_phone(person, listen):
    async with listen(person) as phone:
        assert phone.status == 200
        assert phone.headers["content-type"].startswith("text/event-stream")
        assert phone.headers["cache-control"] == "no-store"
        assert phone.headers["x-accel-buffering"] == "no"
        assert "content-length" not in phone.headers
        assert await phone.hear("hello") == {}
        answer = await person.ok("PUT", f"/v1/check-ins/{today()}", json={"mood": 4, "urge_level": 2})
        assert await phone.hear("streak") == answer["streak"]
        assert await phone.silent()


async def test_two_apps_on_two_instances_hear_the_same_in_one_order(person, listen_to, app):
    async with listen_to(app, person) as one, listen_to(create_litestar(), person) as other:
        await one.hear("hello")
        await other.hear("hello")
        made = [await notified(person) for _ in range(20)]
        heard = [[(await phone.hear("notification"))["notification"]["id"] for _ in made] for phone in (one, other)]
        assert heard == [made, made]
        assert one.last == other.last


async def test_fifty_at_once_all_arrive_once(person, listen):
    async with listen(person) as phone, listen(person) as other:
        await phone.hear("hello")
        await other.hear("hello")
        made = await asyncio.gather(*(notified(person) for _ in range(50)))
        heard = [(await phone.hear("notification"))["notification"]["id"] for _ in made]
        assert sorted(heard) == sorted(made)
        assert heard == [(await other.hear("notification"))["notification"]["id"] for _ in made]
        assert await phone.silent()


async def test_others_hear_nothing(person, sign_up, listen):
    other = await sign_up()
    async with listen(person) as phone, listen(other) as far:
        await phone.hear("hello")
        await far.hear("hello")
        await notification(person, None)
        await phone.hear("notification")
        assert await far.silent()


async def test_what_was_rolled_back_is_not_told(person, listen):
    async with listen(person) as phone:
        await phone.hear("hello")
        with pytest.raises(ZeroDivisionError):
            async with transaction():
                tell(user_id(person), STREAK)
                raise ZeroDivisionError
        assert await phone.silent()


async def test_whoever_does_not_listen_takes_no_room_in_redis(person, listen, redis):
    await told(person, STREAK)
    await notification(person, None)
    async with listen(person) as phone:
        await phone.hear("hello")
        assert await redis.xlen(events.key(user_id(person))) == 1
        assert 0 < await redis.ttl(events.key(user_id(person))) <= trail.KEEP_SECONDS
        await told(person, *[STREAK] * 1000)

        async def bounded():
            return KEPT <= await redis.xlen(events.key(user_id(person))) <= 2 * KEPT

        await until(bounded)


async def test_it_goes_on_after_a_break(person, listen):
    async with listen(person) as phone:
        await phone.hear("hello")
        first = await notified(person)
        assert (await phone.hear("notification"))["notification"]["id"] == first
    missed = [await notified(person) for _ in range(3)]
    async with listen(person, phone.last) as back:
        heard = [await back.hear("notification") for _ in missed]
        assert [one["notification"]["id"] for one in heard] == missed
        assert [one["unread_count"] for one in heard] == [4, 4, 4]
        live = await notified(person)
        assert (await back.hear("notification"))["notification"]["id"] == live
    async with listen(person, back.last) as again:
        assert await again.silent()


async def test_more_than_one_look_can_hold_comes_in_order(person, listen):
    async with listen(person) as phone:
        await phone.hear("hello")
    missed = [await notified(person) for _ in range(trail.BATCH * 2 + 20)]
    async with listen(person, phone.last) as back:
        assert [(await back.hear("notification"))["notification"]["id"] for _ in missed] == missed
        assert await back.silent()


async def test_of_several_about_one_thing_the_last_is_enough(person, listen):
    async with listen(person) as phone:
        await phone.hear("hello")
    made = await notified(person)
    await told(person, STREAK, STREAK, STREAK)
    async with listen(person, phone.last) as back:
        assert (await back.hear("notification"))["notification"]["id"] == made
        await back.hear("streak")
        assert await back.silent()


async def test_what_cannot_be_resumed_is_said(person, sign_up, listen, redis):
    other = await sign_up()
    async with listen(other) as far:
        await far.hear("hello")
    async with listen(person) as phone:
        await phone.hear("hello")
    await told(person, STREAK)
    for last in (far.last, "1-1", "nonsense", "", "9" * 40 + "-1", "18446744073709551616-0"):
        async with listen(person, last) as back:
            assert await back.hear("resync") == {}, last
            assert await back.silent(0.02), last
    await redis.flushdb()
    async with listen(person, phone.last) as back:
        await back.hear("resync")
        made = await notified(person)
        assert (await back.hear("notification"))["notification"]["id"] == made


async def test_a_stream_that_is_flushed_meanwhile_says_so_at_its_next_look(person, listen, redis, monkeypatch):
    monkeypatch.setattr(stream, "_KEEP_ALIVE_SECONDS", 0.1)
    async with listen(person) as phone:
        await phone.hear("hello")
        await redis.flushdb()
        heard = [await phone.next(3) for _ in range(3)]
        assert "resync" in [name for name, _, _ in heard]
        made = await notified(person)
        while (found := await phone.next(3))[0] == ":":
            continue
        assert found[1]["notification"]["id"] == made


async def test_a_lost_signal_is_made_up_for(person, listen, redis, monkeypatch):
    monkeypatch.setattr(stream, "_KEEP_ALIVE_SECONDS", 0.2)
    async with listen(person) as phone:
        await phone.hear("hello")
        # As it is when PUBLISH reaches nobody: in the stream alone.
        await redis.xadd(events.key(user_id(person)), {"e": '{"type":"streak","id":null}'})
        while (found := await phone.next(3))[0] == ":":
            continue
        assert found[0] == "streak"


async def test_quiet_streams_are_kept_alive_and_ask_postgres_nothing(person, listen, redis, monkeypatch, statements):
    monkeypatch.setattr(stream, "_KEEP_ALIVE_SECONDS", 0.1)
    async with listen(person) as phone:
        await phone.hear("hello")
        await redis.expire(events.key(user_id(person)), 5)
        statements.clear()
        for _ in range(3):
            assert (await phone.next(3))[0] == ":"
        assert statements == []
        assert await redis.ttl(events.key(user_id(person))) > 5


async def test_events_of_a_kind_to_come_are_passed_over(person, listen, redis):
    async with listen(person) as phone:
        await phone.hear("hello")
        payload = b'{"type":"comet","id":null}'
        place = await redis.xadd(events.key(user_id(person)), {"e": payload})
        await redis.publish(f"kuitter:signal:{events.topic(user_id(person))}", place + b" " + payload)
        await told(person, STREAK)
        await phone.hear("streak")
    await redis.xadd(events.key(user_id(person)), {"e": payload})
    async with listen(person, phone.last) as back:
        await told(person, STREAK)
        await back.hear("streak")


async def test_it_wants_a_token(stranger):
    answer = await stranger("GET", "/v1/events")
    assert answer.status_code == 401


async def test_what_is_gone_when_it_is_told_is_left_out(person, listen):
    async with listen(person) as phone:
        await phone.hear("hello")
        gone = await notified(person)
        await phone.hear("notification")
    await notified(person)
    await execute("DELETE FROM notifications WHERE id <> $1", gone)
    async with listen(person, phone.last) as back:
        assert await back.silent()
