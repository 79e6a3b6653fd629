"""An answer on its way to the app while it is written (semantics: Anchor, "Replies stream token by token").

The text crosses processes by pub/sub only and is never kept in Redis; PostgreSQL has it to within a second. Whoever
comes late subscribes first and then reads what is saved, so that nothing falls between the two.
"""

from __future__ import annotations

import asyncio
from typing import Literal
from uuid import UUID

import msgspec

from domain.anchor.again import TryAgain
from domain.kit import signals
from domain.kit.database import current_transaction, execute
from domain.kit.log import log

_SAVE_SECONDS = 1.0


class Piece(msgspec.Struct, frozen=True, tag_field="kind", tag="piece"):
    """Some text of try `attempt`, which begins after `start` characters."""

    attempt: int
    start: int
    text: str


class Reset(msgspec.Struct, frozen=True, tag_field="kind", tag="reset"):
    """Try `attempt` begins; what came before is void."""

    attempt: int


class Ended(msgspec.Struct, frozen=True, tag_field="kind", tag="ended"):
    """The answer is done or has failed: PostgreSQL has the rest."""


Signal = Piece | Reset | Ended

_DECODER = msgspec.json.Decoder(Signal)
_ENDED = msgspec.json.encode(Ended())
_telling: set[asyncio.Task[None]] = set()


def topic(reply_id: UUID) -> str:
    """Where every signal of an answer goes."""
    return f"anchor:reply:{reply_id}"


def end_topic(reply_id: UUID) -> str:
    """Where only its end goes: who waits for the whole answer need not wake for each word."""
    return f"anchor:reply:{reply_id}:end"


def decode(payload: bytes) -> Signal:
    signal: Signal = _DECODER.decode(payload)
    return signal


def tell_end_on_commit(reply_id: UUID) -> None:
    """Tell whoever listens that the answer ended, once the present transaction has committed."""

    def tell() -> None:
        task = asyncio.get_running_loop().create_task(_tell_end(reply_id))
        _telling.add(task)
        task.add_done_callback(_telling.discard)

    current_transaction().on_commit(tell)


async def _tell_end(reply_id: UUID) -> None:
    await signals.publish(topic(reply_id), _ENDED)
    await signals.publish(end_topic(reply_id), _ENDED)


class Broadcast:
    """Hands out and saves the text of one try while it grows. Neither Redis nor PostgreSQL holds the model up.

    Use it as `async with`; inside, `put` takes the pieces as they come.
    """

    def __init__(self, reply_id: UUID, attempt: int) -> None:
        self._reply_id = reply_id
        self._attempt = attempt
        self._text = ""
        self._void = False
        self._fresh = asyncio.Event()
        self._begun = asyncio.Event()
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def put(self, piece: str) -> None:
        """Take a piece of the text. Raises TryAgain once the answer is no longer this try's: nobody waits for it."""
        if self._void:
            raise TryAgain("void", 0.0)
        self._text += piece
        self._fresh.set()
        self._begun.set()

    async def __aenter__(self) -> Broadcast:
        if self._attempt > 1:
            await signals.publish(topic(self._reply_id), msgspec.json.encode(Reset(self._attempt)))
        self._tasks = [asyncio.create_task(self._publish()), asyncio.create_task(self._save())]
        return self

    async def __aexit__(self, kind: object, error: object, traceback: object) -> Literal[False]:
        # They end by themselves: to cancel a statement costs a connection.
        self._over.set()
        self._fresh.set()
        self._begun.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return False

    async def _publish(self) -> None:
        """At once, each time; while Redis takes its time the pieces gather into one."""
        sent = 0
        while True:
            await self._fresh.wait()
            self._fresh.clear()
            while len(text := self._text) > sent:
                piece = Piece(self._attempt, sent, text[sent:])
                await signals.publish(topic(self._reply_id), msgspec.json.encode(piece))
                sent = len(text)
            if self._over.is_set():
                return

    async def _save(self) -> None:
        """The first piece at once, then about every second, and only while this try is the present one."""
        await self._begun.wait()
        saved = ""
        while not self._over.is_set():
            text = self._text
            if text != saved:
                try:
                    tag = await execute(
                        "UPDATE anchor_messages SET body = $3 WHERE id = $1 AND attempt = $2 AND status = 'streaming'",
                        self._reply_id, self._attempt, text,
                    )  # fmt: skip
                    saved = text
                    self._void = tag == "UPDATE 0"
                except Exception as error:
                    log().warning("anchor.partial_not_saved", error=error)
            try:
                async with asyncio.timeout(_SAVE_SECONDS):
                    await self._over.wait()
            except TimeoutError:
                continue
