"""Short ways to ask, answer and part, and to what became of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx2

from domain.kit.clock import clock
from domain.kit.database import execute, fetch
from tests.accounts.people import worn_by
from tests.conftest import Api

REQUESTS = "/v1/partners/requests"


async def asks(person: Api, other: Api | str, message: str | None = None, key: str | None = None) -> httpx2.Response:
    """The answer to a request to somebody as they are called now, or to an author id."""
    to = other if isinstance(other, str) else str(await worn_by(other))
    body = {"to": to} if message is None else {"to": to, "message": message}
    return await person("POST", REQUESTS, json=body, headers={"Idempotency-Key": key} if key else None)


async def asked(person: Api, other: Api | str, message: str | None = None) -> dict[str, Any]:
    """A request that must be taken as new."""
    answer = await asks(person, other, message)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def accepts(person: Api, request_id: str) -> httpx2.Response:
    return await person("POST", f"{REQUESTS}/{request_id}/accept")


async def declines(person: Api, request_id: str) -> httpx2.Response:
    return await person("POST", f"{REQUESTS}/{request_id}/decline")


async def withdraws(person: Api, request_id: str) -> httpx2.Response:
    return await person("DELETE", f"{REQUESTS}/{request_id}")


async def partnered(one: Api, other: Api) -> str:
    """Two people become partners; the id."""
    request_id: str = (await asked(one, other))["id"]
    answer = await accepts(other, request_id)
    assert answer.status_code == 200, answer.text
    return request_id


async def waiting(person: Api, direction: str = "incoming") -> list[str]:
    """The ids of the requests that wait."""
    items = (await person.ok("GET", REQUESTS, params={"direction": direction}))["items"]
    return [item["id"] for item in items]


async def partners(person: Api, state: str = "partners") -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await person.ok("GET", "/v1/partners", params={"state": state}))["items"]
    return items


async def found(person: Api, q: str, **query: Any) -> list[str]:
    """The names that a search finds."""
    items = (await person.ok("GET", "/v1/partners/search", params={"q": q, **query}))["items"]
    return [item["name"] for item in items]


async def rows() -> list[tuple[str, int]]:
    """How many rows there are in each state."""
    return [tuple(row) for row in await fetch("SELECT state, count(*) FROM partnerships GROUP BY 1 ORDER BY 1")]


async def notices(person: Api) -> list[str]:
    """The kinds of what they were told, in the order of telling."""
    items = (await person.ok("GET", "/v1/notifications"))["items"]
    return [item["kind"] for item in reversed(items)]


async def born(person: Api, birth_date: str) -> None:
    """As if they had said so when they signed up."""
    await execute("UPDATE users SET birth_date = $2::text::date WHERE id = $1", UUID(person.user["id"]), birth_date)


async def strangers(how_many: int) -> list[UUID]:
    """People without an app, made by SQL; their ids. Their author ids are the same."""
    await execute(
        """WITH made AS (
               INSERT INTO users (id, email, email_verified_at, visibility, birth_date, timezone, store_account_token,
                                  created_at)
               SELECT gen_random_uuid(), gen_random_uuid()::text, now(), 'anonymous', '1990-01-01', 'UTC',
                      gen_random_uuid(), now() FROM generate_series(1, $1) RETURNING id
           ), worn AS (
               INSERT INTO personas (id, user_id, kind, name, name_key, created_at)
               SELECT id, id, 'alias', 'Made' || id, 'made' || id, now() FROM made
           ) SELECT 1""",
        how_many,
    )
    await execute("UPDATE users SET persona_id = id WHERE persona_id IS NULL")
    return [row["id"] for row in await fetch("SELECT id FROM personas WHERE name LIKE 'Made%' ORDER BY id")]


async def between(one: UUID, others: list[UUID], state: str) -> None:
    """`one` has asked all of them."""
    await execute(
        """INSERT INTO partnerships (id, from_id, to_id, from_persona_id, to_persona_id, state, requested_at,
                                     expires_at, accepted_at)
           SELECT gen_random_uuid(), $1, other, users.persona_id, other, $3, $4::timestamptz, $4 + interval '30 days',
                  CASE WHEN $3 = 'partners' THEN $4 END
           FROM unnest($2::uuid[]) AS other, users WHERE users.id = $1""",
        one, others, state, clock.now(),
    )  # fmt: skip
