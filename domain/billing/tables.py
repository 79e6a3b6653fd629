"""The tables of billing, as Piccolo sees them. What a column means stands with kuitter_0006 (grants) and 0031."""

from __future__ import annotations

from piccolo.columns import UUID, BigInt, Boolean, Bytea, ForeignKey, OnDelete, Text, Timestamptz
from piccolo.table import Table

from domain.accounts.tables import Person


class Grant(Table, tablename="grants"):
    """A subscription that an administrator gave."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    starts_at = Timestamptz(default=None)
    ends_at = Timestamptz(default=None)
    reason = Text(default=None)


class Purchase(Table, tablename="purchases"):
    """One subscription as its store knows it."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.set_null, null=True, db_column_name="user_id")
    store = Text(default=None)
    environment = Text(default=None)
    store_key = Text(default=None, secret=True)
    store_key_hash = Bytea(default=None, secret=True)
    account_token = UUID(null=True, default=None)
    product_id = Text(default=None)
    plan = Text(null=True, default=None)
    state = Text(default=None)
    started_at = Timestamptz(null=True, default=None)
    expires_at = Timestamptz(null=True, default=None)
    will_renew = Boolean(default=None)
    next_product_id = Text(null=True, default=None)
    resumes_at = Timestamptz(null=True, default=None)
    price = BigInt(null=True, default=None)
    currency = Text(null=True, default=None)
    linked_key_hash = Bytea(null=True, default=None, secret=True)
    # Another purchase.
    replaced_by = UUID(null=True, default=None)
    needs_acknowledgement = Boolean(default=False)
    acknowledged_at = Timestamptz(null=True, default=None)
    asked_at = Timestamptz(default=None)
    answered_at = Timestamptz(default=None)
    honoured = Boolean(default=None)
    check_at = Timestamptz(null=True, default=None)
    created_at = Timestamptz(default=None)
    updated_at = Timestamptz(default=None)


class PurchaseClaim(Table, tablename="purchase_claims"):
    """What an app handed in, and what came of it."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(Person, on_delete=OnDelete.cascade, null=False, db_column_name="user_id")
    purpose = Text(default=None)
    store = Text(default=None)
    product_id = Text(default=None)
    token = Text(null=True, default=None, secret=True)
    status = Text(default=None)
    code = Text(null=True, default=None)
    purchase_id = ForeignKey(Purchase, on_delete=OnDelete.set_null, null=True, db_column_name="purchase_id")
    created_at = Timestamptz(default=None)
    decided_at = Timestamptz(null=True, default=None)


class PurchaseChange(Table, tablename="purchase_changes"):
    """A line of a purchase's history."""

    id = UUID(primary_key=True, default=None)
    purchase_id = ForeignKey(Purchase, on_delete=OnDelete.cascade, null=False, db_column_name="purchase_id")
    state = Text(default=None)
    product_id = Text(default=None)
    expires_at = Timestamptz(null=True, default=None)
    will_renew = Boolean(default=None)
    cause = Text(default=None)
    at = Timestamptz(default=None)


class PurchaseTransfer(Table, tablename="purchase_transfers"):
    """A purchase that moved to another account."""

    id = UUID(primary_key=True, default=None)
    purchase_id = ForeignKey(Purchase, on_delete=OnDelete.cascade, null=False, db_column_name="purchase_id")
    from_id = ForeignKey(Person, on_delete=OnDelete.set_null, null=True, db_column_name="from_id")
    to_id = ForeignKey(Person, on_delete=OnDelete.set_null, null=True, db_column_name="to_id")
    at = Timestamptz(default=None)


class StoreNotification(Table, tablename="store_notifications"):
    """What a store told us of its own accord."""

    id = UUID(primary_key=True, default=None)
    store = Text(default=None)
    notification_id = Text(default=None)
    word = Text(null=True, default=None)
    body = Text(default=None, secret=True)
    state = Text(default=None)
    code = Text(null=True, default=None)
    received_at = Timestamptz(default=None)
    settled_at = Timestamptz(null=True, default=None)
