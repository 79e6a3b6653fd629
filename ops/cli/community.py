"""`kuitter community check` and `repair`: whether likes, comments and members are counted right, and mending it."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import Any

from domain.community.counters import COUNTED, how_many, look_at_all
from domain.community.repair import repair_look
from ops.cli.progress import Progress
from ops.cli.table import print_table


def add_commands(commands: Any) -> None:
    community = commands.add_parser("community", help="compare the counts of likes, comments and members with the rows")
    actions = community.add_subparsers(dest="action", required=True, metavar="ACTION")
    check = actions.add_parser("check", help="count what differs; exit status 1 if anything does")
    check.set_defaults(run=_check, with_database=True)
    repair = actions.add_parser("repair", help="put right what differs, while the system runs")
    repair.set_defaults(run=_repair, with_database=True)


async def _check(arguments: argparse.Namespace) -> int:
    found = Counter[str]()
    for what in COUNTED:
        progress = Progress(await how_many(what), what)
        async for look in look_at_all(what):
            found[what] += len(look.wrong)
            progress.note(look.rows, end=look.is_last)
    _print(found, "nothing has drifted")
    return 1 if found.total() else 0


async def _repair(arguments: argparse.Namespace) -> int:
    mended = Counter[str]()
    for what in COUNTED:
        progress = Progress(await how_many(what), what)
        async for look in look_at_all(what):
            mended[what] += await repair_look(look)
            progress.note(look.rows, end=look.is_last)
    _print(mended, "nothing was to be mended")
    return 0


def _print(counts: Counter[str], nothing: str) -> None:
    print_table(("what", "counts"), sorted((+counts).items()), nothing=nothing)
