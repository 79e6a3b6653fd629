"""The sandbox's App Store: what a person does there, and its notifications brought to the app under test."""

from __future__ import annotations

from typing import Any

import msgspec

MONTHLY, YEARLY = "app.kuitter.plus.monthly", "app.kuitter.plus.yearly"
WEBHOOK = "/webhooks/app-store"


class Bought(msgspec.Struct, frozen=True):
    """A purchase: what the app hands in, and what Apple is asked by."""

    signed: str
    id: str


class AppleShop:
    """Each event's notification is given back and not delivered: tests bring it when and as often as they like."""

    def __init__(self, sandbox: Any, stranger: Any) -> None:
        self._sandbox = sandbox
        self._stranger = stranger

    async def buy(self, person: Any | None = None, **order: Any) -> Bought:
        """Buy by the month; the app names `person` with the purchase."""
        if person is not None:
            order["app_account_token"] = person.user["store_account_token"]
        made = await self._order("purchases", {"product_id": MONTHLY, **order})
        return Bought(made["signed_transaction"], made["original_transaction_id"])

    async def happens(self, bought: Bought | None, kind: str, subtype: str | None = None, **event: Any) -> str:
        """Let something happen; returns the signed payload of its notification."""
        order = {"type": kind, "subtype": subtype, "deliver": False, **event}
        if bought is not None:
            order["original_transaction_id"] = bought.id
        payload: str = (await self._order("events", order))["signed_payload"]
        return payload

    async def bring(self, payload: str) -> Any:
        """Deliver a notification."""
        return await self._stranger("POST", WEBHOOK, json={"signedPayload": payload})

    async def tells(self, drain: Any, bought: Bought, kind: str, subtype: str | None = None, **event: Any) -> None:
        """Let something happen, deliver its notification, and have it looked into."""
        assert (await self.bring(await self.happens(bought, kind, subtype, **event))).status_code == 200
        await drain()

    async def asked(self) -> list[str]:
        """The paths that the store was asked by."""
        sent = (await self._sandbox.get("/_control/sent", params={"provider": "app-store"})).json()["items"]
        return [one["path"] for one in sent]

    async def fails(self, **fault: Any) -> None:
        response = await self._sandbox.put("/_control/faults/app-store", json=fault)
        assert response.status_code < 300, response.text

    async def works_again(self) -> None:
        await self._sandbox.delete("/_control/faults/app-store")

    async def _order(self, path: str, order: dict[str, Any]) -> dict[str, Any]:
        response = await self._sandbox.post(f"/_control/app-store/{path}", json=order)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


async def hand_in(
    person: Any, bought: Bought, drain: Any, *, product_id: str = MONTHLY, **allow: Any
) -> dict[str, Any]:
    """Hand a purchase in and have it decided; returns the claim."""
    body = {"store": "app_store", "product_id": product_id, "token": bought.signed}
    made = await person.ok("POST", "/v1/billing/purchases", json=body)
    await drain(**allow)
    decided: dict[str, Any] = await person.ok("GET", f"/v1/billing/purchases/{made['id']}")
    return decided


async def subscription(person: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await person.ok("GET", "/v1/billing/subscription")
    return answer


async def state_of(person: Any) -> str:
    return str((await subscription(person))["state"])


async def has_access(person: Any) -> bool:
    return bool((await person.ok("GET", "/v1/me"))["plan"] == "subscriber")
