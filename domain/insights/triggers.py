"""What brings urges on, and when: counts over a window of days, beside those of the days before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.insights.figures import average, share
from domain.insights.window import Period, check_days, periods, span_starts
from domain.kit.clock import clock
from domain.kit.database import fetch_row
from domain.kit.errors import NotFound
from domain.recovery.triggers import NAMES

_SHOWN = 50
# Rows of one span; a trigger has up to five. Far more than are shown, because those that are named most in all spans
# need not be those that are named most in the window: they differ by what the outermost days hold.
_READ_ROWS = 2500


class PeriodTotals(msgspec.Struct, frozen=True):
    """A period's counts. `resisted_rate` is the share of resisted among finished urges, 0 to 100 rounded down; null if
    none is finished."""

    first: date = msgspec.field(name="from")
    last: date = msgspec.field(name="to")
    urges: int
    resisted: int
    slipped: int
    ongoing: int
    resisted_rate: int | None
    slips: int
    check_ins: int


class TriggerCounts(msgspec.Struct, frozen=True):
    """How often a trigger was named. `trigger` is the slug of GET /v1/triggers; `average_intensity`, to one decimal,
    and `resisted_rate` are those of the urges that named it."""

    trigger: str
    label: str
    urges: int
    slips: int
    check_ins: int
    resisted_rate: int | None
    average_intensity: float | None


class PeriodChange(msgspec.Struct, frozen=True):
    """This period less the one before; `resisted_rate` is null unless both have one."""

    urges: int
    slips: int
    resisted_rate: int | None


class TriggerInsights(PeriodTotals, frozen=True):
    """A window of `days` days up to today. `triggers` are at most 50, those named most often first; `heat_map` has
    urges and slips by weekday, Monday first, and hour of the day, by the clocks around the person."""

    days: int
    triggers: list[TriggerCounts]
    heat_map: list[list[int]]
    previous: PeriodTotals
    change: PeriodChange


# An event that names a trigger twice, by slug and by label, names it once. Of the days before the window only the
# totals are wanted. A word of one's own is known and shown as in urges/words.py.
READ = f"""
WITH names AS ({NAMES}), events AS MATERIALIZED (
    SELECT *, width_bucket(local_date, $2::date[]) AS span, row_number() OVER () AS event FROM (
        SELECT 'urge' AS kind, local_date, local_hour, outcome, intensity, triggers FROM urges
        WHERE user_id = $1 AND local_date >= $3 AND local_date < $5
        UNION ALL
        SELECT 'slip', local_date, local_hour, NULL, NULL, triggers FROM slips
        WHERE user_id = $1 AND local_date >= $3 AND local_date < $5
        UNION ALL
        SELECT 'check_in', local_date, NULL, NULL, NULL, triggers FROM check_ins
        WHERE user_id = $1 AND local_date >= $3 AND local_date < $5
    ) AS happened
), named AS (
    SELECT event, span, kind, outcome, intensity, local_date, names.label,
           coalesce(names.slug, lower(said.word)) AS trigger, min(said.word) AS spelling
    FROM events CROSS JOIN unnest(triggers) AS said (word) LEFT JOIN names ON names.word = lower(said.word)
    WHERE local_date >= $4
    GROUP BY event, span, kind, outcome, intensity, local_date, names.label, trigger
), counted AS (
    SELECT trigger, span, min(label) AS label,
           (array_agg(spelling ORDER BY local_date DESC, spelling) FILTER (WHERE label IS NULL))[1] AS spelling,
           count(*) FILTER (WHERE kind = 'urge') AS urges, count(*) FILTER (WHERE kind = 'slip') AS slips,
           count(*) FILTER (WHERE kind = 'check_in') AS check_ins,
           count(*) FILTER (WHERE outcome = 'resisted') AS resisted,
           count(*) FILTER (WHERE outcome = 'slipped') AS slipped, coalesce(sum(intensity), 0) AS intensity
    FROM named GROUP BY trigger, span
)
SELECT users.timezone,
    ARRAY(SELECT ROW(span, kind, outcome, count(*)) FROM events GROUP BY span, kind, outcome) AS totals,
    ARRAY(SELECT ROW(span, extract(isodow FROM local_date)::int, local_hour, count(*)) FROM events
          WHERE local_hour IS NOT NULL AND local_date >= $4
          GROUP BY span, extract(isodow FROM local_date), local_hour) AS hours,
    ARRAY(SELECT ROW(span, trigger, label, spelling, urges, slips, check_ins, resisted, slipped, intensity)
          FROM counted ORDER BY sum(urges + slips + check_ins) OVER (PARTITION BY trigger) DESC, trigger, span
          LIMIT {_READ_ROWS}) AS triggers
