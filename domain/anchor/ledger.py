"""What becomes of a reservation: settled to what the call used, or refunded. Nothing is ever charged twice.

Every statement locks the charge first, then the day's window, then the month's, as the reservation does.
"""

from __future__ import annotations

from datetime import UTC, timedelta
from uuid import UUID, uuid5

from domain.anchor.breaker import shard
from domain.anchor.prices import Cost
from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_value
from domain.kit.ids import new_id
from domain.kit.log import log

# A reservation of a worker that died is of no use to anyone after this long, by PostgreSQL's own clock.
_DEAD_AFTER = timedelta(minutes=15)
_BATCH = 200

# What every way of closing shares: a CTE `charge` with user_id, day, month, replies (to give back), freed and cost.
_SPREAD = """
, day AS (
    UPDATE anchor_windows AS w
    SET replies = w.replies - c.replies, reserved = w.reserved - c.freed, cost = w.cost + c.cost
    FROM charge AS c WHERE w.user_id = c.user_id AND w.kind = 'day' AND w.starts_on = c.day
    RETURNING c.*
), month AS (
    UPDATE anchor_windows AS w
    SET replies = w.replies - c.replies, reserved = w.reserved - c.freed, cost = w.cost + c.cost
    FROM day AS c WHERE w.user_id = c.user_id AND w.kind = 'month' AND w.starts_on = c.month
    RETURNING c.cost
), spend AS (
    INSERT INTO anchor_spend AS s (day, shard, cost) SELECT $2, $3, cost FROM month WHERE cost > 0
    ON CONFLICT (day, shard) DO UPDATE SET cost = s.cost + EXCLUDED.cost
)
SELECT true FROM month
"""

# $1 charge, $2 business day in UTC, $3 shard, $4 state, $5 cost, $6 hit, $7 miss, $8 output, $9 model, $10 price's day.
_CLOSE = f"""
WITH charge AS (
    UPDATE anchor_charges SET state = $4, cost = $5, input_hit = $6, input_miss = $7, output = $8, model = $9,
                              price_from = $10, settled_at = now()
    WHERE id = $1 AND state = 'reserved'
    RETURNING user_id, day, month, CASE WHEN $4 = 'refunded' AND counted THEN 1 ELSE 0 END AS replies,
              reserved AS freed, cost
)
{_SPREAD}
"""

# $4 is the new charge's id.
_ADD = f"""
WITH charge AS (
    INSERT INTO anchor_charges (id, user_id, purpose, message_id, state, counted, day, month, reserved, cost,
                                input_hit, input_miss, output, model, price_from, settled_at)
    SELECT $4, user_id, purpose, message_id, 'settled', false, day, month, 0, $5, $6, $7, $8, $9, $10, now()
    FROM anchor_charges WHERE id = $1
    ON CONFLICT (id) DO NOTHING
    RETURNING user_id, day, month, 0 AS replies, 0 AS freed, cost
)
{_SPREAD}
"""


async def settle(charge_id: UUID, cost: Cost) -> None:
    """Charge what the call cost in place of what was reserved.

    If the reservation is closed already (the answer was given up meanwhile), the cost is added beside it.
    """
    if not await _close(charge_id, "settled", cost):
        await add_cost(charge_id, cost)


async def settle_open(charge_id: UUID, cost: Cost) -> bool:
    """As `settle`, unless the reservation is closed already; then nothing happens, and it returns False."""
    return await _close(charge_id, "settled", cost)


async def refund(charge_id: UUID, cost: Cost | None) -> None:
    """Give the reply back to the person. `cost` stays: it was spent on them although nothing came of it."""
    if not await _close(charge_id, "refunded", cost) and cost is not None:
        await add_cost(charge_id, cost)


async def close(charge_id: UUID, cost: Cost | None) -> None:
    """Refund with `cost` kept, unless the reservation is closed already; then nothing happens."""
    await _close(charge_id, "refunded", cost)


async def add_cost(charge_id: UUID, cost: Cost) -> None:
    """Charge a further call that was made for the same thing."""
    await fetch_value(_ADD, charge_id, _today(), shard(charge_id), new_id(), *_columns(cost))


async def add_try(charge_id: UUID, number: int, cost: Cost) -> None:
    """Charge try `number`, which failed or whose worker lost the job. A try is charged once: the first word counts."""
    entry_id = uuid5(charge_id, f"try {number}")
    await fetch_value(_ADD, charge_id, _today(), shard(charge_id), entry_id, *_columns(cost))


async def _close(charge_id: UUID, state: str, cost: Cost | None) -> bool:
    """False: it was closed before."""
    return bool(await fetch_value(_CLOSE, charge_id, _today(), shard(charge_id), state, *_columns(cost)))


def _columns(cost: Cost | None) -> tuple[object, ...]:
    if cost is None:
        return 0, 0, 0, 0, None, None
    usage = cost.usage
    return cost.micro_dollars, usage.input_hit, usage.input_miss, usage.output, usage.model, cost.price_from


def _today() -> object:
    return clock.now().astimezone(UTC).date()


async def free_dead_reservations() -> int:
    """Refund what was reserved long ago for something that is no longer under way; returns how many."""
    rows = await fetch(
        """SELECT c.id FROM anchor_charges AS c
           WHERE c.state = 'reserved' AND c.created_at < now() - $1::interval
             AND NOT EXISTS (SELECT FROM anchor_messages AS m
                             WHERE m.id = c.message_id AND m.status IN ('pending', 'streaming'))
           ORDER BY c.created_at LIMIT $2""",
        _DEAD_AFTER, _BATCH,
    )  # fmt: skip
    for row in rows:
        await refund(row["id"], None)
    if rows:
        log().warning("anchor.dead_reservations", freed=len(rows))
    return len(rows)
