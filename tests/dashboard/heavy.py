"""A person of three years who uses everything, among others who do."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.kit.database import execute

# Of each: ($1 people, $2 now). An urge every two and a half hours, a slip every ten days, and so on.
_ROWS = """
INSERT INTO check_ins (user_id, local_date, timezone, mood, urge_level, triggers, created_at, updated_at)
SELECT person, $2::date - n, 'Europe/Berlin', 1 + n % 5, n % 11, '{boredom}', $2, $2
FROM unnest($1::uuid[]) AS person, generate_series(0, 1094) AS n;

INSERT INTO check_in_streaks (user_id, days, best, freezes, toward_freeze, last_check_in_on, last_check_in)
SELECT person, 1095, 1095, 2, 0, $2::date, $2 FROM unnest($1::uuid[]) AS person;

INSERT INTO urges (id, user_id, occurred_at, timezone, local_date, local_hour, intensity, triggers, outcome, coping,
                   created_at, updated_at)
SELECT gen_random_uuid(), person, at, 'Europe/Berlin', at::date, 5, 5, '{stress}',
       CASE WHEN n % 9 = 0 THEN 'slipped' ELSE 'resisted' END, 'a walk', at, at
FROM unnest($1::uuid[]) AS person, generate_series(1, 10000) AS n,
     LATERAL (SELECT $2::timestamptz - n * interval '150 minutes' AS at) AS moment;

INSERT INTO journal_entries (id, user_id, timezone, local_date, body, search, created_at, updated_at)
SELECT gen_random_uuid(), person, 'Europe/Berlin', at::date, 'A quiet evening, number ' || n, 'quiet evening', at, at
FROM unnest($1::uuid[]) AS person, generate_series(1, 2000) AS n,
     LATERAL (SELECT $2::timestamptz - n * interval '13 hours' AS at) AS moment;

INSERT INTO attempts (id, user_id, started_on, ended_on)
SELECT gen_random_uuid(), person, $2::date - n * 10, CASE WHEN n > 1 THEN $2::date - (n - 1) * 10 END
FROM unnest($1::uuid[]) AS person, generate_series(1, 100) AS n
ON CONFLICT DO NOTHING;

INSERT INTO slips (id, user_id, occurred_at, timezone, local_date, local_hour, triggers, created_at)
SELECT gen_random_uuid(), person, at, 'Europe/Berlin', at::date, 22, '{}', at
FROM unnest($1::uuid[]) AS person, generate_series(1, 100) AS n,
     LATERAL (SELECT $2::timestamptz - n * interval '10 days' AS at) AS moment;

INSERT INTO goals (id, user_id, kind, title, target, level, starts_on, due_on, completed_at, created_at, updated_at)
SELECT gen_random_uuid(), person, kind, kind || n, CASE WHEN kind LIKE 'fewer%' THEN 50 ELSE 100000 END,
       CASE kind WHEN 'mood_days' THEN 3 END,
       $2::date - CASE WHEN kind LIKE 'fewer%' THEN 180 ELSE 1000 END,
       CASE WHEN kind LIKE 'fewer%' THEN $2::date + 180 END,
       CASE WHEN n % 3 > 0 AND kind NOT LIKE 'fewer%' THEN $2::timestamptz - n * interval '2 days' END, $2, $2
FROM unnest($1::uuid[]) AS person, generate_series(1, 7) AS n,
     unnest('{clean_days,check_ins,journal_entries,urges_resisted,fewer_urges,fewer_slips,mood_days}'::text[]) AS kind;

INSERT INTO notifications (id, user_id, kind, cause, title, body, discreet_body, deep_link, collapse_id, created_at,
                           expires_at, read_at)
SELECT gen_random_uuid(), person, 'anchor_daily', 'cause ' || n, 't', 'b', 'd', 'l', 'c' || n, $2, $2,
       CASE WHEN n % 2 = 0 THEN $2::timestamptz END
FROM unnest($1::uuid[]) AS person, generate_series(1, 5000) AS n;

INSERT INTO earned_achievements (user_id, achievement, earned_at)
SELECT person, slug, $2::timestamptz - level * interval '1 hour'
FROM unnest($1::uuid[]) AS person, achievements WHERE position % 2 = 0 ON CONFLICT DO NOTHING;

INSERT INTO daily_messages (id, user_id, local_date, state, planned_at)
SELECT gen_random_uuid(), person, $2::date - n, 'skipped', $2
FROM unnest($1::uuid[]) AS person, generate_series(1, 1000) AS n;

INSERT INTO grants (id, user_id, starts_at, ends_at, reason)
SELECT gen_random_uuid(), person, $2::timestamptz - n * interval '10 days', $2::timestamptz - n * interval '5 days',
       'gift'
FROM unnest($1::uuid[]) AS person, generate_series(1, 300) AS n;

INSERT INTO quiz_runs (id, user_id, quiz, version, started_at, updated_at, completed_at)
SELECT gen_random_uuid(), person, slug, version, $2, $2, $2
FROM unnest($1::uuid[]) AS person, quizzes, generate_series(1, 150);
"""
_FILLED = """check_ins check_in_streaks urges journal_entries attempts slips goals notifications earned_achievements
    quiz_runs daily_messages grants anchor_messages users personas preferences achievements quizzes""".split()


async def fill(people: list[UUID], now: datetime) -> None:
    """Give each of `people` three years up to `now`; the planner knows of it."""
    for statement in _ROWS.split(";\n"):
        if statement.strip():
            await execute(statement, people, now)
    for table in _FILLED:
        await execute(f"ANALYZE {table}")
