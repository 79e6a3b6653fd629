"""What people do about slips, at times of the clocks around them."""

from __future__ import annotations

from typing import Any

import httpx2

from domain.kit.clock import clock
from tests.recovery.conftest import Traveller, moment


async def asks(person: Traveller, when: str, method: str, path: str, **arguments: Any) -> httpx2.Response:
    with clock.frozen(moment(when, person.zone)):
        return await person.api(method, path, **arguments)


async def slips(person: Traveller, when: str, at: str | None = None, **said: Any) -> Any:
    """Tell, at `when`, of a slip at `at` (both by the clocks around the person)."""
    if at is not None:
        said["occurred_at"] = moment(at, person.zone).isoformat()
    response = await asks(person, when, "POST", "/v1/slips", json=said)
    assert response.status_code == 201, response.text
    return response.json()


async def undoes(person: Traveller, when: str, slip: Any) -> httpx2.Response:
    return await asks(person, when, "DELETE", f"/v1/slips/{slip['id']}")


async def refused(person: Traveller, when: str, **said: Any) -> tuple[int, str]:
    response = await asks(person, when, "POST", "/v1/slips", json=said)
    return response.status_code, response.json()["code"]


async def clean(person: Traveller, when: str) -> tuple[int, int, int, int, str]:
    """Current, best and total days, attempts, start of the running one."""
    found = (await person.reads(when))["clean"]
    return (
        found["current_days"], found["best_days"], found["total_clean_days"], found["attempts"], found["started_on"],
    )  # fmt: skip


async def changes(person: Traveller, when: str, slip: Any, **said: Any) -> httpx2.Response:
    return await asks(person, when, "PATCH", f"/v1/slips/{slip['id']}", json=said)
