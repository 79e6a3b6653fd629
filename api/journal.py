"""The journal."""

from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import Meta

from api.person import Person
from api.urgent import WORDS
from domain.journal import entries
from domain.journal.entries import Entry, EntryChange
from domain.kit.days import parse_day
from domain.kit.idempotency import IdempotencyKey
from domain.kit.ids import parse_id
from domain.kit.pagination import Page, page_limit

_TAGS = ["Recovery"]


class NewEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """With `client_id`, the app's own id of it, a retry is the same entry."""

    body: Annotated[str, Meta(description="1 to 20,000 characters")]
    title: Annotated[str, Meta(description="Up to 200 characters")] | None = None
    share_with_anchor: bool = True
    client_id: str | None = None


@post("/v1/journal", operation_id="writeEntry", tags=_TAGS, summary="Write in the journal", opt=WORDS)
async def write_entry(
    person: NamedDependency[Person],
    idempotency_key: NamedDependency[IdempotencyKey | None],
    data: JSONBody[NewEntry],
) -> Entry:
    """An entry of today, for nobody else. Anchor may read it unless `share_with_anchor` is false, or the preference
    `share_journal_with_anchor` is off."""
    return await entries.write_entry(person.user_id, idempotency_key, **msgspec.structs.asdict(data))


@get("/v1/journal", operation_id="listEntries", tags=_TAGS, summary="The journal, and a search in it")
async def list_entries(
    person: NamedDependency[Person],
    q: Annotated[
        str | None,
        QueryParameter(
            description='Words by their beginnings, "a phrase" as it stands, -word to leave out; at most 200 characters'
        ),
    ] = None,
    from_: Annotated[str | None, QueryParameter(name="from", format="date", description="Default: the first")] = None,
    to: Annotated[str | None, QueryParameter(format="date", description="Default: the last")] = None,
    limit: FromQuery[int | None] = None,
    cursor: FromQuery[str | None] = None,
) -> Page[Entry]:
    """Newest first, also when searching. Capitals and accents make no difference; every word must occur."""
    first = parse_day(from_, field="from") if from_ is not None else None
    last = parse_day(to, field="to") if to is not None else None
    return await entries.list_entries(person.user_id, q, first, last, page_limit(limit), cursor)


@get("/v1/journal/{entry_id:str}", operation_id="readEntry", tags=_TAGS, summary="One entry")
async def read_entry(person: NamedDependency[Person], entry_id: FromPath[str]) -> Entry:
    """One of the person's own."""
    return await entries.read_entry(person.user_id, parse_id(entry_id))


@patch("/v1/journal/{entry_id:str}", operation_id="changeEntry", tags=_TAGS, summary="Change an entry", opt=WORDS)
async def change_entry(person: NamedDependency[Person], entry_id: FromPath[str], data: JSONBody[EntryChange]) -> Entry:
    """Fields left out stay, and so does the day of the entry."""
    return await entries.change_entry(person.user_id, parse_id(entry_id), data)


@delete("/v1/journal/{entry_id:str}", operation_id="deleteEntry", tags=_TAGS, summary="Delete an entry")
async def delete_entry(person: NamedDependency[Person], entry_id: FromPath[str]) -> None:
    """At once and for good."""
    await entries.delete_entry(person.user_id, parse_id(entry_id))


HANDLERS = [write_entry, list_entries, read_entry, change_entry, delete_entry]
