"""The rows that a snapshot is made of, for many people at once: three round trips, whatever their number.

What nobody but the model is told is read only of those who consent to that.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.anchor.consent import lacking_sql
from domain.goals.live import COLUMNS as GOAL_COLUMNS
from domain.goals.live import OPEN
from domain.kit.database import fetch
from domain.kit.days import local_date
from domain.quizzes.history import KnownAnswer, answers_for_anchor
from domain.recovery import standing
from domain.recovery.triggers import NAMES

ANALYSED_DAYS = 30

_CHECK_INS = 7
_GOALS = 10
_REACHED = 3
_EARNED = 6
_SLIPS = 5
_HELPED_BY = 5
_ENTRIES = 8
_MEMORIES = 60
_TRIGGERS = 6

_SHARES_JOURNAL = "coalesce((SELECT share_journal_with_anchor FROM preferences WHERE user_id = users.id), true)"

# What nobody but the model is told. Texts come whole, because one that speaks of danger at its end is withheld too. An
# entry is not asked for by EXISTS: to answer that for many memories, PostgreSQL may read everybody's entries.
_HELPED = f"""
SELECT coping FROM urges
WHERE user_id = users.id AND outcome = 'resisted' AND coping IS NOT NULL
ORDER BY occurred_at DESC, id DESC LIMIT {_HELPED_BY}"""
_JOURNAL = f"""
SELECT ROW(local_date, title, body) FROM journal_entries
WHERE user_id = users.id AND share_with_anchor AND {_SHARES_JOURNAL}
ORDER BY created_at DESC, id DESC LIMIT {_ENTRIES}"""
_REMEMBERED = f"""
SELECT body FROM anchor_memories AS memory
WHERE user_id = users.id
  AND (entry_id IS NULL
       OR {_SHARES_JOURNAL} AND (SELECT share_with_anchor FROM journal_entries WHERE id = memory.entry_id))
ORDER BY (origin = 'person') DESC, id DESC LIMIT {_MEMORIES}"""

# $2 is today in UTC; of goals due the day before it may still be their last day somewhere. OFFSET 0, so that consents
# are looked up once a person and not for each part.
PEOPLE = f"""
SELECT {standing.COLUMNS}, users.id, users.locale, users.created_at, consent.given AS consented, users.why,
    (SELECT max(ended_on) FROM attempts WHERE user_id = users.id) AS last_slip_on,
    ARRAY(SELECT ROW(local_date, mood, urge_level, triggers, note) FROM check_ins
          WHERE user_id = users.id ORDER BY local_date DESC LIMIT {_CHECK_INS}) AS check_ins,
    ARRAY(SELECT ROW({GOAL_COLUMNS}) FROM goals
          WHERE user_id = users.id AND {OPEN} AND (due_on IS NULL OR due_on >= $2::date - 1)
          ORDER BY due_on NULLS LAST, id DESC LIMIT {_GOALS}) AS goals,
    ARRAY(SELECT ROW(title, completed_at) FROM goals
          WHERE user_id = users.id AND completed_at IS NOT NULL AND archived_at IS NULL
          ORDER BY completed_at DESC, id DESC LIMIT {_REACHED}) AS reached,
    ARRAY(SELECT ROW(local_date, triggers, feeling, reflection, plan) FROM slips
          WHERE user_id = users.id ORDER BY occurred_at DESC, id DESC LIMIT {_SLIPS}) AS slips,
    ARRAY(SELECT ROW(achievements.title, earned.earned_at)
          FROM earned_achievements AS earned JOIN achievements ON achievements.slug = earned.achievement
          WHERE earned.user_id = users.id ORDER BY earned.earned_at DESC, achievements.position DESC
          LIMIT {_EARNED}) AS earned,
    CASE WHEN consent.given THEN ARRAY({_HELPED}) ELSE '{{}}' END AS helped,
    CASE WHEN consent.given THEN ARRAY({_JOURNAL}) END AS journal,
    CASE WHEN consent.given THEN ARRAY({_REMEMBERED}) ELSE '{{}}' END AS memories,
    CASE WHEN consent.given THEN (SELECT body FROM anchor_summaries WHERE user_id = users.id) END AS summary
