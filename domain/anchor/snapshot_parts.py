"""The parts of a snapshot: what a person does, meets and says, each within its own budget of tokens.

Every part is a pure function of rows and of the person's day, so that the same rows give the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from domain.anchor.snapshot_words import WITHHELD, fitting, shown, size
from domain.goals.live import live_goal
from domain.insights.figures import share
from domain.kit.days import local_date
from domain.quizzes.history import KnownAnswer

# Tokens of each part, at most. Together with names, streaks and dates they come to 4,000 at the very most, which leaves
# a third of a prompt to the talk (context).
GOALS_TOKENS = 300
REACHED_TOKENS = 60
CHECK_INS_TOKENS = 600
URGES_TOKENS = 160
HELPED_TOKENS = 80
SLIPS_TOKENS = 380
JOURNAL_TOKENS = 700
EARNED_TOKENS = 120
ANSWERS_TOKENS = 350
MEMORIES_TOKENS = 550
SUMMARY_TOKENS = 300
WHY_TOKENS = 120

# Tokens of one text.
_TITLE = 40
_WORD = 14
_NOTE = 140
_HELP = 30
_FEELING = 40
_REFLECTION = 180
_PLAN = 90
_ENTRY = 260
_PROMPT = 40
_ANSWER = 60
_MEMORY = 90

_WORDS = 6
_NEWS = timedelta(days=30)


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is empty takes no room."""


class CheckIn(Part, frozen=True):
    """A day's check-in; the note is what the person wrote."""

    on: date = msgspec.field(name="date")
    mood: int
    urge_level: int
    triggers: list[str] = []
    note: str | None = None


class Goal(Part, frozen=True):
    """A goal that is under way. `progress` is per cent, `current` counts `unit` up to `target`, or, of the goals of
    fewer urges or slips, those so far, of which there may be `allowed`."""

    kind: str
    title: str
    progress: int
    current: int
    unit: str
    target: int | None = None
    allowed: int | None = None
    due_on: date | None = None


class Reached(Part, frozen=True):
    """A goal that was reached."""

    title: str
    on: date = msgspec.field(name="date")


class Earned(Part, frozen=True):
    """An achievement."""

    title: str
    on: date = msgspec.field(name="date")


class Slip(Part, frozen=True):
    """A slip, with what the person wrote about it."""

    on: date = msgspec.field(name="date")
    triggers: list[str] = []
    feeling: str | None = None
    reflection: str | None = None
    plan: str | None = None


class Entry(Part, frozen=True):
    """A journal entry that the person shares."""

    on: date = msgspec.field(name="date")
    title: str | None
    body: str


class Answer(Part, frozen=True):
    """An answer in a quiz, in words."""

    question: str
    answer: list[str]


class TriggerCount(Part, frozen=True):
    """How often a trigger was named in the last thirty days."""

    trigger: str
    urges: int = 0
    slips: int = 0
    check_ins: int = 0


class Urges(Part, frozen=True):
    """The urges of the last `days` days; `resisted_rate` is per cent of those that are over."""

    days: int
    count: int
    resisted: int
    resisted_rate: int | None
    triggers: list[TriggerCount]


def check_ins(rows: Sequence[Any]) -> list[CheckIn]:
    """Newest first. Their words and notes for as long as the budget lasts; the figures always."""
    kept: list[CheckIn] = []
    plain = [CheckIn(on, mood, urge_level) for on, mood, urge_level, _, _ in rows]
    left = CHECK_INS_TOKENS - sum(size(each) for each in plain)
    for each, (_, _, _, triggers, note) in zip(plain, rows, strict=True):
        full = CheckIn(each.on, each.mood, each.urge_level, _words(triggers), _some(note, _NOTE))
        left -= size(full) - size(each)
        if left < 0:
            break
        kept.append(full)
    return [*kept, *plain[len(kept) :]]


def goals(rows: Iterable[Any], today: date) -> list[Goal]:
    """Those under way, in the order of the rows."""
    live = [live_goal(row, today).goal for row in rows]
    return fitting(
        [
            Goal(
                kind=goal.kind,
                title=shown(goal.title, _TITLE),
                progress=goal.progress,
                current=goal.current,
                unit=goal.unit if goal.allowed is None else goal.kind.removeprefix("fewer_"),
                target=goal.target if goal.allowed is None else None,
                allowed=goal.allowed,
                due_on=goal.due_on,
            )
            for goal in live
            if goal.status == "active"
        ],
        GOALS_TOKENS,
    )


def reached(rows: Iterable[Any], timezone: str, today: date) -> list[Reached]:
    """Goals reached in the last thirty days, newest first."""
    found = [Reached(shown(title, _TITLE), local_date(at, timezone)) for title, at in rows]
    return fitting([each for each in found if each.on > today - _NEWS], REACHED_TOKENS)


def earned(rows: Iterable[Any], timezone: str) -> list[Earned]:
    """Newest first."""
    return fitting([Earned(shown(title, _TITLE), local_date(at, timezone)) for title, at in rows], EARNED_TOKENS)


def slips(rows: Iterable[Any]) -> list[Slip]:
    """Newest first."""
    return fitting(
        [
            Slip(on, _words(triggers), _some(feeling, _FEELING), _some(reflection, _REFLECTION), _some(plan, _PLAN))
            for on, triggers, feeling, reflection, plan in rows
        ],
        SLIPS_TOKENS,
    )


def urges(row: Any, days: int) -> Urges | None:
    """None without any in these days."""
    if row is None or not row["urges"] + row["slips"] + len(row["triggers"]):
        return None
    named = [TriggerCount(shown(name, _WORD), *counts) for name, *counts in row["triggers"]]
    return Urges(
        days, row["urges"], row["resisted"], share(row["resisted"], row["slipped"]), fitting(named, URGES_TOKENS)
    )


def helped(texts: Iterable[str]) -> list[str]:
    """What the person did against urges that passed, newest first, each once."""
    return fitting(dict.fromkeys(shown(text, _HELP) for text in texts), HELPED_TOKENS)


def journal(rows: Iterable[Any]) -> list[Entry]:
    """Newest first."""
    return fitting([_entry(*row) for row in rows], JOURNAL_TOKENS)


def _entry(on: date, title: str | None, body: str) -> Entry:
    # As one text, or a title could hold the half that makes the other harmless.
    if shown(f"{title or ''}\n{body}", _ENTRY) == WITHHELD:
        return Entry(on, None, WITHHELD)
    return Entry(on, _some(title, _TITLE), shown(body, _ENTRY))


def answers(known: Sequence[KnownAnswer]) -> list[Answer]:
    """In the order of the quizzes and their questions."""
    return fitting(
        [Answer(shown(each.prompt, _PROMPT), [shown(label, _ANSWER) for label in each.labels]) for each in known],
        ANSWERS_TOKENS,
    )


def memories(texts: Iterable[str]) -> list[str]:
    """What the person wrote or mended themselves, then the rest; each newest first."""
    return fitting([shown(text, _MEMORY) for text in texts], MEMORIES_TOKENS)


def _words(triggers: Sequence[str]) -> list[str]:
    return [shown(trigger, _WORD) for trigger in triggers[:_WORDS]]


def _some(text: str | None, most: int) -> str | None:
    return shown(text, most) if text else None
