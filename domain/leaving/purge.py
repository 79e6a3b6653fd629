"""The end of the grace: every row of the person goes, but for the written list in kept.py.

Rules: semantics, "Identity and privacy", Deletion. Large tables are emptied in batches, each its own transaction; what
has begun can be ended by anybody, and done twice it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import msgspec

from domain.accounts.apple_access import revoke_later
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_value, transaction
from domain.kit.log import log
from domain.kit.outbox import Job, enqueue
from domain.leaving import traces
from domain.leaving.belongings import PEOPLE, foreign_keys
from domain.leaving.kept import KEPT

_PEOPLE_A_TICK = 100
_BATCH = 5000


class PurgeAccount(Job, frozen=True, kw_only=True):
    """Remove a person whose grace is over."""

    name: ClassVar[str] = "leaving.purge"
    queue: ClassVar[str] = "bulk"

    user_id: UUID

    def dedupe_key(self) -> str | None:
        return str(self.user_id)


class Purged(msgspec.Struct, frozen=True):
    """Who was purged, by the account's random id, and when."""

    user_id: UUID
    purged_at: datetime


# A purge that waits for its next try, or failed for good within the hour, is not asked for again.
_DUE = """
SELECT id FROM users
WHERE state = 'deleting' AND purges_at <= $1
  AND NOT EXISTS (SELECT FROM jobs WHERE name = $2 AND dedupe_key = users.id::text AND state = 'live')
  AND NOT EXISTS (SELECT FROM jobs WHERE name = $2 AND dedupe_key = users.id::text AND state <> 'live'
                    AND ended_at > now() - interval '1 hour')
ORDER BY purges_at LIMIT $3
"""


async def plan_purges() -> int:
    """Ask for the purge of everyone whose grace is over; returns of how many."""
    async with transaction():
        rows = await fetch(_DUE, clock.now(), PurgeAccount.name, _PEOPLE_A_TICK)
        for row in rows:
            await enqueue(PurgeAccount(user_id=row["id"]))
    return len(rows)


async def claim(user_id: UUID) -> bool:
    """From here on nobody can restore the account. False: it was restored, is not due, or is gone."""
    now = clock.now()
    async with transaction():
        due = await fetch_value(
            "SELECT purges_at <= $2 FROM users WHERE id = $1 AND state = 'deleting' FOR NO KEY UPDATE", user_id, now
        )
        if due and await _note(user_id, now):
            # A job of its own asks Apple, as often as it takes; whose token it is, it does not know.
            await revoke_later(user_id)
    return bool(due)


async def _note(user_id: UUID, at: datetime) -> bool:
    """False if the purge has been written down before."""
    added = await fetch_value(
        "INSERT INTO purges (user_id, purged_at) VALUES ($1, $2) ON CONFLICT (user_id) DO NOTHING RETURNING true",
        user_id, at,
    )  # fmt: skip
    return bool(added)


async def empty_tables(user_id: UUID) -> None:
    """Remove what the person has gathered, in batches, outside any transaction. To be followed by `remove`."""
    await traces.remove(user_id)
    for key in await foreign_keys():
        if key.parent != PEOPLE or not key.cascades or key.child == PEOPLE:
            continue
        # The names are the schema's own.
        batch = f"""DELETE FROM {key.child} WHERE ctid = ANY (ARRAY(
                        SELECT ctid FROM {key.child} WHERE {key.columns[0]} = $1 LIMIT {_BATCH}))"""
        while await execute(batch, user_id) == f"DELETE {_BATCH}":
            pass


async def remove(user_id: UUID) -> None:
    """The last of it, in the caller's transaction: what is kept loses the person, and the person goes."""
    for kept in KEPT.values():
        if kept.cleared:
            await execute(kept.cleared, user_id)
    # Jobs that have ended hold ids, too, whatever they call them; those still live find nobody and end.
    await execute(
        """DELETE FROM jobs WHERE state <> 'live'
           AND EXISTS (SELECT FROM jsonb_each_text(args) AS named WHERE named.value = $1)""",
        str(user_id),
    )
    await execute("DELETE FROM users WHERE id = $1", user_id)


async def reapply_purges(later: Iterable[Purged] = ()) -> int:
    """After a backup was restored: purge again everyone who had been purged, whatever state the backup has them in.

    `later` are purges from after the backup, from the database that it replaces. Their Apple tokens were revoked the
    first time. Returns how many people were there.
    """
    for purged in later:
        await _note(purged.user_id, purged.purged_at)
    rows = await fetch("SELECT users.id FROM users JOIN purges ON purges.user_id = users.id ORDER BY users.id")
    for row in rows:
        await empty_tables(row["id"])
        async with transaction():
            await remove(row["id"])
    if rows:
        log().info("leaving.purges_reapplied", people=len(rows))
    return len(rows)


async def list_purges() -> list[Purged]:
    """Everyone purged so far: to be kept beside the backups."""
    return [Purged(row["user_id"], row["purged_at"]) for row in await fetch("SELECT * FROM purges ORDER BY purged_at")]
