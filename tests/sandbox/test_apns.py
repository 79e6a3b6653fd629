"""Apple's push service over cleartext HTTP/2."""

import asyncio
import time
import uuid
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ops.sandbox.apns import REASONS, device_token
from tests.sandbox.conftest import Sandbox

ALERT = {"aps": {"alert": {"title": "Anchor", "body": "A note for you"}}, "link": "kuitter://anchor"}
PHONE = device_token("a phone")


async def push(
    sandbox: Sandbox,
    client: httpx2.AsyncClient,
    token: str = PHONE,
    *,
    base: str = "APNS_URL",
    payload: Any = ALERT,
    **headers: str | None,
) -> httpx2.Response:
    """One push as the app sends it; a header of None is left out."""
    sent: dict[str, str | None] = {
        "authorization": f"bearer {sandbox.push_token}",
        "apns-topic": sandbox.env["APNS_TOPIC"],
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-expiration": str(int(time.time()) + 3600),
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    given = {name: value for name, value in sent.items() if value is not None}
    content = {"content": payload} if isinstance(payload, bytes) else {"json": payload}
    return await client.post(f"{sandbox.env[base]}/3/device/{token}", headers=given, **content)


async def test_delivered(sandbox: Sandbox, h2c: httpx2.AsyncClient):
    apns_id = str(uuid.uuid4())
    answer = await push(sandbox, h2c, apns_id=apns_id, apns_collapse_id="daily")
    assert (answer.http_version, answer.status_code, answer.content) == ("HTTP/2", 200, b"")
    assert answer.headers["apns-id"] == apns_id
    assert "apns-unique-id" not in answer.headers
    [item] = sandbox.sent("apns")
    assert (item["path"], item["status"], item["body"]) == (f"/apns/3/device/{PHONE}", 200, ALERT)
    assert item["headers"]["apns-collapse-id"] == "daily"
    assert item["headers"]["authorization"].startswith("bearer sha256:")
    [shown] = sandbox.http.get("/_page/state").json()["pushes"]
    assert (shown["title"], shown["collapse"], shown["data"]) == ("Anchor", "daily", {"link": "kuitter://anchor"})


async def test_development_adds_a_unique_id(sandbox: Sandbox, h2c: httpx2.AsyncClient):
    answer = await push(sandbox, h2c, base="APNS_DEVELOPMENT_URL")
    assert answer.status_code == 200
    assert uuid.UUID(answer.headers["apns-unique-id"])
    assert uuid.UUID(answer.headers["apns-id"])


async def test_each_environment_knows_its_own_tokens(sandbox: Sandbox, h2c: httpx2.AsyncClient):
    for name, base, status in (
        ("ProductionOnly", "APNS_URL", 200),
        ("ProductionOnly", "APNS_DEVELOPMENT_URL", 400),
        ("DevelopmentOnly", "APNS_DEVELOPMENT_URL", 200),
        ("DevelopmentOnly", "APNS_URL", 400),
    ):
        answer = await push(sandbox, h2c, device_token(name), base=base)
        assert (name, base, answer.status_code) == (name, base, status)
        assert status == 200 or answer.json() == {"reason": "BadDeviceToken"}


async def test_tokens_by_name_give_each_reason(sandbox: Sandbox, h2c: httpx2.AsyncClient):
    for reason, status in REASONS.items():
        answer = await push(sandbox, h2c, device_token(reason, 7))
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)
        assert ("timestamp" in answer.json()) == (status == 410)
    gone = (await push(sandbox, h2c, device_token("Unregistered"))).json()["timestamp"]
    assert abs(gone / 1000 - time.time()) < 60
    long_ago = (await push(sandbox, h2c, device_token("UnregisteredLongAgo"))).json()
    assert long_ago == {"reason": "Unregistered", "timestamp": 1_577_836_800_000}
    silent = await push(sandbox, h2c, device_token("NoBody503"))
    assert (silent.status_code, silent.content) == (503, b"")


@pytest.mark.parametrize(
    ("headers", "status", "reason"),
    [
        ({"authorization": None}, 403, "MissingProviderToken"),
        ({"authorization": "basic abc"}, 403, "MissingProviderToken"),
        ({"authorization": "bearer a.b.c"}, 403, "InvalidProviderToken"),
        ({"apns_topic": None}, 400, "MissingTopic"),
        ({"apns_topic": "no topic!"}, 400, "BadTopic"),
        ({"apns_topic": "com.example.other"}, 400, "DeviceTokenNotForTopic"),
        ({"apns_topic": "app.kuitter.ios", "apns_push_type": "voip"}, 400, "DeviceTokenNotForTopic"),
        ({"apns_push_type": None}, 400, "InvalidPushType"),
        ({"apns_push_type": "loud"}, 400, "InvalidPushType"),
        ({"apns_priority": "7"}, 400, "BadPriority"),
        ({"apns_push_type": "background", "apns_priority": "10"}, 400, "BadPriority"),
        ({"apns_push_type": "background", "apns_priority": None}, 400, "BadPriority"),
        ({"apns_collapse_id": "x" * 65}, 400, "BadCollapseId"),
        ({"apns_id": "not-a-uuid"}, 400, "BadMessageId"),
        ({"apns_id": str(uuid.uuid4()).upper()}, 400, "BadMessageId"),
        ({"apns_expiration": "tomorrow"}, 400, "BadExpirationDate"),
        ({"apns_expiration": "-1"}, 400, "BadExpirationDate"),
    ],
)
async def test_refused_headers(
    sandbox: Sandbox, h2c: httpx2.AsyncClient, headers: dict[str, str | None], status: int, reason: str
):
    answer = await push(sandbox, h2c, **headers)
    assert (answer.status_code, answer.json()) == (status, {"reason": reason})


