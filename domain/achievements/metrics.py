"""What is counted for achievements: each metric is one SQL expression over a person's rows, and stands here only.

Rules: semantics, "Days and streaks" (days are differences of dates; best and total take in the running attempt).
"""

from __future__ import annotations

from typing import Literal

import msgspec

Metric = Literal[
    "best_clean_days",
    "total_clean_days",
    "comebacks",
    "check_in_streak",
    "check_ins",
    "urges_logged",
    "urges_resisted",
    "journal_entries",
    "slips_reflected",
    "goals_completed",
    "quizzes_completed",
]

# Clean days after a slip that make a comeback.
COMEBACK_DAYS = 7


class Source(msgspec.Struct, frozen=True):
    """A table with the person's rows, and the metrics that are aggregates of them.

    Where time alone moves them (`by_time`), `today` is the person's day.
    """

    table: str
    metrics: dict[Metric, str]
    by_time: bool = False


# A start that lies ahead (the person has flown west since) is 0 days.
_DAYS = "greatest(0, coalesce(ended_on, today) - started_on)"

SOURCES = (
    Source(
        "attempts",
        {
            "best_clean_days": f"max({_DAYS})",
            "total_clean_days": f"sum({_DAYS})",
            # Every attempt but the first, by order, began with a slip; one that a slip ended on its first day has 0
            # days and goes before the one that began that day.
            "comebacks": f"""count(*) FILTER (WHERE {_DAYS} >= {COMEBACK_DAYS})
                - ((array_agg({_DAYS} ORDER BY started_on, ended_on))[1] >= {COMEBACK_DAYS})::integer""",
        },
        by_time=True,
    ),
    Source("check_in_streaks", {"check_in_streak": "max(best)"}),
    Source("check_ins", {"check_ins": "count(*)"}),
    Source(
        "urges",
        {"urges_logged": "count(*)", "urges_resisted": "count(*) FILTER (WHERE outcome = 'resisted')"},
    ),
    Source("journal_entries", {"journal_entries": "count(*)"}),
    Source("slips", {"slips_reflected": "count(reflection)"}),
    # What was reached before it was set is no achievement.
    Source("goals", {"goals_completed": "count(*) FILTER (WHERE completed_at >= created_at)"}),
    # A retake is no further quiz.
    Source("quiz_runs", {"quizzes_completed": "count(DISTINCT quiz) FILTER (WHERE completed_at IS NOT NULL)"}),
)

TIME_METRICS: frozenset[Metric] = frozenset(name for source in SOURCES if source.by_time for name in source.metrics)


def measured() -> str:
    """A SELECT of (user_id, today, metric, value), with `today` null where it makes no difference.

    It reads the people from `person (user_id)`, and from `person_day (user_id, today)` for what time alone moves.
    Without rows a value is 0 or null.
    """
    return " UNION ALL ".join(_measure(source) for source in SOURCES)


def _measure(source: Source) -> str:
    people, today = ("person_day", "today") if source.by_time else ("person", "NULL::date AS today")
    values = ", ".join(f"{value} AS {name}" for name, value in source.metrics.items())
    told = ", ".join(f"('{name}', {name}::bigint)" for name in source.metrics)
    # LATERAL, one person after the other by the index: as a join it may become a scan of everybody's rows.
    return f"""
        SELECT user_id, {today}, metric, value
        FROM {people} CROSS JOIN LATERAL (
                 SELECT {values} FROM {source.table} WHERE {source.table}.user_id = {people}.user_id
             ) AS counted
             CROSS JOIN LATERAL (VALUES {told}) AS told (metric, value)"""


def _passed_by_time() -> str:
    (source,) = (source for source in SOURCES if source.by_time)
    values = ", ".join(f"({value})::integer AS {name}" for name, value in source.metrics.items())
    ladders = ", ".join(
        f"""(SELECT array_agg({column} ORDER BY level, slug) FROM achievements
             WHERE active AND metric = '{metric}') AS {metric}_{column}s"""
        for metric in source.metrics
        for column in ("level", "slug")
    )
    highest = ", ".join(f"{metric}_slugs[width_bucket({metric}, {metric}_levels)]" for metric in source.metrics)
    return f"""
    WITH ladders AS MATERIALIZED (SELECT {ladders}),
    person_day AS (SELECT user_id, $2::date AS today FROM unnest($1::uuid[]) AS given (user_id)),
    passed AS (
        SELECT user_id, array_remove(ARRAY[{highest}], NULL) AS slugs
        FROM person_day CROSS JOIN ladders CROSS JOIN LATERAL (
                 SELECT {values} FROM {source.table} WHERE {source.table}.user_id = person_day.user_id
             ) AS counted
    )
    SELECT user_id FROM passed
    WHERE cardinality(slugs) > (SELECT count(*) FROM earned_achievements AS earned
                                WHERE earned.user_id = passed.user_id AND achievement = ANY (slugs))"""


# A SELECT of those of the people $1, whose day is $2, whom time has taken past a level that they were not awarded. One
# level of each metric is looked at: whoever has the highest that they passed has those below it, but for one that was
# added since, which their next event or look brings them.
PASSED_BY_TIME = _passed_by_time()