FROM users
LEFT JOIN check_in_streaks AS streak ON streak.user_id = users.id
CROSS JOIN LATERAL (SELECT {lacking_sql("users.id")} IS NULL AS given OFFSET 0) AS consent {standing.JOINS}
WHERE users.id = ANY ($1) AND users.state = 'active'
"""

# As the insights count (domain/insights/triggers.py): an event that names a trigger twice names it once, and a word of
# one's own shows in its newest spelling.
URGES = f"""
WITH names AS MATERIALIZED ({NAMES}),
person AS (SELECT * FROM unnest($1::uuid[], $2::date[]) AS given (user_id, today)),
event AS MATERIALIZED (
    SELECT person.user_id, happened.*, row_number() OVER () AS number FROM person CROSS JOIN LATERAL (
        SELECT 'urge' AS kind, local_date, outcome, triggers FROM urges
        WHERE user_id = person.user_id AND local_date > person.today - {ANALYSED_DAYS} AND local_date <= person.today
        UNION ALL
        SELECT 'slip', local_date, NULL, triggers FROM slips
        WHERE user_id = person.user_id AND local_date > person.today - {ANALYSED_DAYS} AND local_date <= person.today
        UNION ALL
        SELECT 'check_in', local_date, NULL, triggers FROM check_ins
        WHERE user_id = person.user_id AND local_date > person.today - {ANALYSED_DAYS} AND local_date <= person.today
    ) AS happened
), named AS (
    SELECT DISTINCT ON (event.number, trigger) event.user_id, kind, local_date, names.label, said.word,
           coalesce(names.slug, lower(said.word)) AS trigger
    FROM event CROSS JOIN unnest(triggers) AS said (word) LEFT JOIN names ON names.word = lower(said.word)
    ORDER BY event.number, trigger, said.word
), counted AS (
    SELECT user_id, trigger, coalesce(min(label), (array_agg(word ORDER BY local_date DESC, word))[1]) AS name,
           count(*) FILTER (WHERE kind = 'urge') AS urges, count(*) FILTER (WHERE kind = 'slip') AS slips,
           count(*) FILTER (WHERE kind = 'check_in') AS check_ins
    FROM named GROUP BY user_id, trigger
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY user_id
                                 ORDER BY urges + slips + check_ins DESC, slips DESC, trigger) AS place FROM counted
), most AS (
    SELECT user_id, array_agg(ROW(name, urges, slips, check_ins) ORDER BY place) AS triggers
    FROM ranked WHERE place <= {_TRIGGERS} GROUP BY user_id
), total AS (
    SELECT user_id, count(*) FILTER (WHERE kind = 'urge') AS urges, count(*) FILTER (WHERE kind = 'slip') AS slips,
           count(*) FILTER (WHERE outcome = 'resisted') AS resisted,
           count(*) FILTER (WHERE outcome = 'slipped') AS slipped
    FROM event GROUP BY user_id
)
SELECT total.*, coalesce(most.triggers, '{{}}') AS triggers FROM total LEFT JOIN most USING (user_id)
"""


class Rows(msgspec.Struct, frozen=True):
    """What there is of one person whose day is `today`: `person` a row of PEOPLE, `urges` one of URGES if there is."""

    person: Any
    today: date
    urges: Any
    answers: list[KnownAnswer]


async def read(user_ids: Sequence[UUID], now: datetime) -> list[Rows]:
    """By person, as of the business instant `now`; those who are gone, leaving or suspended are left out."""
    people = await fetch(PEOPLE, user_ids, now.astimezone(UTC).date())
    todays = {row["id"]: local_date(now, row["timezone"]) for row in people}
    talking = [row["id"] for row in people if row["consented"]]
    urges = {}
    answers: dict[UUID, list[KnownAnswer]] = {}
    if talking:
        found = await fetch(URGES, talking, [todays[user_id] for user_id in talking])
        urges = {row["user_id"]: row for row in found}
        answers = await answers_for_anchor(talking)
    return [Rows(row, todays[row["id"]], urges.get(row["id"]), answers.get(row["id"], [])) for row in people]
