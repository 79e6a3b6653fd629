"""`kuitter jobs …` and `kuitter queues`: what waits, what runs, what died, and making it run again."""

from __future__ import annotations

import argparse
from typing import Any
from uuid import UUID

import msgspec

from domain.kit.outbox import listing
from domain.kit.settings import QUEUES
from ops.cli.table import print_table


def add_commands(commands: Any) -> None:
    jobs = commands.add_parser("jobs", help="look at jobs and run dead ones again")
    actions = jobs.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="newest first")
    listed.add_argument("--state", choices=("live", "dead", "skipped"))
    listed.add_argument("--queue", choices=QUEUES)
    listed.add_argument("--limit", type=int, default=50)
    listed.set_defaults(run=_list, with_database=True)
    for name, run, what in (
        ("show", _show, "all of one job"),
        ("retry", _retry, "make a job due now, with its tries forgiven"),
        ("drop", _drop, "remove a job without its effect"),
    ):
        action = actions.add_parser(name, help=what)
        action.add_argument("job_id", type=UUID, nargs="+" if name != "show" else 1)
        action.set_defaults(run=run, with_database=True)
    queues = commands.add_parser("queues", help="how full the queues are, and how long the oldest job has waited")
    queues.set_defaults(run=_queues, with_database=True)


async def _list(arguments: argparse.Namespace) -> int:
    rows = await listing.list_jobs(arguments.state, arguments.queue, arguments.limit)
    print_table(
        ("id", "name", "queue", "state", "attempts", "sends", "error_code", "run_at"),
        [[row[column] for column in ("id", "name", "queue", "state", "attempts", "sends", "error_code", "run_at")]
         for row in rows],
        nothing="no jobs",
    )  # fmt: skip
    return 0


async def _show(arguments: argparse.Namespace) -> int:
    row = await listing.show_job(arguments.job_id[0])
    if row is None:
        print("no such job")
        return 1
    print(msgspec.json.format(msgspec.json.encode(dict(row), enc_hook=str)).decode())
    return 0


async def _retry(arguments: argparse.Namespace) -> int:
    return await _each(arguments.job_id, listing.retry_job, "due now")


async def _drop(arguments: argparse.Namespace) -> int:
    return await _each(arguments.job_id, listing.drop_job, "dropped")


async def _each(job_ids: list[UUID], act: Any, done: str) -> int:
    failed = 0
    for job_id in job_ids:
        worked = await act(job_id)
        failed += not worked
        print(f"{job_id}  {done if worked else 'no such job, or it is running'}")
    return 1 if failed else 0


async def _queues(arguments: argparse.Namespace) -> int:
    found = {row["queue"]: row for row in await listing.queue_summary()}
    columns = ("live", "running", "retrying", "dead", "skipped", "oldest_seconds")
    print_table(
        ("queue", *columns),
        [[queue, *(round(found[queue][column], 1) if queue in found else 0 for column in columns)] for queue in QUEUES],
        nothing="no queues",
    )
    return 0
