"""What Anchor knows of a person: their data as the model sees it.

The text is a pure function of the rows and the person's day: keys in one order, dates and no clock. So it stays the
same, byte for byte, until something in it changes, and then it is right at once. Never in it: e-mail address, names,
ids, and nothing that others wrote.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from domain.anchor import snapshot_parts as parts
from domain.anchor import snapshot_words, tokens
from domain.anchor.snapshot_parts import Answer, CheckIn, Earned, Entry, Goal, Reached, Slip, Urges
from domain.anchor.snapshot_rows import ANALYSED_DAYS, Rows, read
from domain.anchor.snapshot_words import shown
from domain.kit.days import local_date
from domain.recovery import standing
from domain.recovery.standing import Streak

__all__ = ["CheckIn", "CheckInStreak", "CleanDays", "Facts", "Snapshot", "encode", "facts_of"]


class CleanDays(msgspec.Struct, frozen=True):
    current_days: int
    best_days: int
    total_clean_days: int
    started_on: date | None
    last_slip_on: date | None


class CheckInStreak(msgspec.Struct, frozen=True):
    current_days: int
    best_days: int


class Snapshot(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What leaves the system, and all of it.

    In the order in which it is written: what changes least stands first, so that of an older prompt as much as possible
    stays at the beginning of a newer one.
    """

    language: str
    why: str | None = None
    quiz: list[Answer] = []
    memories: list[str] = []
    summary: str | None = None
    earned: list[Earned] = []
    reached: list[Reached] = []
    helped: list[str] = []
    journal: list[Entry] = []
    slips: list[Slip] = []
    goals: list[Goal] = []
    urges: Urges | None = None
    check_ins: list[CheckIn] = []
    check_in: CheckInStreak
    clean: CleanDays
    today: date


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
        """SHA-256 of the text: whether a message made from it is still true, and still the person's to be told.

        Memories and summary count too: what somebody has deleted is not to come back in a message written before.
        """
        return hashlib.sha256(self.text.encode()).digest()


async def facts_of(user_ids: Sequence[UUID], now: datetime) -> dict[UUID, Facts]:
    """The facts of each person at the business instant `now`; those who are gone, leaving or suspended are left out.

    Three round trips, whatever the number of people.
    """
    await tokens.ready()
    facts = {}
    for rows in await read(user_ids, now):
        facts[rows.person["id"]] = _facts(rows)
        # Looking through a person's texts takes some milliseconds, and others share the loop.
        await asyncio.sleep(0)
    return facts


def _facts(rows: Rows) -> Facts:
    snapshot = _snapshot(rows)
    person = rows.person
    return Facts(
        user_id=person["id"],
        timezone=person["timezone"],
        today=rows.today,
        may_leave=person["consented"],
        joined_on=local_date(person["created_at"], person["timezone"]),
        snapshot=snapshot,
        text=encode(snapshot),
    )


def _snapshot(rows: Rows) -> Snapshot:
    person, today = rows.person, rows.today
    streak: Streak = standing.streak_on(person, today)
    return Snapshot(
        language=person["locale"],
        why=shown(person["why"], parts.WHY_TOKENS) if person["why"] else None,
        quiz=parts.answers(rows.answers),
        memories=parts.memories(person["memories"]),
        summary=shown(person["summary"], parts.SUMMARY_TOKENS) if person["summary"] else None,
        earned=parts.earned(person["earned"], person["timezone"]),
        reached=parts.reached(person["reached"], person["timezone"], today),
        helped=parts.helped(person["helped"]),
        journal=parts.journal(person["journal"] or ()),
        slips=parts.slips(person["slips"]),
        goals=parts.goals(person["goals"], today),
        urges=parts.urges(rows.urges, ANALYSED_DAYS),
        check_ins=parts.check_ins(person["check_ins"]),
        check_in=CheckInStreak(streak.check_in.current_days, streak.check_in.best_days),
        clean=CleanDays(
            streak.clean.current_days,
            streak.clean.best_days,
            streak.clean.total_clean_days,
            streak.clean.started_on,
            person["last_slip_on"],
        ),
        today=today,
    )


def encode(snapshot: Snapshot) -> str:
    """The snapshot as one line of JSON in which no markup can stand, so that no note can close the fence around it."""
    return snapshot_words.encode(snapshot)
