"""Whom the daily message comes to more rarely, because nothing has been heard of them (semantics: Anchor, "Silent for
14 days → weekly, 60 days → none"): a note a day to somebody who has put the app away only teaches them to swipe.

Worked out from what is there whenever a day is planned and stored nowhere, so that whoever comes back has their daily
message again from the next one on, and nobody has to notice it.
"""

from __future__ import annotations

from datetime import date, timedelta

WEEKLY_AFTER_DAYS = 14
NONE_AFTER_DAYS = 60
_WEEK = 7
# Whose app was used within this is not silent, and nothing else is looked up for them. Two days fewer than it could be:
# the same instant is another day in another zone.
_SURELY = timedelta(days=WEEKLY_AFTER_DAYS - 2)


def last_seen_sql(person: str, now: str) -> str:
    """SQL for the newest sign of life of a person (their id is the SQL `person`) as of `now`; NULL for those who have
    one of the last days and are certainly not silent.

    Signs are an app that signs in or renews its token (every quarter of an hour of use), a check-in, and a message to
    Anchor; joining is the first. Of apps only the real time is known, so `kuitter time travel` makes people silent
    until they check in or talk.
    """
    app = f"(SELECT max(rotated_at) FROM sessions WHERE sessions.user_id = {person})"
    others = (
        f"(SELECT last_check_in FROM check_in_streaks WHERE check_in_streaks.user_id = {person})",
        f"""(SELECT said.created_at FROM anchor_messages AS said
             WHERE said.user_id = {person} AND said.role = 'person' ORDER BY said.seq DESC LIMIT 1)""",
        # Under a name of its own: the statement around may be about users as well.
        f"(SELECT joined.created_at FROM users AS joined WHERE joined.id = {person})",
    )
    surely = f"{now}::timestamptz - interval '{_SURELY.days} days'"
    return f"CASE WHEN {app} > {surely} THEN NULL ELSE greatest({app}, {', '.join(others)}) END"


def comes_on(day: date, seen_on: date) -> bool:
    """Whether a person who was last seen on `seen_on` (both days are theirs) gets a message on `day`.

    The weekly one comes on the weekday on which they were last seen.
    """
    silent = (day - seen_on).days
    if silent < WEEKLY_AFTER_DAYS:
        return True
    return silent < NONE_AFTER_DAYS and silent % _WEEK == 0


def next_day(day: date, seen_on: date) -> date:
    """The first day from `day` on with a message if nothing more is heard; `day` itself if there is none.

    Whoever asks is there, and has it daily again.
    """
    ahead = (day + timedelta(days=number) for number in range(_WEEK))
    return next((each for each in ahead if comes_on(each, seen_on)), day)
