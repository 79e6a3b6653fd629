"""`kuitter time travel +1d`: moves the business clock of all local processes. Development only."""

from __future__ import annotations

import argparse
import re
import sys
from datetime import timedelta
from typing import Any

from domain.kit.clock import clock, move
from domain.kit.outbox.listing import hasten_jobs
from domain.kit.settings import settings

_STEP = re.compile(r"([+-])(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def parse_step(text: str) -> timedelta:
    """`+1d`, `-2h`, `+30m`. Raises argparse.ArgumentTypeError for anything else."""
    found = _STEP.fullmatch(text)
    if not found:
        raise argparse.ArgumentTypeError("must be a step such as +1d, -2h or +30m")
    sign, number, unit = found.groups()
    return timedelta(**{_UNITS[unit]: int(number)}) * (1 if sign == "+" else -1)


def add_commands(commands: Any) -> None:
    time = commands.add_parser("time", help="move the clock of the local processes (development only)")
    actions = time.add_subparsers(dest="action", required=True, metavar="ACTION")
    travel = actions.add_parser("travel", help="by a step such as +1d", prefix_chars="~")
    travel.add_argument("step", type=parse_step)
    travel.set_defaults(run=_travel, with_database=True)


async def _travel(arguments: argparse.Namespace) -> int:
    chosen = settings()
    if chosen.is_production:
        print("kuitter: time travel is refused outside development", file=sys.stderr)
        return 1
    offset = move(chosen.data_dir, arguments.step)
    if arguments.step > timedelta():
        # What waits for its time by the real clock (a push held by quiet hours, a retry) comes nearer as well.
        await hasten_jobs(arguments.step)
    print(f"it is now {clock.now().isoformat(timespec='seconds')} ({offset} from real time)")
    return 0
