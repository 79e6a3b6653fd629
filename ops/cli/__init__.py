"""The command `kuitter`: one function a command, in plain sight."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

from domain.kit.clock import clock
from domain.kit.database import engine
from domain.kit.log import configure_logging
from domain.kit.settings import settings
from ops.cli import documents, jobs, people, travel
from ops.stack.running import adopt

Command = Callable[[argparse.Namespace], Awaitable[int]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kuitter", description="Operate a Kuitter backend.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (people, jobs, travel, documents):
        module.add_commands(commands)
    return parser


def main() -> None:
    """Run one command; the exit status is 0 only if it did what it was asked."""
    arguments = _parser().parse_args()
    configure_logging("warning", "cli")
    adopt(os.environ)
    command: Command = arguments.run
    try:
        raise SystemExit(asyncio.run(_run(command, arguments, with_database=arguments.with_database)))
    except (OSError, RuntimeError) as error:
        print(f"kuitter: {type(error).__name__}: {error}", file=sys.stderr)
        raise SystemExit(1) from None


async def _run(command: Command, arguments: argparse.Namespace, *, with_database: bool) -> int:
    chosen = settings()
    if not chosen.is_production:
        clock.follow(chosen.data_dir)
    if not with_database:
        return await command(arguments)
    await engine().start_connection_pool(max_size=2)
    try:
        return await command(arguments)
    finally:
        await engine().close_connection_pool()
