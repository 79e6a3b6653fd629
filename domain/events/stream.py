"""One open event stream of a person's app: what it is told, from wherever it left off, until its session ends.

While nothing happens it looks at nothing but Redis, every 15 seconds. Signals wake it; since they may be lost, it goes
on from the person's trail in Redis after anything that may have been missed, and where that does not reach back far
enough, the app is told to read again what it shows (`resync`). Rules: api, "notifications, live"; semantics, "Identity
and privacy" (event streams close with the session).
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from domain.accounts import sessions
from domain.accounts.tokens import Access
from domain.events import open_streams, trail
from domain.events.rendering import render
from domain.kit import events, signals
from domain.kit.clock import real_now
from domain.kit.events import Told
from domain.kit.log import log

_KEEP_ALIVE_SECONDS = 15.0
# By so much of that it may be sooner, so that not all streams of a process wake at one moment.
_EARLY = 0.2
# How soon it looks again while it knows that it is behind.
_BEHIND_SECONDS = 2.0
# More that waits for a slow reader is forgotten here, and read from the trail once it comes.
_LONGEST_QUEUE = 100
# After so many tries at reading what an event is about, the app has to read by itself.
_MOST_TRIES = 3

_AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)


class Listener(msgspec.Struct, frozen=True):
    """Who listens, by which session, and until when their access token is good (Unix time)."""

    user_id: UUID
    session_id: UUID
    until: float


class Said(msgspec.Struct, frozen=True):
    """One event for the app. With the place of the last one that it has, it can go on after it."""

    name: str
    data: Any
    place: str | None = None


# Nothing is new.
KEEP_ALIVE = Said("keep-alive", None)


class EventStream:
    """Iterate over `batches` once; `end` may be called at any time."""

    def __init__(self, listener: Listener, last_event_id: str | None) -> None:
        """`last_event_id` is the place of the last event that the app has; None for one that just begins."""
        self._who = listener
        self._place = last_event_id if last_event_id and trail.is_place(last_event_id) else ""
        # Whether the app relies on hearing all that there is after some earlier moment.
        self._relies = last_event_id is not None
        self._until = time.monotonic() + listener.until - real_now().timestamp()
        self._subscription = signals.Subscription()
        self._ended = False
        self._code: str | None = None
        # Whether the session may have ended, or events may have come, without our hearing of it.
        self._unsure = self._behind = True
        self._look_at = self._speak_by = 0.0
        self._tries = 0

    def end(self, code: str | None) -> None:
        """End it, with `code` as its last word if there is one."""
        self._ended, self._code = True, self._code or code
        self._subscription.put(None)

    async def batches(self) -> AsyncGenerator[list[Said], None]:
        """What to write, as it comes; each batch at once, because what it says was read a moment ago."""
        user_id, ended = self._who.user_id, sessions.ended_topic(self._who.session_id)
        topics = (events.topic(user_id), ended, events.LOSS_TOPIC)
        async with signals.subscribe(*topics, longest=_LONGEST_QUEUE) as self._subscription:
            # What was said until now is looked up.
            self._subscription.clear()
            with open_streams.entered(user_id, self):
                self._speak_by = time.monotonic() + _KEEP_ALIVE_SECONDS
                while not await self._is_over():
                    batch = await (self._catch_up() if self._behind else self._listen())
                    if not batch and time.monotonic() >= self._speak_by - _EARLY * _KEEP_ALIVE_SECONDS:
                        batch = [KEEP_ALIVE]
                    if batch and not self._ended:
                        yield batch
                        self._speak_by = time.monotonic() + _KEEP_ALIVE_SECONDS
                if self._code is not None:
                    yield [Said("error", {"code": self._code})]

    async def _is_over(self) -> bool:
        if self._unsure and not self._ended:
            await self._look_at_session()
        if not self._ended and time.monotonic() >= self._until:
            self.end("token_expired")
        return self._ended

    async def _look_at_session(self) -> None:
        try:
            if not await sessions.lives(Access(self._who.user_id, self._who.session_id, 0)):
                self.end("session_ended")
            self._unsure = False
        except _AWAY as error:
            # It is asked again at the next look.
            log().warning("events.session_not_seen", error=error)

    async def _catch_up(self) -> list[Said]:
        """What came since its place, from the trail."""
        await self._forget_signals()
        if self._ended:
            return []
        found = await trail.read(self._who.user_id, self._place)
        if found is None:
            # Whatever comes until Redis is back may be lost.
            self._relies = True
            return await self._wait_behind()
        self._behind = False
        self._look_at = time.monotonic() + _KEEP_ALIVE_SECONDS * random.uniform(1 - _EARLY, 1.0)  # noqa: S311
        if found.told is None:
            said = Said("resync" if self._relies else "hello", {}, found.place)
            self._place, self._relies = found.place, True
            return [said]
        self._relies = True
        self._behind = found.more
        return await self._render(found.told, found.place)

    async def _listen(self) -> list[Said]:
        """What comes next; nothing once it is time to look, or to end."""
        told: list[Told] = []
        deadline = min(self._look_at, self._speak_by, self._until)
        # A slow app may let the time pass with signals waiting, the word of a lost one among them.
        waiting = self._subscription.has_more()
        payload = await self._subscription.next(max(0.0, deadline - time.monotonic()))
        while True:
            if payload is None:
                # A signal may be lost, if it is not the time that is up.
                self._unsure = self._unsure or waiting or time.monotonic() < deadline
                self._behind = True
                break
            if self._heed(payload):
                return []
            self._take(payload, told)
            waiting = self._subscription.has_more()
            if not waiting or len(told) >= trail.BATCH:
                break
            payload = await self._subscription.next(1.0)
        return await self._render(told, told[-1].place) if told else []

    def _heed(self, payload: bytes | None) -> bool:
        """Whether it says something else than an event: that the session has ended, or that events were lost."""
        if payload == sessions.ENDED:
            self.end("session_ended")
        elif payload == events.LOSS:
            # Before any event that came after the loss: with one of those, the place would look good again.
            self._place, self._behind = "", True
        else:
            return False
        return True

    def _take(self, payload: bytes, told: list[Told]) -> None:
        """Put an event that is new to `told`."""
        try:
            event = events.decode(payload)
        except msgspec.DecodeError:
            return
        if trail.order(event.place) > trail.order(told[-1].place if told else self._place):
            told.append(event)

    async def _render(self, told: list[Told], place: str) -> list[Said]:
        """The events as the person may see them now; the app is at `place` then."""
        try:
            said = [Said(one.event.type, data, one.place) for one, data in await render(self._who.user_id, told)]
        except _AWAY as error:
            self._tries += 1
            log().warning("events.not_rendered", error=error)
            if self._tries < _MOST_TRIES:
                self._behind = True
                return await self._wait_behind()
            said = [Said("resync", {}, place)]
        self._tries, self._place = 0, place
        return said

    async def _wait_behind(self) -> list[Said]:
        patience = min(_BEHIND_SECONDS, self._until - time.monotonic())
        self._heed(await self._subscription.next(max(0.0, patience)))
        return []

    async def _forget_signals(self) -> None:
        """The trail has the events that they tell."""
        while self._subscription.has_more() and not self._ended:
            payload = await self._subscription.next(1.0)
            self._unsure = self._unsure or payload is None
            self._heed(payload)
