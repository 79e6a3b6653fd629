"""What follows from a person's events: their goals and achievements, worked out anew by one job a person."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar
from uuid import UUID

from domain.kit.outbox import Job, enqueue
from domain.kit.settings import settings


class RecomputeProgress(Job, frozen=True, kw_only=True):
    """Work out a person's goals and achievements from what there is now. Several requests are one job."""

    name: ClassVar[str] = "recovery.progress"

    user_id: UUID

    def dedupe_key(self) -> str:
        return str(self.user_id)


async def progress_changed(user_id: UUID) -> None:
    """To be called, in the transaction of the change, by whatever writes an event that a goal or an achievement counts:
    check-ins, slips, urges, journal entries, quizzes, goals themselves.

    The job waits a moment, so that a burst of events is worked out once. Raises OutsideTransaction without one.
    """
    await enqueue(RecomputeProgress(user_id=user_id), delay=timedelta(seconds=settings().progress_debounce_seconds))
