"""The breaker on what all people together cost in a UTC day.

Its total is read at most once a second in each process: a row that every reply had to lock would make them wait for
each other. Until it is read again the limit may be passed by what was reserved meanwhile.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.kit.database import fetch_value
from domain.kit.errors import Unavailable
from domain.kit.settings import settings

SHARDS = 16
_READ_AGAIN_AFTER = 1.0

# By the business clock's day, and what is reserved at this moment, whatever day it will be settled on.
_TOTAL = """
SELECT COALESCE((SELECT sum(cost) FROM anchor_spend WHERE day = $1), 0)
     + COALESCE((SELECT sum(reserved) FROM anchor_charges WHERE state = 'reserved'), 0)
"""

_total = 0
_read_at: float | None = None


class SpendLimit(Unavailable):
    """The app's money for the day is used up."""

    code = "anchor_unavailable"
    detail = "Anchor needs a rest and is back later. Everything else works as always."


async def check_spend(worst: int, now: datetime) -> None:
    """Raises SpendLimit if `worst` micro-dollars more would exceed what the app may cost on the UTC day of `now`."""
    if await _spent(now) + worst > settings().anchor_spend_per_day:
        tomorrow = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
        raise SpendLimit(headers={"Retry-After": str(int((tomorrow - now).total_seconds()) + 1)})


async def _spent(now: datetime) -> int:
    global _total, _read_at
    if _read_at is None or time.monotonic() - _read_at >= _READ_AGAIN_AFTER:
        # Set before the look, so that only one of many asks; the others go by the total of a second ago.
        before, _read_at = _read_at, time.monotonic()
        try:
            _total = int(await fetch_value(_TOTAL, now.astimezone(UTC).date()))
        except BaseException:
            _read_at = before
            raise
    return _total


def forget_cached_spend() -> None:
    """Look again at the next call (tests)."""
    global _total, _read_at
    _total, _read_at = 0, None


def shard(charge_id: UUID) -> int:
    """The row of the day's spend that this charge goes to."""
    return charge_id.int % SHARDS
