"""A person's events as the tests write them: straight into the tables, on any day, in any number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import NamedTuple
from uuid import UUID

import msgspec

from domain.kit.database import execute


class CheckIn(NamedTuple):
    day: date
    mood: int
    urge_level: int
    triggers: list[str]


class Urge(NamedTuple):
    day: date
    hour: int
    intensity: int
    outcome: str
    triggers: list[str]


class Slip(NamedTuple):
    day: date
    hour: int
    triggers: list[str]


Event = CheckIn | Urge | Slip

_INSERT = {
    CheckIn: """
        INSERT INTO check_ins (user_id, local_date, timezone, mood, urge_level, triggers, created_at, updated_at)
        SELECT $1, (row->>0)::date, 'UTC', (row->>1)::int, (row->>2)::int,
               ARRAY(SELECT jsonb_array_elements_text(row->3)), $3, $3 FROM jsonb_array_elements($2::jsonb) AS row""",
    Urge: """
        INSERT INTO urges (id, user_id, local_date, local_hour, intensity, outcome, triggers, timezone, occurred_at,
                           created_at, updated_at)
        SELECT gen_random_uuid(), $1, (row->>0)::date, (row->>1)::int, (row->>2)::int, row->>3,
               ARRAY(SELECT jsonb_array_elements_text(row->4)), 'UTC', (row->>0)::date, $3, $3
        FROM jsonb_array_elements($2::jsonb) AS row""",
    Slip: """
        INSERT INTO slips (id, user_id, local_date, local_hour, triggers, timezone, occurred_at, created_at)
        SELECT gen_random_uuid(), $1, (row->>0)::date, (row->>1)::int,
               ARRAY(SELECT jsonb_array_elements_text(row->2)), 'UTC', (row->>0)::date, $3
        FROM jsonb_array_elements($2::jsonb) AS row""",
}


async def write(user_id: UUID, events: Iterable[Event]) -> None:
    events = list(events)
    for kind, insert in _INSERT.items():
        rows = [list(event) for event in events if type(event) is kind]
        await execute(
            insert, user_id, msgspec.json.encode(rows).decode(), datetime.combine(date(2026, 1, 1), time(), UTC)
        )
