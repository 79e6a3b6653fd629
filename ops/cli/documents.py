"""`kuitter openapi`: the OpenAPI document on standard output."""

from __future__ import annotations

import argparse
from typing import Any

import msgspec


def add_commands(commands: Any) -> None:
    openapi = commands.add_parser("openapi", help="print the OpenAPI document")
    openapi.set_defaults(run=_openapi, with_database=False)


async def _openapi(arguments: argparse.Namespace) -> int:
    # Imported late: the API takes half a second to import, and no other command needs it.
    from api.app import create_litestar
    from api.reference import document

    print(msgspec.json.format(msgspec.json.encode(document(create_litestar()))).decode())
    return 0
