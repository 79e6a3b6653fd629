"""The tables of leaving, as Piccolo sees them. What a column means stands with its migration (kuitter_0007)."""

from __future__ import annotations

from piccolo.columns import UUID, BigInt, ForeignKey, OnDelete, Text, Timestamptz
from piccolo.table import Table

from domain.accounts.tables import Person


class Export(Table, tablename="exports"):
    """A person's copy of their data: asked for, ready, or failed."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    state = Text(default=None)
    code = Text(null=True, default=None)
    bytes = BigInt(default=0)
    created_at = Timestamptz(default=None)
    finished_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(default=None)


class Purge(Table, tablename="purges"):
    """Who was purged."""

    user_id = UUID(primary_key=True, default=None)
    purged_at = Timestamptz(default=None)
