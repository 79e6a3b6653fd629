"""The tables of recovery that Piccolo can see (kuitter_0004); those keyed by person and day have no form there."""

from __future__ import annotations

from piccolo.columns import UUID, Date, ForeignKey, OnDelete
from piccolo.table import Table

from domain.accounts.tables import Person


class Attempt(Table, tablename="attempts"):
    """A run of clean days, from its start to the day of the slip that ended it."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    started_on = Date(default=None)
    ended_on = Date(null=True, default=None)
