"""What Anchor knows of a person: their data as the model sees it.

The text is a pure function of the rows and the person's day: sorted keys, dates and no clock. So it stays the same,
byte for byte, until something in it changes, and then it is right at once. Never in it: e-mail address, names, ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.accounts.consents import THIRD_PARTY_AI
from domain.anchor.tokens import estimate
from domain.kit.database import fetch
from domain.kit.days import local_date
from domain.recovery import standing
from domain.recovery.standing import Streak
from domain.safety.detector import in_crisis

_CHECK_INS = 7
# What each part may take; what is longer is cut. The notes share a budget of tokens, the newest first in.
_WHY_LETTERS = 600
_NOTES_TOKENS = 700
_NOTE_LETTERS = 600
_TRIGGERS = 6
_TRIGGER_LETTERS = 30
_WITHHELD = "(withheld: it speaks of being in danger)"


class CheckIn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A day's check-in; the note is what the person wrote."""

    on: date = msgspec.field(name="date")
    mood: int
    urge_level: int
    triggers: list[str] = []
    note: str | None = None


class CleanDays(msgspec.Struct, frozen=True):
    current_days: int
    best_days: int
    total_clean_days: int
    started_on: date | None
    last_slip_on: date | None


class CheckInStreak(msgspec.Struct, frozen=True):
    current_days: int
    best_days: int


class Snapshot(msgspec.Struct, frozen=True):
    """What leaves the system, and all of it."""

    today: date
    language: str
    clean: CleanDays
    check_in: CheckInStreak
    check_ins: list[CheckIn]
    why: str | None


class Facts(msgspec.Struct, frozen=True):
    """A person as Anchor needs them. `may_leave` says whether the consent allows any of it to go to the provider."""

    user_id: UUID
    timezone: str
    today: date
    may_leave: bool
    joined_on: date
    snapshot: Snapshot
    text: str

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 of the text: whether a message made from it is still true."""
        return hashlib.sha256(self.text.encode()).digest()


_READ = f"""
SELECT {standing.COLUMNS}, users.id, users.why, users.locale, users.created_at,
    (SELECT granted FROM consents WHERE user_id = users.id AND kind = '{THIRD_PARTY_AI}' ORDER BY seq DESC LIMIT 1)
        AS consented,
    (SELECT max(ended_on) FROM attempts WHERE user_id = users.id) AS last_slip_on,
    ARRAY(SELECT ROW(local_date, mood, urge_level, triggers, note) FROM check_ins
          WHERE user_id = users.id ORDER BY local_date DESC LIMIT {_CHECK_INS}) AS check_ins
FROM users LEFT JOIN check_in_streaks AS streak ON streak.user_id = users.id {standing.JOINS}
WHERE users.id = ANY ($1) AND users.state = 'active'
"""


async def facts_of(user_ids: Sequence[UUID], now: datetime) -> dict[UUID, Facts]:
    """The facts of each person at the business instant `now`; those who are gone, leaving or suspended are left out."""
    return {row["id"]: _facts(row, now) for row in await fetch(_READ, user_ids)}


def _facts(row: Any, now: datetime) -> Facts:
    today = local_date(now, row["timezone"])
    streak: Streak = standing.streak_on(row, today)
    clean = CleanDays(
        streak.clean.current_days,
        streak.clean.best_days,
        streak.clean.total_clean_days,
        streak.clean.started_on,
        row["last_slip_on"],
    )
    snapshot = Snapshot(
        today=today,
        language=row["locale"],
        clean=clean,
        check_in=CheckInStreak(streak.check_in.current_days, streak.check_in.best_days),
        check_ins=_check_ins(row["check_ins"]),
        why=_shown(row["why"], _WHY_LETTERS) if row["why"] else None,
    )
    return Facts(
        user_id=row["id"],
        timezone=row["timezone"],
        today=today,
        may_leave=bool(row["consented"]),
        joined_on=local_date(row["created_at"], row["timezone"]),
        snapshot=snapshot,
        text=encode(snapshot),
    )


def encode(snapshot: Snapshot) -> str:
    """The snapshot as one line of JSON in which no markup can stand, so that no note can close the fence around it."""
    text = msgspec.json.encode(snapshot, order="sorted").decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e")


def _check_ins(rows: Sequence[Any]) -> list[CheckIn]:
    """Newest first; notes for as long as their budget lasts."""
    left, kept = _NOTES_TOKENS, []
    for on, mood, urge_level, triggers, note in rows:
        text = _shown(note, _NOTE_LETTERS) if note else None
        if text is not None:
            left -= estimate(text)
        words = [_shown(trigger, _TRIGGER_LETTERS) for trigger in triggers[:_TRIGGERS]]
        kept.append(CheckIn(on, mood, urge_level, words, text if left >= 0 else None))
    return kept


def _shown(text: str, letters: int) -> str:
    """What the model sees of a text: nothing of one that speaks of danger but that it does (semantics: Safety)."""
    return _WITHHELD if in_crisis(text) else _cut(text, letters)


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[:letters].rstrip() + "…"
