"""At which instants a person's daily message is written and sent (semantics: Anchor, "Daily message").

It is sent when their clock shows the time that they chose. It is written before that, so that it is ready to the
minute: shortly before as a rule, but where the provider is dear at that time, in the last hour before it gets dear.
Within that stretch everybody has a moment of their own, so that people who chose the same time do not come all at once.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from uuid import UUID

import msgspec

from domain.anchor.prices import is_peak
from domain.kit.days import day_begins, instant

# Off the peak a text is written between these two before it is due: the later one leaves a slow model time.
EARLIEST = timedelta(minutes=6)
LATEST = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
# Into so many parts a stretch is divided; a prime, as ids are not evenly spread over round numbers.
_PARTS = 997


class Occurrence(msgspec.Struct, frozen=True):
    """The message of one local day, in UTC instants: it is written between `opens` and `closes` and sent at `due_at`.

    From `day_ends` on it is of no use to anyone.
    """

    day: date
    due_at: datetime
    opens: datetime
    closes: datetime
    day_ends: datetime

    def write_at(self, user_id: UUID) -> datetime:
        """The person's own moment in the stretch, the same whenever it is asked for."""
        return self.opens + (self.closes - self.opens) * (user_id.int % _PARTS) // _PARTS


def occurrence(day: date, local_time: time, timezone: str) -> Occurrence:
    """The message of `day` for people in `timezone` who want it at `local_time`.

    Never written before that day begins for them: until then it would be about the day before.
    """
    due_at = instant(day, local_time, timezone)
    opens, closes = _stretch(due_at)
    if opens < day_begins(day, timezone):
        opens = closes = due_at
    return Occurrence(day, due_at, opens, closes, day_begins(day + timedelta(days=1), timezone))


def _stretch(due_at: datetime) -> tuple[datetime, datetime]:
    # Prices change on the hour.
    hour = due_at.replace(minute=0, second=0, microsecond=0)
    if is_peak(due_at):
        while is_peak(hour - _HOUR):
            hour -= _HOUR
        return hour - _HOUR, hour
    opens, closes = due_at - EARLIEST, due_at - LATEST
    if is_peak(opens):
        # It has been dear until the hour that has just begun.
        opens = hour
    return opens, max(opens, closes)
