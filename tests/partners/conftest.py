"""What the tests of partners share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.accounts.conftest import setting
from tests.community.conftest import unlimited, writer
from tests.conftest import Api
from tests.recovery.conftest import statements

__all__ = ["setting", "statements", "unlimited", "writer"]


@pytest.fixture
async def anna(writer: Callable[..., Awaitable[Api]]) -> Api:
    """Somebody who may ask, public."""
    return await writer(username="anna_a")


@pytest.fixture
async def ben(writer: Callable[..., Awaitable[Api]]) -> Api:
    """Somebody who may ask, anonymous."""
    return await writer()


@pytest.fixture
async def told_live(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """(user id, type, id) of every live event that the partners' modules tell."""
    from domain.partners import asking, making

    told: list[tuple[str, str, str]] = []

    def note(user_id: Any, event: Any) -> None:
        told.append((str(user_id), event.type, str(event.id)))

    for module in (asking, making):
        monkeypatch.setattr(module, "tell", note)
    return told
