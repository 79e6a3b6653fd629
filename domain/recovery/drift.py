"""Whether what is written down still follows from the events: streaks from check-ins, attempts from slips.

Everything here is a copy that could be worked out anew, so a difference is a fault of ours (or new rules of a time
zone, which move the ends of days). It is counted by kind; who it concerns is nobody's business but the repair's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterable
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.kit.database import fetch
from domain.recovery.expiry import Due, due_of
from domain.recovery.standing import stored_streak
from domain.recovery.streaks import CheckInStreak, fold
from domain.recovery.travel import excused_days, zone_changes

Kind = Literal["check_in_streak", "last_check_in", "expiry", "attempts"]

# People at a time: some of them have years of check-ins, and other work waits for the loop meanwhile.
_BATCH = 100
NOBODY = UUID(int=0)

# One statement sees one state of the data, so nothing that is being written at the moment passes for a fault.
COLUMNS = f"""
SELECT users.id, users.timezone, streak.*,
       ARRAY(SELECT local_date FROM check_ins WHERE user_id = users.id) AS check_in_days,
       (SELECT created_at FROM check_ins WHERE user_id = users.id ORDER BY local_date DESC LIMIT 1) AS newest_at,
       {zone_changes("users.id")} AS zone_changes,
       ARRAY(SELECT ROW(started_on, ended_on) FROM attempts WHERE user_id = users.id) AS attempts,
       ARRAY(SELECT DISTINCT local_date FROM slips WHERE user_id = users.id) AS slip_days
FROM users LEFT JOIN check_in_streaks AS streak ON streak.user_id = users.id
"""
# Of somebody who is being purged the rows go in several transactions.
_PEOPLE = f"{COLUMNS} WHERE users.id > $1 AND users.state <> 'deleting' ORDER BY users.id LIMIT {_BATCH}"

Attempt = tuple[date, date | None]


class Truth(msgspec.Struct, frozen=True):
    """What a person's events say. `due` is None before the first check-in, `start` before the first attempt."""

    streak: CheckInStreak
    last_check_in: datetime | None
    due: Due | None
    start: date | None
    attempts: frozenset[Attempt]


def truth_of(row: Any) -> Truth:
    """What should stand in the tables, from a row of COLUMNS."""
    excused = excused_days(row["zone_changes"])
    streak = fold(row["check_in_days"], excused)
    # The first start is the only thing about attempts that slips do not tell.
    start = min([*(started for started, _ in row["attempts"]), *row["slip_days"]], default=None)
    return Truth(
        streak=streak,
        last_check_in=row["newest_at"],
        due=due_of(streak, row["timezone"], excused) if streak.last_check_in_on else None,
        start=start,
        attempts=frozenset(_runs(start, row["slip_days"])) if start else frozenset(),
    )


def _runs(start: date, slip_days: Iterable[date]) -> Iterable[Attempt]:
    """The attempts from the first start and the broken days; a slip on the first day ends an attempt of no days."""
    turns = [start, *sorted(slip_days)]
    return zip(turns, [*turns[1:], None], strict=True)


def drift_in(row: Any) -> list[Kind]:
    """In what a row of COLUMNS differs from the truth. An end that is still to be placed is no difference."""
    truth = truth_of(row)
    found: list[Kind] = []
    if stored_streak(row) != truth.streak:
        found.append("check_in_streak")
    if row["last_check_in"] != truth.last_check_in:
        found.append("last_check_in")
    expires_at = truth.due.expires_at if truth.due else None
    if row["expires_at"] not in (None, expires_at) or row["ended_at"] not in (None, row["expires_at"]):
        found.append("expiry")
    attempts = [tuple(attempt) for attempt in row["attempts"]]
    if len(attempts) != len(truth.attempts) or set(attempts) != truth.attempts:
        found.append("attempts")
    return found


class Look(msgspec.Struct, frozen=True):
    """A batch of people: how many, the last of them, and the drift of those that have any."""

    people: int
    last_user_id: UUID
    drift: dict[UUID, list[Kind]]

    @property
    def is_last(self) -> bool:
        return self.people < _BATCH

    def counts(self) -> Counter[str]:
        """How many people have a drift of each kind."""
        return Counter(kind for kinds in self.drift.values() for kind in kinds)


async def look_at(after: UUID) -> Look:
    """The next people in the order of their ids, but for those who are leaving."""
    rows = await fetch(_PEOPLE, after)
    drift = {row["id"]: kinds for row in rows if (kinds := drift_in(row))}
    return Look(len(rows), rows[-1]["id"] if rows else after, drift)


async def look_at_all() -> AsyncIterator[Look]:
    """All people, batch by batch."""
    after = NOBODY
    while True:
        look = await look_at(after)
        yield look
        if look.is_last:
            return
        after = look.last_user_id
