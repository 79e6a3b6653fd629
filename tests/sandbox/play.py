"""Google Play as the tests ask it: over HTTP, with a token for its scope."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import msgspec

from tests.sandbox.conftest import Sandbox

SCOPE = "https://www.googleapis.com/auth/androidpublisher"
ROOT = "/androidpublisher/v3/applications/app.kuitter.android/purchases/"

Travel = Callable[[timedelta], None]


class Play:
    """The store, and what a tester does in it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.base = sandbox.env["GOOGLE_PLAY_URL"] + ROOT
        self.headers = {"authorization": f"Bearer {sandbox.access_token(scope=SCOPE)}"}

    def buy(self, **order: Any) -> str:
        return str(
            self.sandbox.control("google-play/purchases", **{"product_id": "kuitter_plus"} | order)["purchase_token"]
        )

    def event(self, token: str, kind: int | str, **more: Any) -> dict[str, Any]:
        body = {"purchase_token": token, "type": kind, "deliver": False} | more
        return self.sandbox.control("google-play/events", **body)

    def get(self, path: str, **query: Any) -> httpx2.Response:
        return self.sandbox.http.get(self.base + path, params=query, headers=self.headers)

    def post(self, path: str, body: Any = None) -> httpx2.Response:
        return self.sandbox.http.post(self.base + path, json={} if body is None else body, headers=self.headers)

    def shown(self, token: str) -> dict[str, Any]:
        return self.get(f"subscriptionsv2/tokens/{token}").raise_for_status().json()

    def state(self, token: str) -> str:
        return str(self.shown(token)["subscriptionState"]).removeprefix("SUBSCRIPTION_STATE_")

    def acknowledge(self, token: str, product: str = "kuitter_plus") -> httpx2.Response:
        return self.post(f"subscriptions/{product}/tokens/{token}:acknowledge")

    def voided(self, **query: Any) -> list[dict[str, Any]]:
        return self.get("voidedpurchases", **{"type": 1} | query).raise_for_status().json().get("voidedPurchases", [])


def line(shown: dict[str, Any]) -> dict[str, Any]:
    (item,) = shown["lineItems"]
    return item


def instant(text: str) -> datetime:
    assert text.endswith("Z")
    return datetime.fromisoformat(text)


def days_left(shown: dict[str, Any]) -> float:
    """Days from the machine's now to the end of the period."""
    return (instant(line(shown)["expiryTime"]) - datetime.now(UTC)) / timedelta(days=1)


def said(body: dict[str, Any]) -> dict[str, Any]:
    """What a push says."""
    return msgspec.json.decode(base64.b64decode(body["message"]["data"]))
