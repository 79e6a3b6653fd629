"""Both stores behind one counter: a case that is written once is tried at each."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.kit.clock import move
from tests.billing.play import PRODUCT, Play
from tests.billing.shop import MONTHLY, AppleShop


class Counter:
    """What a person does at one of the stores."""

    def __init__(self, store: str, sandbox: Any, stranger: Any) -> None:
        self.store = store
        self.shop = AppleShop(sandbox, stranger) if store == "app_store" else Play(sandbox, stranger)

    async def buy(self, person: Any | None = None, **order: Any) -> dict[str, Any]:
        """Buy by the month; returns what the app hands in. `person` is whom the app names to the store."""
        bought = await self.shop.buy(person, **order)
        if isinstance(bought, str):
            return {"store": "google_play", "product_id": PRODUCT, "token": bought}
        return {"store": "app_store", "product_id": MONTHLY, "token": bought.signed}

    async def away(self) -> None:
        await self.shop.fails(status=503)

    async def back(self) -> None:
        await self.shop.works_again()


@pytest.fixture(params=["app_store", "google_play"])
def counter(request: pytest.FixtureRequest, sandbox: Any, stranger: Any) -> Counter:
    """Each store in turn."""
    return Counter(request.param, sandbox, stranger)


async def hand_in(person: Any, body: dict[str, Any], drain: Any, path: str = "purchases", **allow: Any) -> Any:
    """Hand it in and have it decided; returns the claim."""
    made = await person.ok("POST", f"/v1/billing/{path}", json=body)
    await drain(**allow)
    return await person.ok("GET", f"/v1/billing/purchases/{made['id']}")


@pytest.fixture
def travel() -> Iterator[Callable[..., timedelta]]:
    """`travel(days=40)` moves the business clock, of the sandbox's stores too; it goes back afterwards."""
    data_dir = Path(os.environ["DATA_DIR"])
    yield lambda **by: move(data_dir, timedelta(**by))
    (data_dir / "clock").unlink(missing_ok=True)
