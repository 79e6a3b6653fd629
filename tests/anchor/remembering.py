"""What the tests of Anchor's memory share."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from domain.anchor.memories import due
from domain.kit.database import execute, fetch, fetch_row
from domain.kit.ids import new_id
from tests.anchor.conftest import Provider, ask

Api = Any
# Long enough to be worth a call.
NIGHTS = "I work nights at a bakery, and the mornings after are the hardest for me."
PATH = "/v1/anchor/memories"


def facts(*taught: str) -> str:
    return json.dumps({"facts": taught})


async def talk(person: Api, provider: Provider, drain: Any, *messages: str) -> None:
    """Say something to Anchor, and get an answer to each."""
    for body in messages or (NIGHTS,):
        await execute("UPDATE anchor_windows SET replies = 0")
        await provider.says("I hear you.")
        await ask(person, body)
        await drain()


async def said(person: Api, *messages: str) -> None:
    """As if they had talked: the rows that `talk` leaves, in a tenth of the time."""
    user_id = UUID(person.user["id"])
    for body in messages or (NIGHTS,):
        await execute(
            """WITH question AS (
                   INSERT INTO anchor_messages (id, user_id, role, kind, status, body, created_at, finished_at)
                   VALUES ($2, $1, 'person', 'chat', 'done', $4, now(), now()) RETURNING id, seq
               )
               INSERT INTO anchor_messages (id, user_id, role, kind, status, body, reply_to, history_from, created_at,
                                            finished_at)
               SELECT $3, $1, 'anchor', 'chat', 'done', 'I hear you.', id,
                      COALESCE((SELECT min(seq) FROM anchor_messages WHERE user_id = $1), seq), now(), now()
               FROM question""",
            user_id, new_id(), new_id(), body,
        )  # fmt: skip
    await execute(
        """INSERT INTO anchor_remembering (user_id, due_at) VALUES ($1, now() + interval '20 minutes')
           ON CONFLICT (user_id) DO UPDATE SET due_at = EXCLUDED.due_at""",
        user_id,
    )


async def remember(drain: Any, **options: Any) -> list[tuple[str, str]]:
    """The talk has rested: what the clock and a worker do then."""
    await execute("UPDATE anchor_remembering SET due_at = now() WHERE due_at IS NOT NULL")
    await due.plan_due()
    done: list[tuple[str, str]] = await drain(**options)
    return [one for one in done if one[0] == "anchor.remember"]


async def learned(person: Api, provider: Provider, drain: Any, *taught: str) -> list[str]:
    """Anchor learns what is `taught` from a new message; everything that it remembers then."""
    await said(person)
    await provider.says(facts(*taught))
    await remember(drain)
    return await bodies(person)


async def bodies(person: Api) -> list[str]:
    return [item["body"] for item in (await person.ok("GET", PATH, params={"limit": 100}))["items"]]


async def asked_about(provider: Provider) -> list[dict[str, Any]]:
    """The requests about what to remember, oldest first."""
    return [one for one in await provider.requests() if "response_format" in one["body"]]


async def state(person: Api) -> Any:
    return await fetch_row("SELECT * FROM anchor_remembering WHERE user_id = $1", UUID(person.user["id"]))


async def memory_charges(person: Api) -> list[Any]:
    return await fetch(
        "SELECT * FROM anchor_charges WHERE user_id = $1 AND purpose = 'memory' ORDER BY id", UUID(person.user["id"])
    )


async def write_summary(person: Api, body: str, up_to: int = 0) -> None:
    await execute(
        "INSERT INTO anchor_summaries (user_id, body, up_to_seq, updated_at) VALUES ($1, $2, $3, now())",
        UUID(person.user["id"]), body, up_to,
    )  # fmt: skip
