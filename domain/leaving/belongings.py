"""Which rows are a person's, read from the database's own catalogue: a new table joins by its foreign keys.

A row belongs to whom its owner column names (of partners there are two), or, in a table without one, to the person who
owns the row that it would be removed with (ON DELETE CASCADE).
"""

from __future__ import annotations

import msgspec

from domain.kit.database import fetch

PEOPLE = "users"
OWNER = "user_id"

# Columns that name the owner by another word, by table. A foreign key to `users` is either called user_id, or stands
# here, or below; tests/leaving/test_belongings.py sees to it.
OWNERS: dict[str, tuple[str, ...]] = {
    "partnerships": ("from_id", "to_id"),
    "partner_messages": ("sender_id",),
    # A purchase that moved concerns the one who lost it.
    "purchase_transfers": ("from_id",),
}
# Columns that name somebody else, or may do so, whom the owner has no business to know: a row goes when that person
# goes, too, but it is not theirs to read.
NAMES_ANOTHER = {
    ("blocks", "blocked_id"), ("blocks", "persona_id"), ("reports", "target_user_id"), ("partnerships", "from_id"),
    ("partnerships", "to_id"), ("partnerships", "from_persona_id"), ("partnerships", "to_persona_id"),
    ("purchase_transfers", "to_id"),
}  # fmt: skip

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


def owner_columns(table: str) -> tuple[str, ...]:
    """What the columns that name an owner are called in `table`, if it has any."""
    return OWNERS.get(table, (OWNER,))


def belongings(keys: list[ForeignKey]) -> dict[str, str]:
    """By table, the SQL condition for the rows of the person $1: `users` first, then by name."""
    found = {PEOPLE: "id = $1"}
    for key in keys:
        owners = owner_columns(key.child)
        if key.parent == PEOPLE and key.columns[0] in owners:
            one_of_them = " OR ".join(f"{owner} = $1" for owner in owners)
            found[key.child] = one_of_them if len(owners) == 1 else f"({one_of_them})"
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
        if column not in owner_columns(table)
    }
