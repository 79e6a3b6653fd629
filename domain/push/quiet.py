"""Quiet hours: when a push has to wait, and until when (semantics: Push)."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from domain.kit.days import instant, zone


def quiet_until(now: datetime, timezone: str, begin: time, end: time) -> datetime | None:
    """The instant (UTC) at which the quiet hours end that `now` lies in; None if it lies in none.

    They go from `begin` on until `end` by the clocks in `timezone`, over midnight if `end` is the earlier one.
    """
    local = now.astimezone(zone(timezone))
    shown = local.time()
    quiet = begin <= shown < end if begin < end else shown >= begin or shown < end
    if not quiet:
        return None
    day = local.date() if shown < end else local.date() + timedelta(days=1)
    until = instant(day, end, timezone)
    # In an hour that comes twice they end when the clock shows their end for the first time.
    return until if until > now else None
