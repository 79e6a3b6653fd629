"""Google Play's notifications as Pub/Sub pushes them: what the tests of it share."""

from __future__ import annotations

import base64
import time
from typing import Any

import msgspec

from ops.sandbox.credentials import PLAY_PACKAGE, PLAY_PUSH_ACCOUNT, PLAY_PUSH_AUDIENCE

ACCOUNT, AUDIENCE = PLAY_PUSH_ACCOUNT, PLAY_PUSH_AUDIENCE
PRODUCT = "kuitter_plus"


def notice(kind: int = 4, token: str = "token", **said: Any) -> bytes:
    """A notification of a type by number; `said` replaces or adds whole fields."""
    return msgspec.json.encode(
        {
            "version": "1.0",
            "packageName": PLAY_PACKAGE,
            "eventTimeMillis": str(int(time.time() * 1000)),
            "subscriptionNotification": {"version": "1.0", "notificationType": kind, "purchaseToken": token},
            **said,
        }
    )


def other(field: str, value: Any, **said: Any) -> bytes:
    """A notification that is not about a subscription's state."""
    whole = msgspec.json.decode(notice(**said))
    del whole["subscriptionNotification"]
    return msgspec.json.encode({**whole, field: value})


def envelope(data: bytes, message_id: str) -> bytes:
    """Pub/Sub's push around a notification."""
    return msgspec.json.encode(
        {
            "message": {
                "attributes": {},
                "data": base64.b64encode(data).decode(),
                "messageId": message_id,
                "message_id": message_id,
                "publishTime": "2026-11-23T12:00:00.000Z",
                "publish_time": "2026-11-23T12:00:00.000Z",
            },
            "subscription": "projects/kuitter-dev/subscriptions/play",
        }
    )


async def push(
    api: Any,
    data: bytes | None = None,
    message_id: str = "m-1",
    *,
    token: str | None = None,
    header: str | None = None,
    body: bytes | None = None,
) -> Any:
    """Push as Pub/Sub does. `header` is the whole Authorization header, `body` the whole body."""
    authorization = header if token is None else f"Bearer {token}"
    headers = {"Content-Type": "application/json"}
    if authorization is not None:
        headers["Authorization"] = authorization.encode()
    content = envelope(data or b"", message_id) if body is None else body
    return await api("POST", "/webhooks/google-play", content=content, headers=headers)


class Play:
    """The sandbox's Google Play: what a person does there, and its notifications brought to the app under test."""

    def __init__(self, sandbox: Any, stranger: Any) -> None:
        self._sandbox = sandbox
        self._stranger = stranger

    async def buy(self, person: Any | None = None, **order: Any) -> str:
        """Buy; the app names `person` with the purchase. Returns the purchase token."""
        if person is not None:
            order["account_id"] = person.user["store_account_token"]
        return str((await self._order("purchases", {"product_id": PRODUCT, **order}))["purchase_token"])

    async def happens(self, token: str, kind: int | str, *, copies: int = 0, **event: Any) -> dict[str, Any]:
        """Let something happen, and bring `copies` of its notification. Returns the push, to be brought later."""
        made = await self._order("events", {"purchase_token": token, "type": kind, "deliver": False, **event})
        push: dict[str, Any] = made["push"]
        for _ in range(copies):
            assert (await self.bring(push)).status_code == 204
        return push

    async def bring(self, push: dict[str, Any]) -> Any:
        """Deliver a notification."""
        return await self._stranger("POST", "/webhooks/google-play", json=push["body"], headers=push["headers"])

    async def first_order(self, token: str) -> str:
        """The number of the first period's order, which those of later periods extend."""
        push = await self.happens(token, "PENDING_REFUND_REVIEW")
        said = msgspec.json.decode(base64.b64decode(push["body"]["message"]["data"]))
        return str(said["pendingRefundReviewNotification"]["orderId"].split("..")[0])

    async def asked(self, part: str = "") -> list[str]:
        """The requests that reached the store, those of tests not counted: "METHOD path"."""
        sent = (await self._sandbox.get("/_control/sent", params={"provider": "google-play"})).json()["items"]
        return [f"{one['method']} {one['path']}" for one in sent if part in one["path"]]

    async def fails(self, **fault: Any) -> None:
        response = await self._sandbox.put("/_control/faults/google-play", json=fault)
        assert response.status_code < 300, response.text

    async def works_again(self) -> None:
        await self._sandbox.delete("/_control/faults/google-play")

    async def _order(self, path: str, order: dict[str, Any]) -> dict[str, Any]:
        response = await self._sandbox.post(f"/_control/google-play/{path}", json=order)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


async def claim(person: Any, token: str, drain: Any) -> dict[str, Any]:
    """Hand a purchase in and have it decided; returns the claim."""
    body = {"store": "google_play", "product_id": PRODUCT, "token": token}
    made = await person.ok("POST", "/v1/billing/purchases", json=body)
    await drain()
    decided: dict[str, Any] = await person.ok("GET", f"/v1/billing/purchases/{made['id']}")
    return decided


async def subscription(person: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await person.ok("GET", "/v1/billing/subscription")
    return answer


async def has_access(person: Any) -> bool:
    return bool((await person.ok("GET", "/v1/me"))["plan"] == "subscriber")


async def retry_at_once() -> None:
    """What waits for its next try is due now."""
    from domain.kit.database import execute

    await execute("UPDATE jobs SET run_at = now() WHERE state = 'live'")
