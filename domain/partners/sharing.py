"""What partners see of each other: by the consent `partner_sharing` of whose it is, and part by part by preference.

Both are asked at the moment of the reading: what is withdrawn is out of sight at once. Rules: semantics, "Anchor"
(Consents gate) and "Partners"; api, `GET /v1/partners` (streak if shared).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from domain.accounts.admission import active
from domain.accounts.consents import PARTNER_SHARING
from domain.kit.clock import clock
from domain.kit.days import local_date
from domain.partners.talk import open_between, other_than
from domain.recovery.standing import COLUMNS, JOINS, streak_on

Part = Literal["streak", "slips", "sos"]


class SharedDays(msgspec.Struct, frozen=True):
    current_days: int
    best_days: int


class SharedStreak(msgspec.Struct, frozen=True):
    """The days of a partner who shares them: clean days, and consecutive days with a check-in."""

    clean: SharedDays
    check_in: SharedDays


def shares(person: str, part: Part) -> str:
    """SQL that is true if this person (SQL of a user's id) shares this part with their partners."""
    return f"""(COALESCE((SELECT granted FROM consents WHERE consents.user_id = {person}
                    AND consents.kind = '{PARTNER_SHARING}' ORDER BY seq DESC LIMIT 1), false)
        AND COALESCE((SELECT share_{part}_with_partners FROM preferences
                      WHERE preferences.user_id = {person}), true))"""


def shared_streak(person: str) -> str:
    """The join that adds `shared` with the columns that `streak_in` reads, all null for whoever shares no streak.

    To be selected as `shared.*`; `person` is the SQL of a user's id.
    """
    return f"""LEFT JOIN LATERAL (
        SELECT {COLUMNS} FROM users LEFT JOIN check_in_streaks AS streak ON streak.user_id = users.id {JOINS}
        WHERE users.id = {person} AND {shares("users.id", "streak")}
    ) AS shared ON true"""


def streak_in(row: Any) -> SharedStreak | None:
    """The streak in a row that has `shared.*`; None if it is not shared. A day of it is its person's own."""
    if row["timezone"] is None:
        return None
    found = streak_on(row, local_date(clock.now(), row["timezone"]))
    return SharedStreak(
        SharedDays(found.clean.current_days, found.clean.best_days),
        SharedDays(found.check_in.current_days, found.check_in.best_days),
    )


def told_of(person: str, part: Part, now: str) -> str:
    """FROM and the condition of the partners who hear of this part of a person (SQL of a user's id) at the instant
    `now` (SQL): none if it is not shared. `partnerships` and `other` (of users) can be selected."""
    return f"""partnerships
        JOIN users AS sharer ON sharer.id = {person} AND {active("sharer")}
        JOIN users AS other ON other.id = {other_than(person)}
        WHERE (partnerships.from_id = {person} OR partnerships.to_id = {person})
          AND {open_between("sharer", "other", now)}
          AND {shares(person, part)}"""
