"""Streams end with the session, the token and the process, and leave nothing behind, whatever the app does."""

import asyncio
import dataclasses
import gc
import time

import jwt
import pytest

from api import events as live
from domain.accounts import sessions, tokens
from domain.accounts.tokens import make_access, read_access
from domain.events import open_streams, stream, trail
from domain.kit import events, signals
from domain.kit.database import execute
from domain.kit.events import Event
from domain.kit.redis import connect
from domain.kit.settings import settings
from tests.conftest import PASSWORD
from tests.events.conftest import told, until, user_id

STREAK = Event("streak")


async def ended_with(phone, code: str) -> None:
    assert await phone.hear("error", 3) == {"code": code}
    assert await phone.next(3) is None


async def _logout(person) -> None:
    await person.ok("POST", "/v1/auth/logout")


async def _everywhere(person) -> None:
    await person.ok("POST", "/v1/auth/logout-all")


async def _leave(person) -> None:
    await person.ok("DELETE", "/v1/me", json={"password": PASSWORD})


@pytest.mark.parametrize("happens", [_logout, _everywhere, _leave])
async def test_the_end_of_the_session_ends_it_at_once(person, sign_up, listen, happens):
    other = await sign_up()
    async with listen(person) as phone, listen(other) as far:
        await phone.hear("hello")
        await far.hear("hello")
        await happens(person)
        await ended_with(phone, "session_ended")
        await told(other, STREAK)
        await far.hear("streak")


async def test_the_other_session_goes_on(person, stranger, listen):
    tokens = await stranger.ok("POST", "/v1/auth/login", json={"email": person.user["email"], "password": PASSWORD})
    stranger.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    async with listen(person) as phone, listen(stranger) as other:
        await phone.hear("hello")
        await other.hear("hello")
        await _logout(person)
        await ended_with(phone, "session_ended")
        await told(person, STREAK)
        await other.hear("streak")


async def _revoke(person) -> None:
    await execute("UPDATE sessions SET revoked_at = now(), revoked_why = 'reuse' WHERE user_id = $1", user_id(person))


async def _suspend(person) -> None:
    await execute("UPDATE users SET state = 'suspended' WHERE id = $1", user_id(person))


async def lose_the_connection_for_signals() -> None:
    redis = connect(settings().redis_url)
    await redis.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
    await redis.aclose()


@pytest.mark.parametrize("happens", [_revoke, _suspend])
async def test_an_end_that_was_not_heard_is_looked_up_after_signals_may_be_lost(person, listen, happens, monkeypatch):
    monkeypatch.setattr(signals, "_PAUSE_WHEN_AWAY", 0.05)
    async with listen(person) as phone:
        await phone.hear("hello")
        await happens(person)
        assert await phone.silent()
        await lose_the_connection_for_signals()
        await ended_with(phone, "session_ended")


async def test_lost_signals_alone_change_nothing(person, listen, monkeypatch):
    monkeypatch.setattr(signals, "_PAUSE_WHEN_AWAY", 0.05)
    async with listen(person) as phone:
        await phone.hear("hello")
        await lose_the_connection_for_signals()
        await told(person, STREAK)
        await phone.hear("streak")
        assert await phone.silent()


async def test_an_end_between_the_gate_and_the_first_signal_is_seen(person, listen, monkeypatch):
    subscribe = signals.subscribe

    def late(*topics, **options):
        if sessions.ended_topic(session_id) in topics:
            revoked.append(asyncio.create_task(_revoke(person)))
        return subscribe(*topics, **options)

    session_id, revoked = read_access(person.signed_in["access_token"]).session_id, []
    monkeypatch.setattr(signals, "subscribe", late)
    async with listen(person) as phone:
        heard = [found[0] for _ in range(2) if (found := await phone.next(3))]
        # Whichever came first: nobody goes on listening.
        if heard == ["error"]:
            return
    pytest.fail(f"{heard}")


async def test_no_stream_outlives_its_access_token(person, listen, monkeypatch):
    known = read_access(person.signed_in["access_token"])
    with monkeypatch.context() as patches:
        patches.setattr(tokens, "settings", lambda: dataclasses.replace(settings(), access_token_seconds=2))
        short = make_access(known)
    person.http.headers["Authorization"] = f"Bearer {short}"
    async with listen(person) as phone:
        await phone.hear("hello")
        await told(person, STREAK)
        await phone.hear("streak")
        await ended_with(phone, "token_expired")
    assert time.time() - read_access_end(short) < 0.5


def read_access_end(token: str) -> float:
    claims: dict[str, float] = jwt.decode(token, options={"verify_signature": False})
    return claims["exp"]


async def test_the_ninth_stream_ends_the_oldest(person, listen):
    opened = [listen(person) for _ in range(open_streams.MOST_A_PERSON + 1)]
    phones = [await each.__aenter__() for each in opened]
    await ended_with_hello(phones[0], "too_many_streams")
    for phone in phones[1:]:
        await phone.hear("hello")
    await told(person, STREAK)
    for phone in phones[1:]:
        await phone.hear("streak")
    assert open_streams.count(user_id(person)) == open_streams.MOST_A_PERSON
    for each in opened:
        await each.__aexit__(None, None, None)
    assert open_streams.count(user_id(person)) == 0


