"""The home screen: all that it shows, read in one statement."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.achievements.overview import AchievementView
from domain.billing.entitlement import plan_sql
from domain.dashboard.week import DAYS_SHOWN, LastSevenDays, days_up_to, freeze_days, summed
from domain.goals import live
from domain.goals.live import Goal
from domain.goals.reading import settle_now
from domain.kit.clock import clock
from domain.kit.database import fetch_row
from domain.kit.days import local_date
from domain.kit.errors import NotFound
from domain.quizzes.catalogue import ONBOARDING, WEEKLY_REVIEW
from domain.recovery import check_ins, standing
from domain.recovery.check_ins import CheckIn
from domain.recovery.slips import UNDO_HOURS
from domain.recovery.standing import Streak
from domain.recovery.travel import excused_days, zone_changes

_MOST_GOALS = 10
_MOST_ACHIEVEMENTS = 3
_WEEK = timedelta(days=7)


class MessageOfToday(msgspec.Struct, frozen=True):
    """Anchor's daily message."""

    id: UUID
    body: str
    sent_at: datetime


class RecentSlip(msgspec.Struct, frozen=True):
    """A slip that can be undone until `undo_until`; `date` is the day that it counts for."""

    id: UUID
    occurred_at: datetime
    day: date = msgspec.field(name="date")
    undo_until: datetime


class QuizWaiting(msgspec.Struct, frozen=True):
    """A quiz that the person has begun (`started`), or that it is time for."""

    slug: str
    title: str
    started: bool


class Earned(msgspec.Struct, frozen=True):
    """An achievement that the person has."""

    slug: str
    title: str
    description: str
    earned_at: datetime


class Home(msgspec.Struct, frozen=True):
    """The home screen. `date` is the person's day; `check_ins` are those of the last seven days, newest first.

    `goals` are at most ten: those under way, and those that were completed or missed within the last week. `slip` is
    the newest one that can still be undone. `achievements` are the latest three, `next_achievement` is the nearest of
    those for days.
    """

    day: date = msgspec.field(name="date")
    timezone: str
    public_name: str | None
    why: str | None
    plan: str
    streak: Streak
    check_in: CheckIn | None
    check_ins: list[CheckIn]
    last_seven_days: LastSevenDays
    slip: RecentSlip | None
    goals: list[Goal]
    achievements: list[Earned]
    next_achievement: AchievementView | None
    quizzes_waiting: list[QuizWaiting]
    anchor_message: MessageOfToday | None
    unread_notifications: int


# $2 is now, $3 today in UTC. The person's own today is the day before, the same or the day after: the days around each
# of them are read, and picked from once the zone is known.
_DAYS = f"local_date BETWEEN $3::date - {DAYS_SHOWN} AND $3::date + 1"
_READ = f"""
    SELECT {standing.COLUMNS}, personas.name AS public_name, users.why, users.created_at,
        {plan_sql("users.id", "$2")} AS plan,
        {zone_changes("users.id")} AS all_zone_changes,
        ARRAY(SELECT ROW({check_ins.COLUMNS}) FROM check_ins WHERE user_id = users.id AND {_DAYS}
              ORDER BY local_date DESC) AS check_ins,
        ARRAY(SELECT ROW(local_date, count(*), count(*) FILTER (WHERE outcome = 'resisted')) FROM urges
              WHERE user_id = users.id AND {_DAYS} GROUP BY local_date) AS urges,
        ARRAY(SELECT ROW(local_date, count(*)) FROM journal_entries
              WHERE user_id = users.id AND {_DAYS} GROUP BY local_date) AS journal_entries,
        (SELECT ROW(id, occurred_at, local_date, created_at) FROM slips
         WHERE user_id = users.id AND created_at >= $2::timestamptz - interval '{UNDO_HOURS} hours'
         ORDER BY created_at DESC, id DESC LIMIT 1) AS slip,
        ARRAY(SELECT ROW({live.COLUMNS}) FROM goals
              WHERE user_id = users.id AND archived_at IS NULL
                AND CASE WHEN completed_at IS NULL THEN coalesce(due_on >= $3::date - {DAYS_SHOWN}, true)
                         ELSE completed_at > $2::timestamptz - interval '7 days' END
              ORDER BY completed_at IS NOT NULL, coalesce(due_on < $3::date - 1, false), id DESC
              LIMIT {_MOST_GOALS}) AS goals,
        ARRAY(SELECT ROW(slug, title, description, earned_at)
              FROM earned_achievements JOIN achievements ON slug = achievement
              WHERE user_id = users.id ORDER BY earned_at DESC, position DESC LIMIT {_MOST_ACHIEVEMENTS})
            AS achievements,
        ARRAY(SELECT ROW(slug, title, description, metric, level) FROM (
                  (SELECT * FROM achievements WHERE active AND metric = 'check_in_streak'
                       AND level > coalesce(streak.best, 0) ORDER BY level LIMIT 1)
                  UNION ALL
                  (SELECT * FROM achievements WHERE active AND metric = 'best_clean_days'
                       AND level > greatest(past.best_days, $3::date - 1 - running.started_on) ORDER BY level LIMIT 3)
              ) AS ahead) AS achievements_ahead,
        ARRAY(SELECT ROW(offered.slug, offered.title, run.open, run.completed_at)
              FROM (SELECT DISTINCT ON (slug) slug, title FROM quizzes WHERE active ORDER BY slug, version DESC)
                  AS offered
              LEFT JOIN LATERAL (
                  SELECT bool_or(completed_at IS NULL) AS open, max(completed_at) AS completed_at
                  FROM quiz_runs WHERE user_id = users.id AND quiz = offered.slug
              ) AS run ON true
              ORDER BY offered.slug <> '{ONBOARDING.slug}', offered.slug) AS quizzes,
        ARRAY(SELECT ROW(daily.local_date, message.id, message.body, daily.sent_at)
              FROM daily_messages AS daily JOIN anchor_messages AS message ON message.id = daily.message_id
              WHERE daily.user_id = users.id AND daily.state = 'sent'
                AND daily.local_date BETWEEN $3::date - 1 AND $3::date + 1) AS daily_messages,
        (SELECT count(*) FROM notifications WHERE user_id = users.id AND read_at IS NULL) AS unread_notifications
    FROM users
    LEFT JOIN personas ON personas.id = users.persona_id
    LEFT JOIN check_in_streaks AS streak ON streak.user_id = users.id
    {standing.JOINS}
    WHERE users.id = $1"""


