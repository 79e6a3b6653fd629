"""The table of goals that Piccolo can see (kuitter_0014); the steps, keyed by goal and day, have no form there."""

from __future__ import annotations

from piccolo.columns import UUID, Date, ForeignKey, Integer, OnDelete, SmallInt, Text, Timestamptz
from piccolo.table import Table

from domain.accounts.tables import Person


class Goal(Table, tablename="goals"):
    """Something that a person has set themselves. `progress` is as last noted; what is shown is worked out anew."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    kind = Text(default=None)
    title = Text(default=None)
    target = Integer(default=None)
    level = SmallInt(null=True, default=None)
    starts_on = Date(default=None)
    due_on = Date(null=True, default=None)
    progress = SmallInt(default=0)
    completed_at = Timestamptz(null=True, default=None)
    archived_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)
