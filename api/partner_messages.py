"""The talk of two partners."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from api.person import Person
from api.urgent import WORDS
from domain.kit.idempotency import IdempotencyKey
from domain.kit.ids import parse_id
from domain.kit.pagination import Page, page_limit
from domain.partners import messages, partnerships, reading
from domain.partners.messages import Message
from domain.partners.partnerships import Partnership

_TAGS = ["Partners"]

After = Annotated[
    int | None,
    QueryParameter(
        description="A `seq`: what came later than that, oldest first",
        schema_extra={"minimum": 0, "maximum": reading.LARGEST_SEQ},
    ),
]


class NewPartnerMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    body: Annotated[str, Meta(description="1 to 2000 characters")]
    client_id: str | None = None


class ReadUpTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`up_to` is a message by its `seq` or its `id`."""

    up_to: int | UUID


@get(
    "/v1/partners/{partnership_id:str}/messages", operation_id="listPartnerMessages", tags=_TAGS,
    summary="Messages of a partnership",
)  # fmt: skip
async def list_messages(
    person: NamedDependency[Person],
    partnership_id: FromPath[str],
    after: After = None,
    limit: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page[Message]:
    """Newest first. To catch up, `after` takes the `seq` of the last message that the app has, and begins behind it.

    `seq` counts from 1 without a gap, in one order for both. Also once the partnership has ended.
    """
    return await reading.list_messages(
        person.user_id, parse_id(partnership_id), after=after, limit=page_limit(limit), cursor=cursor
    )


@post(
    "/v1/partners/{partnership_id:str}/messages", operation_id="writePartnerMessage", tags=_TAGS,
    summary="Write to a partner", opt=WORDS,
)  # fmt: skip
async def write_message(
    person: NamedDependency[Person],
    partnership_id: FromPath[str],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    data: JSONBody[NewPartnerMessage],
) -> Message:
    """The same `client_id` again is the same message. Once the partnership has ended it is 409 `partnership_ended`."""
    return await messages.write_message(
        person.user_id, parse_id(partnership_id), data.body, client_id=data.client_id, key=idempotency_key
    )


@put(
    "/v1/partners/{partnership_id:str}/read", operation_id="readPartnerMessages", tags=_TAGS,
    summary="Mark messages as read",
)  # fmt: skip
async def mark_read(
    person: NamedDependency[Person], partnership_id: FromPath[str], data: JSONBody[ReadUpTo]
) -> Partnership:
    """Up to a message; less than before changes nothing. Notifications of what is read go."""
    await reading.mark_read(person.user_id, parse_id(partnership_id), data.up_to)
    return await partnerships.read_partnership(person.user_id, parse_id(partnership_id))


HANDLERS = [list_messages, write_message, mark_read]
