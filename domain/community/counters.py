"""What is counted along, counted anew: likes, comments, members. What has drifted can be found, and put right.

Nothing should ever be found: whatever is, is a bug somewhere.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.kit.database import current_transaction, execute, fetch, fetch_value

_BATCH = 500
BEGINNING = UUID(int=0)


class _Counted(msgspec.Struct, frozen=True):
    """`table` has the count in `column`, by `key`; `there` is SQL for what it ought to be for the row `counts`."""

    table: str
    key: str
    column: str
    there: str


COUNTED: dict[str, _Counted] = {
    "post_likes": _Counted(
        "post_counts", "post_id", "likes",
        "(SELECT count(*) FROM post_likes WHERE post_likes.post_id = counts.post_id)",
    ),
    "post_comments": _Counted(
        "post_counts", "post_id", "comments",
        "(SELECT count(*) FROM comments WHERE comments.post_id = counts.post_id AND comments.state = 'visible')",
    ),
    "comment_likes": _Counted(
        "comments", "id", "likes", "(SELECT count(*) FROM comment_likes WHERE comment_likes.comment_id = counts.id)"
    ),
    "group_members": _Counted(
        "groups", "id", "members", "(SELECT count(*) FROM memberships WHERE memberships.group_id = counts.id)"
    ),
}  # fmt: skip


class Look(msgspec.Struct, frozen=True):
    """A batch of counts of one kind: how many, the last of them, and those that are wrong."""

    what: str
    rows: int
    last_id: UUID
    wrong: list[UUID]

    @property
    def is_last(self) -> bool:
        return self.rows < _BATCH


async def look_at(what: str, after: UUID) -> Look:
    """The next counts in the order of their ids. One statement sees one state of the data, so nothing that is being
    written at the moment passes for a fault."""
    counted = COUNTED[what]
    rows = await fetch(
        f"""SELECT {counted.key} AS id, {counted.column} <> {counted.there} AS wrong FROM {counted.table} AS counts
            WHERE {counted.key} > $1 ORDER BY {counted.key} LIMIT {_BATCH}""",
        after,
    )
    return Look(what, len(rows), rows[-1]["id"] if rows else after, [row["id"] for row in rows if row["wrong"]])


async def look_at_all(what: str) -> AsyncIterator[Look]:
    """All counts of one kind, batch by batch."""
    after = BEGINNING
    while True:
        look = await look_at(what, after)
        yield look
        if look.is_last:
            return
        after = look.last_id


async def how_many(what: str) -> int:
    """How many counts of one kind there are."""
    rows: int = await fetch_value(f"SELECT count(*) FROM {COUNTED[what].table}")
    return rows


async def mend(what: str, ids: Sequence[UUID]) -> int:
    """Put right which of these counts are wrong, in the caller's transaction; returns how many were.

    The rows are held before they are counted: whoever adds or removes something just now has either done so, counter
    included, or changes the counter after us. Raises OutsideTransaction.
    """
    current_transaction()
    if not ids:
        return 0
    counted = COUNTED[what]
    await execute(
        f"SELECT FROM {counted.table} WHERE {counted.key} = ANY ($1) ORDER BY {counted.key} FOR NO KEY UPDATE", ids
    )
    # A statement of its own, so that it sees what those before us have committed.
    done: Any = await execute(
        f"""UPDATE {counted.table} AS counts SET {counted.column} = {counted.there}
            WHERE {counted.key} = ANY ($1) AND {counted.column} <> {counted.there}""",
        ids,
    )
    return int(done.removeprefix("UPDATE "))
