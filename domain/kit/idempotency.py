"""Idempotency-Key: a creating request that is repeated answers with what the first one made (api: Conventions).

The key's row commits with the effect, and holds the status and the resource's id, never a text. Errors are not kept:
they had no effect, and asking again may succeed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

import msgspec

from domain.kit.database import execute, fetch_row, transaction
from domain.kit.errors import Conflict
from domain.kit.forgetting import forget


class IdempotencyKey(msgspec.Struct, frozen=True):
    """The key that an app sent, with what it was sent for. `body_hash` is a SHA-256 of the body."""

    user_id: UUID
    method: str
    path: str
    key: str
    body_hash: bytes


class Outcome(msgspec.Struct, frozen=True):
    """The resource that a creating request leads to; `status` as first answered; `repeated` if it was there before."""

    resource_id: UUID
    status: int
    repeated: bool


async def once(
    key: IdempotencyKey | None, status: int | Callable[[], int], create: Callable[[], Awaitable[UUID]]
) -> Outcome:
    """Run `create` in a transaction, at most once for `key`, and return the id that it made, or made the first time.

    `status` is that of the answer; a function if only what `create` found tells it.

    Raises Conflict `idempotency_in_progress` while the first request runs, `idempotency_conflict` for another body.
    """
    async with transaction():
        if key is not None:
            seen = await _seen(key)
            if seen is not None:
                return seen
        resource_id = await create()
        answered = status if isinstance(status, int) else status()
        if key is not None:
            await execute(
                """INSERT INTO idempotency_keys (user_id, method, path, key, body_hash, status, resource_id)
                   VALUES ($1, $2, $3, $4, $5, $6, $7)""",
                key.user_id, key.method, key.path, key.key, key.body_hash, answered, resource_id,
            )  # fmt: skip
        return Outcome(resource_id, answered, repeated=False)


async def _seen(key: IdempotencyKey) -> Outcome | None:
    # The lock goes with the transaction. It is asked for in a statement of its own, before the look: under READ
    # COMMITTED the look then sees whatever the holder before us has committed.
    name = "\x1f".join((str(key.user_id), key.method, key.path, key.key))
    free = await fetch_row("SELECT pg_try_advisory_xact_lock(hashtextextended($1, 42)) AS got", name)
    if not free or not free["got"]:
        raise Conflict("The first request with this key is still running.", code="idempotency_in_progress")
    row = await fetch_row(
        """SELECT body_hash, status, resource_id FROM idempotency_keys
           WHERE user_id = $1 AND key = $2 AND method = $3 AND path = $4
             AND created_at > now() - interval '24 hours'""",
        key.user_id, key.key, key.method, key.path,
    )  # fmt: skip
    if row is None:
        await execute(
            "DELETE FROM idempotency_keys WHERE user_id = $1 AND key = $2 AND method = $3 AND path = $4",
            key.user_id, key.key, key.method, key.path,
        )  # fmt: skip
        return None
    if row["body_hash"] != key.body_hash:
        raise Conflict("This key was used for another request.", code="idempotency_conflict")
    return Outcome(row["resource_id"], row["status"], repeated=True)


async def forget_old() -> int:
    """Remove keys of more than a day ago; returns how many."""
    return await forget("idempotency_keys", "created_at < now() - interval '24 hours'")
