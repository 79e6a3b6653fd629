"""Every error that the push services know (providers.md 2.1, 3.1): what becomes of the token, the push and the job."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal
from uuid import UUID

import msgspec
import pytest

from domain.kit.database import execute, fetch_row
from domain.push import clients, fuse
from ops.sandbox.apns import REASONS, device_token
from ops.sandbox.fcm import ERRORS
from tests.conftest import Api
from tests.push.conftest import Sandbox
from tests.push.phones import android, due_in, iphone, register, tell

Drain = Callable[..., Awaitable[list[tuple[str, str]]]]
Token = Literal["stays", "rests", "gone"]

# Seconds after which what we have set up wrongly is tried again, and a push that waits for nothing else.
CONFIG, SOON = 300.0, 5.0


class Fate(msgspec.Struct, frozen=True):
    """`push` is its state; `again` the seconds after which the job is tried again, None if it is over."""

    token: Token
    push: str
    again: float | None = None
    counts: bool = True


SENT = Fate("stays", "sent")
DEAD = Fate("gone", "dropped")
DOUBTFUL = Fate("rests", "dropped")
OURS = Fate("stays", "failed")
LATER = Fate("stays", "pending", SOON)
# A person has to look: such a try is forgiven, and the push waits.
MISCONFIGURED = Fate("stays", "pending", CONFIG, counts=False)

APNS = {
    "Unregistered": DEAD, "ExpiredToken": DEAD,
    "BadDeviceToken": DOUBTFUL, "UnregisteredLongAgo": DOUBTFUL, "DeviceTokenNotForTopic": DOUBTFUL,
    "BadTopic": MISCONFIGURED, "MissingTopic": MISCONFIGURED, "TopicDisallowed": MISCONFIGURED,
    "InvalidProviderToken": MISCONFIGURED, "MissingProviderToken": MISCONFIGURED, "BadCertificate": MISCONFIGURED,
    "BadCertificateEnvironment": MISCONFIGURED, "Forbidden": MISCONFIGURED, "UnrelatedKeyIdInToken": MISCONFIGURED,
    "BadEnvironmentKeyIdInToken": MISCONFIGURED, "ExpiredProviderToken": MISCONFIGURED,
    "BadCollapseId": OURS, "BadExpirationDate": OURS, "BadMessageId": OURS, "BadPriority": OURS,
    "DuplicateHeaders": OURS, "InvalidPushType": OURS, "PayloadEmpty": OURS, "MissingDeviceToken": OURS,
    "PayloadTooLarge": OURS, "BadPath": OURS, "MethodNotAllowed": OURS,
    "TooManyProviderTokenUpdates": Fate("stays", "pending", 300.0),
    "TooManyRequests": LATER, "InternalServerError": LATER, "ServiceUnavailable": LATER, "Shutdown": LATER,
    "IdleTimeout": LATER,
}  # fmt: skip
FCM = {
    "UNREGISTERED": DEAD,
    "INVALID_ARGUMENT": DOUBTFUL, "SENDER_ID_MISMATCH": DOUBTFUL,
    "PERMISSION_DENIED": MISCONFIGURED, "THIRD_PARTY_AUTH_ERROR": MISCONFIGURED, "UNAUTHENTICATED": MISCONFIGURED,
    "QUOTA_EXCEEDED": Fate("stays", "pending", 60.0),
    "UNAVAILABLE": LATER, "INTERNAL": LATER,
}  # fmt: skip

# Answers that bear no name, as a fault of the provider: (the fault, what becomes of it).
NAMELESS: list[tuple[str, dict[str, Any], Fate]] = [
    ("apns", {"status": 503, "headers": {"Retry-After": "77"}}, Fate("stays", "pending", 77.0)),
    ("apns", {"status": 429, "body": ""}, LATER),
    ("apns", {"status": 410, "body": ""}, DOUBTFUL),
    ("apns", {"status": 400, "body": "<html>"}, OURS),
    ("apns", {"status": 403, "body": ""}, MISCONFIGURED),
    ("apns", {"drop": True}, LATER),
    ("fcm", {"status": 503, "headers": {"Retry-After": "77"}}, Fate("stays", "pending", 77.0)),
    ("fcm", {"status": 429, "body": ""}, Fate("stays", "pending", 60.0)),
    ("fcm", {"status": 404, "body": "<html>"}, MISCONFIGURED),
    ("fcm", {"status": 413, "body": ""}, OURS),
    ("fcm", {"status": 200, "body": "no json"}, LATER),
    ("fcm", {"drop": True}, LATER),
]


def test_no_reason_is_left_out() -> None:
    assert APNS.keys() - {"UnregisteredLongAgo"} == REASONS.keys()
    assert FCM.keys() == ERRORS.keys()


@pytest.fixture(autouse=True)
async def _closed(app: Any) -> AsyncIterator[None]:
    yield
    await clients.close()


async def fate_of(person: Api, body: dict[str, Any], drain: Drain) -> Fate:
    """Send one push to the device `body` and tell what became of it all."""
    fuse.forget()
    await register(person, "phone", body)
    await tell(person)
    await drain(allow=("retry",))
    row: Any = await fetch_row(
        """SELECT pushes.state, devices.id IS NULL AS gone, quarantined_at IS NOT NULL AS rests,
                  (SELECT attempts FROM jobs WHERE name = 'push.send' AND state = 'live') AS attempts,
                  EXISTS (SELECT FROM jobs WHERE state = 'dead') AS dead
           FROM pushes LEFT JOIN devices ON devices.user_id = $1""",
        UUID(person.user["id"]),
    )
    again = None if row["attempts"] is None else await due_in()
    for table in ("jobs", "notifications", "devices"):
        await execute(f"DELETE FROM {table}")
    assert not row["dead"]
    if row["attempts"] == 0:
        # What was configured wrongly opens a breaker, which would answer in the place of the next error.
        await clients.close()
    token: Token = "gone" if row["gone"] else "rests" if row["rests"] else "stays"
    return Fate(token, row["state"], again, counts=row["attempts"] != 0)


def assert_same(found: Fate, expected: Fate, what: str) -> None:
    assert msgspec.structs.replace(found, again=None) == msgspec.structs.replace(expected, again=None), what
    if expected.again is None:
        assert found.again is None, what
    else:
        # A pause that nobody asked for is shortened by up to a quarter, so that not all come back at once.
        assert found.again is not None, what
        assert expected.again * 0.7 - 2 < found.again <= expected.again, what


async def test_apns(person: Api, drain: Drain, sandbox: Sandbox) -> None:
    assert_same(await fate_of(person, iphone(), drain), SENT, "sent")
    for reason, fate in APNS.items():
        assert_same(await fate_of(person, iphone(device_token(reason)), drain), fate, reason)


async def test_fcm(person: Api, drain: Drain, sandbox: Sandbox) -> None:
    assert_same(await fate_of(person, android(), drain), SENT, "sent")
    for name, fate in FCM.items():
        assert_same(await fate_of(person, android(f"{name}-a-phone"), drain), fate, name)


async def test_answers_without_a_name(person: Api, drain: Drain, sandbox: Sandbox) -> None:
    for provider, fault, fate in NAMELESS:
        sandbox.fault(provider, **fault)
        body = iphone() if provider == "apns" else android()
        assert_same(await fate_of(person, body, drain), fate, f"{provider} {fault}")
        sandbox.no_fault(provider)
