"""Slips: told, written about later, undone."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta

from api.person import Person
from api.urgent import WORDS
from domain.kit.idempotency import IdempotencyKey
from domain.kit.ids import parse_id
from domain.kit.pagination import Page, page_limit
from domain.recovery import slips
from domain.recovery.slips import Slip, SlipChange, SlipTold

_TAGS = ["Recovery"]


class NewSlip(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All of it may be left out. With `client_id`, the app's own id of it, a retry is the same slip."""

    occurred_at: Annotated[datetime, Meta(tz=True, description="When it happened; now if left out")] | None = None
    triggers: Annotated[list[str], Meta(description="Up to 20 short words")] = msgspec.field(default_factory=list)
    feeling: Annotated[str, Meta(description="Up to 200 characters")] | None = None
    reflection: Annotated[str, Meta(description="Up to 4000 characters; it can be written later")] | None = None
    plan: Annotated[str, Meta(description="Up to 2000 characters: what to do next time")] | None = None
    client_id: str | None = None


@post("/v1/slips", operation_id="tellSlip", tags=_TAGS, summary="Tell of a slip", opt=WORDS)
async def tell_slip(
    person: NamedDependency[Person],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    data: JSONBody[NewSlip],
) -> SlipTold:
    """Clean days begin again on the day it happened, by the clocks around the person. Best and total are kept.

    Before the first day of the count it is 422 `slip_before_start`: correct the start first, by PATCH of the streak.
    """
    return await slips.tell_slip(person.user_id, idempotency_key, **msgspec.structs.asdict(data))


@get("/v1/slips", operation_id="listSlips", tags=_TAGS, summary="All slips")
async def list_slips(
    person: NamedDependency[Person], limit: FromQuery[int | None] = None, cursor: FromQuery[str | None] = None
) -> Page[Slip]:
    """The latest to happen first."""
    return await slips.list_slips(person.user_id, page_limit(limit), cursor)


@get("/v1/slips/{slip_id:str}", operation_id="readSlip", tags=_TAGS, summary="One slip")
async def read_slip(person: NamedDependency[Person], slip_id: FromPath[str]) -> Slip:
    """`undo_until` says how long it can be undone."""
    return await slips.read_slip(person.user_id, parse_id(slip_id))


@patch("/v1/slips/{slip_id:str}", operation_id="changeSlip", tags=_TAGS, summary="Write about a slip", opt=WORDS)
async def change_slip(person: NamedDependency[Person], slip_id: FromPath[str], data: JSONBody[SlipChange]) -> SlipTold:
    """Fields left out stay. When it happened cannot be changed: undo it and tell of it again."""
    return await slips.change_slip(person.user_id, parse_id(slip_id), data)


@delete("/v1/slips/{slip_id:str}", operation_id="undoSlip", tags=_TAGS, summary="Undo a slip")
async def undo_slip(person: NamedDependency[Person], slip_id: FromPath[str]) -> None:
    """Within 24 hours of telling: the streak is as if it had never been told. Later it is 422 `undo_expired`."""
    await slips.undo_slip(person.user_id, parse_id(slip_id))


HANDLERS = [tell_slip, list_slips, read_slip, change_slip, undo_slip]
