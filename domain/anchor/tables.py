"""The tables of Anchor, as Piccolo sees them. What a column means stands with its migration (kuitter_0006).

anchor_windows and anchor_spend have keys of several columns, which Piccolo does not know: they are plain SQL.
"""

from __future__ import annotations

from piccolo.columns import (
    UUID,
    Array,
    BigInt,
    Boolean,
    Bytea,
    Date,
    ForeignKey,
    Integer,
    OnDelete,
    Text,
    Time,
    Timestamptz,
)
from piccolo.table import Table

from domain.accounts.tables import Person


class Prompt(Table, tablename="prompts"):
    """One version of what the model is told, or of a text that is sent as it stands."""

    id = UUID(primary_key=True, default=None)
    slug = Text(default=None)
    version = Integer(default=None)
    kind = Text(default=None)
    tone = Text(default=None)
    technique = Text(default=None)
    conditions = Array(base_column=Text(), default=None)
    weight = Integer(default=1)
    body = Text(default=None)
    active = Boolean(default=True)
    source = Text(default=None)


class AnchorMessage(Table, tablename="anchor_messages"):
    """One message of the talk, from the person or from Anchor."""

    id = UUID(primary_key=True, default=None)
    seq = BigInt(default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    role = Text(default=None)
    kind = Text(default=None)
    status = Text(default=None)
    body = Text(default=None, secret=True)
    reply_to = UUID(null=True, default=None)
    client_id = Text(null=True, default=None)
    attempt = Integer(default=0)
    error_code = Text(null=True, default=None)
    deadline = Timestamptz(null=True, default=None)
    history_from = BigInt(null=True, default=None)
    prompt_id = ForeignKey(Prompt, on_delete=OnDelete.set_null, null=True, default=None, db_column_name="prompt_id")
    helpful = Boolean(null=True, default=None)
    created_at = Timestamptz(default=None)
    finished_at = Timestamptz(null=True, default=None)


class AnchorCharge(Table, tablename="anchor_charges"):
    """One call to the model in the ledger."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    purpose = Text(default=None)
    message_id = UUID(null=True, default=None)
    state = Text(default=None)
    counted = Boolean(default=None)
    day = Date(default=None)
    month = Date(default=None)
    reserved = BigInt(default=None)
    cost = BigInt(default=0)
    input_hit = Integer(default=0)
    input_miss = Integer(default=0)
    output = Integer(default=0)
    model = Text(null=True, default=None)
    price_from = Date(null=True, default=None)
    created_at = Timestamptz(default=None)
    settled_at = Timestamptz(null=True, default=None)


class DailySchedule(Table, tablename="daily_schedule"):
    """When a person's next daily message is due."""

    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, primary_key=True, null=False, db_column_name="user_id")
    timezone = Text(default=None)
    local_time = Time(default=None)
    next_at = Timestamptz(null=True, default=None)


class DailyMessage(Table, tablename="daily_messages"):
    """A person's daily message of one local day."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    local_date = Date(default=None)
    state = Text(default=None)
    source = Text(null=True, default=None)
    prompt_id = ForeignKey(Prompt, on_delete=OnDelete.set_null, null=True, default=None, db_column_name="prompt_id")
    message_id = ForeignKey(
        AnchorMessage, on_delete=OnDelete.set_null, null=True, default=None, db_column_name="message_id"
    )
    snapshot_hash = Bytea(null=True, default=None)
    planned_at = Timestamptz(default=None)
    sent_at = Timestamptz(null=True, default=None)
    due_at = Timestamptz(null=True, default=None)
    body = Text(null=True, default=None, secret=True)
    writing_until = Timestamptz(null=True, default=None)
    writing_by = UUID(null=True, default=None)
    look_at = Timestamptz(null=True, default=None)
