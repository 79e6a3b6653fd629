"""What of a row its person gets to read: all of it, but secrets, other people's ids and what only repeats the rest."""

from __future__ import annotations

import msgspec

from domain.kit.database import fetch
from domain.leaving.belongings import ForeignKey, belongings, foreign_keys, others_in

# The archive itself.
_NOT_IN_ARCHIVES = frozenset({"export_parts"})

# A column is left out when its name says that it opens something. Hashes and ciphers are bytes, and all bytes stay out.
_SECRET_WORDS = frozenset({"password", "token", "secret", "hash", "key"})
# These only sound like it.
_HARMLESS = frozenset(
    {
        ("users", "store_account_token"),
        ("devices", "token_kind"),
        ("personas", "name_key"),
    }
)  # fmt: skip
# A mail that waits to be sent may hold a code.
_SECRET = frozenset({("mails", "details")})
# Anchor's note for later today, which is not theirs before its time and may still be written anew.
_NOT_YET = frozenset({("daily_messages", "body")})
# Worked out from other columns of the row, for a search.
_DERIVED = frozenset({("journal_entries", "search")})

# Of a request that the other has ended nobody is told how and when (domain/partners/requests.py).
_ENDED_BY_OTHER = "state = CASE WHEN from_id = $1 THEN 'declined' ELSE 'withdrawn' END"
# What one of two wrote, read or did, and not the other: SQL of what the person $1 gets to see.
_OWN_PART = {
    ("partnerships", "state"): f"CASE WHEN {_ENDED_BY_OTHER} THEN 'closed' ELSE state END",
    ("partnerships", "closed_at"): f"CASE WHEN NOT {_ENDED_BY_OTHER} THEN closed_at END",
    ("partnerships", "message"): "CASE WHEN from_id = $1 THEN message END",
    ("partnerships", "from_read"): "CASE WHEN from_id = $1 THEN from_read END",
    ("partnerships", "to_read"): "CASE WHEN to_id = $1 THEN to_read END",
}

# What a report is about is somebody else's, and so are the words in its snapshot. A cause tells notifications apart by
# ids and days of others: of whose slip it is, say.
_OF_OTHERS = frozenset({("reports", "target_id"), ("reports", "snapshot"), ("notifications", "cause")})

_COLUMNS = """
SELECT relname AS table_name, attname AS name, typname AS type
FROM pg_attribute
JOIN pg_class ON pg_class.oid = attrelid
JOIN pg_type ON pg_type.oid = atttypid
WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
ORDER BY relname, attnum
"""
_ORDER = """
SELECT relname AS table_name,
       ARRAY(SELECT attname FROM unnest(conkey) WITH ORDINALITY AS part (number, place)
             JOIN pg_attribute ON attrelid = conrelid AND attnum = part.number ORDER BY place)::text[] AS columns
FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
WHERE contype = 'p' AND connamespace = current_schema()::regnamespace
"""


class TablePart(msgspec.Struct, frozen=True):
    """One table of an archive. `sql` reads the rows of the person $1; columns in `json` come as JSON text."""

    name: str
    sql: str
    json: frozenset[str]
    left_out: list[str]


async def readable_tables() -> list[TablePart]:
    """Every table that holds something of a person, `users` first."""
    keys = await foreign_keys()
    columns: dict[str, dict[str, str]] = {}
    for row in await fetch(_COLUMNS):
        columns.setdefault(row["table_name"], {})[row["name"]] = row["type"]
    order = {row["table_name"]: ", ".join(row["columns"]) for row in await fetch(_ORDER)}
    return [
        _part(table, condition, columns[table], order.get(table), keys)
        for table, condition in belongings(keys).items()
        if table not in _NOT_IN_ARCHIVES
    ]


def _part(
    table: str, condition: str, columns: dict[str, str], order: str | None, keys: list[ForeignKey]
) -> TablePart:  # fmt: skip
    others = others_in(table, keys)
    left_out = [
        name for name, kind in columns.items()
        if name in others or (table, name) in _DERIVED | _OF_OTHERS | _NOT_YET or is_secret(table, name, kind)
    ]  # fmt: skip
    shown = [name for name in columns if name not in left_out]
    sorting = f" ORDER BY {order}" if order else ""
    columns_read = ", ".join(
        f"{_OWN_PART[table, name]} AS {name}" if (table, name) in _OWN_PART else name for name in shown
    )
    return TablePart(
        name=table,
        # The fence (OFFSET 0) keeps PostgreSQL from walking the whole primary key for the sake of the order.
        sql=f"SELECT {columns_read} FROM (SELECT * FROM {table} WHERE {condition} OFFSET 0) AS mine{sorting}",
        json=frozenset(name for name in shown if columns[name] in ("json", "jsonb")),
        left_out=left_out,
    )


def is_secret(table: str, column: str, kind: str) -> bool:
    """Whether a column opens something, or cannot be read anyway. A new one is judged by its name and type."""
    if (table, column) in _HARMLESS:
        return False
    return kind == "bytea" or (table, column) in _SECRET or bool(_SECRET_WORDS & set(column.split("_")))
