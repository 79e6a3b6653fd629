"""Reports, and what others see of what was reported."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx2
import pytest

from domain.kit.database import fetch
from tests.community.conftest import writer
from tests.conftest import Api

__all__ = ["writer"]

People = Callable[..., Awaitable[list[Api]]]


@pytest.fixture
def people(sign_up: Callable[..., Awaitable[Api]]) -> People:
    """`await people(3)` signs so many up."""

    async def begin(how_many: int) -> list[Api]:
        return [await sign_up() for _ in range(how_many)]

    return begin


async def report(person: Api, target_type: str, target_id: str, reason: str = "spam", **more: Any) -> httpx2.Response:
    """The answer to a report."""
    headers = more.pop("headers", None)
    body = {"target_type": target_type, "target_id": target_id, "reason": reason, **more}
    return await person("POST", "/v1/reports", json=body, headers=headers)


async def reported(person: Api, target_type: str, target_id: str, reason: str = "spam", **more: Any) -> dict[str, Any]:
    """A report that must be taken."""
    answer = await report(person, target_type, target_id, reason, **more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def all_report(people: list[Api], target_type: str, target_id: str, reason: str = "spam") -> list[int]:
    """All of them at once; the statuses."""
    answers = await asyncio.gather(*(report(one, target_type, target_id, reason) for one in people))
    return [answer.status_code for answer in answers]


async def inbox(person: Api) -> list[dict[str, Any]]:
    """What they were told of reports."""
    items: list[dict[str, Any]] = (await person.ok("GET", "/v1/notifications"))["items"]
    return [item for item in items if item["kind"] == "report_outcome"]


async def rows(target_id: str) -> list[Any]:
    """The reports of one thing."""
    return await fetch("SELECT * FROM reports WHERE target_id = $1 ORDER BY id", UUID(target_id))
