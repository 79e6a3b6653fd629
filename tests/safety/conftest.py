"""What the tests of support share."""

from __future__ import annotations

from typing import Any

from domain.kit.database import fetch
from tests.recovery.conftest import statements  # noqa: F401

# The same words everywhere, so that a test reads at a glance.
DANGER = "After this relapse I just want to kill myself."
QUIET = "A quiet day, and I went for a walk."


async def hits() -> dict[str, int]:
    """What was counted, by source."""
    return {row["source"]: row["hits"] for row in await fetch("SELECT source, hits FROM safety_hits")}


def is_support(value: Any) -> bool:
    """Whether `value` is support for somebody in Germany."""
    return (
        isinstance(value, dict)
        and set(value) == {"message", "resources"}
        and "You do not have to carry it alone".lower() in value["message"].lower()
        and value["resources"][0]["phone"] == "0800 1110111"
        and value["resources"][0]["country"] == "DE"
    )
