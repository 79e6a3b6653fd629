"""Quiet hours: when a push has to wait, and until when (semantics: Push)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from domain.kit.days import instant, zone
from domain.push.preferences import Kind

# From and to, by the person's own clock.
Hours = tuple[time, time]

# Few people ever set quiet hours: nobody is to be woken by news that is as good in the morning. Much of it is made by
# the sweep in the minutes after midnight, or by people who live in other time zones. What a partner writes, and a
# partner's call for help, come at once.
CAN_WAIT: tuple[Kind, ...] = (
    "achievement", "goal", "comment", "reply", "like", "report_outcome", "partner_request", "partner_accepted",
    "partner_slip",
)  # fmt: skip
NIGHT: Hours = (time(22), time(8))


def held_until(now: datetime, timezone: str, kind: Kind, chosen: Hours | None) -> datetime | None:
    """The instant (UTC) until which a push has to wait at least: the end of the hours that the person has chosen, and
    of the night for what can wait; the later one inside of both. None if it may be sent now.

    It is to be asked again then, for the other hours may begin before the first have ended.
    """
    quiet = [] if chosen is None else [chosen]
    # Whose own hours take up the whole day is awake at night, and would otherwise never be told.
    if kind in CAN_WAIT and not (chosen is not None and _covers_the_day(chosen)):
        quiet.append(NIGHT)
    ends = [until for begin, end in quiet if (until := quiet_until(now, timezone, begin, end)) is not None]
    return max(ends, default=None)


def _covers_the_day(hours: Hours) -> bool:
    """Whether the hours leave nothing between the end of the night and its beginning."""
    dusk, dawn = NIGHT
    return _within(dawn, *hours) and not dawn < hours[1] < dusk


def _within(shown: time, begin: time, end: time) -> bool:
    return begin <= shown < end if begin < end else shown >= begin or shown < end


def quiet_until(now: datetime, timezone: str, begin: time, end: time) -> datetime | None:
    """The instant (UTC) at which the quiet hours end that `now` lies in; None if it lies in none.

    They go from `begin` on until `end` by the clocks in `timezone`, over midnight if `end` is the earlier one.
    """
    local = now.astimezone(zone(timezone))
    shown = local.time()
    if not _within(shown, begin, end):
        return None
    day = local.date() if shown < end else local.date() + timedelta(days=1)
    until = instant(day, end, timezone)
    # In an hour that comes twice they end when the clock shows their end for the first time.
    return until if until > now else None