async def ended_with_hello(phone, code: str) -> None:
    found = await phone.next(3)
    if found is not None and found[0] == "hello":
        found = await phone.next(3)
    assert found is not None
    assert found[:2] == ("error", {"code": code})
    assert await phone.next(3) is None


async def test_the_end_of_the_process_ends_all_of_them_without_a_word(person, sign_up, listen):
    other = await sign_up()
    async with listen(person) as phone, listen(other) as far:
        await phone.hear("hello")
        await far.hear("hello")
        began = time.monotonic()
        open_streams.end_all()
        assert await phone.next(2) is None
        assert await far.next(2) is None
        assert time.monotonic() - began < 1


async def test_an_app_that_goes_away_leaves_nothing_behind(person, listen):
    redis = connect(settings().redis_url)
    channel = signals.channel(events.topic(user_id(person)))
    async with listen(person) as warm:
        await warm.hear("hello")
    tasks = len(asyncio.all_tasks())
    async with listen(person) as phone:
        await phone.hear("hello")
        assert await redis.pubsub_numsub(channel) == [(channel.encode(), 1)]
        assert open_streams.count() == 1
        phone.gone.set()

        async def over():
            return phone.task.done()

        began = time.monotonic()
        await until(over)
        assert time.monotonic() - began < 1

    async def unsubscribed():
        return await redis.pubsub_numsub(channel) == [(channel.encode(), 0)]

    await until(unsubscribed)
    assert open_streams.count() == 0
    assert events.topic(user_id(person)) not in signals._hub._topics
    assert events.topic(user_id(person)) not in signals._hub._confirmed
    gc.collect()
    assert len(asyncio.all_tasks()) <= tasks + 1
    await redis.aclose()


async def test_an_app_that_goes_away_while_the_stream_opens_leaves_nothing_behind(person, listen, monkeypatch):
    async def slowly(*arguments):
        await asyncio.sleep(0.2)
        return await read(*arguments)

    read = trail.read
    monkeypatch.setattr(trail, "read", slowly)
    async with listen(person) as phone:
        phone.gone.set()
        async with asyncio.timeout(2):
            await phone.task
    assert open_streams.count() == 0
    assert events.topic(user_id(person)) not in signals._hub._topics


async def test_an_opening_that_is_cancelled_leaves_no_topic(person, monkeypatch):
    """As when the server stops while Redis is slow to confirm."""
    hub = signals._hub
    topic = "events:cancelled"
    monkeypatch.setattr(type(hub), "_receive", _deaf)

    async def opening():
        async with signals.subscribe(topic):
            pass

    task = asyncio.create_task(opening())
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert topic not in hub._topics


async def _deaf(self, pubsub):
    await asyncio.sleep(60)


async def test_a_slow_reader_holds_nobody_up_and_hears_all_of_it_later(person, sign_up, listen):
    other = await sign_up()
    async with listen(person) as slow, listen(person) as quick, listen(other) as far:
        for phone in (slow, quick, far):
            await phone.hear("hello")
        slow.takes.clear()
        for _ in range(30):
            began = time.monotonic()
            await told(person, *(Event("goal"), Event("streak")))
            await told(other, STREAK)
            await quick.hear("streak")
            await far.hear("streak")
            assert time.monotonic() - began < 2
        slow.takes.set()
        heard = await slow.next(3)
        assert heard[0] == "streak"

        async def caught_up():
            while not await slow.silent(0):
                await slow.next(1)
            return slow.last == quick.last

        await until(caught_up)


async def test_a_reader_that_is_too_slow_is_told_to_read_again(person, listen, monkeypatch):
    monkeypatch.setattr(trail, "BATCH", 10)
    async with listen(person) as slow:
        await slow.hear("hello")
        slow.takes.clear()
        for _ in range(10):
            await told(person, *[STREAK] * 60)
        await asyncio.sleep(0.1)
        assert slow.task is not None
        slow.takes.set()
        names = set()
        async with asyncio.timeout(5):
            while "resync" not in names:
                names.add((await slow.next(3))[0])
        await told(person, STREAK)
        await slow.hear("streak")


async def test_an_end_that_a_slow_reader_has_lost_is_looked_up(person, listen, monkeypatch):
    # So that the time to look is over when it takes again.
    monkeypatch.setattr(stream, "_KEEP_ALIVE_SECONDS", 0.1)
    async with listen(person) as slow:
        await slow.hear("hello")
        slow.takes.clear()
        await told(person, *[STREAK] * 150)
        await _logout(person)
        await asyncio.sleep(0.15)
        slow.takes.set()
        async with asyncio.timeout(3):
            while (heard := await slow.next(3)) is not None:
                last = heard
    assert last[:2] == ("error", {"code": "session_ended"})


async def test_a_reader_that_takes_nothing_is_cut_off(person, listen, monkeypatch):
    monkeypatch.setattr(live, "_LONGEST_WRITE_SECONDS", 0.2)
    async with listen(person) as stuck:
        await stuck.hear("hello")
        stuck.takes.clear()
        await told(person, STREAK)
        async with asyncio.timeout(3):
            await stuck.task
        assert open_streams.count() == 0
