"""Urges: writing one down, how it ended, and the list of those written.

An urge that ended in a slip is no slip by itself: that is told of apart (domain/recovery/slips.py), because it ends the
running attempt, and only the person says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.kit.database import fetch, fetch_row, fetch_value, transaction
from domain.kit.errors import InvalidRequest, NotFound
from domain.kit.idempotency import IdempotencyKey, once
from domain.kit.ids import check_client_id, new_id
from domain.kit.pagination import Page, decode_cursor, page_of
from domain.kit.text import clean_optional
from domain.recovery.moments import moment_of
from domain.recovery.progress import progress_changed
from domain.recovery.triggers import clean_triggers
from domain.safety.support import Support, with_support

Outcome = Literal["resisted", "slipped", "ongoing"]
Intensity = Annotated[int, Meta(ge=1, le=10, description="1 faint, 10 the strongest")]

_LONGEST = {"coping": 500, "note": 2000}

_COLUMNS = """id, occurred_at, local_date, timezone, intensity, triggers, outcome, coping, note, client_id, created_at,
              updated_at"""


class Urge(msgspec.Struct, frozen=True):
    """An urge as its person sees it. `date` is the day that it counts for, `timezone` where it came up; `coping` is
    what they did about it."""

    id: UUID
    occurred_at: datetime
    day: date = msgspec.field(name="date")
    timezone: str
    intensity: int
    triggers: list[str]
    outcome: Outcome
    coping: str | None
    note: str | None
    client_id: str | None
    created_at: datetime
    updated_at: datetime


class UrgeLogged(Urge, frozen=True):
    """What writing an urge down, or changing it, answers. `support` is for somebody whose words say that they may be in
    danger."""

    support: Support | None = None


class UrgeChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it went on. Fields left out stay; null empties `coping` or `note`."""

    intensity: Intensity | UnsetType = UNSET
    triggers: Annotated[list[str], Meta(description="Up to 20 short words")] | UnsetType = UNSET
    outcome: Outcome | UnsetType = UNSET
    coping: Annotated[str, Meta(description="Up to 500 characters")] | UnsetType | None = UNSET
    note: Annotated[str, Meta(description="Up to 2000 characters")] | UnsetType | None = UNSET


class _New(msgspec.Struct, frozen=True):
    """An urge that is told of, cleaned."""

    intensity: int
    outcome: Outcome
    triggers: list[str]
    coping: str | None
    note: str | None
    occurred_at: datetime | None
    client_id: str | None


@with_support("urge", "note", "coping", "triggers")
async def log_urge(
    user_id: UUID,
    key: IdempotencyKey | None = None,
    *,
    intensity: int,
    outcome: Outcome,
    triggers: Sequence[str] = (),
    coping: str | None = None,
    note: str | None = None,
    occurred_at: datetime | None = None,
    client_id: str | None = None,
) -> UrgeLogged:
    """Write an urge down, of now if `occurred_at` is left out. `intensity` is 1 to 10. The same `client_id` again is
    the same urge, as it was first told.

    Raises InvalidRequest for what is too long, ConsentRequired once `terms` or `sensitive_data` is withdrawn,
    RuleBroken `in_future`, Conflict for a reused key, NotFound if the person is gone or the urge was deleted since.
    """
    check_client_id(client_id)
    new = _New(
        intensity, outcome, clean_triggers(triggers), _clean(coping, "coping"), _clean(note, "note"), occurred_at,
        client_id,
    )  # fmt: skip

    async def create() -> UUID:
        return await _write(user_id, new)

    made = await once(key, 201, create)
    return _logged(await read_urge(user_id, made.resource_id))


async def _write(user_id: UUID, new: _New) -> UUID:
    moment = await moment_of(user_id, new.occurred_at)
    # The update changes nothing: it has the statement answer with the row that is there, however many write it at once.
    urge_id: UUID = await fetch_value(
        """INSERT INTO urges (id, user_id, occurred_at, timezone, local_date, local_hour, intensity, triggers, outcome,
                              coping, note, client_id, created_at, updated_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
           ON CONFLICT (user_id, client_id) WHERE client_id IS NOT NULL DO UPDATE SET client_id = EXCLUDED.client_id
           RETURNING id""",
        new_id(), user_id, moment.at, moment.timezone, moment.day, moment.hour, new.intensity, new.triggers,
        new.outcome, new.coping, new.note, new.client_id, moment.now,
    )  # fmt: skip
    await progress_changed(user_id)
    return urge_id


