"""What a person is entitled to: the union of everything that gives them access decides (semantics: Subscriptions).

Today that is what administrators gave (table grants); the purchases of the stores join it here and nowhere else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.kit.database import fetch_value

Plan = Literal["free", "subscriber"]

FREE: Plan = "free"
SUBSCRIBER: Plan = "subscriber"


def plan_sql(user: str, now: str) -> str:
    """A scalar SQL expression for the plan of the person `user` at `now`; both are SQL, such as `$1` or `users.id`."""
    return (
        f"CASE WHEN EXISTS (SELECT FROM grants AS given WHERE given.user_id = {user} "
        f"AND given.starts_at <= {now} AND given.ends_at > {now}) THEN '{SUBSCRIBER}' ELSE '{FREE}' END"
    )


async def plan_of(user_id: UUID, now: datetime) -> Plan:
    """The plan that the person is on at the business instant `now`."""
    plan: Plan = await fetch_value(f"SELECT {plan_sql('$1', '$2')}", user_id, now)
    return plan
