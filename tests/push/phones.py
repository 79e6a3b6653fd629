"""What the app of a phone would send, and a notification for somebody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.accounts.tokens import read_access
from domain.kit.clock import clock
from domain.kit.database import fetch, fetch_value, transaction
from domain.push.devices import register_device
from domain.push.notifications import notify
from domain.push.preferences import Kind
from ops.sandbox.apns import device_token
from tests.conftest import Api

SECRET = "Eleven days without a drink. Proud of you."
DISCREET = "Anchor has a note for you"


def iphone(token: str = device_token("phone"), **changes: Any) -> dict[str, Any]:
    """A registration for APNs."""
    kinds = {"platform": "ios", "transport": "apns", "token_kind": "apns"}
    return {**kinds, "token": token, "environment": "production", "app_version": "1.0.0", **changes}


def android(token: str = "android-phone", **changes: Any) -> dict[str, Any]:
    """A registration for FCM."""
    kinds = {"platform": "android", "transport": "fcm", "token_kind": "fcm"}
    return {**kinds, "token": token, "environment": "production", "app_version": "1.0.0", **changes}


async def tell(person: Api, cause: str = "2026-11-23", *, hours: float = 6, kind: Kind = "anchor_daily") -> UUID:
    """A notification that is worth pushing for the next `hours`."""
    async with transaction():
        return await notify(
            UUID(person.user["id"]), kind=kind, cause=cause, title="Day eleven", body=SECRET,
            discreet_body=DISCREET, deep_link="kuitter://anchor/today", expires_at=clock.now() + timedelta(hours=hours),
        )  # fmt: skip


async def pushes() -> list[tuple[str, str | None]]:
    """State and code of every push, in the order they were made."""
    return [(row["state"], row["code"]) for row in await fetch("SELECT state, code FROM pushes ORDER BY id")]


async def devices_of(person: Api) -> list[str]:
    """The installations of a person."""
    rows = await fetch(
        "SELECT installation_id FROM devices WHERE user_id = $1 ORDER BY installation_id", UUID(person.user["id"])
    )
    return [row["installation_id"] for row in rows]


async def due_in() -> float:
    """Seconds until the only job that is left is tried again."""
    seconds: float = await fetch_value(
        "SELECT extract(epoch FROM run_at - now())::float8 FROM jobs WHERE state = 'live'"
    )
    return seconds


async def register(person: Api, installation: str, body: dict[str, Any]) -> None:
    """Without HTTP and its rate limit."""
    assert person.signed_in
    session_id = read_access(person.signed_in["access_token"]).session_id
    await register_device(UUID(person.user["id"]), session_id, installation, **body)
