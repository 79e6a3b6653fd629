"""Daily messages that wait to be sent, and sending them: each once, and true at that moment.

A row of daily_messages is planned, perhaps written, and in the end sent or skipped. It is the done-mark: whoever sends
locks it first, and who comes second finds it sent. A written text is nobody's before it is sent: it stands in the row,
where no route and no archive reads it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import msgspec

from domain.anchor.planning import PATIENCE
from domain.anchor.snapshot import Facts
from domain.kit.database import execute, fetch
from domain.kit.days import day_begins
from domain.kit.events import Event, tell
from domain.kit.ids import new_id
from domain.push.notifications import Notice, notify_all

TITLE = "Anchor"
DISCREET_BODY = "Anchor has a note for you"
DEEP_LINK = "kuitter://anchor/today"


class Waiting(msgspec.Struct, frozen=True):
    """A message that is planned or written. `moving`: its person's zone or time has changed, and the clock has yet to
    work out when it is due. `being_written`: a worker is asking the model for it."""

    id: UUID
    user_id: UUID
    local_date: date
    state: Literal["planned", "written"]
    due_at: datetime
    planned_at: datetime
    body: str | None
    source: str | None
    prompt_id: UUID | None
    snapshot_hash: bytes | None
    moving: bool
    being_written: bool

    def is_due(self, now: datetime) -> bool:
        return self.due_at <= now

    def is_late(self, now: datetime) -> bool:
        """Whether it has to go out with what there is: nobody waits longer for a better text."""
        return now >= max(self.due_at, self.planned_at) + PATIENCE


class Verdict(Enum):
    """What is to be done about a message."""

    SKIP = "its day is over, or its person is gone"
    WAIT = "its time has not come, or somebody else is about to send it"
    SEND = "its text is true and wanted"
    WRITE = "there is no text, or it is true no longer, and time for a new one"
    CURATED = "a prepared text goes out"


class Outgoing(msgspec.Struct, frozen=True):
    """A message as it is sent."""

    waiting: Waiting
    facts: Facts
    prompt_id: UUID | None
    body: str
    source: Literal["model", "curated"]


# Of a row without due_at nobody has noted when it is due: it was planned when it was.
_COLUMNS = """daily.id, daily.user_id, local_date, state, coalesce(due_at, planned_at) AS due_at, planned_at, body,
    source, prompt_id, snapshot_hash, schedule.next_at IS NULL AS moving,
    coalesce(writing_until > now(), false) AS being_written
FROM daily_messages AS daily JOIN daily_schedule AS schedule ON schedule.user_id = daily.user_id
WHERE daily.id = ANY ($1) AND state IN ('planned', 'written') ORDER BY daily.id"""

# Before the messages, as whoever deletes a person does: in the other order the two could wait for each other.
_LOCK_PEOPLE = """
SELECT FROM users WHERE id = ANY (ARRAY(SELECT user_id FROM daily_messages WHERE id = ANY ($1)))
ORDER BY id FOR KEY SHARE
"""

_SEND = """
WITH outgoing AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::bytea[])
                  AS outgoing (id, user_id, message_id, body, source, prompt_id, snapshot_hash)
), said AS (
    INSERT INTO anchor_messages (id, user_id, role, kind, status, body, prompt_id, created_at, finished_at)
    SELECT message_id, user_id, 'anchor', 'daily', 'done', body, prompt_id, $8, $8 FROM outgoing
)
UPDATE daily_messages AS daily SET
    state = 'sent', source = outgoing.source, prompt_id = outgoing.prompt_id, message_id = outgoing.message_id,
    snapshot_hash = outgoing.snapshot_hash, sent_at = $8, body = NULL, look_at = NULL, writing_until = NULL
FROM outgoing WHERE daily.id = outgoing.id
"""


async def read(ids: Sequence[UUID]) -> list[Waiting]:
    """Those of the messages `ids` that are still to be sent."""
    return [_waiting(row) for row in await fetch(f"SELECT {_COLUMNS}", ids)]


async def lock(ids: Sequence[UUID]) -> list[Waiting]:
    """As `read`, held until the transaction ends: nobody else sends or changes them, or removes their people."""
    await execute(_LOCK_PEOPLE, ids)
    return [_waiting(row) for row in await fetch(f"SELECT {_COLUMNS} FOR UPDATE OF daily", ids)]


def _waiting(row: Any) -> Waiting:
    return Waiting(**dict(row))


def verdict(waiting: Waiting, facts: Facts | None, now: datetime) -> Verdict:
    """What is to be done about a message at the business instant `now`, by what is true of its person then.

    A text of the model is sent only while the consent stands and what it was made from is still so: after a slip nobody
    hears of their ten days. A prepared text holds nothing that could be untrue, but may suit another mood.
    """
    if facts is None:
        return Verdict.SKIP
    if waiting.moving or not waiting.is_due(now) or waiting.local_date > facts.today:
        return Verdict.WAIT
    if waiting.local_date < facts.today:
        return Verdict.SKIP
    unchanged = waiting.state == "written" and waiting.snapshot_hash == facts.fingerprint
    if unchanged and (facts.may_leave or waiting.source == "curated"):
        return Verdict.SEND
    if not facts.may_leave or waiting.source == "curated" or waiting.is_late(now):
        return Verdict.CURATED
    return Verdict.WAIT if waiting.being_written else Verdict.WRITE


async def send(outgoing: Sequence[Outgoing], now: datetime) -> None:
    """Send messages that are locked: into the talk, the inbox, and to their people's phones, in one transaction."""
    if not outgoing:
        return
    message_ids = [new_id() for _ in outgoing]
    await execute(
        _SEND,
        [each.waiting.id for each in outgoing],
        [each.waiting.user_id for each in outgoing],
        message_ids,
        [each.body for each in outgoing],
        [each.source for each in outgoing],
        [each.prompt_id for each in outgoing],
        [each.facts.fingerprint for each in outgoing],
        now,
    )
    await notify_all("anchor_daily", [_notice(each) for each in outgoing])
    for each, message_id in zip(outgoing, message_ids, strict=True):
        tell(each.waiting.user_id, Event("anchor.daily", message_id))


def _notice(each: Outgoing) -> Notice:
    day = each.waiting.local_date
    return Notice(
        user_id=each.waiting.user_id,
        cause=str(day),
        title=TITLE,
        body=each.body,
        discreet_body=DISCREET_BODY,
        deep_link=DEEP_LINK,
        expires_at=day_begins(day + timedelta(days=1), each.facts.timezone),
    )


async def skip(ids: Sequence[UUID]) -> None:
    """Mark what is still to be sent as not sent: its day is over, or its person is gone."""
    await execute(
        """UPDATE daily_messages SET state = 'skipped', body = NULL, look_at = NULL, writing_until = NULL
           WHERE id = ANY ($1) AND state IN ('planned', 'written')""",
        ids,
    )


async def forget_drafts(user_id: UUID) -> None:
    """Let go of what is written for the person, or being written, and not sent: they want all forgotten that it may
    have been made from. Today's message is written anew, or a prepared text goes out."""
    await execute(
        """UPDATE daily_messages SET state = 'planned', body = NULL, source = NULL, prompt_id = NULL,
                                     snapshot_hash = NULL, writing_until = NULL, writing_by = NULL
           WHERE user_id = $1 AND state IN ('planned', 'written')""",
        user_id,
    )
