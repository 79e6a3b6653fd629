"""Anchor: the talk, its answers as they are written, the limits, the daily message."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

import msgspec
from litestar import Response, get, post, put
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody
from litestar.response import Stream
from msgspec import Meta

from api import event_stream
from api.event_stream import block
from api.person import Person
from api.prefer_wait import answered, wait_for
from api.urgent import WORDS
from domain.anchor import conversation, following, messages, quota, today
from domain.anchor.conversation import Exchange
from domain.anchor.following import Done, Failed, StreamEvent, Token
from domain.anchor.live import end_topic
from domain.anchor.messages import MessageView
from domain.anchor.quota import Quota
from domain.anchor.today import Today
from domain.kit.clock import clock
from domain.kit.idempotency import IdempotencyKey
from domain.kit.ids import parse_id
from domain.kit.pagination import Page, page_limit

_TAGS = ["Anchor"]

_FINISHED = {201: ResponseSpec(Exchange, generate_examples=False, description="The answer is done or has failed")}
_EVENTS = {
    200: ResponseSpec(
        str, generate_examples=False, media_type=event_stream.MEDIA_TYPE,
        description='Events: `token` {"text"}, `reset` {}, `done` (the message), `error` {"code", "detail"?}',
    )
}  # fmt: skip


class NewMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the person writes. With `client_id`, the app's own id of it, a retry is the same message."""

    body: Annotated[str, Meta(description="1 to 4000 characters")]
    client_id: str | None = None


class Feedback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    helpful: bool


@post(
    "/v1/anchor/messages", operation_id="askAnchor", tags=_TAGS, summary="Write to Anchor", status_code=202,
    responses=_FINISHED, opt=WORDS,
)  # fmt: skip
async def ask_anchor(
    person: NamedDependency[Person],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    wait: NamedDependency[float],
    data: JSONBody[NewMessage],
) -> Response[Exchange]:
    """Needs the consent `third_party_ai`. The answer is being written then: follow its stream, or poll `Location`.

    With `Prefer: wait=N` the answer itself comes with 201, done or failed, if that takes no longer than N seconds. With
    `support` it always comes with 201 and is done: what was written says that somebody may be in danger. A `notice` is
    to be shown before the answer: it says that Anchor is an AI, no person and no therapy, when a talk begins (after a
    pause of an hour or more) and every three hours of it.
    """
    asked = await conversation.ask(person.user_id, data.body, data.client_id, idempotency_key)
    if wait and asked.support is None:
        look = partial(conversation.is_answered, person.user_id, asked.reply_id)
        await wait_for(end_topic(asked.reply_id), wait, look)
    exchange = await conversation.read_exchange(person.user_id, asked)
    is_final = bool(wait or asked.support) and not exchange.reply.is_open
    return answered(exchange, is_final, f"/v1/anchor/messages/{asked.reply_id}")


@get("/v1/anchor/messages", operation_id="listAnchorMessages", tags=_TAGS, summary="The talk")
async def list_messages(
    person: NamedDependency[Person], limit: FromQuery[int | None] = None, cursor: FromQuery[str | None] = None
) -> Page[MessageView]:
    """Newest first: what the person wrote, Anchor's answers, the daily messages, and the notices of what Anchor is."""
    return await messages.history(person.user_id, page_limit(limit), cursor)


@get("/v1/anchor/messages/{message_id:str}", operation_id="readAnchorMessage", tags=_TAGS, summary="One message")
async def read_message(person: NamedDependency[Person], message_id: FromPath[str]) -> MessageView:
    """An answer that is being written shows its text to within a second."""
    return await messages.get_message(person.user_id, parse_id(message_id))


@get(
    "/v1/anchor/messages/{message_id:str}/stream", operation_id="streamAnchorMessage", tags=_TAGS,
    summary="An answer as it is written", media_type=event_stream.MEDIA_TYPE, responses=_EVENTS,
)  # fmt: skip
async def stream_message(
    person: NamedDependency[Person],
    message_id: FromPath[str],
    last_event_id: Annotated[
        str | None, HeaderParameter(name="Last-Event-ID", description="Go on after this event")
    ] = None,
) -> Stream:
    """Server-sent events until `done` or `error`. After `reset` the text begins anew: forget what came before.

    When the session ends meanwhile, so does the stream: `error` with the code `session_ended`.
    """
    asked_for = parse_id(message_id)
    # Before the first byte, while a 404 can still be said.
    await messages.get_message(person.user_id, asked_for)
    seen = following.position_of(last_event_id)
    events = following.follow(person.user_id, person.session_id, asked_for, seen)
    return Stream(_written(events), media_type=event_stream.MEDIA_TYPE, headers=event_stream.HEADERS)


async def _written(events: AsyncIterator[StreamEvent]) -> AsyncIterator[bytes]:
    async for event in events:
        yield _write(event)


def _write(event: StreamEvent) -> bytes:
    if isinstance(event, Token):
        return block("token", {"text": event.text}, event.position.event_id)
    if isinstance(event, Done):
        return block("done", event.message)
    if isinstance(event, Failed):
        return block("error", {"code": event.code, **({"detail": event.detail} if event.detail else {})})
    return event_stream.KEEP_ALIVE if event == "keep-alive" else block("reset", {})


@put(
    "/v1/anchor/messages/{message_id:str}/feedback", operation_id="rateAnchorMessage", tags=_TAGS,
    summary="Say whether it helped",
)  # fmt: skip
async def rate_message(
    person: NamedDependency[Person], message_id: FromPath[str], data: JSONBody[Feedback]
) -> MessageView:
    """For a message of Anchor's; the last word counts."""
    return await messages.set_feedback(person.user_id, parse_id(message_id), helpful=data.helpful)


@get("/v1/anchor/quota", operation_id="readAnchorQuota", tags=_TAGS, summary="What is left of the limits")
async def read_quota(person: NamedDependency[Person]) -> Quota:
    """A day is the person's own, a month the calendar's in UTC. `used` includes an answer that is being written."""
    return await quota.read_quota(person.user_id, clock.now())


@get("/v1/anchor/today", operation_id="readAnchorToday", tags=_TAGS, summary="Today's message")
async def read_today(person: NamedDependency[Person]) -> Today:
    """Before its time `message` is null and `due_at` says when it comes. No notice of what Anchor is comes with it:
    that comes when the person answers, which begins a talk."""
    return await today.read_today(person.user_id)


HANDLERS = [
    ask_anchor, list_messages, read_message, stream_message, rate_message, read_quota, read_today,
]  # fmt: skip
