"""Slips: telling of one, writing about it later, undoing it. What becomes of the clean days follows (see attempts).

Rules: semantics, "Days and streaks". Slips are the person's own: nobody else reads one. That there was one is told to
partners, if its person shares that (domain/partners/alerts.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any, ClassVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.kit.clock import clock
from domain.kit.database import execute, fetch, fetch_row, fetch_value, transaction
from domain.kit.days import local_date
from domain.kit.errors import NotFound, RuleBroken
from domain.kit.idempotency import IdempotencyKey, once
from domain.kit.ids import check_client_id, new_id
from domain.kit.outbox import Job, enqueue
from domain.kit.pagination import Page, decode_cursor, page_of
from domain.kit.text import clean_optional
from domain.recovery.attempts import first_start, rebuild
from domain.recovery.moments import Moment, hold_person, moment_of
from domain.recovery.progress import progress_changed
from domain.recovery.standing import Streak, read_streak
from domain.recovery.triggers import clean_triggers
from domain.safety.support import Support, with_support

UNDO_HOURS = 24
_LONGEST = {"feeling": 200, "reflection": 4000, "plan": 2000}

_COLUMNS = "id, occurred_at, local_date AS day, timezone, triggers, feeling, reflection, plan, client_id, created_at"


class TellOfSlip(Job, frozen=True, kw_only=True):
    """A slip was told: whoever is to hear of that, does so by this job. Its actor belongs to the partners."""

    name: ClassVar[str] = "recovery.tell_of_slip"

    user_id: UUID
    slip_id: UUID


class SlipUndone(Job, frozen=True, kw_only=True):
    """A slip was undone: what was told of it goes. Its actor belongs to the partners."""

    name: ClassVar[str] = "recovery.slip_undone"

    user_id: UUID

    def dedupe_key(self) -> str:
        return str(self.user_id)


class Slip(msgspec.Struct, frozen=True):
    """A slip as its person sees it. `date` is the day that it counts for, `timezone` where it happened; until
    `undo_until` it can be undone."""

    id: UUID
    occurred_at: datetime
    day: date = msgspec.field(name="date")
    timezone: str
    triggers: list[str]
    feeling: str | None
    reflection: str | None
    plan: str | None
    client_id: str | None
    created_at: datetime
    undo_until: datetime


class SlipTold(Slip, frozen=True):
    """What telling of a slip, or writing about it, answers. `support` is for somebody whose words say that they
    may be in danger."""

    streak: Streak
    support: Support | None = None


class SlipChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written about a slip later. Fields left out stay; null empties one."""

    triggers: Annotated[list[str], Meta(description="Up to 20 short words")] | UnsetType = UNSET
    feeling: Annotated[str, Meta(description="Up to 200 characters")] | UnsetType | None = UNSET
    reflection: Annotated[str, Meta(description="Up to 4000 characters")] | UnsetType | None = UNSET
    plan: Annotated[str, Meta(description="Up to 2000 characters")] | UnsetType | None = UNSET


class _New(msgspec.Struct, frozen=True):
    """A slip that is told of, cleaned."""

    occurred_at: datetime | None
    triggers: list[str]
    texts: dict[str, str | None]
    client_id: str | None


@with_support("slip", "feeling", "reflection", "plan", "triggers")
async def tell_slip(
    user_id: UUID,
    key: IdempotencyKey | None = None,
    *,
    occurred_at: datetime | None = None,
    triggers: Sequence[str] = (),
    feeling: str | None = None,
    reflection: str | None = None,
    plan: str | None = None,
    client_id: str | None = None,
) -> SlipTold:
    """Write a slip down, now if `occurred_at` is left out. The same `client_id` again is the same slip.

    Raises InvalidRequest for what is too long, ConsentRequired once `terms` or `sensitive_data` is withdrawn,
    RuleBroken `in_future` or `slip_before_start`, Conflict for a reused key, NotFound if the person is gone or the
    slip was undone since.
    """
    check_client_id(client_id)
    texts = {"feeling": feeling, "reflection": reflection, "plan": plan}
    new = _New(
        occurred_at,
        clean_triggers(triggers),
        {field: _clean(text, field) for field, text in texts.items()},
        client_id,
    )

    async def create() -> UUID:
        return await _write(user_id, new)

    made = await once(key, 201, create)
    return await _told(user_id, await read_slip(user_id, made.resource_id))


