"""`kuitter people grant`: a subscription without a store."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from typing import Any

from domain.accounts.emails import normalize_email
from domain.billing.grants import grant
from domain.kit.clock import clock
from domain.kit.database import fetch_value
from domain.kit.errors import DomainError

_MOST_DAYS = 3660


def add_commands(commands: Any) -> None:
    people = commands.add_parser("people", help="what only an administrator may do for somebody")
    actions = people.add_subparsers(dest="action", required=True, metavar="ACTION")
    give = actions.add_parser("grant", help="give a subscription for some days, from now on; it is written down")
    give.add_argument("email")
    give.add_argument("days", type=int, help=f"1 to {_MOST_DAYS}")
    give.add_argument("reason", help="for support, such as: sorry for the outage")
    give.set_defaults(run=_grant, with_database=True)


async def _grant(arguments: argparse.Namespace) -> int:
    if not 1 <= arguments.days <= _MOST_DAYS:
        print(f"kuitter: days must lie between 1 and {_MOST_DAYS}", file=sys.stderr)
        return 1
    try:
        user_id = await fetch_value("SELECT id FROM users WHERE email = $1", normalize_email(arguments.email))
        if user_id is None:
            print("kuitter: nobody has this address", file=sys.stderr)
            return 1
        until = clock.now() + timedelta(days=arguments.days)
        await grant(user_id, until, arguments.reason, "command line")
    except DomainError as error:
        print(f"kuitter: {error.detail}", file=sys.stderr)
        return 1
    print(f"granted until {until:%Y-%m-%d %H:%M} UTC")
    return 0
