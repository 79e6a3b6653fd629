"""`kuitter prompts list`, `show`, `off` and `on`: what Anchor is told, and which of it is in use."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from domain.anchor import editing
from domain.anchor.editing import Left
from domain.kit.errors import Conflict, NotFound
from ops.cli.table import print_table

_KINDS = ("chat", "daily", "curated")


def add_commands(commands: Any) -> None:
    prompts = commands.add_parser("prompts", help="what Anchor is told, and which of it is in use")
    actions = prompts.add_subparsers(dest="action", required=True, metavar="ACTION")
    listed = actions.add_parser("list", help="the catalogue, each prompt in the version that is in use")
    listed.add_argument("--kind", choices=_KINDS)
    listed.set_defaults(run=_list, with_database=True)
    show = actions.add_parser("show", help="a prompt in all its versions")
    show.add_argument("slug")
    show.set_defaults(run=_show, with_database=True)
    off = actions.add_parser("off", help="use a prompt no more, whatever is delivered later")
    off.add_argument("slug")
    off.set_defaults(run=_off, with_database=True)
    on = actions.add_parser("on", help="use a prompt again, or another version of it")
    on.add_argument("slug")
    on.add_argument("--version", type=int, help="if left out, an administrator's newest, else the newest")
    on.set_defaults(run=_on, with_database=True)


async def _list(arguments: argparse.Namespace) -> int:
    rows = [
        (each.slug, each.version, each.source, "on" if each.active else "OFF", each.weight, each.technique,
         ", ".join(each.conditions) or "always")
        for each in await editing.list_prompts(arguments.kind)
    ]  # fmt: skip
    head = ("prompt", "version", "from", "use", "weight", "technique", "when")
    print_table(head, rows, nothing="no prompts: run `kuitter seed`")
    return 0


async def _show(arguments: argparse.Namespace) -> int:
    try:
        found = await editing.versions(arguments.slug)
    except NotFound:
        return _unknown(arguments.slug)
    for each in found:
        print(
            f"version {each.version} ({each.source}{', in use' if each.active else ''}): {each.tone}; "
            f"{each.technique}; weight {each.weight}; when {', '.join(each.conditions) or 'always'}"
        )
        print("\n".join(f"    {line}" for line in each.body.splitlines()))
    return 0


async def _off(arguments: argparse.Namespace) -> int:
    try:
        left = await editing.switch_off(arguments.slug, None)
    except NotFound:
        return _unknown(arguments.slug)
    except Conflict as conflict:
        print(f"kuitter: {conflict.detail}", file=sys.stderr)
        return 1
    print(f"{arguments.slug} is off")
    _tell_of(left)
    return 0


async def _on(arguments: argparse.Namespace) -> int:
    try:
        left = await editing.switch_on(arguments.slug, None, arguments.version)
    except NotFound:
        return _unknown(arguments.slug)
    except Conflict as conflict:
        print(f"kuitter: {conflict.detail}", file=sys.stderr)
        return 1
    print(f"{arguments.slug} is on")
    _tell_of(left)
    return 0


def _unknown(slug: str) -> int:
    print(f"kuitter: there is no such prompt or version: {slug}", file=sys.stderr)
    return 1


def _tell_of(left: Left) -> None:
    if left.always < left.wanted:
        print(f"of those that fit always {left.always} are on; with fewer than {left.wanted} some come again too soon")
