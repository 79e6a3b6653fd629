"""Following an answer: what the app's event stream says, from wherever the app left off."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Literal
from uuid import UUID

import msgspec

from domain.anchor.live import Piece, Reset, decode, topic
from domain.anchor.messages import MessageView, get_stored
from domain.kit import signals
from domain.kit.errors import NotFound

# Signals may be lost, so it looks by itself too: now and then, and soon while it knows that something is missing.
_LOOK_SECONDS = 5.0
_MISSING_SECONDS = 0.25
_KEEP_ALIVE_SECONDS = 15.0

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
    code: str


# "reset": forget the text, another try begins. "keep-alive": nothing is new.
StreamEvent = Token | Done | Failed | Literal["reset", "keep-alive"]


def position_of(event_id: str | None) -> Position:
    """Where the app is, from the `Last-Event-ID` that it sends; at the beginning if that is none of ours."""
    found = _EVENT_ID.fullmatch(event_id or "")
    return Position(int(found[1]), int(found[2])) if found else Position()


async def follow(user_id: UUID, message_id: UUID, seen: Position) -> AsyncIterator[StreamEvent]:
    """The events of an answer after `seen`, until it is done or has failed. Holds no connection while it waits."""
    async with signals.subscribe(topic(message_id)) as subscription:
        spoke, patience = time.monotonic(), _LOOK_SECONDS
        while True:
            try:
                stored = await get_stored(user_id, message_id)
            except NotFound:  # deleted meanwhile
                yield Failed("not_found")
                return
            message = stored.view
            events, seen = advance(seen, stored.attempt, 0, message.body)
            for event in events:
                yield event
                spoke = time.monotonic()
            if not message.is_open:
                yield Done(message) if message.status == "done" else Failed(message.code or "anchor_unavailable")
                return
            while (signal := await _next(subscription, patience)) is not None:
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


async def _next(subscription: signals.Subscription, seconds: float) -> Piece | None:
    """The next piece of text, a new try being an empty one. None says to look at the database."""
    payload = await subscription.next(seconds)
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
