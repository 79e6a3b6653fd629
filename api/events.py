"""Live events: one stream for whatever happens to the signed-in person."""

import asyncio
import contextlib
from random import randint
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import HeaderParameter
from litestar.response.base import ASGIResponse
from litestar.types import Receive, Send

from api import event_stream
from api.person import Person
from domain.events.stream import KEEP_ALIVE, EventStream, Listener, Said
from domain.kit.log import log

_TAGS = ["Live"]

# Who takes nothing for so long is cut off; they go on from where they are.
_LONGEST_WRITE_SECONDS = 20.0
# Before an app comes back, in ms: not all of them at once, when a process ends.
_RETRY = (1000, 5000)

_DESCRIPTION = """Server-sent events, each with `id`, `event` and one line of JSON in `data`:

* `hello` {}: the stream is open; go on from its id after a break
* `resync` {}: something may have been missed; read again what you show
* `partner.message` {"partnership_id", "message", "unread_count"}
* `partner.request` {"request"}: one has come, or was accepted
* `anchor.reply` {"message_id", "status", "message"}
* `anchor.daily` {"id", "body", "sent_at"}
* `notification` {"notification", "unread_count"}
* `streak`, `goal`: what `GET /v1/streak` and `GET /v1/goals/{id}` answer
* `subscription` {}: read `GET /v1/billing/subscription` again
* `error` {"code"}: the stream ends; `session_ended`, `token_expired` or `too_many_streams`"""

_EXAMPLE = """retry: 2000

id: 1795377600000-0
event: hello
data: {}

: keep-alive

id: 1795377604211-0
event: streak
data: {"clean":{"current_days":12,"best_days":40,"started_on":"2026-11-11","total_clean_days":52,"attempts":2},\
"check_in":{"current_days":5,"best_days":21,"last_check_in":"2026-11-23T06:12:00Z","last_check_in_on":"2026-11-23",\
"freezes_left":1}}

event: error
data: {"code":"token_expired"}

"""

_EVENTS = {
    200: ResponseSpec(
        str, generate_examples=False, media_type=event_stream.MEDIA_TYPE, description=_DESCRIPTION,
        examples=[Example(summary="A check-in, and the end of the access token", value=_EXAMPLE)],
    )
}  # fmt: skip


class LiveResponse(ASGIResponse):
    """Writes a stream's events until it ends or its app is gone.

    A stream that has lost its app ends by itself, so that no statement is cancelled: that would cost its connection.
    """

    __slots__ = ("_stream",)
    _should_set_content_length = False

    def __init__(self, stream: EventStream) -> None:
        super().__init__(headers=event_stream.HEADERS, media_type=event_stream.MEDIA_TYPE)
        self._stream = stream

    async def send_body(self, send: Send, receive: Receive) -> None:
        leaving = asyncio.create_task(self._end_when_gone(receive), name="live-app-gone")
        try:
            async with contextlib.aclosing(self._stream.batches()) as batches:
                await _write(send, b"retry: %d\n\n" % randint(*_RETRY))  # noqa: S311
                async for batch in batches:
                    await _write(send, b"".join(_block(said) for said in batch))
            await _write(send, b"", more=False)
        except TimeoutError:
            log().info("events.slow_reader")
        finally:
            leaving.cancel()

    async def _end_when_gone(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.end(None)


async def _write(send: Send, body: bytes, *, more: bool = True) -> None:
    async with asyncio.timeout(_LONGEST_WRITE_SECONDS):
        await send({"type": "http.response.body", "body": body, "more_body": more})


def _block(said: Said) -> bytes:
    if said is KEEP_ALIVE:
        return event_stream.KEEP_ALIVE
    return event_stream.block(said.name, said.data, said.place)


@get(
    "/v1/events", operation_id="listenToEvents", tags=_TAGS, summary="What happens, live",
    media_type=event_stream.MEDIA_TYPE, responses=_EVENTS,
)  # fmt: skip
async def listen(
    person: NamedDependency[Person],
    last_event_id: Annotated[
        str | None, HeaderParameter(name="Last-Event-ID", description="Go on after this event")
    ] = None,
) -> LiveResponse:
    """Partner messages and requests, Anchor's answers, notifications, streak and goals, as they change.

    It ends with the access token at the latest: come back with a fresh one and the id of the last event. What may have
    been missed for good is said (`resync`). A comment comes at least every 15 seconds.
    """
    listener = Listener(person.user_id, person.session_id, person.token_expires_at)
    return LiveResponse(EventStream(listener, last_event_id))


HANDLERS: list[Any] = [listen]
