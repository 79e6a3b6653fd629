"""Reviewing: what waits for moderators, and what they decide."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from domain.community.hiding import hide, hold, show
from domain.kit.clock import clock
from domain.kit.database import fetch, transaction
from domain.kit.errors import NotFound
from domain.kit.forgetting import forget
from domain.kit.log import log
from domain.reports.reasons import URGENT, Reason
from domain.reports.targets import Snapshot, TargetType
from domain.reports.telling import Outcome, tell_author, tell_reporters

_KEPT = timedelta(days=180)


class Case(msgspec.Struct, frozen=True):
    """Something that waits for review, with all open reports of it.

    `snapshots` are the different looks that it had when it was reported. `hidden`: it is out of sight. `gone`: whoever
    wrote it has deleted it. Both are None for what is neither post nor comment. `waiting_since` is the oldest report's.
    """

    target_type: TargetType
    target_id: UUID
    urgent: bool
    reporters: int
    reasons: list[Reason]
    details: list[str]
    snapshots: list[Snapshot]
    hidden: bool | None
    gone: bool | None
    waiting_since: datetime


# Of somebody purged a report has no reporter any more, and still was made by one.
_CASES = """
SELECT cases.*, COALESCE(posts.state, comments.state) AS state
FROM (
    SELECT target_type, target_id, bool_or(reason = ANY ($2)) AS urgent,
           count(DISTINCT COALESCE(user_id, id)) AS reporters, array_agg(DISTINCT reason ORDER BY reason) AS reasons,
           array_remove(array_agg(details ORDER BY id), NULL) AS details,
           array_agg(DISTINCT snapshot)::text[] AS snapshots, min(created_at) AS waiting_since
    FROM reports WHERE state = 'open' GROUP BY target_type, target_id
    ORDER BY urgent DESC, waiting_since, target_id LIMIT $1
) AS cases
LEFT JOIN posts ON cases.target_type = 'post' AND posts.id = cases.target_id
LEFT JOIN comments ON cases.target_type = 'comment' AND comments.id = cases.target_id
ORDER BY cases.urgent DESC, cases.waiting_since, cases.target_id"""


async def open_cases(limit: int) -> list[Case]:
    """What waits for review: what may be dangerous first (see reasons.py), then whatever has waited longest."""
    return [_case(row) for row in await fetch(_CASES, limit, list(URGENT))]


def _case(row: Any) -> Case:
    is_content = row["target_type"] in ("post", "comment")
    return Case(
        target_type=row["target_type"],
        target_id=row["target_id"],
        urgent=row["urgent"],
        reporters=row["reporters"],
        reasons=row["reasons"],
        details=row["details"],
        snapshots=[msgspec.json.decode(snapshot, type=Snapshot) for snapshot in row["snapshots"]],
        hidden=row["state"] == "hidden" if is_content else None,
        gone=row["state"] is None if is_content else None,
        waiting_since=row["waiting_since"],
    )


async def resolve(target_type: TargetType, target_id: UUID, outcome: Outcome) -> int:
    """End all open reports of one thing: upheld, it stays or goes out of sight; dismissed, it comes back.

    Each reporter is told, once, and so is the author where something was done to what they wrote. Returns how many
    reports ended. Raises NotFound if none is open.
    """
    now = clock.now()
    async with transaction():
        author = None
        if target_type == "post" or target_type == "comment":
            # As whoever reports it does: what is reported meanwhile either ends here or waits for the next review.
            author = await hold(target_type, target_id)
        ended = await fetch(
            """UPDATE reports SET state = $3, resolved_at = $4, forget_at = LEAST(forget_at, $5)
               WHERE id = ANY (ARRAY(SELECT id FROM reports WHERE target_type = $1 AND target_id = $2 AND state = 'open'
                                     ORDER BY id FOR UPDATE))
               RETURNING id, user_id, reason""",
            target_type, target_id, outcome, now, now + _KEPT,
        )  # fmt: skip
        if not ended:
            raise NotFound
        await tell_reporters(
            [(row["id"], row["user_id"]) for row in ended if row["user_id"] is not None], target_type, outcome
        )
        if author is not None and (target_type == "post" or target_type == "comment"):
            reasons, first = [row["reason"] for row in ended], min(row["id"] for row in ended)
            if outcome == "upheld":
                await hide(target_type, target_id)
                await tell_author(author, "upheld", target_type, reasons, first)
            elif await show(target_type, target_id):
                await tell_author(author, "shown", target_type, reasons, first)
    log().info("reports.resolved", target_type=target_type, outcome=outcome, reports=len(ended))
    return len(ended)


async def forget_old() -> int:
    """Remove reports whose time is over, with their snapshots; returns how many. See `forget_at` (kuitter_0018)."""
    return await forget("reports", "forget_at <= $1", clock.now())
