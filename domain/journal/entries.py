"""The journal: private entries, written, found, changed, and gone for good when deleted.

What stands in an entry is the person's alone: it is in no log, no job and no error (semantics, "Identity and privacy").
The table has no CHECK on it, because PostgreSQL writes a row that breaks one into its own log.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.journal.words import read_search, searchable
from domain.kit.database import fetch, fetch_row, fetch_value, transaction
from domain.kit.errors import InvalidRequest, NotFound
from domain.kit.idempotency import IdempotencyKey, once
from domain.kit.ids import check_client_id, new_id
from domain.kit.pagination import Page, decode_cursor, page_of
from domain.kit.text import clean_optional, clean_text
from domain.recovery.moments import moment_of
from domain.recovery.progress import progress_changed
from domain.safety.support import Support, with_support

_LONGEST_TITLE = 200
_LONGEST_BODY = 20_000

# In the order of Entry's fields.
_COLUMNS = "id, local_date, timezone, title, body, share_with_anchor, client_id, created_at, updated_at"

_WRITE = """
INSERT INTO journal_entries (id, user_id, timezone, local_date, title, body, share_with_anchor, client_id, created_at,
                             updated_at, search)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10::text::tsvector)
ON CONFLICT (user_id, client_id) WHERE client_id IS NOT NULL DO NOTHING RETURNING id"""

# Without a cursor, from above everything. By created_at and not by id alone: only the person's own index has that
# order, so that no plan walks through everybody's entries. Without a query @@ is NULL. The query is read once, in a
# SELECT of its own, not again for every entry; coalesce keeps the planner from taking @@ for rare, which would read all
# entries of the person and sort them for each page.
_LIST = f"""
SELECT {_COLUMNS} FROM journal_entries
WHERE user_id = $1
  AND (created_at, id) <
      (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
  AND ($4::date IS NULL OR local_date >= $4) AND ($5::date IS NULL OR local_date <= $5)
  AND coalesce(search @@ (SELECT $6::text::tsquery), true)
ORDER BY created_at DESC, id DESC LIMIT $7"""


class Entry(msgspec.Struct, frozen=True):
    """An entry as its person sees it; `date` is the day it was written, by the clocks of `timezone`.

    Anchor may read it only with `share_with_anchor` and the person's preference `share_journal_with_anchor`. `support`
    is for the answer to a writing whose words say that somebody may be in danger; else it is null.
    """

    id: UUID
    day: date = msgspec.field(name="date")
    timezone: str
    title: str | None
    body: str
    share_with_anchor: bool
    client_id: str | None
    created_at: datetime
    updated_at: datetime
    support: Support | None = None


class EntryChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is changed about an entry. Fields left out stay; null takes the title away."""

    title: Annotated[str, Meta(description="Up to 200 characters")] | UnsetType | None = UNSET
    body: Annotated[str, Meta(description="1 to 20,000 characters")] | UnsetType = UNSET
    share_with_anchor: bool | UnsetType = UNSET


class _New(msgspec.Struct, frozen=True):
    """An entry to be written, cleaned."""

    title: str | None
    body: str
    share_with_anchor: bool
    client_id: str | None


@with_support("journal", "title", "body")
async def write_entry(
    user_id: UUID,
    key: IdempotencyKey | None = None,
    *,
    body: str,
    title: str | None = None,
    share_with_anchor: bool = True,
    client_id: str | None = None,
) -> Entry:
    """Write an entry of today. The same `client_id` again is the same entry, as it stands.

    Raises InvalidRequest for a text that is empty or too long, ConsentRequired once `terms` or `sensitive_data` is
    withdrawn, Conflict for a reused key, NotFound if the person is gone or the entry was deleted since.
    """
    check_client_id(client_id)
    new = _New(_title(title), _body(body), share_with_anchor, client_id)

    async def create() -> UUID:
        return await _write(user_id, new)

    made = await once(key, 201, create)
    return await read_entry(user_id, made.resource_id)


async def _write(user_id: UUID, new: _New) -> UUID:
    moment = await moment_of(user_id)
    entry_id: UUID | None = await fetch_value(
        _WRITE, new_id(), user_id, moment.timezone, moment.day, new.title, new.body, new.share_with_anchor,
        new.client_id, moment.now, searchable(new.title, new.body),
    )  # fmt: skip
    if entry_id is None:  # the same entry, sent again; one being written at this moment was waited for
        known: UUID | None = await fetch_value(
            "SELECT id FROM journal_entries WHERE user_id = $1 AND client_id = $2", user_id, new.client_id
        )
        if known is None:
            raise NotFound
        return known
    await progress_changed(user_id)
    return entry_id


async def read_entry(user_id: UUID, entry_id: UUID) -> Entry:
    """Raises NotFound if it is not theirs."""
    return _entry(
        await fetch_row(f"SELECT {_COLUMNS} FROM journal_entries WHERE id = $1 AND user_id = $2", entry_id, user_id)
    )


async def list_entries(
    user_id: UUID, q: str | None, first: date | None, last: date | None, limit: int, cursor: str | None
) -> Page[Entry]:
    """Up to `limit` entries of the days `first` to `last`, both included, that `q` finds, newest first.

    A blank `q` finds all, one without a single letter, digit or symbol none. Raises InvalidRequest for a `q` that is
    too long, days that are turned round, or a cursor that is not ours.
    """
    below = decode_cursor(cursor, tuple[datetime, UUID])
    if first is not None and last is not None and first > last:
        raise InvalidRequest("must not be after to", field="from")
    search = read_search(q)
    if search == "":
        return Page(items=[], next_cursor=None)
    at, entry_id = below if below is not None else (None, None)
    rows = await fetch(_LIST, user_id, at, entry_id, first, last, search, limit + 1)
    return page_of(rows, limit, _entry, lambda row: (row["created_at"], row["id"]))


@with_support("journal", "change.title", "change.body")
async def change_entry(user_id: UUID, entry_id: UUID, change: EntryChange) -> Entry:
    """Write the fields that are set; the day of an entry stays.

    Raises NotFound if it is not theirs or deleted, InvalidRequest for a text that is empty or too long,
    ConsentRequired as `write_entry`.
    """
    fields: dict[str, Any] = {}
    if change.title is not UNSET:
        fields["title"] = _title(change.title)
    if change.body is not UNSET:
        fields["body"] = _body(change.body)
    if change.share_with_anchor is not UNSET:
        fields["share_with_anchor"] = change.share_with_anchor
    async with transaction():
        moment = await moment_of(user_id)
        # Held, so that the words to search are those of the title and the body that stand in the end.
        present = _entry(
            await fetch_row(
                f"SELECT {_COLUMNS} FROM journal_entries WHERE id = $1 AND user_id = $2 FOR UPDATE", entry_id, user_id
            )
        )
        changed = msgspec.structs.replace(present, **fields)
        if changed == present:
            return present
        row = await fetch_row(
            f"""UPDATE journal_entries
                SET title = $2, body = $3, share_with_anchor = $4, updated_at = $5, search = $6::text::tsvector
                WHERE id = $1 RETURNING {_COLUMNS}""",
            entry_id, changed.title, changed.body, changed.share_with_anchor, moment.now,
            searchable(changed.title, changed.body),
        )  # fmt: skip
    return _entry(row)


async def delete_entry(user_id: UUID, entry_id: UUID) -> None:
    """The entry is gone, at once and for good. No consent is asked for. Raises NotFound if it is not theirs."""
    async with transaction():
        gone = await fetch_value(
            "DELETE FROM journal_entries WHERE id = $1 AND user_id = $2 RETURNING true", entry_id, user_id
        )
        if not gone:
            raise NotFound
        await progress_changed(user_id)


def _entry(row: Any) -> Entry:
    if row is None:
        raise NotFound
    return Entry(*row)


def _title(title: str | None) -> str | None:
    return clean_optional(title, field="title", longest=_LONGEST_TITLE)


def _body(body: str) -> str:
    return clean_text(body, field="body", longest=_LONGEST_BODY)
