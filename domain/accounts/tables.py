"""The tables of accounts, as Piccolo sees them. What a column means stands with its migration (kuitter_0003)."""

from __future__ import annotations

from piccolo.columns import JSONB, UUID, BigInt, Boolean, Bytea, Date, ForeignKey, Integer, OnDelete, Text, Timestamptz
from piccolo.table import Table


class Person(Table, tablename="users"):
    """Everyone, whatever way they sign in."""

    id = UUID(primary_key=True, default=None)
    email = Text(default=None)
    email_verified_at = Timestamptz(null=True, default=None)
    password_hash = Text(null=True, default=None, secret=True)
    username = Text(null=True, default=None)
    visibility = Text(default=None)
    persona_id = UUID(null=True, default=None)
    username_persona_id = UUID(null=True, default=None)
    mask_id = UUID(null=True, default=None)
    birth_date = Date(default=None)
    timezone = Text(default=None)
    locale = Text(default="en")
    country = Text(null=True, default=None)
    why = Text(null=True, default=None)
    state = Text(default="active")
    state_before = Text(null=True, default=None)
    deleting_since = Timestamptz(null=True, default=None)
    purges_at = Timestamptz(null=True, default=None)
    store_account_token = UUID(default=None)
    created_at = Timestamptz(default=None)


class Persona(Table, tablename="personas"):
    """A name and a public id that others see; never reused while content bears it."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    kind = Text(default=None)
    name = Text(default=None)
    name_key = Text(default=None)
    created_at = Timestamptz(default=None)
    retired_at = Timestamptz(null=True, default=None)


class Consent(Table, tablename="consents"):
    """One change of a consent; the highest `seq` of a kind is in force."""

    id = UUID(primary_key=True, default=None)
    seq = BigInt(default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    kind = Text(default=None)
    version = Text(default=None)
    granted = Boolean(default=None)
    changed_at = Timestamptz(default=None)


class Session(Table, tablename="sessions"):
    """One sign-in on one device: a family of refresh tokens."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    generation = Integer(default=1)
    seen_generation = Integer(default=0)
    rotated_at = Timestamptz(default=None)
    created_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    revoked_at = Timestamptz(null=True, default=None)
    revoked_why = Text(null=True, default=None)
    client = Text(null=True, default=None)
    method = Text(null=True, default=None)


class TimeZoneChange(Table, tablename="time_zone_changes"):
    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    changed_at = Timestamptz(default=None)
    from_zone = Text(default=None)
    to_zone = Text(default=None)


class VisibilityChange(Table, tablename="visibility_changes"):
    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    changed_at = Timestamptz(default=None)


class UsernameChange(Table, tablename="username_changes"):
    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    changed_at = Timestamptz(default=None)


class Block(Table, tablename="blocks"):
    """One account does not want to see another, nor be seen by it."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    blocked_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="blocked_id")
    persona_id = ForeignKey(Persona, on_delete=OnDelete.cascade, null=False, db_column_name="persona_id")
    note = Text(null=True, default=None)
    blocked_at = Timestamptz(default=None)


class Identity(Table, tablename="identities"):
    """Another way into an account: a provider's own name for the person."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    provider = Text(default=None)
    subject = Text(default=None)
    email = Text(null=True, default=None)
    client_id = Text(default=None)
    authorization_code = Bytea(null=True, default=None, secret=True)
    refresh_token = Bytea(null=True, default=None, secret=True)
    mail_stopped_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)


class AuditEvent(Table, tablename="audit_events"):
    """A security event, without any text."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.set_null, null=True, db_column_name="user_id")
    kind = Text(default=None)
    session_id = UUID(null=True, default=None)
    at = Timestamptz(default=None)
    details = JSONB(default="{}")
