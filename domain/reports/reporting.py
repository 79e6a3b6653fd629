"""Reports: somebody says that something breaks the rules; enough of them take it out of sight until it is reviewed.

Rules: semantics, "Community" (snapshot, N different reporters hide, the reporter hears the outcome).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.community.hiding import Content, hide
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, fetch_value
from domain.kit.errors import NotFound, RuleBroken, TooMany
from domain.kit.idempotency import IdempotencyKey, once
from domain.kit.ids import new_id
from domain.kit.log import log
from domain.kit.settings import settings
from domain.kit.text import clean_optional
from domain.reports.reasons import Reason
from domain.reports.targets import Target, TargetType, find_target
from domain.reports.telling import tell_author

State = Literal["open", "upheld", "dismissed"]

_LONGEST_DETAILS = 1000
# More would be a flood: reading them takes somebody's time.
A_DAY = 50


class Report(msgspec.Struct, frozen=True):
    """A report as its author sees it. `state` tells the outcome once it has been reviewed."""

    id: UUID
    target_type: TargetType
    target_id: UUID
    reason: Reason
    state: State
    created_at: datetime


async def report(
    user_id: UUID,
    target_type: TargetType,
    target_id: UUID,
    reason: Reason,
    details: str | None,
    key: IdempotencyKey | None,
) -> tuple[Report, bool]:
    """Report something; returns the report, and whether it is new. What one has reported stays one report until it is
    reviewed.

    Raises NotFound for what the person cannot know of, RuleBroken `cannot_report_oneself`, TooMany after 50 a day,
    InvalidRequest for too long details.
    """
    words = clean_optional(details, field="details", longest=_LONGEST_DETAILS)
    fresh = False

    async def create() -> UUID:
        nonlocal fresh
        # Held, so that those of the same moment are counted, and none is made twice.
        await execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id)
        target = await find_target(user_id, target_type, target_id)
        if target.user_id == user_id:
            raise RuleBroken("One cannot report oneself.", code="cannot_report_oneself")
        found: UUID | None = await fetch_value(
            """UPDATE reports SET details = COALESCE(details, $4)
               WHERE user_id = $1 AND target_type = $2 AND target_id = $3 AND state = 'open' RETURNING id""",
            user_id, target_type, target_id, words,
        )  # fmt: skip
        if found is not None:
            return found
        fresh = True
        return await _make(user_id, target_type, target_id, reason, words, target)

    written = await once(key, lambda: 201 if fresh else 200, create)
    return await _read(user_id, written.resource_id), written.status == 201


async def _make(
    user_id: UUID, target_type: TargetType, target_id: UUID, reason: Reason, details: str | None, target: Target
) -> UUID:
    now = clock.now()
    await _refuse_floods(user_id, now)
    report_id = new_id()
    await execute(
        """INSERT INTO reports (id, user_id, target_type, target_id, target_user_id, reason, details, snapshot, state,
                                created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9)""",
        report_id, user_id, target_type, target_id, target.user_id, reason, details,
        msgspec.json.encode(target.snapshot).decode(), now,
    )  # fmt: skip
    if (target_type == "post" or target_type == "comment") and target.user_id is not None:
        await _hide_if_many(target_type, target_id, target.user_id, report_id)
    return report_id


async def _read(user_id: UUID, report_id: UUID) -> Report:
    row: Any = await fetch_row(
        """SELECT id, target_type, target_id, reason, state, created_at FROM reports
           WHERE id = $1 AND user_id = $2""",
        report_id, user_id,
    )  # fmt: skip
    if row is None:
        raise NotFound
    return Report(*row)


async def _refuse_floods(user_id: UUID, now: datetime) -> None:
    day = timedelta(days=1)
    row: Any = await fetch_row(
        "SELECT count(*) AS made, min(created_at) AS first FROM reports WHERE user_id = $1 AND created_at > $2",
        user_id, now - day,
    )  # fmt: skip
    if row["made"] >= A_DAY:
        raise TooMany(
            f"At most {A_DAY} reports a day.", retry_after=(row["first"] + day - now).total_seconds()
        )  # fmt: skip


async def _hide_if_many(content: Content, content_id: UUID, author: UUID, report_id: UUID) -> None:
    """The content is held, so of reports at once the last one sees all of them.

    Whose report of the same words was dismissed is heard again, and does not count again: else the same few could hide
    it as often as somebody brings it back.
    """
    row: Any = await fetch_row(
        """SELECT count(DISTINCT user_id) FILTER (WHERE NOT EXISTS (
                      SELECT FROM reports AS earlier
                      WHERE earlier.target_type = $1 AND earlier.target_id = $2 AND earlier.state = 'dismissed'
                        AND earlier.user_id = reports.user_id
                        AND earlier.snapshot ->> 'text' = reports.snapshot ->> 'text')) AS reporters,
                  array_agg(DISTINCT reason) AS reasons
           FROM reports WHERE target_type = $1 AND target_id = $2 AND state = 'open'""",
        content, content_id,
    )  # fmt: skip
    if row["reporters"] >= settings().reports_to_hide and await hide(content, content_id):
        log().warning("reports.hidden", target_type=content, reporters=row["reporters"])
        await tell_author(author, "hidden", content, row["reasons"], report_id)
