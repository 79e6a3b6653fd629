"""Live events: that something of a person has changed, for whichever of their apps is listening just now.

An event names a kind and a row, never a text: whoever listens reads the row, and sees what they may see then. It is
only a hint, lost when Redis is away, and told after the COMMIT of what it is about. Rules: architecture, "The job
guarantee" (nothing that matters lives in Redis); api, "notifications, live".

Redis keeps the last events of a person in a stream, so that an app can go on from where it left off, but only for
people who are listening or were a moment ago: their reader makes the stream and keeps it alive (domain/events).
"""

from __future__ import annotations

import hashlib
from typing import Literal
from uuid import UUID

import msgspec
from redis.asyncio import Redis

from domain.kit import signals
from domain.kit.database import current_transaction
from domain.kit.sending import Sending

# How many events of a person are kept, or somewhat more.
KEPT = 200

EventType = Literal[
    "partner.message", "partner.request", "anchor.reply", "anchor.daily", "notification", "streak", "goal",
    "subscription",
]  # fmt: skip


class Event(msgspec.Struct, frozen=True):
    """`id` is the row that it is about: a message, a request, an answer, a notification, a goal; None for what a
    person has one of."""

    type: EventType
    id: UUID | None = None


class Told(msgspec.Struct, frozen=True):
    """An event with its place among those of its person."""

    place: str
    event: Event


_DECODER = msgspec.json.Decoder(Event)

# Where nobody listens there is no stream, and NOMKSTREAM makes none. KEYS: the stream. ARGV: the event, how many are
# kept, the channel of those who listen.
_TELL = """
local place = redis.call('XADD', KEYS[1], 'NOMKSTREAM', 'MAXLEN', '~', ARGV[2], '*', 'e', ARGV[1])
if place then redis.call('PUBLISH', ARGV[3], place .. ' ' .. ARGV[1]) end
return place
"""
_TELL_SHA = hashlib.sha1(_TELL.encode(), usedforsecurity=False).hexdigest()

# Until when events of anybody were lost on their way here, in ms by Redis' clock: whoever has only heard of what came
# before has missed something, perhaps. Kept for longer than any stream without a reader; who listens hears of it at
# once.
LOSS_KEY = "kuitter:events-lost"
LOSS_TOPIC = "events-lost"
LOSS = b"lost"
_LOSS_SECONDS = 20 * 60
_LOST = """
local now = redis.call('TIME')
redis.call('SET', KEYS[1], now[1] * 1000 + math.floor(now[2] / 1000), 'EX', ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
"""

_sending: Sending[tuple[UUID, Event]] | None = None


def use(redis: Redis) -> None:
    """Tell this process's events through `redis`, on the running loop."""
    global _sending

    async def push(told: list[tuple[UUID, Event]]) -> None:
        async with redis.pipeline(transaction=False) as pipe:
            # Each time: a restarted or flushed server does not know it any more.
            pipe.script_load(_TELL)
            for user_id, event in told:
                channel = signals.channel(topic(user_id))
                pipe.evalsha(_TELL_SHA, 1, key(user_id), msgspec.json.encode(event), KEPT, channel)
            await pipe.execute()

    async def after_loss() -> None:
        await redis.eval(_LOST, 1, LOSS_KEY, _LOSS_SECONDS, signals.channel(LOSS_TOPIC), LOSS)

    _sending = Sending("events", push, after_loss)
    _sending.start()


async def close() -> None:
    """Send what is left, for at most a second."""
    global _sending
    sending, _sending = _sending, None
    if sending is not None:
        await sending.stop()


def tell(user_id: UUID, event: Event) -> None:
    """Tell the person's open streams, once the present transaction has committed. Raises OutsideTransaction.

    Nobody waits for it. What cannot be told, because Redis is away, is lost; whoever may have missed it hears of that.
    """

    def offer() -> None:
        if _sending is not None:
            _sending.offer([(user_id, event)])

    current_transaction().on_commit(offer)


def key(user_id: UUID) -> str:
    """The stream of the person's last events, in Redis."""
    return f"kuitter:events:{user_id}"


def topic(user_id: UUID) -> str:
    """Where the person's events are told live (signals)."""
    return f"events:{user_id}"


def decode(payload: bytes) -> Told:
    """What arrives on the topic. Raises msgspec.DecodeError for anything else."""
    place, _, event = payload.partition(b" ")
    return stored(place, event)


def stored(place: bytes, event: bytes) -> Told:
    """An entry of the stream. Raises msgspec.DecodeError for what is no event, such as a stream's first entry."""
    return Told(place.decode(), _DECODER.decode(event))
