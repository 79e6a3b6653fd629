"""The month's daily messages, side by side: no two of them read alike, and no angle came again too soon."""

from __future__ import annotations

import re
from typing import Any

from domain.anchor.prompts import REST_DAYS
from domain.anchor.similarity import alike
from ops.demo.life import Life
from ops.demo.telling import chapter, holds, quote

_ANGLE = "The angle of today: "
_TODAY = re.compile(r'"today":\s*"([^"]+)"')


def look_at_messages(life: Life, days: int) -> None:
    """Print the messages of `days` days and hold them against each other. Raises StepFailed."""
    chapter(f"{days} daily messages")
    messages = _messages(life)
    for message in messages:
        quote(message["created_at"][5:10], message["body"])
    bodies = [message["body"] for message in messages]
    holds(f"one for each of {days} days", len({message["created_at"][:10] for message in messages}) == days, bodies)
    pairs = alike(bodies)
    holds(f"of {days * (days - 1) // 2} pairs no two read alike", not pairs, pairs)
    angles = _angles(life)
    gaps = [after - before for before in range(len(angles)) for after in range(before + 1, len(angles))
            if angles[before] == angles[after]]  # fmt: skip
    holds(
        f"{len(set(angles))} angles, none of them twice within {REST_DAYS} days",
        min(gaps, default=days) > REST_DAYS,
        angles,
    )


def _messages(life: Life) -> list[dict[str, Any]]:
    """Oldest first, out of the talk."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = life.call("GET", f"/v1/anchor/messages?limit=100{cursor}")
        found += [item for item in page["items"] if item["kind"] == "daily"]
        if page["next_cursor"] is None:
            return found[::-1]
        cursor = f"&cursor={page['next_cursor']}"


def _angles(life: Life) -> list[str]:
    """By the day, as the model was told them last: what was written before something changed was not sent."""
    by_day: dict[str, str] = {}
    for item in life.sent("deepseek"):
        told = [message["content"] for message in item["body"]["messages"][1:3]]
        if told[0].startswith(_ANGLE) and (day := _TODAY.search(told[1])):
            by_day[day[1]] = told[0].removeprefix(_ANGLE).partition("\n")[0]
    return [by_day[day] for day in sorted(by_day)]
