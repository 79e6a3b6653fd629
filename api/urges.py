"""Urges, and the triggers to pick from."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from api.person import Person
from api.urgent import WORDS
from domain.kit.days import parse_day
from domain.kit.idempotency import IdempotencyKey
from domain.kit.ids import parse_id
from domain.kit.pagination import Page, page_limit
from domain.urges import urges, words
from domain.urges.urges import Intensity, Outcome, Urge, UrgeChange, UrgeLogged
from domain.urges.words import Trigger

_TAGS = ["Recovery"]


class NewUrge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With `client_id`, the app's own id of it, a retry is the same urge."""

    intensity: Intensity
    outcome: Annotated[Outcome, Meta(description="`ongoing` is finished later, by a change")]
    triggers: Annotated[list[str], Meta(description="Up to 20 short words; of GET /v1/triggers, slugs or labels")] = (
        msgspec.field(default_factory=list)
    )
    coping: Annotated[str, Meta(description="Up to 500 characters: what the person did about it")] | None = None
    note: Annotated[str, Meta(description="Up to 2000 characters")] | None = None
    occurred_at: Annotated[datetime, Meta(tz=True, description="When it came up; now if left out")] | None = None
    client_id: str | None = None


@post("/v1/urges", operation_id="logUrge", tags=_TAGS, summary="Write an urge down", opt=WORDS)
async def log_urge(
    person: NamedDependency[Person],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    data: JSONBody[NewUrge],
) -> UrgeLogged:
    """The outcome `slipped` alone is no slip and ends no clean days: the app posts the slip to `/v1/slips` as well."""
    return await urges.log_urge(person.user_id, idempotency_key, **msgspec.structs.asdict(data))


@get("/v1/urges", operation_id="listUrges", tags=_TAGS, summary="All urges")
async def list_urges(
    person: NamedDependency[Person],
    from_: Annotated[str | None, QueryParameter(name="from", format="date", description="Default: no bound")] = None,
    to: Annotated[str | None, QueryParameter(format="date", description="Default: no bound")] = None,
    limit: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page[Urge]:
    """The latest to come up first; `from` and `to` are days, both included."""
    first = parse_day(from_, field="from") if from_ is not None else None
    last = parse_day(to, field="to") if to is not None else None
    return await urges.list_urges(person.user_id, first, last, page_limit(limit), cursor)


@get("/v1/urges/{urge_id:str}", operation_id="readUrge", tags=_TAGS, summary="One urge")
async def read_urge(person: NamedDependency[Person], urge_id: FromPath[str]) -> Urge:
    """As it stands now."""
    return await urges.read_urge(person.user_id, parse_id(urge_id))


@patch("/v1/urges/{urge_id:str}", operation_id="changeUrge", tags=_TAGS, summary="Say how an urge ended", opt=WORDS)
async def change_urge(
    person: NamedDependency[Person], urge_id: FromPath[str], data: JSONBody[UrgeChange]
) -> UrgeLogged:
    """Fields left out stay. An urge that was ongoing ends with its `outcome`; as when one is written down, `slipped`
    alone is no slip: the app posts the slip to `/v1/slips` as well. When it came up cannot be changed."""
    return await urges.change_urge(person.user_id, parse_id(urge_id), data)


@delete("/v1/urges/{urge_id:str}", operation_id="deleteUrge", tags=_TAGS, summary="Delete an urge")
async def delete_urge(person: NamedDependency[Person], urge_id: FromPath[str]) -> None:
    """It no longer counts anywhere; achievements that it helped to earn stay."""
    await urges.delete_urge(person.user_id, parse_id(urge_id))


@get("/v1/triggers", operation_id="listTriggers", tags=_TAGS, summary="Triggers to pick from")
async def list_triggers(person: NamedDependency[Person]) -> Page[Trigger]:
    """The catalogue, then up to 100 words of the person's own from check-ins, urges and slips, those of the latest days
    first, all in one answer. Capitals make no difference: the `slug` of a word of one's own is it in small letters, its
    `label` as last spelled. A word that is a slug or a label of the catalogue counts as that trigger."""
    return Page(await words.list_triggers(person.user_id), next_cursor=None)


HANDLERS = [log_urge, list_urges, read_urge, change_urge, delete_urge, list_triggers]
