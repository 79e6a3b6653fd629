"""People who write, and short ways to their entries."""

from __future__ import annotations

from typing import Any

from tests.conftest import Api
from tests.recovery.conftest import live_in  # noqa: F401
from tests.routes.conftest import lines  # noqa: F401

PATH = "/v1/journal"


async def write(person: Api, body: str = "A quiet day.", **more: Any) -> Any:
    """The entry that was written."""
    return await person.ok("POST", PATH, json={"body": body, **more})


async def found(person: Api, q: str, **more: Any) -> list[str]:
    """The bodies of the entries that `q` finds, in the order of the answer."""
    page = await person.ok("GET", PATH, params={"q": q, **more})
    return [entry["body"] for entry in page["items"]]
