"""Borrowed: the record of statements, a Redis that is away."""

from tests.accounts.conftest import redis_away, setting
from tests.recovery.conftest import live_in, statements

__all__ = ["live_in", "redis_away", "setting", "statements"]
