"""Who may write to others, and how much: the gate before every post and comment.

Rules: semantics, "Community" (verified e-mail and accepted community rules; a new account posts at most 20 posts and
60 comments an hour for its first day) and "Anchor", Consents gate.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from domain.accounts.speaking import may_speak
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row
from domain.kit.errors import TooMany
from domain.kit.forgetting import forget
from domain.kit.ids import new_id

NEW_FOR = timedelta(hours=24)
_WINDOW = timedelta(hours=1)
_AT_MOST = {"posts": 20, "comments": 60}


async def may_write(user_id: UUID, what: Literal["posts", "comments"]) -> tuple[UUID, datetime]:
    """The persona that the person writes under now, and the business instant; in the transaction of the writing.

    The person's row is held, so that a limit counts what is written at the same moment, and a switch of persona comes
    before or after. Raises as may_edit, and TooMany for a new account.
    """
    now = clock.now()
    # In a statement of its own: the next one then sees what the holder before us has committed.
    await execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id)
    speaker = await may_speak(user_id)
    if now - speaker.created_at < NEW_FOR:
        await _count(user_id, what, now)
    return speaker.persona_id, now


async def may_edit(user_id: UUID) -> None:
    """Raises as may_speak."""
    await may_speak(user_id)


async def _count(user_id: UUID, what: Literal["posts", "comments"], now: datetime) -> None:
    # Noted apart from what is written, which may be deleted: who posts and deletes all day is limited as well.
    row: Any = await fetch_row(
        """SELECT count(*) AS written, min(written_at) AS first FROM early_writings
           WHERE user_id = $1 AND kind = $2 AND written_at > $3""",
        user_id, what, now - _WINDOW,
    )  # fmt: skip
    if row["written"] >= _AT_MOST[what]:
        raise TooMany(
            f"On its first day an account may write {_AT_MOST[what]} {what} an hour.",
            retry_after=(row["first"] + _WINDOW - now).total_seconds(),
        )
    await execute(
        "INSERT INTO early_writings (id, user_id, kind, written_at) VALUES ($1, $2, $3, $4)",
        new_id(), user_id, what, now,
    )  # fmt: skip


async def forget_early_writings() -> int:
    """Remove what no limit counts any more; returns how many rows."""
    return await forget("early_writings", "written_at <= $1", clock.now() - _WINDOW)
