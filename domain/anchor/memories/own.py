"""What Anchor remembers of a person, as they see it: all of it, in their hands.

What they write or change themselves is theirs: nothing that Anchor learns later replaces it or takes its place.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.anchor.consent import lacking_sql
from domain.anchor.memories.extraction import LONGEST_FACT, one_line
from domain.anchor.memories.forgetting import take_from_summary
from domain.anchor.memories.keeping import MOST_MEMORIES, hold, make_room
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, fetch_value, transaction
from domain.kit.errors import Conflict, ConsentRequired, NotFound
from domain.kit.idempotency import IdempotencyKey, once
from domain.kit.ids import new_id
from domain.kit.pagination import ABOVE_ALL_IDS, decode_cursor, page_of
from domain.kit.text import clean_text
from domain.safety.support import Support, with_support

# In the order of MemoryView's fields.
_COLUMNS = "id, body, origin, entry_id, created_at, updated_at"

Origin = Literal["talk", "journal", "person"]


class MemoryView(msgspec.Struct, frozen=True):
    """One thing that Anchor remembers. `origin` says where it is from: the `talk`, a `journal` entry, or the `person`,
    who wrote or changed it. With `entry_id` it goes when that entry does."""

    id: UUID
    body: str
    origin: Origin
    entry_id: UUID | None
    created_at: datetime
    updated_at: datetime
    support: Support | None = None


class SummaryView(msgspec.Struct, frozen=True):
    """What was talked of before the messages that Anchor still has before it word by word."""

    body: str
    updated_at: datetime


class Memories(msgspec.Struct, frozen=True):
    """A page of what Anchor remembers, newest first, with the summary of the talk, if there is one."""

    items: list[MemoryView]
    next_cursor: str | None
    summary: SummaryView | None


# One row without a memory tells of the summary alone.
LIST = f"""
SELECT summary.body AS summary, summary.updated_at AS summary_updated_at, memory.*
FROM (SELECT $1::uuid AS user_id) AS person
LEFT JOIN anchor_summaries AS summary ON summary.user_id = person.user_id
LEFT JOIN LATERAL (
    SELECT {_COLUMNS} FROM anchor_memories
    WHERE anchor_memories.user_id = person.user_id AND id < $2 ORDER BY id DESC LIMIT $3
) AS memory ON true
ORDER BY memory.id DESC
"""

_LACKING = f"SELECT {lacking_sql('users.id')} AS lacking FROM users WHERE id = $1 AND state = 'active'"


async def list_memories(user_id: UUID, limit: int, cursor: str | None) -> Memories:
    """A page of up to `limit`. Raises InvalidRequest for a cursor that is not ours."""
    below = decode_cursor(cursor, tuple[UUID])
    rows = await fetch(LIST, user_id, below[0] if below else ABOVE_ALL_IDS, limit + 1)
    page = page_of([row for row in rows if row["id"] is not None], limit, _view, lambda row: (row["id"],))
    first = rows[0]
    summary = SummaryView(first["summary"], first["summary_updated_at"]) if first["summary"] is not None else None
    return Memories(page.items, page.next_cursor, summary)


async def read_memory(user_id: UUID, memory_id: UUID) -> MemoryView:
    """Raises NotFound if it is not theirs."""
    row = await fetch_row(f"SELECT {_COLUMNS} FROM anchor_memories WHERE id = $1 AND user_id = $2", memory_id, user_id)
    if row is None:
        raise NotFound
    return _view(row)


@with_support("chat", "body")
async def add_memory(user_id: UUID, body: str, key: IdempotencyKey | None) -> MemoryView:
    """Tell Anchor something to remember. Where there is no room, the oldest that it learned by itself goes.

    Raises InvalidRequest for the text, ConsentRequired as a message to Anchor does, Conflict `memories_full` once
    everything that it remembers was written by the person, NotFound if they are gone.
    """
    text = _clean(body)

    async def create() -> UUID:
        await _check_consents(user_id)
        await hold(user_id)
        own = await fetch_value(
            "SELECT count(*) FROM anchor_memories WHERE user_id = $1 AND origin = 'person'", user_id
        )
        if own >= MOST_MEMORIES:
            raise Conflict(f"Anchor can remember {MOST_MEMORIES} things. Delete one first.", code="memories_full")
        memory_id, now = new_id(), clock.now()
        await execute(
            """INSERT INTO anchor_memories (id, user_id, body, origin, created_at, updated_at)
               VALUES ($1, $2, $3, 'person', $4, $4)""",
            memory_id, user_id, text, now,
        )  # fmt: skip
        await make_room(user_id)
        return memory_id

    made = await once(key, 201, create)
    return await read_memory(user_id, made.resource_id)


@with_support("chat", "body")
async def change_memory(user_id: UUID, memory_id: UUID, body: str) -> MemoryView:
    """Put it in the person's own words. What the summary says of the old ones goes.

    Raises InvalidRequest for the text, NotFound if it is not theirs. No consent is asked for: it is a correction.
    """
    text = _clean(body)
    async with transaction():
        await hold(user_id)
        before = await fetch_value(
            "SELECT body FROM anchor_memories WHERE id = $1 AND user_id = $2 FOR UPDATE", memory_id, user_id
        )
        if before is None:
            raise NotFound
        row = await fetch_row(
            f"""UPDATE anchor_memories SET body = $2, origin = 'person', updated_at = $3 WHERE id = $1
                RETURNING {_COLUMNS}""",
            memory_id, text, clock.now(),
        )  # fmt: skip
        if before != text:
            await take_from_summary(user_id, before)
    return _view(row)


async def _check_consents(user_id: UUID) -> None:
    row = await fetch_row(_LACKING, user_id)
    if row is None:
        raise NotFound
    if row["lacking"]:
        raise ConsentRequired(row["lacking"])


def _clean(body: str) -> str:
    return clean_text(one_line(body) if len(body) <= 8 * LONGEST_FACT else body, field="body", longest=LONGEST_FACT)


def _view(row: Any) -> MemoryView:
    return MemoryView(row["id"], row["body"], row["origin"], row["entry_id"], row["created_at"], row["updated_at"])
