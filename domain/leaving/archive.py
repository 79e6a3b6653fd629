"""The archive of an export: a ZIP of JSON, one file a table, written piece by piece.

Neither a large table nor the whole archive is ever in memory: rows come in batches from one snapshot of the database,
and what has been packed goes out in pieces.
"""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.kit.database import current_transaction, execute
from domain.leaving.columns import TablePart, readable_tables

PART_BYTES = 512 * 1024
# Of the packed archive, and of one file in it as it is unpacked.
LARGEST_ARCHIVE = 256 * 1024 * 1024
LARGEST_FILE = 1024 * 1024 * 1024
_ROWS = 200

_README = """\
Your data in Kuitter
====================

Written {at} (UTC).

Each .json file is one table: a list of rows, with the same names as in the database. Times are in UTC, days are
calendar days in the time zone that you were in. manifest.json lists the files, how many rows each has, and which
columns were left out.

Left out are secrets (your password's hash, keys and tokens of your devices and sign-ins), the ids of other people,
whatever others wrote, and copies of your own words that only serve the search. What the file of a table does not hold,
the table does not hold about you.
"""


class TooLarge(Exception):
    """The archive would exceed its limits."""


class _Sink(io.RawIOBase):
    """What zipfile writes to; keeps no more than has not been taken."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self.written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        size = len(data)
        self._waiting += data
        self.written += size
        return size

    def take(self, *, all_of_it: bool = False) -> list[bytes]:
        """Whole pieces that are ready; in the end the rest, too."""
        pieces = []
        while len(self._waiting) >= PART_BYTES or (all_of_it and self._waiting):
            pieces.append(bytes(self._waiting[:PART_BYTES]))
            del self._waiting[:PART_BYTES]
        return pieces


class _TableSummary(msgspec.Struct, frozen=True):
    table: str
    file: str
    rows: int
    columns_left_out: list[str]


class _Manifest(msgspec.Struct, frozen=True):
    format: int
    user_id: UUID
    written_at: datetime
    tables: list[_TableSummary]


async def write_archive(user_id: UUID, at: datetime, keep: Callable[[int, bytes], Awaitable[None]]) -> int:
    """Pack everything of the person and hand it to `keep(number, piece)`, pieces from 1 on; returns the size in bytes.

    Sets the caller's transaction, which must be fresh, to one snapshot of the database. Raises TooLarge.
    """
    await execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    sink, number = _Sink(), 0
    packed = zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED)

    async def hand_over(*, all_of_it: bool = False) -> None:
        nonlocal number
        if sink.written > LARGEST_ARCHIVE:
            raise TooLarge
        for piece in sink.take(all_of_it=all_of_it):
            number += 1
            await keep(number, piece)

    packed.writestr(_entry("README.txt", at), _README.format(at=at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")))
    summaries = []
    for table in await readable_tables():
        file = f"{table.name}.json"
        rows = size = 0
        with packed.open(_entry(file, at), "w") as out:
            async for text, count in _rows_as_text(table, user_id):
                size += len(text)
                if size > LARGEST_FILE:
                    raise TooLarge
                # Packing holds the processor: not on the event loop.
                await asyncio.to_thread(out.write, text)
                rows += count
                await hand_over()
        summaries.append(_TableSummary(table.name, file, rows, table.left_out))
    manifest = msgspec.json.encode(_Manifest(1, user_id, at, summaries))
    packed.writestr(_entry("manifest.json", at), msgspec.json.format(manifest, indent=2))
    packed.close()
    await hand_over(all_of_it=True)
    return sink.written


def _entry(name: str, at: datetime) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=at.astimezone(UTC).timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


async def _rows_as_text(table: TablePart, user_id: UUID) -> AsyncIterator[tuple[bytes, int]]:
    """The table's rows as a JSON list, in pieces of it: (text, how many rows it holds)."""
    cursor = await current_transaction().connection.cursor(table.sql, user_id)
    opening = b"[\n"
    while rows := await cursor.fetch(_ROWS):
        yield opening + b",\n".join(_encode(dict(row), table.json) for row in rows), len(rows)
        opening = b",\n"
    yield (b"[]\n" if opening == b"[\n" else b"\n]\n"), 0


def _encode(row: dict[str, Any], json_columns: frozenset[str]) -> bytes:
    for name in json_columns:
        if row[name] is not None:
            row[name] = msgspec.Raw(row[name].encode())
    return msgspec.json.encode(row, enc_hook=str)
