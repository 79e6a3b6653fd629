"""The answer as it is written, on the wire to the app."""

import asyncio
from uuid import UUID

import pytest

from domain.anchor import following, live, reply
from domain.anchor.following import Position, Token, advance, position_of
from domain.anchor.messages import DETAILS
from domain.kit import signals
from domain.kit.database import execute, fetch_value
from tests.anchor.conftest import ask, run_job, text_of
from tests.conftest import PASSWORD

SORRY = DETAILS["anchor_unavailable"]
WORDS = " ".join(f"word{n}" for n in range(60)) + "."


async def test_tokens_arrive_one_by_one_and_make_the_answer(talker, provider, listen) -> None:
    await provider.says(WORDS)
    asked = await ask(talker)
    async with listen(talker, asked["reply"]["id"]) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert await run_job("anchor.reply") == "done"
        events = await stream.all()
    tokens = [event for event in events if event[0] == "token"]
    assert len(tokens) > 10
    assert text_of(events) == WORDS
    offsets = [int(event_id.split("-")[1]) for _, _, event_id in tokens]
    assert offsets == sorted(offsets)
    assert offsets[-1] == len(WORDS)
    assert {event_id.split("-")[0] for _, _, event_id in tokens} == {"1"}
    name, message, _ = events[-1]
    assert (name, message["status"], message["body"]) == ("done", "done", WORDS)
    assert message["id"] == asked["reply"]["id"]


async def test_resuming_gives_what_is_missing_and_nothing_twice(talker, provider, listen) -> None:
    await provider.says(WORDS)
    asked = await ask(talker)
    async with listen(talker, asked["reply"]["id"]) as stream:
        job = asyncio.create_task(run_job("anchor.reply"))
        first = [await stream.next() for _ in range(4)]
    head, last = text_of(first), first[-1][2]
    async with listen(talker, asked["reply"]["id"], last=last) as stream:
        rest = await stream.all()
    await job
    assert rest[-1][0] == "done"
    assert "reset" not in [name for name, _, _ in rest]
    assert head + text_of(rest) == WORDS


async def test_resuming_when_it_is_over(talker, provider, listen, drain) -> None:
    await provider.says(WORDS)
    asked = await ask(talker)
    await drain()
    async with listen(talker, asked["reply"]["id"], last="1-5") as stream:
        events = await stream.all()
    assert [name for name, _, _ in events] == ["token", "done"]
    assert text_of(events) == WORDS[5:]
    async with listen(talker, asked["reply"]["id"], last=f"1-{len(WORDS)}") as stream:
        assert [name for name, _, _ in await stream.all()] == ["done"]
    for nonsense in ("nonsense", "9-9-9", "-1-5", "1-" + "9" * 40):
        async with listen(talker, asked["reply"]["id"], last=nonsense) as stream:
            assert text_of(await stream.all()) == WORDS


async def test_a_second_try_resets_the_first(talker, provider, listen, drain, monkeypatch) -> None:
    monkeypatch.setattr(reply, "_FIRST_PAUSE", 0.1)
    await provider.says("Lost words that nobody will ever see again, ever.", WORDS)
    await provider.fault(truncate_after=3, times=1)
    asked = await ask(talker)
    async with listen(talker, asked["reply"]["id"]) as stream:
        assert await run_job("anchor.reply") == "retry"
        await asyncio.sleep(0.15)
        assert await run_job("anchor.reply") == "done"
        events = await stream.all()
    names = [name for name, _, _ in events]
    assert names.count("reset") == 1
    assert names[0] == "token"
    assert text_of(events) == WORDS
    assert {event_id.split("-")[0] for name, _, event_id in events if name == "token"} == {"1", "2"}


async def test_resuming_into_a_later_try(talker, provider, listen, drain) -> None:
    await provider.says(WORDS)
    asked = await ask(talker)
    # The worker of the first try was killed after it had saved some text; nobody saw it end.
    await execute(
        "UPDATE anchor_messages SET status = 'streaming', attempt = 1, body = 'Lost' WHERE reply_to IS NOT NULL"
    )
    async with listen(talker, asked["reply"]["id"]) as stream:
        assert await stream.next() == ("token", {"text": "Lost"}, "1-4")
    await drain()
    async with listen(talker, asked["reply"]["id"], last="1-4") as stream:
        events = await stream.all()
    assert [name for name, _, _ in events] == ["reset", "token", "done"]
    assert text_of(events) == WORDS


async def test_failure_ends_the_stream_with_its_code(talker, provider, listen) -> None:
    await provider.fault(status=402)
    asked = await ask(talker)
    async with listen(talker, asked["reply"]["id"]) as stream:
        await run_job("anchor.reply")
        assert await stream.all() == [("error", {"code": "anchor_unavailable", "detail": SORRY}, None)]


async def test_signing_out_ends_the_stream_at_once(talker, listen, drain, sandbox) -> None:
    asked = await ask(talker)
    async with listen(talker, asked["reply"]["id"]) as stream:
        await talker.ok("POST", "/v1/auth/logout")
        assert await stream.next(2) == ("error", {"code": "session_ended"}, None)
        assert await stream.next(2) is None
    await drain()


async def _revoke() -> None:
    await execute("UPDATE sessions SET revoked_at = now(), revoked_why = 'reuse'")


async def _suspend() -> None:
    await execute("UPDATE users SET state = 'suspended'")


