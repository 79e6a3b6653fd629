"""`kuitter migrate`, `kuitter seed`: the schema, and what a fresh system needs in it."""

from __future__ import annotations

import argparse
from typing import Any

from ops.cli.demo_person import seed_demo
from ops.migrate import migrate
from ops.seeding import seed as seed_catalogues


def add_commands(commands: Any) -> None:
    migrate_ = commands.add_parser("migrate", help="bring the schema up to date (safe to run twice, or at once)")
    migrate_.set_defaults(run=_migrate, with_database=False)
    seed = commands.add_parser("seed", help="put in what every system needs: the catalogues")
    seed.add_argument("what", nargs="?", choices=("demo",), help="demo: a person to look around as (development only)")
    seed.set_defaults(run=_seed, with_database=True)


async def _migrate(arguments: argparse.Namespace) -> int:
    await migrate()
    return 0


async def _seed(arguments: argparse.Namespace) -> int:
    for catalogue, new in (await seed_catalogues()).items():
        print(f"{catalogue}: {new} new")
    return await seed_demo() if arguments.what == "demo" else 0
