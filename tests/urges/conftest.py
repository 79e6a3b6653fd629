"""The people and the record of statements are those of the recovery tests."""

from __future__ import annotations

from typing import Any

from tests.recovery.conftest import Traveller, live_in, mara, statements
from tests.recovery.slipping import asks

__all__ = ["live_in", "logs", "mara", "statements"]


async def logs(person: Traveller, when: str, **said: Any) -> Any:
    """The urge that the person writes down at `when`, by the clocks around them."""
    body = {"intensity": 6, "outcome": "resisted", **said}
    response = await asks(person, when, "POST", "/v1/urges", json=body)
    assert response.status_code == 201, response.text
    return response.json()
