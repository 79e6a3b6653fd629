"""Writing down anew what has drifted, while the system runs: the person is held as a slip or a check-in holds them."""

from __future__ import annotations

from uuid import UUID

from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, transaction
from domain.recovery.attempts import rebuild
from domain.recovery.drift import COLUMNS, Kind, Truth, drift_in, truth_of
from domain.recovery.moments import hold_person
from domain.recovery.progress import progress_changed

_ONE = f"{COLUMNS} WHERE users.id = $1"

_HOLD_STREAK = """
INSERT INTO check_in_streaks (user_id) VALUES ($1) ON CONFLICT (user_id) DO UPDATE SET user_id = EXCLUDED.user_id
"""

_WRITE = """
UPDATE check_in_streaks SET days = $2, best = $3, freezes = $4, toward_freeze = $5, last_check_in_on = $6,
       last_check_in = $7, expires_at = $8::timestamptz, remind_at = $9, ended_at = CASE WHEN $8 <= $10 THEN $8 END
WHERE user_id = $1
"""


async def repair_person(user_id: UUID) -> list[Kind]:
    """Mend what has drifted of one person, and have their goals and achievements worked out; returns what it was.

    It is looked at afresh under the locks, so what has been put right meanwhile is left alone; empty too for somebody
    who is gone. Nothing that was awarded is taken back.
    """
    async with transaction():
        # In this order, as a change of zone takes them.
        await hold_person(user_id)
        if await fetch_row("SELECT true FROM users WHERE id = $1", user_id) is None:
            return []
        await execute(_HOLD_STREAK, user_id)
        row = await fetch_row(_ONE, user_id)
        found = drift_in(row)
        truth = truth_of(row)
        if found != ["attempts"] and found:
            await _write_streak(user_id, truth)
        if "attempts" in found and truth.start is not None:
            # From nothing, because a row that stands there twice passes for right with the rebuilding.
            await execute("DELETE FROM attempts WHERE user_id = $1", user_id)
            await rebuild(user_id, truth.start)
        if found:
            await progress_changed(user_id)
    return found


async def _write_streak(user_id: UUID, truth: Truth) -> None:
    now = clock.now()
    expires_at = truth.due.expires_at if truth.due else None
    remind_at = truth.due.remind_at if truth.due else None
    streak = truth.streak
    await execute(
        _WRITE, user_id, streak.days, streak.best, streak.freezes, streak.toward_freeze, streak.last_check_in_on,
        truth.last_check_in, expires_at, remind_at if remind_at and remind_at > now else None, now,
    )  # fmt: skip