FROM users WHERE id = $1"""


async def read_trigger_insights(user_id: UUID, days: int | None) -> TriggerInsights:
    """The window of `days` (1 to 366, 30 if None) local days up to the person's today, in one round trip.

    Raises InvalidRequest for another number of days, NotFound if the person is gone.
    """
    days = check_days(days)
    now = clock.now()
    starts = span_starts(now, days)
    row = await fetch_row(READ, user_id, *bounds(starts, days))
    if row is None:
        raise NotFound
    current, before = periods(now, row["timezone"], days)
    # Spans are counted from one.
    totals = [(starts[span - 1], *rest) for span, *rest in row["totals"]]
    present, previous = _totals(current, totals), _totals(before, totals)
    return TriggerInsights(
        **msgspec.structs.asdict(present),
        days=days,
        triggers=_triggers((starts[span - 1], *rest) for span, *rest in row["triggers"] if starts[span - 1] in current),
        heat_map=_heat_map((starts[span - 1], *rest) for span, *rest in row["hours"] if starts[span - 1] in current),
        previous=previous,
        change=PeriodChange(
            present.urges - previous.urges,
            present.slips - previous.slips,
            None
            if present.resisted_rate is None or previous.resisted_rate is None
            else present.resisted_rate - previous.resisted_rate,
        ),
    )


def bounds(starts: list[date], days: int) -> tuple[list[date], date, date, date]:
    """The dates in READ: the spans, their first day, the first day that can lie in the window, the day after all."""
    return starts, starts[0], starts[-1] - timedelta(days + 2), starts[-1]


def _totals(period: Period, counted: Iterable[Any]) -> PeriodTotals:
    """Of rows of span, kind, outcome and count, those in `period`."""
    counts: Counter[str] = Counter()
    for start, kind, outcome, count in counted:
        if start in period:
            counts[kind] += count
            counts[outcome] += count
    return PeriodTotals(
        first=period.first,
        last=period.last,
        urges=counts["urge"],
        resisted=counts["resisted"],
        slipped=counts["slipped"],
        ongoing=counts["ongoing"],
        resisted_rate=share(counts["resisted"], counts["slipped"]),
        slips=counts["slip"],
        check_ins=counts["check_in"],
    )


def _heat_map(rows: Iterable[Any]) -> list[list[int]]:
    """Of rows of span, weekday (1 is Monday), hour and count."""
    heat_map = [[0] * 24 for _ in range(7)]
    for _, weekday, hour, count in rows:
        heat_map[weekday - 1][hour] += count
    return heat_map


def _triggers(rows: Iterable[Any]) -> list[TriggerCounts]:
    """Of rows of span, trigger, label, spelling and counts, in the order of the spans."""
    sums: dict[str, list[int]] = {}
    labels: dict[str, str] = {}
    for _, key, label, spelling, *counts in rows:
        # The newest span has the last word.
        labels[key] = spelling if label is None else label
        sums[key] = [before + count for before, count in zip(sums.get(key, [0] * len(counts)), counts, strict=True)]
    return [
        TriggerCounts(key, labels[key], urges, slips, check_ins, share(resisted, slipped), average(intensity, urges))
        for key, (urges, slips, check_ins, resisted, slipped, intensity) in sorted(sums.items(), key=_most_named)
    ][:_SHOWN]


def _most_named(item: tuple[str, list[int]]) -> tuple[int, int, str]:
    """What sorts those named most often first, then those with the most slips, then by name."""
    key, (urges, slips, check_ins, *_) = item
    return -(urges + slips + check_ins), -slips, key
