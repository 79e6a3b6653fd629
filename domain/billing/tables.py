"""The tables of billing, as Piccolo sees them. What a column means stands with its migration (kuitter_0006)."""

from __future__ import annotations

from piccolo.columns import UUID, ForeignKey, OnDelete, Text, Timestamptz
from piccolo.table import Table

from domain.accounts.tables import Person


class Grant(Table, tablename="grants"):
    """A subscription that an administrator gave."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    starts_at = Timestamptz(default=None)
    ends_at = Timestamptz(default=None)
    reason = Text(default=None)
