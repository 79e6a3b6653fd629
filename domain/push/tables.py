"""The tables of push, as Piccolo sees them. Columns are explained in kuitter_0005, 0008, 0019, 0021, 0022 and 0031."""

from __future__ import annotations

from piccolo.columns import UUID, Boolean, Bytea, ForeignKey, OnDelete, Text, Time, Timestamptz
from piccolo.table import Table

from domain.accounts.tables import Person, Session


class Device(Table, tablename="devices"):
    """One installation of the app, signed in as one person, and where its pushes go."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    session_id = ForeignKey(Session, on_delete=OnDelete.cascade, null=False, db_column_name="session_id")
    installation_id = Text(default=None)
    platform = Text(default=None)
    transport = Text(default=None)
    token = Text(default=None, secret=True)
    token_hash = Bytea(default=None, secret=True)
    token_kind = Text(default=None)
    environment = Text(default=None)
    app_version = Text(default=None)
    registered_at = Timestamptz(default=None)
    quarantined_at = Timestamptz(null=True, default=None)


class Preferences(Table, tablename="preferences"):
    """What a person chose; without a row the defaults hold."""

    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, primary_key=True, db_column_name="user_id")
    discreet_push = Boolean(default=True)
    push_daily = Boolean(default=True)
    push_achievements = Boolean(default=True)
    push_goals = Boolean(default=True)
    push_reminders = Boolean(default=True)
    push_comments = Boolean(default=True)
    push_replies = Boolean(default=True)
    push_likes = Boolean(default=True)
    push_report_outcomes = Boolean(default=True)
    push_partner_requests = Boolean(default=True)
    push_partner_accepted = Boolean(default=True)
    push_partner_messages = Boolean(default=True)
    push_partner_slips = Boolean(default=True)
    push_partner_sos = Boolean(default=True)
    push_subscriptions = Boolean(default=True)
    daily_message_time = Time(default=None)
    searchable = Boolean(default=True)
    show_streak = Boolean(default=True)
    share_journal_with_anchor = Boolean(default=True)
    share_streak_with_partners = Boolean(default=True)
    share_slips_with_partners = Boolean(default=True)
    share_sos_with_partners = Boolean(default=True)
    quiet_from = Time(null=True, default=None)
    quiet_to = Time(null=True, default=None)


class Notification(Table, tablename="notifications"):
    """Something that a person is told: an entry of the inbox, and a push on each of their devices."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    kind = Text(default=None)
    cause = Text(default=None)
    title = Text(default=None)
    body = Text(default=None)
    discreet_body = Text(default=None)
    deep_link = Text(default=None)
    collapse_id = Text(default=None)
    created_at = Timestamptz(default=None)
    expires_at = Timestamptz(default=None)
    read_at = Timestamptz(null=True, default=None)
    gathered_until = Timestamptz(null=True, default=None)


class Push(Table, tablename="pushes"):
    """A notification on one device, and what became of it."""

    id = UUID(primary_key=True, default=None)
    notification_id = ForeignKey(Notification, on_delete=OnDelete.cascade, null=False, db_column_name="notification_id")
    device_id = ForeignKey(Device, on_delete=OnDelete.set_null, null=True, db_column_name="device_id")
    state = Text(default=None)
    code = Text(null=True, default=None)
    provider_id = Text(null=True, default=None)
    created_at = Timestamptz(default=None)
    finished_at = Timestamptz(null=True, default=None)
