"""Fills a row for a person into every table that can hold one: read from the catalogue, so that new tables join by
themselves. Values are made to fit types and CHECKs; a table that this cannot fill fails its test by name."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, date, datetime, time, timedelta
from itertools import count, islice, product
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec

from domain.kit.database import execute, fetch, fetch_value
from domain.leaving.belongings import PEOPLE, ForeignKey, belongings, foreign_keys

_COLUMNS = """
SELECT attname AS name, format_type(atttypid, NULL) AS type, attnotnull AS required, atthasdef AS has_default,
       attidentity <> '' OR attgenerated <> '' AS made_by_itself
FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""
_CHECKS = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND conrelid = $1::regclass"
_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_MOST_TRIES = 500
_numbers = count(1)
# What a row needs beside what its columns require. Between two people only one row may be open: the second has ended.
_BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("partnerships", "from_id"): {"state": "partners", "accepted_at": _BEGINNING, "message": "filled"},
    ("partnerships", "to_id"): {
        "state": "ended", "accepted_at": _BEGINNING, "closed_at": _BEGINNING, "message": "filled",
    },
    # The other states come with more.
    ("daily_messages", "user_id"): {"state": "planned"},
}  # fmt: skip


class Column(msgspec.Struct):
    name: str
    type: str
    required: bool
    has_default: bool
    made_by_itself: bool


async def _columns(table: str) -> list[Column]:
    return [msgspec.convert(dict(row), Column) for row in await fetch(_COLUMNS, table)]


async def _choices(table: str, column: Column) -> list[Any]:
    """Values to try for a column: those that its CHECK lists, else some of its type; just one without any CHECK."""
    number = next(_numbers)
    checks = [row[0] for row in await fetch(_CHECKS, table) if re.search(rf"\b{column.name}\b", row[0])]
    for text in checks:
        listed = re.search(rf"\(\(?{column.name} = (?:ANY \(ARRAY\[(.*?)\]\)|('[^']*'::text))", text)
        if listed:
            return re.findall(r"'([^']*)'::text", listed.group(1) or listed.group(2))
    plain: dict[str, list[Any]] = {
        "uuid": [uuid4()],
        "text": [f"filled-{number}", "AT", "a", f"someone{number}@example.org", "https://example.org"],
        "smallint": [1, 0],
        "integer": [number, 1, 0],
        "bigint": [number, 1, 0],
        "boolean": [False, True],
        "date": [date(2026, 1, 1) + timedelta(days=number)],
        "time without time zone": [time(9)],
        "timestamp with time zone": [_BEGINNING + timedelta(days=number)],
        "bytea": [secrets.token_bytes(32)],
        "jsonb": ["{}", "[]"],
        "text[]": [[]],
        "uuid[]": [[]],
        "interval": [timedelta(hours=1)],
        "numeric": [1],
        "double precision": [1.0],
        "tsvector": [""],
    }
    assert column.type in plain, f"{table}.{column.name}: no value known for the type {column.type}"
    return plain[column.type] if checks else plain[column.type][:1]


class Filler:
    """Fills for one person; `other` stands wherever a row names a second one."""

    def __init__(self, person: UUID, other: UUID) -> None:
        self.person = person
        self.other = other
        self.filled: list[str] = []

    async def fill_all(self) -> list[str]:
        """One row for each foreign key to `users`, and one for each table that hangs on such rows; returns which."""
        keys = await foreign_keys()
        owned = belongings(keys)
        for key in keys:
            if key.parent == PEOPLE and key.child != PEOPLE:
                await self.fill(key.child, keys, {key.columns[0]: self.person})
        done = {PEOPLE} | {key.child for key in keys if key.parent == PEOPLE}
        while hanging := [key for key in keys if key.parent in done and key.child in owned and key.child not in done]:
            for key in hanging:
                await self.fill(key.child, keys, await self._a_row_of(key, owned))
                done.add(key.child)
        return self.filled

    async def _a_row_of(self, key: ForeignKey, owned: dict[str, str]) -> dict[str, Any]:
        """Values that point `key` to a row of the person."""
        [row] = await fetch(
            f"SELECT {', '.join(key.parent_columns)} FROM {key.parent} WHERE {owned[key.parent]} LIMIT 1", self.person
        )
        return dict(zip(key.columns, row, strict=True))

    async def fill(self, table: str, keys: list[ForeignKey], given: dict[str, Any]) -> None:
        """Insert one row with the values `given`; a row that is there already in its place is as good."""
        [(column, value), *_] = given.items()
        values = given | _BESIDE.get((table, column), {})
        for key in keys:
            if key.child == table and key.parent != table and not set(key.columns) & values.keys():
                values.update(await self._reference(key, keys))
        columns = {one.name: one for one in await _columns(table)}
        open_ = [
            one for one in columns.values()
            if one.name not in values and one.required and not one.has_default and not one.made_by_itself
        ]  # fmt: skip
        choices = [await _choices(table, one) for one in open_]
        trouble: Exception | None = None
        for tried in islice(product(*choices), _MOST_TRIES):
            row = {**values, **dict(zip((one.name for one in open_), tried, strict=True))}
            try:
                await _insert(table, row)
            except asyncpg.UniqueViolationError:
                break
            except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
                trouble = error
            else:
                break
        there = await fetch_value(f"SELECT count(*) FROM {table} WHERE {column} = $1", value)
        assert there, f"{table} cannot be filled: {trouble}"
        self.filled.append(table)

    async def _reference(self, key: ForeignKey, keys: list[ForeignKey]) -> dict[str, Any]:
        """What another foreign key of a row points to: the second person, a row of the person, or any that is there."""
        if key.parent == PEOPLE:
            return {key.columns[0]: self.other}
        select = f"SELECT {', '.join(key.parent_columns)} FROM {key.parent}"
        owned = belongings(keys).get(key.parent)
        rows = await fetch(f"{select} WHERE {owned} LIMIT 1", self.person) if owned else []
        required = {one.name for one in await _columns(key.child) if one.required}
        is_required = set(key.columns) <= required
        owner = next((one.columns[0] for one in keys if one.child == key.parent and one.parent == PEOPLE), None)
        if not rows and is_required and owner:
            await self.fill(key.parent, keys, {owner: self.person})
            rows = await fetch(f"{select} WHERE {owner} = $1 LIMIT 1", self.person)
        rows = rows or await fetch(f"{select} LIMIT 1")
        if not rows:
            if not is_required:
                return {}
            await self.fill_any(key.parent, keys)
            rows = await fetch(f"{select} LIMIT 1")
        return dict(zip(key.columns, rows[0], strict=True))

    async def fill_any(self, table: str, keys: list[ForeignKey]) -> None:
        """A row of a table that belongs to nobody in particular."""
        columns = {one.name: one for one in await _columns(table)}
        first = next(iter(columns.values()))
        await self.fill(table, keys, {first.name: (await _choices(table, first))[0]})


async def _insert(table: str, row: dict[str, Any]) -> None:
    names = ", ".join(row)
    places = ", ".join(f"${number}" for number in range(1, len(row) + 1))
    await execute(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())