async def read_home(user_id: UUID) -> Home:
    """The home screen as of now. Raises NotFound if the person is gone.

    One round trip; a few more the first time that a goal is seen to be reached and no job has noted it yet.
    """
    now = clock.now()
    row, today, goals = await _read(user_id, now)
    if any(each.is_due for each in goals):
        await settle_now(user_id)
        row, today, goals = await _read(user_id, now)
    week = days_up_to(today)
    known = [check_ins.check_in_of(each) for each in row["check_ins"]]
    shown = [each for each in known if each.day in week]
    streak = standing.streak_on(row, today)
    urges, resisted = summed(row["urges"], week) or (0, 0)
    (journal_entries,) = summed(row["journal_entries"], week) or (0,)
    return Home(
        day=today,
        timezone=row["timezone"],
        public_name=row["public_name"],
        why=row["why"],
        plan=row["plan"],
        streak=streak,
        check_in=shown[0] if shown and shown[0].day == today else None,
        check_ins=shown,
        last_seven_days=LastSevenDays(
            urges=urges,
            urges_resisted=resisted,
            journal_entries=journal_entries,
            freeze_days=freeze_days(
                standing.stored_streak(row), {each.day for each in known}, today, excused_days(row["all_zone_changes"])
            ),
        ),
        slip=_slip(row["slip"]),
        goals=[each.goal for each in goals if each.goal.status != "missed" or each.goal.due_on in week],
        achievements=[Earned(*each) for each in row["achievements"]],
        next_achievement=_nearest(row["achievements_ahead"], streak),
        quizzes_waiting=_waiting(row["quizzes"], row["created_at"], now),
        anchor_message=next(
            (MessageOfToday(*message) for day, *message in row["daily_messages"] if day == today), None
        ),
        unread_notifications=row["unread_notifications"],
    )


async def _read(user_id: UUID, now: datetime) -> tuple[Any, date, list[live.LiveGoal]]:
    """The row, the person's day, and their goals on it."""
    row = await fetch_row(_READ, user_id, now, now.astimezone(UTC).date())
    if row is None:
        raise NotFound
    today = local_date(now, row["timezone"])
    return row, today, [live.live_goal(values, today) for values in row["goals"]]


def _slip(row: Any | None) -> RecentSlip | None:
    if row is None:
        return None
    slip_id, occurred_at, day, created_at = row
    return RecentSlip(slip_id, occurred_at, day, created_at + timedelta(hours=UNDO_HOURS))


def _nearest(rows: Iterable[Any], streak: Streak) -> AchievementView | None:
    """The one that is nearest to being reached, by progress and then by what is missing."""
    days = {"best_clean_days": streak.clean.best_days, "check_in_streak": streak.check_in.best_days}
    ahead = [
        AchievementView(slug, title, description, metric, level, days[metric], 100 * days[metric] // level, None)
        for slug, title, description, metric, level in rows
        if level > days[metric]
    ]
    return max(ahead, key=lambda view: (view.progress, view.current - view.level), default=None)


def _waiting(rows: Iterable[Any], joined_at: datetime, now: datetime) -> list[QuizWaiting]:
    """Those that are begun; those never completed; and the weekly review a week after the last, or after joining."""
    waiting = []
    for slug, title, started, completed_at in rows:
        weekly = slug == WEEKLY_REVIEW.slug
        last = completed_at or (joined_at if weekly else None)
        if started or last is None or (weekly and last <= now - _WEEK):
            waiting.append(QuizWaiting(slug, title, bool(started)))
    return waiting