async def _write(user_id: UUID, new: _New) -> UUID:
    moment = await moment_of(user_id, new.occurred_at, hold=True)
    if new.client_id is not None:
        known: UUID | None = await fetch_value(
            "SELECT id FROM slips WHERE user_id = $1 AND client_id = $2", user_id, new.client_id
        )
        if known is not None:
            return known
    start = await first_start(user_id) or moment.day
    day = await _day_of(user_id, moment, start)
    slip_id = new_id()
    await execute(
        """INSERT INTO slips (id, user_id, occurred_at, timezone, local_date, local_hour, triggers, feeling, reflection,
                              plan, client_id, created_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
        slip_id, user_id, moment.at, moment.timezone, day, moment.hour, new.triggers, new.texts["feeling"],
        new.texts["reflection"], new.texts["plan"], new.client_id, moment.now,
    )  # fmt: skip
    await rebuild(user_id, start)
    await enqueue(TellOfSlip(user_id=user_id, slip_id=slip_id))
    return slip_id


async def _day_of(user_id: UUID, moment: Moment, start: date) -> date:
    """The day that a slip at `moment` counts for. Raises RuleBroken `slip_before_start`."""
    if moment.day >= start:
        return moment.day
    # Who flew west after the start may have the day before it once more: the slip came after the start all the same.
    changes = await fetch(
        "SELECT changed_at, from_zone FROM time_zone_changes WHERE user_id = $1 AND changed_at <= $2",
        user_id, moment.at,
    )  # fmt: skip
    if any(local_date(at, zone) >= start for at, zone in changes):
        return start
    raise RuleBroken("That is before the first day of your count.", code="slip_before_start")


@with_support("slip", "change.feeling", "change.reflection", "change.plan", "change.triggers")
async def change_slip(user_id: UUID, slip_id: UUID, change: SlipChange) -> SlipTold:
    """Write the fields that are set; the moment of a slip cannot be changed.

    Raises NotFound if it is not theirs, InvalidRequest for what is too long, ConsentRequired as `tell_slip`.
    """
    fields: dict[str, Any] = {}
    if change.triggers is not UNSET:
        fields["triggers"] = clean_triggers(change.triggers)
    for field in _LONGEST:
        text = getattr(change, field)
        if text is not UNSET:
            fields[field] = _clean(text, field)
    # The names are ours; only the values come from the person.
    changes = ", ".join(f"{field} = ${place}" for place, field in enumerate(fields, start=3))
    async with transaction():
        await moment_of(user_id)
        row = await fetch_row(
            f"UPDATE slips SET {changes or 'id = id'} WHERE id = $1 AND user_id = $2 RETURNING {_COLUMNS}",
            slip_id, user_id, *fields.values(),
        )  # fmt: skip
        if row is None:
            raise NotFound
        if "reflection" in fields:
            # Slips with one count towards achievements.
            await progress_changed(user_id)
    return await _told(user_id, _slip(row))


async def undo_slip(user_id: UUID, slip_id: UUID) -> None:
    """Take a slip back: the clean days are as if it had never been told.

    No consent is asked for: less is kept afterwards. Raises NotFound if it is not theirs, RuleBroken `undo_expired`
    24 hours after it was told.
    """
    async with transaction():
        await hold_person(user_id)
        row = await fetch_row("SELECT created_at FROM slips WHERE id = $1 AND user_id = $2", slip_id, user_id)
        if row is None:
            raise NotFound
        if clock.now() > _undo_until(row["created_at"]):
            raise RuleBroken(f"A slip can be undone for {UNDO_HOURS} hours.", code="undo_expired")
        start = await first_start(user_id)
        assert start is not None
        await execute("DELETE FROM slips WHERE id = $1", slip_id)
        await rebuild(user_id, start)
        await enqueue(SlipUndone(user_id=user_id))


# The bound is there in every case, because an index cannot be searched by "no bound, or this one"; beside infinity any
# id will do.
LIST = f"""
SELECT {_COLUMNS} FROM slips
WHERE user_id = $1 AND (occurred_at, id) < (coalesce($2::timestamptz, 'infinity'), coalesce($3::uuid, $1))
ORDER BY occurred_at DESC, id DESC LIMIT $4"""


async def list_slips(user_id: UUID, limit: int, cursor: str | None) -> Page[Slip]:
    """Up to `limit` slips, the latest to happen first. Raises InvalidRequest for a cursor that is not ours."""
    after = decode_cursor(cursor, tuple[datetime, UUID])
    at, slip_id = after if after is not None else (None, None)
    rows = await fetch(LIST, user_id, at, slip_id, limit + 1)
    return page_of(rows, limit, _slip, lambda row: (row["occurred_at"], row["id"]))


async def read_slip(user_id: UUID, slip_id: UUID) -> Slip:
    """Raises NotFound if it is not theirs."""
    row = await fetch_row(f"SELECT {_COLUMNS} FROM slips WHERE id = $1 AND user_id = $2", slip_id, user_id)
    if row is None:
        raise NotFound
    return _slip(row)


def _slip(row: Any) -> Slip:
    return Slip(**row, undo_until=_undo_until(row["created_at"]))


async def _told(user_id: UUID, slip: Slip) -> SlipTold:
    return SlipTold(**msgspec.structs.asdict(slip), streak=await read_streak(user_id))


def _undo_until(created_at: datetime) -> datetime:
    return created_at + timedelta(hours=UNDO_HOURS)


def _clean(text: str | None, field: str) -> str | None:
    return clean_optional(text, field=field, longest=_LONGEST[field])
