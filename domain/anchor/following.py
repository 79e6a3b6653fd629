"""Following an answer: what the app's event stream says, from wherever the app left off.

It says nothing any more once the session that follows has ended (semantics, "Identity and privacy"): a signal says so
at once, and PostgreSQL is asked about every 5 seconds, because signals may be lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import AsyncIterator
from typing import Literal
from uuid import UUID

import msgspec

from domain.accounts.sessions import ended_topic
from domain.anchor.live import Piece, Reset, decode, topic
from domain.anchor.messages import MessageView, get_followed
from domain.kit import signals

# Signals may be lost, so it looks by itself too: now and then, even while text keeps coming, and soon while it knows
# that something is missing.
_LOOK_SECONDS = 5.0
_MISSING_SECONDS = 0.25
_KEEP_ALIVE_SECONDS = 15.0
# How long the watch over the session sleeps at most; it only waits for a signal.
_WATCH_SECONDS = 60.0

_EVENT_ID = re.compile(r"(\d{1,9})-(\d{1,9})")


class Position(msgspec.Struct, frozen=True):
    """What an app has: the first `offset` characters of try `attempt`."""

    attempt: int = 0
    offset: int = 0

    @property
    def event_id(self) -> str:
        return f"{self.attempt}-{self.offset}"


class Token(msgspec.Struct, frozen=True):
    """More text. `position` is where the app is with it."""

    text: str
    position: Position


class Done(msgspec.Struct, frozen=True):
    message: MessageView


class Failed(msgspec.Struct, frozen=True):
    """No answer comes. `detail` says so to the person, if it is the answer's failure and not the stream's end."""

    code: str
    detail: str | None = None


# "reset": forget the text, another try begins. "keep-alive": nothing is new.
StreamEvent = Token | Done | Failed | Literal["reset", "keep-alive"]


def position_of(event_id: str | None) -> Position:
    """Where the app is, from the `Last-Event-ID` that it sends; at the beginning if that is none of ours."""
    found = _EVENT_ID.fullmatch(event_id or "")
    return Position(int(found[1]), int(found[2])) if found else Position()


async def follow(user_id: UUID, session_id: UUID, message_id: UUID, seen: Position) -> AsyncIterator[StreamEvent]:
    """The events of an answer after `seen`, until it is done or has failed, or the session `session_id` has ended (then
    the last event is Failed `session_ended`). Holds no connection while it waits."""
    async with signals.subscribe(topic(message_id)) as subscription, _watch(session_id, subscription) as ended:
        spoke, patience = time.monotonic(), _LOOK_SECONDS
        while True:
            ended.clear()
            stored = await get_followed(user_id, session_id, message_id)
            if not stored.signed_in or stored.view is None:
                yield Failed("not_found" if stored.signed_in else "session_ended")
                return
            message = stored.view
            events, seen = advance(seen, stored.attempt, 0, message.body)
            for event in events:
                yield event
                spoke = time.monotonic()
            if not message.is_open:
                yield Done(message) if message.status == "done" else Failed(message.code or "", message.detail)
                return
            look_at = time.monotonic() + patience
            while (signal := await _next(subscription, look_at)) is not None and not ended.is_set():
                patience = _LOOK_SECONDS
                events, seen = advance(seen, signal.attempt, signal.start, signal.text)
                for event in events:
                    yield event
                    spoke = time.monotonic()
                if signal.attempt == seen.attempt and signal.start > seen.offset:
                    # What lies between was sent before we listened, and is saved within a second.
                    await asyncio.sleep(_MISSING_SECONDS)
                    patience = _MISSING_SECONDS
                    break
            if time.monotonic() - spoke >= _KEEP_ALIVE_SECONDS:
                yield "keep-alive"
                spoke = time.monotonic()


@contextlib.asynccontextmanager
async def _watch(session_id: UUID, subscription: signals.Subscription) -> AsyncIterator[asyncio.Event]:
    """Inside the block, the event is set and `subscription` woken as soon as a signal says that the session ended."""
    ended = asyncio.Event()

    async def watch(of_session: signals.Subscription) -> None:
        while True:
            if await of_session.next(_WATCH_SECONDS) is not None:
                ended.set()
                subscription.put(None)

    async with signals.subscribe(ended_topic(session_id)) as of_session:
        watcher = asyncio.create_task(watch(of_session), name="anchor-session-watch")
        try:
            yield ended
        finally:
            watcher.cancel()


async def _next(subscription: signals.Subscription, look_at: float) -> Piece | None:
    """The next piece of text, a new try being an empty one. None says to look at the database: a signal says so, or it
    is `look_at` by time.monotonic."""
    left = look_at - time.monotonic()
    payload = await subscription.next(left) if left > 0 else None
    signal = decode(payload) if payload is not None else None
    if isinstance(signal, Reset):
        return Piece(signal.attempt, 0, "")
    return signal if isinstance(signal, Piece) else None


def advance(seen: Position, attempt: int, start: int, text: str) -> tuple[list[StreamEvent], Position]:
    """What to tell an app that is at `seen`, now that try `attempt` is known to read `text` from `start` on; and where
    it is then. Text of an earlier try says nothing, nor does text that begins further on than the app is."""
    events: list[StreamEvent] = []
    if attempt < seen.attempt:
        return events, seen
    if attempt > seen.attempt:
        if seen.offset:
            events.append("reset")
        seen = Position(attempt)
    known = seen.offset - start
    if 0 <= known < len(text):
        seen = Position(attempt, start + len(text))
        events.append(Token(text[known:], seen))
    return events, seen
