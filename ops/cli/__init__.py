"""The command `kuitter`: one function a command, in plain sight."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable

import asyncpg

from domain.kit.clock import clock
from domain.kit.database import engine, sql_error_code
from domain.kit.log import configure_logging
from domain.kit.settings import settings
from ops.cli import community, documents, grants, jobs, people, prompts, reports, streaks, travel
from ops.stack.running import adopt

# SQLSTATE classes: connection, authorisation, no such database, out of connections.
_CONNECTION_CLASSES = ("08", "28", "3D", "53")

Command = Callable[[argparse.Namespace], Awaitable[int]]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kuitter", description="Operate a Kuitter backend.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in (people, grants, jobs, streaks, community, reports, prompts, travel, documents):
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
    except BrokenPipeError:
        # Whoever read the output has read enough. Nothing more may be written, not even at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except asyncpg.PostgresError as error:
        # Only what concerns the connection itself is shown whole: other texts may quote what a person wrote.
        about_connection = (error.sqlstate or "")[:2] in _CONNECTION_CLASSES
        print(f"kuitter: PostgreSQL: {error if about_connection else sql_error_code(error)}", file=sys.stderr)
        raise SystemExit(1) from None
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
