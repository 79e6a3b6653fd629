"""One person's history as a list of what happened, and their numbers counted slowly: one day after the other.

Written from the rules (semantics, "Days and streaks"; docs/days-and-streaks.md), with nothing of the code under test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
UNDO = ZONES_WITHIN = timedelta(hours=24)
LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


def calendar(at: datetime, zone: str) -> date:
    """What a calendar in `zone` shows at that instant."""
    return at.astimezone(ZoneInfo(zone)).date()


@cache
def turns_to(day: date, zone: str) -> datetime:
    """The instant when calendars in `zone` turn to `day`. Clocks differ from UTC by quarters of an hour."""
    at = datetime.combine(day, time(0), UTC) - timedelta(hours=20)
    while calendar(at, zone) < day:
        at += timedelta(minutes=15)
    return at


def each_day(first: date, last: date) -> list[date]:
    """Both included; none if the last lies before the first."""
    return [first + DAY * n for n in range((last - first).days + 1)]


@dataclass
class CheckIn:
    """What the check-in of a day says now; `made` is its first instant, `changed` its latest."""

    mood: int
    made: datetime
    changed: datetime


@dataclass
class Slip:
    told: datetime
    day: date
    reflected: bool


@dataclass
class Clean:
    current: int
    best: int
    total: int
    attempts: int
    started_on: date


@dataclass
class Checking:
    current: int
    best: int
    freezes: int
    last: datetime | None
    last_on: date | None


@dataclass
class History:
    """All that happened to somebody who began in `zone` and has counted clean days since `start`.

    What they do answers the code that it is refused with, or None.
    """

    zone: str
    start: date
    journeys: list[tuple[datetime, str]] = field(default_factory=list)
    check_ins: dict[date, CheckIn] = field(default_factory=dict)
    slips: dict[int, Slip] = field(default_factory=dict)
    urges: list[tuple[date, str, datetime]] = field(default_factory=list)
    entries: list[tuple[date, datetime]] = field(default_factory=list)

    # -- where they are --------------------------------------------------------------------------------------------

    def zone_at(self, at: datetime) -> str:
        zone = self.zone
        for when, there in self.journeys:
            if when <= at:
                zone = there
        return zone

    def day_at(self, at: datetime) -> date:
        return calendar(at, self.zone_at(at))

    def began(self, day: date) -> datetime:
        """When the person's calendar first showed `day` or a later one."""
        stays = [(LONG_AGO, self.zone), *self.journeys]
        for (arrived, zone), (left, _) in zip(stays, [*stays[1:], (None, "")], strict=True):
            if arrived > LONG_AGO and calendar(arrived, zone) >= day:
                return arrived
            turned = turns_to(day, zone)
            if left is None or turned < left:
                return turned
        raise AssertionError

    def excused(self) -> set[date]:
        """The dates that a flight east cut short, or left out, the first time that they came."""
        lost, furthest = set(), date.min
        zone = self.zone
        for when, there in self.journeys:
            left, arrived = calendar(when, zone), calendar(when, there)
            furthest = max(furthest, left)
            for day in each_day(left, arrived - DAY):
                if day >= furthest:
                    lost.add(day)
            furthest = max(furthest, arrived)
            zone = there
        return lost

    # -- what they do ----------------------------------------------------------------------------------------------

    def moves(self, now: datetime, zone: str) -> str | None:
        if zone == self.zone_at(now):
            return None
        if len([when for when, _ in self.journeys if when > now - ZONES_WITHIN]) == 2:
            return "too_many_changes"
        self.journeys.append((now, zone))
        return None

    def checks_in(self, now: datetime, day: date, mood: int) -> str | None:
        today = self.day_at(now)
        if day > today:
            return "check_in_in_future"
        if day < today - 7 * DAY:
            return "check_in_too_old"
        made = self.check_ins[day].made if day in self.check_ins else now
        self.check_ins[day] = CheckIn(mood, made, now)
        return None

    def slipped(self, now: datetime, number: int, at: datetime, reflected: bool) -> str | None:
        day = self.day_at(at)
        if day < self.start:
            if at < self.began(self.start):
                return "slip_before_start"
            # Flown west: the day before the first one has come once more.
            day = self.start
        self.slips[number] = Slip(now, day, reflected)
        return None

    def undoes(self, now: datetime, number: int) -> str | None:
        if now > self.slips[number].told + UNDO:
            return "undo_expired"
        del self.slips[number]
        return None

    def corrects(self, now: datetime, start: date) -> str | None:
        if start > self.day_at(now):
            return "start_in_future"
        if any(slip.day < start for slip in self.slips.values()):
            return "start_after_slip"
        self.start = start
        return None

    # -- what is true of them --------------------------------------------------------------------------------------

    def attempts(self) -> list[tuple[date, date | None]]:
        broken = sorted({slip.day for slip in self.slips.values()})
        return list(zip([self.start, *broken], [*broken, None], strict=True))

    def clean(self, now: datetime) -> Clean:
        today = self.day_at(now)
        lengths = [len(each_day(begun, (ended or today) - DAY)) for begun, ended in self.attempts()]
        return Clean(lengths[-1], max(lengths), sum(lengths), len(lengths), self.attempts()[-1][0])

    def comebacks(self, now: datetime) -> int:
        """How often seven clean days followed a slip."""
        today = self.day_at(now)
        return len([1 for begun, ended in self.attempts()[1:] if len(each_day(begun, (ended or today) - DAY)) >= 7])

    def checking(self, now: datetime) -> Checking:
        if not self.check_ins:
            return Checking(0, 0, 0, None, None)
        today, excused = self.day_at(now), self.excused()
        first, last = min(self.check_ins), max(self.check_ins)
        run = best = in_a_row = freezes = 0
        for day in each_day(first, max(last, today)):
            if day in self.check_ins:
                run += 1
                best = max(best, run)
                if freezes < 2:
                    in_a_row += 1
                if in_a_row == 7:
                    freezes, in_a_row = freezes + 1, 0
            elif day in excused or (day >= today and day > last):
                # No miss: it was never had in full, or is not over.
                pass
            elif freezes:
                freezes, in_a_row = freezes - 1, 0
            else:
                run = in_a_row = 0
        return Checking(run, best, freezes, self.check_ins[last].made, last)
