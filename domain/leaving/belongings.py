"""Which rows are a person's, read from the database's own catalogue: a new table joins by its foreign keys.

A row belongs to the person whom its owner column names, or, in a table without one, to the person who owns the row
that it would be removed with (ON DELETE CASCADE).
"""

from __future__ import annotations

import msgspec

from domain.kit.database import fetch

PEOPLE = "users"
OWNER = "user_id"

# Columns that name the owner by another word, by table. A foreign key to `users` is either called user_id, or stands
# here, or below; tests/leaving/test_belongings.py sees to it.
OWNERS: dict[str, str] = {}
# Columns that name somebody else, whom the owner has no business to know: a row goes when that person goes, too, but it
# is not theirs to read.
NAMES_ANOTHER = {("blocks", "blocked_id"), ("blocks", "persona_id"), ("reports", "target_user_id")}

_FOREIGN_KEYS = """
SELECT child.relname AS child, parent.relname AS parent, confdeltype = 'c' AS cascades,
       ARRAY(SELECT attname FROM unnest(conkey) WITH ORDINALITY AS part (number, place)
             JOIN pg_attribute ON attrelid = conrelid AND attnum = part.number ORDER BY place)::text[] AS columns,
       ARRAY(SELECT attname FROM unnest(confkey) WITH ORDINALITY AS part (number, place)
             JOIN pg_attribute ON attrelid = confrelid AND attnum = part.number ORDER BY place)::text[]
           AS parent_columns
FROM pg_constraint
JOIN pg_class AS child ON child.oid = conrelid
JOIN pg_class AS parent ON parent.oid = confrelid
WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
ORDER BY child.relname, conname
"""


class ForeignKey(msgspec.Struct, frozen=True):
    """`child` (columns) refers to `parent` (parent_columns); `cascades` if the child goes with the parent."""

    child: str
    columns: tuple[str, ...]
    parent: str
    parent_columns: tuple[str, ...]
    cascades: bool


async def foreign_keys() -> list[ForeignKey]:
    """All of the schema, by table."""
    return [
        ForeignKey(
            row["child"], tuple(row["columns"]), row["parent"], tuple(row["parent_columns"]), row["cascades"]
        )
        for row in await fetch(_FOREIGN_KEYS)
    ]  # fmt: skip


def owner_column(table: str) -> str:
    """What the column that names the owner is called in `table`, if it has one."""
    return OWNERS.get(table, OWNER)


def belongings(keys: list[ForeignKey]) -> dict[str, str]:
    """By table, the SQL condition for the rows of the person $1: `users` first, then by name."""
    found = {PEOPLE: "id = $1"}
    for key in keys:
        if key.parent == PEOPLE and key.columns == (owner_column(key.child),):
            found[key.child] = f"{key.columns[0]} = $1"
    while True:
        # One step further from the person with each round, until none is new.
        further = {
            key.child: f"({', '.join(key.columns)}) IN "
            f"(SELECT {', '.join(key.parent_columns)} FROM {key.parent} WHERE {found[key.parent]})"
            for key in keys
            if key.cascades and key.parent in found and key.child not in found
        }
        if not further:
            return {table: found[table] for table in [PEOPLE, *sorted(found.keys() - {PEOPLE})]}
        found.update(further)


def others_in(table: str, keys: list[ForeignKey]) -> set[str]:
    """Columns of `table` that hold the id of another person, or of their persona."""
    declared = {column for name, column in NAMES_ANOTHER if name == table}
    return declared | {
        column
        for key in keys
        if key.child == table and key.parent == PEOPLE
        for column in key.columns
        if column != owner_column(table)
    }