async def test_accepted_edges(sandbox: Sandbox, h2c: httpx2.AsyncClient):
    silent = {"aps": {"content-available": 1}}
    assert (await push(sandbox, h2c, payload=silent, apns_push_type="background", apns_priority="5")).status_code == 200
    assert (await push(sandbox, h2c, apns_collapse_id="x" * 64, apns_expiration="0")).status_code == 200
    voip = await push(sandbox, h2c, apns_push_type="voip", apns_topic="app.kuitter.ios.voip")
    assert voip.status_code == 200


async def test_refused_provider_tokens(sandbox: Sandbox):
    stranger = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for token, reason in (
        (sandbox.provider_token(age=3700), "ExpiredProviderToken"),
        (sandbox.provider_token(age=-900), "InvalidProviderToken"),
        (sandbox.provider_token(key=stranger.decode()), "InvalidProviderToken"),
        (sandbox.provider_token(kid="ANOTHERKEY"), "InvalidProviderToken"),
        (sandbox.provider_token(iss="ANOTHERTEA"), "InvalidProviderToken"),
        (sandbox.provider_token(iat="now"), "InvalidProviderToken"),
    ):
        async with httpx2.AsyncClient(http1=False, http2=True, trust_env=False) as client:
            answer = await push(sandbox, client, authorization=f"bearer {token}")
            assert (answer.status_code, answer.json()["reason"]) == (403, reason)


async def test_a_connection_that_changes_its_token_too_often(sandbox: Sandbox, h2c: httpx2.AsyncClient):
    tokens = [sandbox.provider_token(age=age) for age in (1800, 600, 0)]
    statuses = [
        (await push(sandbox, h2c, authorization=f"bearer {token}")).status_code for token in (*tokens, tokens[1])
    ]
    assert statuses == [200, 200, 429, 200]
    async with httpx2.AsyncClient(http1=False, http2=True, trust_env=False) as other:
        assert (await push(sandbox, other, authorization=f"bearer {tokens[2]}")).status_code == 200


@pytest.mark.parametrize(
    ("payload", "status", "reason"),
    [
        (b"", 400, "PayloadEmpty"),
        (b"{", 400, "PayloadEmpty"),
        (b"[]", 400, "PayloadEmpty"),
        ({"aps": {"alert": "x" * 4096}}, 413, "PayloadTooLarge"),
    ],
)
async def test_refused_payloads(sandbox: Sandbox, h2c: httpx2.AsyncClient, payload: Any, status: int, reason: str):
    answer = await push(sandbox, h2c, payload=payload)
    assert (answer.status_code, answer.json()) == (status, {"reason": reason})


async def test_paths_and_methods(sandbox: Sandbox, h2c: httpx2.AsyncClient):
    base = sandbox.env["APNS_URL"]
    for method, path, status, reason in (
        ("POST", "/3/devices/ab", 404, "BadPath"),
        ("POST", "/2/device/ab", 404, "BadPath"),
        ("GET", f"/3/device/{PHONE}", 405, "MethodNotAllowed"),
        ("POST", "/3/device/", 400, "MissingDeviceToken"),
    ):
        answer = await h2c.request(method, base + path)
        assert (answer.status_code, answer.json()["reason"]) == (status, reason)
    for token in ("xyz", "abc", "ab" * 101):
        assert (await push(sandbox, h2c, token)).json() == {"reason": "BadDeviceToken"}
    twice = [("authorization", f"bearer {sandbox.push_token}"), ("apns-topic", "a"), ("apns-topic", "b")]
    answer = await h2c.post(f"{base}/3/device/{PHONE}", headers=twice, json=ALERT)
    assert answer.json() == {"reason": "DuplicateHeaders"}


async def test_http1_is_refused(sandbox: Sandbox):
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await push(sandbox, client)
    assert (answer.http_version, answer.status_code) == ("HTTP/1.1", 505)


async def test_many_at_once_share_a_connection(sandbox: Sandbox, h2c: httpx2.AsyncClient):
    token = f"bearer {sandbox.push_token}"
    await push(sandbox, h2c, authorization=token)
    answers = await asyncio.gather(
        *(push(sandbox, h2c, device_token("phone", serial), authorization=token) for serial in range(300))
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({item["path"] for item in sandbox.sent("apns")}) == 301


async def test_faults(sandbox: Sandbox, h2c: httpx2.AsyncClient):
    for status, reason in ((429, "TooManyRequests"), (503, "ServiceUnavailable"), (500, "InternalServerError")):
        sandbox.fault("apns", status=status, times=1)
        answer = await push(sandbox, h2c)
        assert (answer.status_code, answer.json()) == (status, {"reason": reason})
    sandbox.fault("apns", drop=True, times=1, match=PHONE)
    with pytest.raises(httpx2.TransportError):
        await push(sandbox, h2c)
    assert (await push(sandbox, h2c)).status_code == 200
    assert [item["status"] for item in sandbox.sent("apns")] == [429, 503, 500, None, 200]