@with_support("urge", "change.note", "change.coping", "change.triggers")
async def change_urge(user_id: UUID, urge_id: UUID, change: UrgeChange) -> UrgeLogged:
    """Write the fields that are set: an urge that was under way has ended, or was otherwise than first told.

    Raises NotFound if it is not theirs, InvalidRequest for what is too long, ConsentRequired as `log_urge`.
    """
    fields: dict[str, Any] = {}
    if change.intensity is not UNSET:
        fields["intensity"] = change.intensity
    if change.triggers is not UNSET:
        fields["triggers"] = clean_triggers(change.triggers)
    if change.outcome is not UNSET:
        fields["outcome"] = change.outcome
    for field in _LONGEST:
        text = getattr(change, field)
        if text is not UNSET:
            fields[field] = _clean(text, field)
    # The names are ours; only the values come from the person.
    changes = "".join(f", {field} = ${place}" for place, field in enumerate(fields, start=4))
    async with transaction():
        moment = await moment_of(user_id)
        row = await fetch_row(
            f"UPDATE urges SET updated_at = $3{changes} WHERE id = $1 AND user_id = $2 RETURNING {_COLUMNS}",
            urge_id, user_id, moment.now, *fields.values(),
        )  # fmt: skip
        if row is None:
            raise NotFound
        await progress_changed(user_id)
    return _logged(_urge(row))


async def delete_urge(user_id: UUID, urge_id: UUID) -> None:
    """Remove it. No consent is asked for: less is kept afterwards. Raises NotFound if it is not theirs."""
    async with transaction():
        if not await fetch_value("DELETE FROM urges WHERE id = $1 AND user_id = $2 RETURNING true", urge_id, user_id):
            raise NotFound
        await progress_changed(user_id)


async def read_urge(user_id: UUID, urge_id: UUID) -> Urge:
    """Raises NotFound if it is not theirs."""
    row = await fetch_row(f"SELECT {_COLUMNS} FROM urges WHERE id = $1 AND user_id = $2", urge_id, user_id)
    if row is None:
        raise NotFound
    return _urge(row)


# Only the order of the list is indexed here. Wherever a person is, a day lies within a day and a half of the same day
# in UTC: the bounds on the instant keep a range of days from being looked for among all urges. And all bounds are
# there in every case, because an index cannot be searched by "no bound, or this one"; beside infinity any id will do.
LIST = f"""
SELECT {_COLUMNS} FROM urges
WHERE user_id = $1
  AND (occurred_at, id) < (coalesce($4::timestamptz, 'infinity'), coalesce($5::uuid, $1))
  AND occurred_at >= coalesce($2::date::timestamptz - interval '1 day', '-infinity')
  AND occurred_at < coalesce($3::date::timestamptz + interval '2 days', 'infinity')
  AND local_date BETWEEN coalesce($2, '-infinity') AND coalesce($3, 'infinity')
ORDER BY occurred_at DESC, id DESC LIMIT $6"""


async def list_urges(
    user_id: UUID, first: date | None, last: date | None, limit: int, cursor: str | None
) -> Page[Urge]:
    """The urges of the days from `first` to `last`, both included and either left open by None; the latest first.

    Raises InvalidRequest for a range that is turned round, or a cursor that is not ours.
    """
    after = decode_cursor(cursor, tuple[datetime, UUID])
    if first is not None and last is not None and first > last:
        raise InvalidRequest("must not be after to", field="from")
    at, urge_id = after if after is not None else (None, None)
    rows = await fetch(LIST, user_id, first, last, at, urge_id, limit + 1)
    return page_of(rows, limit, _urge, lambda row: (row["occurred_at"], row["id"]))


def _urge(row: Any) -> Urge:
    return Urge(*row)


def _logged(urge: Urge) -> UrgeLogged:
    return UrgeLogged(**msgspec.structs.asdict(urge))


def _clean(text: str | None, field: str) -> str | None:
    return clean_optional(text, field=field, longest=_LONGEST[field])
