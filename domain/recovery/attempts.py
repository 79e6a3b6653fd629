"""Attempts: runs of clean days, one of them running."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from domain.kit.ids import new_id
from domain.recovery.tables import Attempt


async def begin_attempt(user_id: UUID, started_on: date) -> None:
    """Begin the person's first attempt, in the caller's transaction. An imported start date is not a slip.

    The caller has seen to it that the start does not lie in the future. Raises asyncpg.UniqueViolationError if an
    attempt is running.
    """
    await Attempt(id=new_id(), user_id=user_id, started_on=started_on, ended_on=None).save()
