"""What a goal may be about: the kinds, as the app offers them to choose from."""

from __future__ import annotations

from typing import Literal

import msgspec

from domain.kit.pagination import Page, decode_cursor, page_of

Kind = Literal[
    "clean_days", "check_ins", "journal_entries", "urges_resisted", "fewer_urges", "fewer_slips", "mood_days", "custom"
]

# Of fewer_urges and fewer_slips, if nothing is said: thirty days, the first and the last included.
DAYS_AFTER_START = 29
DEFAULT_LEVEL = 3


class GoalKind(msgspec.Struct, frozen=True):
    """A template for goals. `unit` is what `target` counts, from `smallest_target` to `largest_target`.

    With `needs_due_on` such a goal always has a last day: its thirtieth if none is given. `fields` are those beside the
    ones that every goal has: `level` when it is set, `steps_done` to tick.
    """

    kind: Kind
    title: str
    description: str
    unit: str
    smallest_target: int
    largest_target: int
    suggested_target: int
    needs_due_on: bool = False
    fields: tuple[str, ...] = ()


KINDS: dict[str, GoalKind] = {
    template.kind: template
    for template in (
        GoalKind("clean_days", "Clean days", "So many days in a row without a slip.", "days", 1, 10_000, 30),
        GoalKind("check_ins", "Check-ins", "Check in on so many days.", "check_ins", 1, 2000, 21),
        GoalKind("journal_entries", "Journal", "Write so many entries in your journal.", "entries", 1, 2000, 10),
        GoalKind("urges_resisted", "Urges resisted", "Let so many urges pass.", "urges", 1, 2000, 10),
        GoalKind(
            "fewer_urges", "Fewer urges", "So many percent fewer urges than in as many days before.", "percent",
            1, 100, 30, needs_due_on=True,
        ),
        GoalKind(
            "fewer_slips", "Fewer slips", "So many percent fewer slips than in as many days before.", "percent",
            1, 100, 50, needs_due_on=True,
        ),
        GoalKind(
            "mood_days", "Good days", "So many days with a mood above a level.", "days", 1, 2000, 15, fields=("level",)
        ),
        GoalKind(
            "custom", "My own goal", "Steps of your own, ticked by hand.", "steps", 1, 1000, 5, fields=("steps_done",)
        ),
    )
}  # fmt: skip


def list_kinds(limit: int, cursor: str | None) -> Page[GoalKind]:
    """A page of up to `limit` kinds, always in the same order. Raises InvalidRequest for a cursor that is not ours."""
    after = decode_cursor(cursor, tuple[Kind])
    kinds = list(KINDS.values())
    first = kinds.index(KINDS[after[0]]) + 1 if after else 0
    return page_of(kinds[first : first + limit + 1], limit, lambda kind: kind, lambda kind: (kind.kind,))
