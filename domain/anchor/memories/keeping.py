"""Writing down what was learned of a person, so that nothing comes back that they took away.

Every change holds the person's row in anchor_remembering. What the model was asked before they took something back, or
what another worker has written meanwhile, is not written: the rows say so, not the job's lease.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.anchor.similarity import likeness
from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, fetch_value
from domain.kit.errors import NotFound
from domain.kit.ids import new_id

# What somebody may be remembered by. Beyond it the oldest that was learned makes room; the person's own words stay.
MOST_MEMORIES = 60
# Above what two texts share that merely begin alike.
_SAME = 0.7


class Held(msgspec.Struct, frozen=True):
    """How far somebody has been gone through, as it stands while their row is held."""

    epoch: int
    talk_up_to: int
    forgotten_up_to: int
    misread: int


class Journalled(msgspec.Struct, frozen=True):
    """A journal entry as it was when it was read."""

    id: UUID
    title: str | None
    body: str


# Not DO NOTHING: that would hold nothing. The person's own row first, as whoever removes them does.
_HOLD = """
INSERT INTO anchor_remembering AS held (user_id) SELECT id FROM users WHERE id = $1 FOR KEY SHARE
ON CONFLICT (user_id) DO UPDATE SET epoch = held.epoch RETURNING epoch, talk_up_to, forgotten_up_to, misread
"""

# One that somebody else deletes or changes at this moment is waited for.
_STILL_SHARED = """
SELECT true FROM journal_entries
WHERE id = $1 AND share_with_anchor AND title IS NOT DISTINCT FROM $2 AND body = $3 FOR SHARE
"""

_MAKE_ROOM = """
DELETE FROM anchor_memories WHERE id IN (
    SELECT id FROM anchor_memories WHERE user_id = $1 AND origin <> 'person' ORDER BY updated_at, id
    LIMIT GREATEST(0, (SELECT count(*) FROM anchor_memories WHERE user_id = $1) - $2))
"""


async def hold(user_id: UUID) -> Held:
    """Hold what is remembered of a person until the caller's transaction ends. Raises NotFound if they are gone.

    Journal entries are locked before it, messages and the ledger after it, by everybody.
    """
    row = await fetch_row(_HOLD, user_id)
    if row is None:
        raise NotFound
    return Held(*row)


async def keep_from_talk(user_id: UUID, asked: Held, up_to: int, facts: Sequence[str]) -> bool:
    """Keep what the messages up to `up_to` taught, in the caller's transaction.

    `asked` is how it stood before the model was asked; False, and nothing is kept, if it stands otherwise now.
    """
    held = await hold(user_id)
    if (held.epoch, held.talk_up_to) != (asked.epoch, asked.talk_up_to):
        return False
    await _merge(user_id, facts, None)
    await execute("UPDATE anchor_remembering SET talk_up_to = $2, misread = 0 WHERE user_id = $1", user_id, up_to)
    return True


async def keep_from_entry(user_id: UUID, asked: Held, entry: Journalled, facts: Sequence[str]) -> bool:
    """Keep what a journal entry taught, in the caller's transaction; as `keep_from_talk`.

    Not if the entry was deleted, changed or taken from Anchor meanwhile: then it is read again, if it may be.
    """
    if not await fetch_value(_STILL_SHARED, entry.id, entry.title, entry.body):
        return False
    if (await hold(user_id)).epoch != asked.epoch:
        return False
    first = await fetch_value(
        """INSERT INTO anchor_read_entries (entry_id, user_id) VALUES ($1, $2)
           ON CONFLICT (entry_id) DO NOTHING RETURNING true""",
        entry.id, user_id,
    )  # fmt: skip
    if not first:
        return False
    await _merge(user_id, facts, entry.id)
    await execute("UPDATE anchor_remembering SET misread = 0 WHERE user_id = $1", user_id)
    return True


async def keep_summary(user_id: UUID, asked: Held, since: int, up_to: int, body: str | None) -> bool:
    """Keep the summary of the talk up to `up_to`, in the caller's transaction; as `keep_from_talk`.

    `since` is how far the one before went. None for `body` leaves that one's text.
    """
    held = await hold(user_id)
    stands = await fetch_value("SELECT up_to_seq FROM anchor_summaries WHERE user_id = $1", user_id)
    if held.epoch != asked.epoch or max(stands or 0, held.forgotten_up_to) != since:
        return False
    if body is not None:
        await execute(
            """INSERT INTO anchor_summaries (user_id, body, up_to_seq, updated_at) VALUES ($1, $2, $3, $4)
               ON CONFLICT (user_id) DO UPDATE SET body = $2, up_to_seq = $3, updated_at = $4""",
            user_id, body, up_to, clock.now(),
        )  # fmt: skip
    else:
        await execute("UPDATE anchor_summaries SET up_to_seq = $2 WHERE user_id = $1", user_id, up_to)
        await execute("UPDATE anchor_remembering SET forgotten_up_to = $2 WHERE user_id = $1", user_id, up_to)
    await execute("UPDATE anchor_remembering SET misread = 0 WHERE user_id = $1", user_id)
    return True


async def make_room(user_id: UUID) -> None:
    """Forget the oldest that was learned beyond what may be remembered, in a transaction that holds the person."""
    await execute(_MAKE_ROOM, user_id, MOST_MEMORIES)


async def note_misread(user_id: UUID) -> None:
    """An answer could not be read: the next time may go better, the one after goes on without."""
    await execute("UPDATE anchor_remembering SET misread = misread + 1 WHERE user_id = $1", user_id)


async def _merge(user_id: UUID, facts: Sequence[str], entry_id: UUID | None) -> None:
    """Add `facts` to what is remembered. What is known already is not told twice; where the talk says it anew, its
    newer words replace what was learned before, and never what the person wrote."""
    if not facts:
        return
    now = clock.now()
    known = await fetch("SELECT id, body, origin FROM anchor_memories WHERE user_id = $1 ORDER BY id", user_id)
    new: list[str] = []
    for fact in facts:
        twin = next((row for row in known if likeness(fact, row["body"]) >= _SAME), None)
        if twin is None and not any(likeness(fact, other) >= _SAME for other in new):
            new.append(fact)
        elif twin is not None and twin["origin"] != "person" and entry_id is None:
            await _replace(twin, fact, now)
    await execute(
        """INSERT INTO anchor_memories (id, user_id, body, origin, entry_id, created_at, updated_at)
           SELECT id, $1, body, $4, $5, $6, $6 FROM unnest($2::uuid[], $3::text[]) AS new (id, body)""",
        user_id, [new_id() for _ in new], new, "talk" if entry_id is None else "journal", entry_id, now,
    )  # fmt: skip
    await make_room(user_id)


async def _replace(known: Any, fact: str, now: datetime) -> None:
    # What a journal entry said first has been said to Anchor now, and no longer hangs on the entry.
    if known["origin"] == "journal" or known["body"] != fact:
        await execute(
            "UPDATE anchor_memories SET body = $2, origin = 'talk', entry_id = NULL, updated_at = $3 WHERE id = $1",
            known["id"], fact, now,
        )  # fmt: skip
