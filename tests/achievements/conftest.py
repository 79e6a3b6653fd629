"""The people, the clock and the record of statements are those of the recovery tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from domain.achievements.catalogue import DELIVERED, seed_achievements
from domain.kit.database import execute
from tests.recovery.conftest import live_in, statements

__all__ = ["catalogue", "live_in", "statements"]


@pytest.fixture
async def catalogue(app: object) -> AsyncIterator[None]:
    """The catalogue for a test to change; afterwards it is as delivered."""
    yield
    await execute("DELETE FROM achievements")
    assert await seed_achievements() == len(DELIVERED)