@pytest.mark.parametrize("happens", [_revoke, _suspend])
async def test_a_lost_signal_ends_the_stream_at_the_next_look(talker, listen, monkeypatch, happens) -> None:
    monkeypatch.setattr(following, "_LOOK_SECONDS", 0.3)
    asked = await ask(talker)
    reply_id = UUID(asked["reply"]["id"])
    await execute("UPDATE anchor_messages SET status = 'streaming', attempt = 1 WHERE reply_to IS NOT NULL")
    async with listen(talker, asked["reply"]["id"]) as stream:
        await happens()

        async def go_on() -> None:
            # Text that keeps coming is no reason not to look.
            for start in range(100):
                await signals.publish(live.topic(reply_id), live.msgspec.json.encode(live.Piece(1, start, "x")))
                await asyncio.sleep(0.05)

        writer = asyncio.create_task(go_on())
        events = await stream.all(3)
        assert not writer.done()
        writer.cancel()
    assert events[-1] == ("error", {"code": "session_ended"}, None)
    assert len(events) < 20


async def test_the_stream_of_another_session_goes_on(talker, stranger, listen, drain, sandbox) -> None:
    login = {"email": talker.user["email"], "password": PASSWORD}
    tokens = await stranger.ok("POST", "/v1/auth/login", json=login)
    stranger.http.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    asked = await ask(talker)
    async with listen(talker, asked["reply"]["id"]) as stream:
        await stranger.ok("POST", "/v1/auth/logout")
        await drain()
        assert (await stream.all())[-1][0] == "done"


async def test_a_question_of_ones_own_streams_as_done(talker, listen) -> None:
    asked = await ask(talker)
    async with listen(talker, asked["message"]["id"]) as stream:
        events = await stream.all()
    assert [name for name, _, _ in events] == ["token", "done"]


async def test_what_was_sent_before_we_listened_comes_from_the_database(talker, listen) -> None:
    asked = await ask(talker)
    reply_id = UUID(asked["reply"]["id"])
    await execute(
        "UPDATE anchor_messages SET status = 'streaming', attempt = 1, body = 'One ' WHERE reply_to IS NOT NULL"
    )
    async with listen(talker, asked["reply"]["id"]) as stream:
        assert (await stream.next())[1] == {"text": "One "}
        # "two " was said while nobody listened, and is saved only now.
        await signals.publish(live.topic(reply_id), live.msgspec.json.encode(live.Piece(1, 8, "three ")))
        await asyncio.sleep(0.1)
        await execute("UPDATE anchor_messages SET body = 'One two three ' WHERE reply_to IS NOT NULL")
        assert (await stream.next(2))[1] == {"text": "two three "}


async def test_the_text_is_saved_while_it_comes(talker, provider, monkeypatch) -> None:
    monkeypatch.setattr(live, "_SAVE_SECONDS", 0.1)
    await provider.says(WORDS * 3)
    asked = await ask(talker)
    job = asyncio.create_task(run_job("anchor.reply"))
    seen = set()
    while not job.done():
        shown = await talker.ok("GET", f"/v1/anchor/messages/{asked['reply']['id']}")
        seen.add((shown["status"], len(shown["body"])))
        await asyncio.sleep(0.02)
    saved = sorted(length for status, length in seen if status == "streaming" and length)
    assert len(saved) >= 2


async def test_an_app_that_goes_away_leaves_nothing_behind(talker, listen, drain, sandbox) -> None:
    before = len(asyncio.all_tasks())
    asked = await ask(talker)
    async with listen(talker, asked["reply"]["id"]):
        assert len(asyncio.all_tasks()) > before
    await asyncio.sleep(0.05)
    assert len(asyncio.all_tasks()) <= before + 1  # the one connection for signals
    await drain()


async def test_listening_holds_no_connection(talker, listen, drain, sandbox) -> None:
    asked = await ask(talker)
    async with asyncio.timeout(20):
        streams = [listen(talker, asked["reply"]["id"]) for _ in range(40)]  # the pool has ten
        opened = [await stream.__aenter__() for stream in streams]
        assert await fetch_value("SELECT 1") == 1
        await drain()
        for stream in opened:
            assert (await stream.all())[-1][0] == "done"
        for stream in streams:
            await stream.__aexit__(None, None, None)


async def test_quiet_streams_are_kept_alive(talker, listen, monkeypatch, drain, sandbox) -> None:
    monkeypatch.setattr(following, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(following, "_KEEP_ALIVE_SECONDS", 0.1)
    asked = await ask(talker)
    async with listen(talker, asked["reply"]["id"]) as stream:
        assert (await stream.next(3))[0] == ":"
        await drain()
        assert (await stream.all())[-1][0] == "done"


def test_event_ids() -> None:
    assert position_of("3-120") == Position(3, 120)
    assert position_of(None) == position_of("") == position_of("3-") == position_of("x3-1") == Position(0, 0)


def test_advancing() -> None:
    assert advance(Position(), 0, 0, "") == ([], Position())
    assert advance(Position(), 1, 0, "abc") == ([Token("abc", Position(1, 3))], Position(1, 3))
    assert advance(Position(1, 2), 1, 0, "abc") == ([Token("c", Position(1, 3))], Position(1, 3))
    assert advance(Position(1, 3), 1, 0, "abc") == ([], Position(1, 3))
    assert advance(Position(1, 3), 1, 5, "xy") == ([], Position(1, 3))
    assert advance(Position(1, 3), 2, 0, "") == (["reset"], Position(2, 0))
    assert advance(Position(1, 0), 2, 0, "a") == ([Token("a", Position(2, 1))], Position(2, 1))
    assert advance(Position(2, 1), 1, 1, "old") == ([], Position(2, 1))
