"""`kuitter reports list`, `uphold` and `dismiss`: what waits for review, and deciding it."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from typing import Any, get_args
from uuid import UUID

from domain.kit.clock import clock
from domain.kit.errors import NotFound
from domain.reports.reasons import in_words
from domain.reports.review import Case, open_cases, resolve
from domain.reports.targets import TargetType
from domain.reports.telling import Outcome

_DECISIONS: dict[str, tuple[Outcome, str]] = {
    "uphold": ("upheld", "it breaks the rules: a post or comment goes, or stays, out of sight"),
    "dismiss": ("dismissed", "it keeps to the rules: a post or comment that was hidden comes back"),
}


def add_commands(commands: Any) -> None:
    reports = commands.add_parser("reports", help="what people have reported, and deciding about it")
    actions = reports.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="what waits for review: the dangerous first, then the longest waiting")
    listed.add_argument("--limit", type=int, default=20)
    listed.set_defaults(run=_list, with_database=True)
    for name, (outcome, what) in _DECISIONS.items():
        action = actions.add_parser(name, help=what)
        action.add_argument("target_type", choices=get_args(TargetType))
        action.add_argument("target_id", type=UUID)
        action.set_defaults(run=_decide, with_database=True, outcome=outcome)


async def _list(arguments: argparse.Namespace) -> int:
    cases = await open_cases(max(1, arguments.limit))
    for case in cases:
        print("\n".join(_lines(case)))
    if not cases:
        print("nothing waits for review")
    return 0


def _lines(case: Case) -> list[str]:
    """What was reported stands after `|`, what its reporters say of it after `>`."""
    waits = timedelta(seconds=int((clock.now() - case.waiting_since).total_seconds()))
    marks = [
        "URGENT" if case.urgent else "", f"reported by {case.reporters} ({in_words(case.reasons)})", f"waits {waits}",
        "out of sight" if case.hidden else "", "deleted by its author" if case.gone else "",
    ]  # fmt: skip
    return [
        f"{case.target_type} {case.target_id}  " + ", ".join(mark for mark in marks if mark),
        *(
            f"    | {line}"
            for look in case.snapshots
            for line in [look.author_name or "", *(look.text or "").splitlines()]
            if line
        ),
        *(f"    > {line}" for details in case.details for line in details.splitlines()),
    ]


async def _decide(arguments: argparse.Namespace) -> int:
    try:
        ended = await resolve(arguments.target_type, arguments.target_id, arguments.outcome)
    except NotFound:
        print("kuitter: nobody's report of this waits for review", file=sys.stderr)
        return 1
    print(f"{arguments.outcome}; reports ended: {ended}")
    return 0
