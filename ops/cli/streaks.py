"""`kuitter streaks check` and `repair`: whether streaks and attempts follow from the events, and writing them anew."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from domain.kit.database import fetch_value
from domain.recovery.drift import look_at_all
from domain.recovery.repair import repair_person
from ops.cli.progress import Progress
from ops.cli.table import print_table


def add_commands(commands: Any) -> None:
    streaks = commands.add_parser("streaks", help="compare what is written down of streaks with the events")
    actions = streaks.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="count what differs; exit status 1 if anything does")
    check.set_defaults(run=_check, with_database=True)
    repair = actions.add_parser("repair", help="write anew what differs, while the system runs")
    repair.set_defaults(run=_repair, with_database=True)


async def _check(arguments: argparse.Namespace) -> int:
    progress, found = await _progress(), Counter[str]()
    async for look in look_at_all():
        found += look.counts()
        progress.note(look.people, end=look.is_last)
    _print(found, "nothing has drifted")
    return 1 if found else 0


async def _repair(arguments: argparse.Namespace) -> int:
    progress, mended = await _progress(), Counter[str]()
    async for look in look_at_all():
        for user_id in look.drift:
            mended.update(await repair_person(user_id))
        progress.note(look.people, end=look.is_last)
    _print(mended, "nothing was to be mended")
    return 0


async def _progress() -> Progress:
    return Progress(await fetch_value("SELECT count(*) FROM users"), "people")


def _print(counts: Counter[str], nothing: str) -> None:
    print_table(("kind", "people"), sorted(counts.items()), nothing=nothing)
