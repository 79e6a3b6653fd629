"""Two people who are partners already, and short ways to what they say to each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.kit.clock import clock
from domain.kit.database import execute, fetch
from domain.kit.ids import new_id
from tests.conftest import Api

SHARING = ("partner_sharing",)


def id_of(person: Api) -> UUID:
    return UUID(person.user["id"])


async def pair(one: Api, other: Api, state: str = "partners") -> str:
    """What is between two people, as it stands after `one` asked `other`; its id."""
    partnership_id, now = new_id(), clock.now()
    accepted = now if state in ("partners", "ended") else None
    closed = now if state not in ("partners", "pending") else None
    await execute(
        """INSERT INTO partnerships (id, from_id, to_id, from_persona_id, to_persona_id, state, requested_at,
                                     expires_at, accepted_at, closed_at)
           SELECT $1, one.id, other.id, one.persona_id, other.persona_id, $4, $5, $6, $7, $8
           FROM users AS one, users AS other WHERE one.id = $2 AND other.id = $3""",
        partnership_id, id_of(one), id_of(other), state, now, now + timedelta(days=30), accepted, closed,
    )  # fmt: skip
    return str(partnership_id)


async def end(partnership_id: str) -> None:
    await execute(
        "UPDATE partnerships SET state = 'ended', closed_at = $2 WHERE id = $1", UUID(partnership_id), clock.now()
    )


def path(partnership_id: str, what: str = "messages") -> str:
    return f"/v1/partners/{partnership_id}/{what}"


async def write(person: Api, talk: str, body: str = "How are you?", **more: Any) -> dict[str, Any]:
    """A message of theirs."""
    written: dict[str, Any] = await person.ok("POST", path(talk), json={"body": body, **more})
    return written


async def read(person: Api, talk: str, up_to: int | str) -> dict[str, Any]:
    """What is answered to having read so far."""
    answer: dict[str, Any] = await person.ok("PUT", path(talk, "read"), json={"up_to": up_to})
    return answer


async def said(person: Api, talk: str, **query: Any) -> list[tuple[int, str]]:
    """Place and text of the messages on one page."""
    page = await person.ok("GET", path(talk), params=query)
    return [(item["seq"], item["body"]) for item in page["items"]]


async def told(person: Api, kind: str | None = None) -> list[tuple[str, bool]]:
    """Titles of their notifications, newest first, and whether each was read."""
    items = (await person.ok("GET", "/v1/notifications"))["items"]
    return [(item["title"], item["read_at"] is not None) for item in items if kind in (None, item["kind"])]


async def block(person: Api, other: Api) -> str:
    """The id of the block."""
    [row] = await fetch("SELECT persona_id FROM users WHERE id = $1", id_of(other))
    return str((await person.ok("PUT", f"/v1/me/blocks/{row['persona_id']}"))["id"])
