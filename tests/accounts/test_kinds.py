"""The words that the code uses and the words that the schema allows are the same."""

import re
from typing import get_args

import pytest

from domain.accounts import audit, letters
from domain.kit.database import fetch_value


@pytest.mark.parametrize(("constraint", "kinds"), [("audit_events_kind", audit.Kind), ("mails_kind", letters.Kind)])
async def test_kinds_are_those_of_the_schema(app, constraint, kinds):
    definition = await fetch_value("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = $1", constraint)
    assert sorted(re.findall(r"'([a-z_]+)'", definition)) == sorted(get_args(kinds))
