"""Finding partners, asking and answering, and who they are. Their talk is in partner_messages.py."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from api.person import Person
from api.urgent import WORDS
from domain.accounts.authors import Author
from domain.kit.idempotency import IdempotencyKey
from domain.kit.ids import parse_id
from domain.kit.pagination import Page, page_limit
from domain.partners import answering, asking, ending, partnerships, requests, search
from domain.partners.partnerships import Partnership
from domain.partners.requests import Direction, Request

_TAGS = ["Partners"]
_AGAIN = {200: ResponseSpec(Request, generate_examples=False, description="It waits already: the same request")}

Wanted = Annotated[str, QueryParameter(description="The beginning of a name; 2 letters or more are needed")]

# Litestar keeps the name `state` for something of its own.
Chosen = Annotated[
    str | None,
    QueryParameter(name="state", schema_extra={"enum": ["partners", "ended"], "default": "partners"}),
]


class NewRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`to` is the `id` of an `author`, as they are shown now."""

    to: UUID
    message: Annotated[str, Meta(description="Up to 300 characters")] | None = None


@get("/v1/partners/search", operation_id="searchPartners", tags=_TAGS, summary="Find people by name")
async def search_partners(
    person: NamedDependency[Person],
    q: Wanted = "",
    limit: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page[Author]:
    """By the name that they show now, of those who can be found: names that begin so, then those nearly spelled so.

    At most 20 a minute.
    """
    return await search.search(person.user_id, q, page_limit(limit), cursor)


@post(
    "/v1/partners/requests", operation_id="askPartner", tags=_TAGS, summary="Ask somebody to be a partner", opt=WORDS,
    responses=_AGAIN,
)  # fmt: skip
async def ask_partner(
    person: NamedDependency[Person],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    data: JSONBody[NewRequest],
) -> Response[Request]:
    """Needs a confirmed e-mail address and the consent `community_rules`. Again it is the same request (200).

    If they have asked already, both are partners at once: `status` is `partners`, and `partnership_id` is there.
    It expires after 30 days. After an end of it 7 days pass (`request_cooldown`). At most 20 may wait at a time
    (`too_many_requests_open`), and nobody has more than 10 partners (`too_many_partners`).
    """
    request, fresh = await asking.ask(person.user_id, data.to, data.message, idempotency_key)
    return Response(request, status_code=201 if fresh else 200)


@get("/v1/partners/requests", operation_id="listPartnerRequests", tags=_TAGS, summary="Requests that wait")
async def list_requests(
    person: NamedDependency[Person],
    direction: FromQuery[Direction] = "incoming",
    limit: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page[Request]:
    """Newest first. `author` is the other: who asked, or with `direction=outgoing` who was asked."""
    return await requests.list_requests(person.user_id, direction, page_limit(limit), cursor)


@post(
    "/v1/partners/requests/{request_id:str}/accept", operation_id="acceptPartnerRequest", tags=_TAGS,
    summary="Accept a request", status_code=200,
)  # fmt: skip
async def accept_request(person: NamedDependency[Person], request_id: FromPath[str]) -> Request:
    """For whoever was asked. `status` is `partners`; `partnership_id`, the id of the request
    as well, is that of the partnership from then on."""
    return await answering.accept(person.user_id, parse_id(request_id))


@post(
    "/v1/partners/requests/{request_id:str}/decline", operation_id="declinePartnerRequest", tags=_TAGS,
    summary="Decline a request", status_code=200,
)  # fmt: skip
async def decline_request(person: NamedDependency[Person], request_id: FromPath[str]) -> Request:
    """For whoever was asked. Who asked is not told."""
    return await answering.decline(person.user_id, parse_id(request_id))


@delete(
    "/v1/partners/requests/{request_id:str}", operation_id="withdrawPartnerRequest", tags=_TAGS,
    summary="Withdraw a request",
)  # fmt: skip
async def withdraw_request(person: NamedDependency[Person], request_id: FromPath[str]) -> None:
    """For whoever asked. One that does not wait any more is as good, unless it was accepted (`request_closed`)."""
    await asking.withdraw(person.user_id, parse_id(request_id))


@get("/v1/partners", operation_id="listPartners", tags=_TAGS, summary="Partners")
async def list_partners(
    person: NamedDependency[Person],
    chosen: Chosen = None,
    limit: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page[Partnership]:
    """The newest talk first. With `state=ended` former ones, whose talk can still be read."""
    return await partnerships.list_partnerships(person.user_id, chosen, page_limit(limit), cursor)


@get("/v1/partners/{partnership_id:str}", operation_id="readPartner", tags=_TAGS, summary="One partner")
async def read_partner(person: NamedDependency[Person], partnership_id: FromPath[str]) -> Partnership:
    """A former one, too."""
    return await partnerships.read_partnership(person.user_id, parse_id(partnership_id))


@delete("/v1/partners/{partnership_id:str}", operation_id="endPartnership", tags=_TAGS, summary="Part from a partner")
async def end_partnership(person: NamedDependency[Person], partnership_id: FromPath[str]) -> None:
    """At once, and the other is not told. Both can still read their talk, and neither can write."""
    await ending.end(person.user_id, parse_id(partnership_id))


HANDLERS = [
    search_partners, ask_partner, list_requests, accept_request, decline_request, withdraw_request, list_partners,
    read_partner, end_partnership,
]  # fmt: skip
