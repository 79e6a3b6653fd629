"""Every table says by its foreign keys whose rows it holds; what they cannot say is written down."""

from __future__ import annotations

import pytest

from domain.kit.database import fetch
from domain.leaving.belongings import NAMES_ANOTHER, OWNER, OWNERS, PEOPLE, ForeignKey, belongings, foreign_keys
from domain.leaving.columns import readable_tables
from domain.leaving.kept import KEPT

pytestmark = pytest.mark.usefixtures("app")


async def test_every_reference_to_a_person_is_the_owners_or_declared():
    undeclared = [
        (key.child, column)
        for key in await foreign_keys()
        if key.parent == PEOPLE
        for column in key.columns
        if column not in OWNERS.get(key.child, (OWNER,)) and (key.child, column) not in NAMES_ANOTHER
    ]
    assert undeclared == []


async def test_what_is_declared_is_there():
    columns = {(row["table_name"], row["column_name"]) for row in await fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'kuitter'"
    )}  # fmt: skip
    owners = {(table, column) for table, named in OWNERS.items() for column in named}
    assert owners | NAMES_ANOTHER <= columns
    assert KEPT.keys() <= {table for table, _ in columns}


async def test_whatever_does_not_go_with_the_person_is_on_the_written_list():
    staying = {key.child for key in await foreign_keys() if key.parent == PEOPLE and not key.cascades}
    assert staying <= KEPT.keys()


def test_rows_are_followed_over_any_number_of_steps():
    keys = [
        ForeignKey("notifications", ("user_id",), "users", ("id",), True),
        ForeignKey("pushes", ("notification_id",), "notifications", ("id",), True),
        ForeignKey("receipts", ("push_id", "part"), "pushes", ("id", "part"), True),
        ForeignKey("notes", ("notification_id",), "notifications", ("id",), False),
    ]
    assert belongings(keys) == {
        "users": "id = $1",
        "notifications": "user_id = $1",
        "pushes": "(notification_id) IN (SELECT id FROM notifications WHERE user_id = $1)",
        "receipts": "(push_id, part) IN (SELECT id, part FROM pushes WHERE (notification_id) IN "
        "(SELECT id FROM notifications WHERE user_id = $1))",
    }


async def test_secrets_never_stand_in_an_archive():
    shown = {(table.name, column) for table in await readable_tables() for column in _columns_in(table.sql)}
    never = {
        ("users", "password_hash"), ("devices", "token"), ("devices", "token_hash"), ("identities", "refresh_token"),
        ("mails", "details"), ("blocks", "blocked_id"), ("blocks", "persona_id"),
        ("partnerships", "from_id"), ("partnerships", "to_persona_id"),
        ("familiar_addresses", "address_hash"), ("identities", "authorization_code"),
    }  # fmt: skip
    assert shown & never == set()
    assert ("users", "email") in shown


def _columns_in(sql: str) -> list[str]:
    return sql.removeprefix("SELECT ").split(" FROM ")[0].split(", ")
