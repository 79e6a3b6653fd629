"""Forgetting at once and for good, at the person's word: one thing, the summary, all of it, or the whole talk.

Nothing comes back: what the model is asked at this moment is not written down (anchor_remembering.epoch), and what it
was asked about once it is not asked about again.
"""

from __future__ import annotations

from uuid import UUID

from domain.anchor import daily, ledger
from domain.anchor.context import INPUT_TOKENS
from domain.anchor.live import tell_end_on_commit
from domain.anchor.memories.keeping import hold
from domain.anchor.memories.summary import without
from domain.anchor.prices import Usage, cost
from domain.kit.clock import clock, real_now
from domain.kit.database import execute, fetch_row, fetch_value, transaction
from domain.kit.errors import NotFound
from domain.push.notifications import take_back

_NEWEST = "(SELECT max(seq) FROM anchor_messages WHERE user_id = $1)"

_UNDER_WAY = """
SELECT reply.id, reply.body = '' AS nothing_yet, charge.id AS charge_id
FROM anchor_messages AS reply JOIN anchor_charges AS charge ON charge.message_id = reply.id AND charge.counted
WHERE reply.user_id = $1 AND reply.status IN ('pending', 'streaming') FOR UPDATE OF reply
"""

_LEFT_OPEN = """
SELECT id, EXISTS (SELECT FROM anchor_charges AS other WHERE other.message_id = $1 AND NOT other.counted) AS booked
FROM anchor_charges WHERE message_id = $1 AND counted AND state = 'reserved'
"""


async def forget_memory(user_id: UUID, memory_id: UUID) -> None:
    """Forget one thing, and what the summary says of it. What was said until now is not gone through any more.

    Raises NotFound if it is not theirs.
    """
    async with transaction():
        await hold(user_id)
        body = await fetch_value(
            "DELETE FROM anchor_memories WHERE id = $1 AND user_id = $2 RETURNING body", memory_id, user_id
        )
        if body is None:
            raise NotFound
        await take_from_summary(user_id, body)
        await _pass_over_talk(user_id)


async def forget_summary(user_id: UUID) -> None:
    """Forget the summary of the talk; the next one begins with what is said from now on."""
    async with transaction():
        await hold(user_id)
        await execute("DELETE FROM anchor_summaries WHERE user_id = $1", user_id)
        await execute(
            f"""UPDATE anchor_remembering
                SET epoch = epoch + 1, forgotten_up_to = GREATEST(forgotten_up_to, {_NEWEST}) WHERE user_id = $1""",
            user_id,
        )


async def forget_memories(user_id: UUID) -> None:
    """Forget all that was learned, the summary as well. The talk and the journal stay, and are not read again."""
    async with transaction():
        await _forget_memories(user_id)


async def forget_talk(user_id: UUID) -> None:
    """Delete the whole talk, and all that was learned. An answer under way ends; what it has cost stays charged.

    The limits stay as used, and a day that had its message gets no other.
    """
    async with transaction():
        await _forget_memories(user_id)
        under_way = await fetch_row(_UNDER_WAY, user_id)
        await execute("DELETE FROM anchor_messages WHERE user_id = $1", user_id)
        if under_way is not None:
            tell_end_on_commit(under_way["id"])
            if under_way["nothing_yet"]:
                # Whatever its worker has asked the model for already is booked by that.
                await ledger.refund(under_way["charge_id"], None)
            # Else its worker finds it gone within a second, lets the model go, and pays (settle_forgotten).
        # After the ledger: whoever writes a daily message locks in that order.
        await _forget_copies(user_id)


async def take_from_summary(user_id: UUID, fact: str) -> None:
    """Take out of the summary what it says of `fact`, in the caller's transaction, which holds the person's row."""
    # What the model was asked before may hold the fact, too.
    await execute("UPDATE anchor_remembering SET epoch = epoch + 1 WHERE user_id = $1", user_id)
    row = await fetch_row("SELECT body, up_to_seq FROM anchor_summaries WHERE user_id = $1", user_id)
    if row is None:
        return
    left = without(row["body"], fact)
    if left:
        await execute(
            "UPDATE anchor_summaries SET body = $2, updated_at = $3 WHERE user_id = $1 AND body <> $2",
            user_id, left, clock.now(),
        )  # fmt: skip
        return
    await execute("DELETE FROM anchor_summaries WHERE user_id = $1", user_id)
    await execute(
        """UPDATE anchor_remembering SET forgotten_up_to = GREATEST(forgotten_up_to, $2) WHERE user_id = $1""",
        user_id, row["up_to_seq"],
    )  # fmt: skip


async def _pass_over_talk(user_id: UUID) -> None:
    """Neither facts nor a summary are made of what was said until now: it may say again what is to be forgotten."""
    await execute(
        f"""UPDATE anchor_remembering
            SET talk_up_to = GREATEST(talk_up_to, {_NEWEST}), forgotten_up_to = GREATEST(forgotten_up_to, {_NEWEST})
            WHERE user_id = $1""",
        user_id,
    )


async def _forget_memories(user_id: UUID) -> None:
    await hold(user_id)
    await execute("DELETE FROM anchor_memories WHERE user_id = $1", user_id)
    await execute("DELETE FROM anchor_summaries WHERE user_id = $1", user_id)
    await execute(
        """UPDATE anchor_remembering SET epoch = epoch + 1, due_at = NULL, misread = 0, journal_from = $2
           WHERE user_id = $1""",
        user_id, clock.now(),
    )  # fmt: skip
    await _pass_over_talk(user_id)


async def _forget_copies(user_id: UUID) -> None:
    """What stands elsewhere of what Anchor said: written ahead of its time, and in the inbox."""
    await daily.forget_drafts(user_id)
    await take_back(user_id, "anchor_daily")


async def settle_forgotten(reply_id: UUID) -> None:
    """Close the charge of an answer that was deleted while it was being written, by whoever finds it gone.

    It has taken one of the person's replies: parts of it may have been read. If nobody has booked what its try cost,
    because its worker is dead, its input is charged, and as what it was is deleted too, at its most.
    """
    row = await fetch_row(_LEFT_OPEN, reply_id)
    if row is not None:
        usage = Usage(0, 0 if row["booked"] else INPUT_TOKENS, 0)
        await ledger.settle_open(row["id"], cost(usage, real_now()))
