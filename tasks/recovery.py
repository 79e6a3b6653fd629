"""What follows from people's events, and from the end of their days."""

from __future__ import annotations

from domain.achievements.awards import award
from domain.goals.settling import settle
from domain.recovery import checking, expiry
from domain.recovery.progress import RecomputeProgress
from domain.sweep import days, reminders
from tasks.actor import recomputes


@recomputes(RecomputeProgress)
async def recompute_progress(job: RecomputeProgress) -> None:
    # Goals first: a completed one counts towards achievements.
    await settle([job.user_id])
    await award([job.user_id])
    await reminders.withdraw_answered([job.user_id])


PERIODIC = [
    ("recovery.place_streaks", 5.0, expiry.place),
    ("recovery.note_ended_streaks", 30.0, expiry.note_ended),
    ("recovery.remind", 15.0, reminders.remind),
    ("recovery.sweep_days", 30.0, days.sweep_days),
    ("recovery.check_streaks", 30.0, checking.check_some),
]
