"""What has been kept long enough goes, all of it, and nothing else; two at once do no harm."""

import asyncio
import contextvars

from domain.kit.database import execute, fetch_value, transaction
from domain.kit.forgetting import forget


async def fill(rows: int) -> None:
    await execute(
        """INSERT INTO used_tokens (token_hash, expires_at)
           SELECT decode(md5(n::text), 'hex'), CASE WHEN n = 0 THEN now() + interval '1 hour' ELSE now() END
           FROM generate_series(0, $1::int) AS n""",
        rows,
    )


async def test_more_than_a_batch_goes_at_once_and_what_is_not_due_stays(app):
    await fill(5000)
    removed = await asyncio.gather(*(forget("used_tokens", "expires_at <= now()") for _ in range(3)))
    assert sum(removed) == 5000
    assert await fetch_value("SELECT count(*) FROM used_tokens") == 1


async def test_a_row_that_somebody_holds_waits_for_the_next_time(app):
    await fill(3)

    async def in_between() -> int:
        return await forget("used_tokens", "expires_at <= now()")

    async with transaction():
        held = await fetch_value(
            "SELECT token_hash FROM used_tokens WHERE expires_at <= now() ORDER BY token_hash LIMIT 1 FOR UPDATE"
        )
        assert held is not None
        # From a task without this transaction.
        assert await asyncio.create_task(in_between(), context=contextvars.Context()) == 2
    assert await forget("used_tokens", "expires_at <= now()") == 1
