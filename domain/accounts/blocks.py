"""Blocks: two people who do not see each other, whatever name either wears.

A block is of the account and follows it; the list shows no name, because a name moves with its person. It is kept for
the public id that was blocked: blocking two ids of one person gives two blocks, else the answer would tell that the
two ids are one (semantics: Identity and privacy, "Persona"; Community, "Blocking").
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.accounts.authors import person_behind
from domain.kit.clock import clock
from domain.kit.database import current_transaction, execute, fetch, fetch_row, fetch_value, transaction
from domain.kit.errors import NotFound, RuleBroken
from domain.kit.ids import new_id
from domain.kit.pagination import Page, decode_cursor, page_of
from domain.kit.text import clean_optional

_LONGEST_NOTE = 200


class Block(msgspec.Struct, frozen=True):
    """`note` is what the person wrote for themselves, to know later whom they meant."""

    id: UUID
    blocked_at: datetime
    note: str | None


async def _nothing(user_id: UUID, other: UUID) -> None:
    """What else ends with a block, as long as nothing does."""


async def block(
    user_id: UUID, author_id: UUID, note: str | None, also: Callable[[UUID, UUID], Awaitable[None]] = _nothing
) -> Block:
    """Block whoever is behind `author_id`, a retired id too. Again it is the same block; a new note replaces the old.

    `also(user_id, other)` is what other features end between the two, in the same transaction, under the pair's lock.
    Raises NotFound for an id that nobody has, RuleBroken `cannot_block_oneself`, InvalidRequest for too long a note.
    """
    note = clean_optional(note, field="note", longest=_LONGEST_NOTE)
    async with transaction():
        other = await person_behind(author_id)
        if other == user_id:
            raise RuleBroken("One cannot block oneself.", code="cannot_block_oneself")
        await lock_pair(user_id, other)
        row = await fetch_row(
            """INSERT INTO blocks (id, user_id, blocked_id, persona_id, note, blocked_at)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (user_id, persona_id) DO UPDATE SET note = COALESCE(EXCLUDED.note, blocks.note)
               RETURNING id, blocked_at, note""",
            new_id(), user_id, other, author_id, note, clock.now(),
        )  # fmt: skip
        await also(user_id, other)
    return _view(row)


async def unblock(user_id: UUID, block_id: UUID) -> None:
    """End one of the person's own blocks. Raises NotFound."""
    if await execute("DELETE FROM blocks WHERE id = $1 AND user_id = $2", block_id, user_id) != "DELETE 1":
        raise NotFound


async def list_blocks(user_id: UUID, limit: int, cursor: str | None) -> Page[Block]:
    """The person's blocks, newest first."""
    after = decode_cursor(cursor, tuple[UUID])
    rows = await fetch(
        """SELECT id, blocked_at, note FROM blocks WHERE user_id = $1 AND ($2::uuid IS NULL OR id < $2)
           ORDER BY id DESC LIMIT $3""",
        user_id, after[0] if after else None, limit + 1,
    )  # fmt: skip
    return page_of(rows, limit, _view, lambda row: (row["id"],))


async def is_blocked(one: UUID, other: UUID) -> bool:
    """Whether either of the two accounts has blocked the other."""
    return bool(await fetch_value(f"SELECT {blocked_between('$1::uuid', '$2::uuid')}", one, other))


def blocked_between(one: str, other: str) -> str:
    """SQL that is true if either of two accounts has blocked the other; both arguments are SQL of a user's id."""
    # Two looks at an index on the pair; one with OR in it walks over all blocks of one of them, and so does EXISTS in a
    # list, of which PostgreSQL makes a hash. IS NOT NULL it would take for nearly always true, and plan for no rows.
    found = "coalesce((SELECT true FROM blocks WHERE blocks.user_id = {} AND blocks.blocked_id = {} LIMIT 1), false)"
    return f"({found.format(one, other)} OR {found.format(other, one)})"


async def lock_pair(one: UUID, other: UUID) -> None:
    """Wait until nobody else changes what is between these two accounts, and hold it until the transaction ends.

    Whoever names which first: it is one lock. Raises OutsideTransaction.
    """
    current_transaction()
    pair = b"".join(sorted((one.bytes, other.bytes)))
    key = int.from_bytes(hashlib.blake2b(pair, digest_size=8, person=b"kuitter pair").digest(), signed=True)
    await execute("SELECT pg_advisory_xact_lock($1)", key)


def _view(row: Any) -> Block:
    return Block(row["id"], row["blocked_at"], row["note"])
