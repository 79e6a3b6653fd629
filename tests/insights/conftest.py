"""The people and the record of statements are those of the recovery tests."""

from tests.recovery.conftest import live_in, mara, statements

__all__ = ["live_in", "mara", "statements"]
