"""APNs over HTTP/2, against the sandbox."""

import asyncio
import ipaddress
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from domain.kit.environment import SettingError
from domain.kit.providers import Answer, Outcome
from domain.kit.settings import Settings
from domain.push.apns import Apns
from domain.push.apns_token import ApnsToken
from domain.push.message import PushMessage
from ops.sandbox.apns import device_token
from tests.push.conftest import Sandbox, iphone

ID = uuid.UUID("0198c0de-0000-7000-8000-00000000abcd")


@pytest_asyncio.fixture
async def apns(settings: Settings) -> AsyncIterator[Apns]:
    client = Apns(settings, timeout_seconds=1)
    yield client
    await client.close()


async def test_an_alert(apns: Apns, sandbox: Sandbox, message: PushMessage) -> None:
    assert await apns.send(iphone(), message, ID) == Answer(Outcome.OK, "OK", provider_id=str(ID))
    [request] = sandbox.sent("apns")
    assert request["path"] == "/apns/3/device/" + "ab" * 32
    headers = request["headers"]
    assert abs(int(headers["apns-expiration"]) - message.expires_at.timestamp()) < 5
    assert {
        name: value for name, value in headers.items() if name.startswith("apns-") and name != "apns-expiration"
    } == {
        "apns-topic": "app.kuitter.ios",
        "apns-push-type": "alert",
        "apns-priority": "10",
        "apns-collapse-id": "anchor-daily",
        "apns-id": str(ID),
    }
    assert request["body"] == {
        "aps": {
            "alert": {"title": message.title, "body": message.body},
            "badge": 3,
            "sound": "default",
            "thread-id": "anchor",
        },
        "notification_id": str(message.notification_id),
        "deep_link": message.deep_link,
    }


async def test_what_is_left_out(apns: Apns, sandbox: Sandbox, message: PushMessage) -> None:
    bare = msgspec.structs.replace(
        message, badge=None, thread_id=None, expires_at=datetime.now(UTC) - timedelta(hours=1)
    )
    assert (await apns.send(iphone(), bare, ID)).outcome is Outcome.OK
    [request] = sandbox.sent("apns")
    assert request["headers"]["apns-expiration"] == "0"
    assert set(request["body"]["aps"]) == {"alert", "sound"}


async def test_the_environment_chooses_the_address(apns: Apns, sandbox: Sandbox, message: PushMessage) -> None:
    token = device_token("DevelopmentOnly")
    assert (await apns.send(iphone(token, "development"), message, ID)).outcome is Outcome.OK
    assert sandbox.sent("apns")[0]["path"] == f"/apns-development/3/device/{token}"
    wrong = await apns.send(iphone(token, "production"), message, ID)
    assert (wrong.outcome, wrong.code) == (Outcome.QUARANTINE, "BadDeviceToken")


TABLE = {
    Outcome.TOKEN_DEAD: ("Unregistered", "ExpiredToken"),
    Outcome.QUARANTINE: ("BadDeviceToken", "UnregisteredLongAgo", "DeviceTokenNotForTopic"),
    Outcome.CONFIG: (
        "BadTopic", "MissingTopic", "TopicDisallowed", "InvalidProviderToken",
        "MissingProviderToken", "BadCertificate", "BadCertificateEnvironment", "Forbidden", "UnrelatedKeyIdInToken",
        "BadEnvironmentKeyIdInToken", "ExpiredProviderToken",
    ),
    Outcome.REJECTED: (
        "BadCollapseId", "BadExpirationDate", "BadMessageId", "BadPriority", "DuplicateHeaders", "InvalidPushType",
        "PayloadEmpty", "MissingDeviceToken", "PayloadTooLarge", "BadPath", "MethodNotAllowed",
    ),
    Outcome.TRANSIENT: (
        "TooManyProviderTokenUpdates", "TooManyRequests", "InternalServerError", "ServiceUnavailable", "Shutdown",
        "IdleTimeout",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("reason", "outcome"), [(reason, outcome) for outcome, row in TABLE.items() for reason in row])
async def test_the_table_of_reasons(
    apns: Apns, sandbox: Sandbox, message: PushMessage, reason: str, outcome: Outcome
) -> None:
    registered = datetime.now(UTC) - timedelta(days=1)
    answer = await apns.send(iphone(device_token(reason), registered_at=registered), message, ID)
    assert (answer.outcome, answer.code) == (outcome, reason.removesuffix("LongAgo"))
    assert answer.provider_id == str(ID)
    assert answer.retry_after == (300.0 if reason == "TooManyProviderTokenUpdates" else None)
    assert len(sandbox.sent("apns")) == 1


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"reason": "Unregistered", "timestamp": 1_795_000_001_000}, Outcome.TOKEN_DEAD),
        ({"reason": "Unregistered", "timestamp": 1_795_000_000_000}, Outcome.QUARANTINE),
        ({"reason": "Unregistered", "timestamp": 1_794_999_999_000}, Outcome.QUARANTINE),
        ({"reason": "Unregistered", "timestamp": 1_795_000_001}, Outcome.TOKEN_DEAD),
        ({"reason": "Unregistered", "timestamp": 1_794_999_999}, Outcome.QUARANTINE),
        ({"reason": "Unregistered"}, Outcome.QUARANTINE),
        ({"reason": "Unregistered", "timestamp": "soon"}, Outcome.QUARANTINE),
        ("", Outcome.QUARANTINE),
    ],
)
async def test_gone_counts_only_since_the_last_registration(
    apns: Apns, sandbox: Sandbox, message: PushMessage, body: Any, outcome: Outcome
) -> None:
    sandbox.fault("apns", status=410, body=body)
    registered = datetime.fromtimestamp(1_795_000_000, UTC)
    assert (await apns.send(iphone(registered_at=registered), message, ID)).outcome is outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (400, Outcome.REJECTED),
        (403, Outcome.CONFIG),
        (404, Outcome.REJECTED),
        (410, Outcome.QUARANTINE),
        (429, Outcome.TRANSIENT),
        (500, Outcome.TRANSIENT),
        (503, Outcome.TRANSIENT),
    ],
)
async def test_an_error_without_a_body(
    apns: Apns, sandbox: Sandbox, message: PushMessage, status: int, outcome: Outcome
) -> None:
    answer = await apns.send(iphone(device_token(f"NoBody{status}")), message, ID)
    assert (answer.outcome, answer.code) == (outcome, f"http_{status}")


async def test_retry_after(apns: Apns, sandbox: Sandbox, message: PushMessage) -> None:
    sandbox.fault("apns", status=503, headers={"Retry-After": "17"}, body={"reason": "ServiceUnavailable"})
    answer = await apns.send(iphone(), message, ID)
    assert answer == Answer(Outcome.TRANSIENT, "ServiceUnavailable", retry_after=17.0)


async def test_a_body_is_not_trusted(apns: Apns, sandbox: Sandbox, message: PushMessage) -> None:
    for body in ({"reason": "some text with a token"}, {"reason": 5}, [], "<html>"):
        sandbox.fault("apns", status=400, body=body)
        assert await apns.send(iphone(), message, ID) == Answer(Outcome.REJECTED, "http_400")


@pytest.mark.parametrize(("drops", "outcome", "requests"), [(1, Outcome.OK, 2), (2, Outcome.OK, 3)])
async def test_a_broken_connection_is_tried_again_with_the_same_id(
    apns: Apns, sandbox: Sandbox, message: PushMessage, drops: int, outcome: Outcome, requests: int
) -> None:
    sandbox.fault("apns", drop=True, times=drops)
    assert (await apns.send(iphone(), message, ID)).outcome is outcome
    sent = sandbox.sent("apns")
    assert len(sent) == requests
    assert {request["headers"]["apns-id"] for request in sent} == {str(ID)}
    assert {request["headers"]["apns-collapse-id"] for request in sent} == {"anchor-daily"}


async def test_a_connection_that_stays_broken(apns: Apns, sandbox: Sandbox, message: PushMessage) -> None:
    sandbox.fault("apns", drop=True)
    for _ in range(6):
        assert await apns.send(iphone(), message, ID) == Answer(Outcome.UNKNOWN_DELIVERY, "transport")
    assert len(sandbox.sent("apns")) == 18
    sandbox.no_fault("apns")
    assert (await apns.send(iphone(), message, ID)).outcome is Outcome.OK, "broken connections take no place for long"


async def test_a_break_under_load_loses_nothing(apns: Apns, sandbox: Sandbox, message: PushMessage) -> None:
    sandbox.fault("apns", drop=True, match="00c0ffee", times=2)
    tokens = [f"{n:056x}{'00c0ffee' if n in (30, 60) else '00000000'}" for n in range(100)]
    answers = await asyncio.gather(*(apns.send(iphone(token), message, uuid.uuid4()) for token in tokens))
    assert [a.outcome for a in answers] == [Outcome.OK] * 100
    sent = sandbox.sent("apns")
    assert len({request["headers"]["apns-id"] for request in sent}) == 100


async def test_an_answer_that_cannot_be_unpacked(apns: Apns, sandbox: Sandbox, message: PushMessage) -> None:
    sandbox.fault("apns", status=400, headers={"Content-Encoding": "gzip"}, body={"reason": "BadTopic"})
    assert await apns.send(iphone(), message, ID) == Answer(Outcome.UNKNOWN_DELIVERY, "unreadable_answer")


async def test_nobody_at_the_address(
    make_settings: Callable[..., Settings], message: PushMessage, closed_port: int
) -> None:
    apns = Apns(make_settings(APNS_URL=f"http://127.0.0.1:{closed_port}"))
    assert await apns.send(iphone(), message, ID) == Answer(Outcome.TRANSIENT, "connect")
    await apns.close()


async def test_silence(apns: Apns, sandbox: Sandbox, message: PushMessage) -> None:
    sandbox.fault("apns", delay_ms=3000, times=1)
    assert await apns.send(iphone(), message, ID) == Answer(Outcome.UNKNOWN_DELIVERY, "timeout")
    assert len(sandbox.sent("apns")) == 1
    assert (await apns.send(iphone(), message, ID)).outcome is Outcome.OK


async def test_one_that_is_cancelled_disturbs_no_other(apns: Apns, sandbox: Sandbox, message: PushMessage) -> None:
    sandbox.fault("apns", delay_ms=500, match="c0ffee")
    slow = asyncio.create_task(apns.send(iphone("c0ffee" * 8), message, ID))
    others = [asyncio.create_task(apns.send(iphone(f"{n:064x}"), message, uuid.uuid4())) for n in range(20)]
    await asyncio.sleep(0.1)
    slow.cancel()
    assert {(await other).outcome for other in others} == {Outcome.OK}
    assert (await apns.send(iphone(), message, ID)).outcome is Outcome.OK


async def test_three_hundred_at_once_share_one_provider_token(
    apns: Apns, sandbox: Sandbox, message: PushMessage
) -> None:
    answers = await asyncio.gather(*(apns.send(iphone(f"{n:064x}"), message, uuid.uuid4()) for n in range(300)))
    assert [a.outcome for a in answers] == [Outcome.OK] * 300
    sent = sandbox.sent("apns")
    assert len({request["headers"]["apns-id"] for request in sent}) == 300
    assert len({request["headers"]["authorization"] for request in sent}) == 1


def test_the_provider_token_is_renewed_at_45_minutes_and_never_within_20(settings: Settings) -> None:
    now = 1_795_000_000.0
    token = ApnsToken(settings, lambda: now)
    first = token.current()
    now += 20 * 60 - 1
    assert token.renewed(first) is None
    now += 1
    second = token.renewed(first)
    assert second not in (None, first)
    assert token.renewed(first) == second, "one that was refused before is not the present one"
    now += 45 * 60 - 1
    assert token.current() == second
    now += 1
    assert token.current() != second


async def test_an_expired_token_is_renewed_if_apple_allows_it(
    settings: Settings, sandbox: Sandbox, message: PushMessage
) -> None:
    ahead = -3700.0
    apns = Apns(settings, clock=lambda: time.time() + ahead)
    answer = await apns.send(iphone(), message, ID)
    assert (answer.outcome, answer.code) == (Outcome.CONFIG, "ExpiredProviderToken")
    assert len(sandbox.sent("apns")) == 1, "our clock is wrong: another token would be no better"
    ahead = -2400.0
    assert (await apns.send(iphone(), message, ID)).outcome is Outcome.OK
    sent = sandbox.sent("apns")[1:]
    assert len(sent) == 2
    assert sent[0]["headers"]["authorization"] != sent[1]["headers"]["authorization"]
    assert sent[0]["headers"]["apns-id"] == sent[1]["headers"]["apns-id"]
    await apns.close()


async def test_a_broken_configuration_stops_the_calls_of_one_environment(
    apns: Apns, sandbox: Sandbox, message: PushMessage
) -> None:
    wrong_key = iphone(device_token("InvalidProviderToken"))
    for _ in range(5):
        assert (await apns.send(wrong_key, message, ID)).outcome is Outcome.CONFIG
    answer = await apns.send(iphone(), message, ID)
    assert (answer.outcome, answer.code) == (Outcome.TRANSIENT, "breaker_open")
    assert answer.retry_after == pytest.approx(120, abs=5)
    assert len(sandbox.sent("apns")) == 5
    assert (await apns.send(iphone(environment="development"), message, ID)).outcome is Outcome.OK


async def test_tokens_of_another_app_stop_nobody_else(apns: Apns, sandbox: Sandbox, message: PushMessage) -> None:
    for number in range(10):
        target = iphone(device_token("DeviceTokenNotForTopic", number))
        assert (await apns.send(target, message, ID)).outcome is Outcome.QUARANTINE
    assert (await apns.send(iphone(), message, ID)).outcome is Outcome.OK


@pytest.mark.parametrize("token", ["no hex", "a?b#c", "ü"])
async def test_an_odd_token_stays_one_segment_of_the_path(
    apns: Apns, sandbox: Sandbox, message: PushMessage, token: str
) -> None:
    answer = await apns.send(iphone(token), message, ID)
    assert answer.outcome is Outcome.QUARANTINE
    assert answer.code == "BadDeviceToken"


async def test_a_long_text_and_collapse_id_arrive(apns: Apns, sandbox: Sandbox, message: PushMessage) -> None:
    long = msgspec.structs.replace(message, body="é" * 9000, collapse_id="x" * 200)
    assert (await apns.send(iphone(), long, ID)).outcome is Outcome.OK
    [request] = sandbox.sent("apns")
    assert request["body"]["aps"]["alert"]["body"].endswith("é…")
    assert len(request["headers"]["apns-collapse-id"]) == 64


@pytest.mark.parametrize("key", ["-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----", "P-384"])
def test_an_unreadable_key_is_said_at_start(make_settings: Callable[..., Settings], key: str) -> None:
    if key == "P-384":
        key = _pem(ec.generate_private_key(ec.SECP384R1())).decode()
    with pytest.raises(SettingError, match="APNS_KEY") as caught:
        Apns(make_settings(APNS_KEY=key))
    assert "nonsense" not in str(caught.value)


async def test_over_tls_it_asks_for_h2(
    make_settings: Callable[..., Settings], sandbox: Sandbox, message: PushMessage, tmp_path: Path
) -> None:
    """The way production goes: TLS with a checked certificate, HTTP/2 by ALPN; a proxy of ours unwraps the TLS."""
    server_side, client_side = _tls(tmp_path)
    protocols: list[str | None] = []

    async def unwrap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocols.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
        await asyncio.gather(_pipe(reader, inner_writer), _pipe(inner_reader, writer))

    server = await asyncio.start_server(unwrap, "127.0.0.1", 0, ssl=server_side)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/apns"
    apns = Apns(make_settings(APNS_URL=url), verify=client_side)
    answers = await asyncio.gather(*(apns.send(iphone(f"{n:064x}"), message, uuid.uuid4()) for n in range(50)))
    assert [a.outcome for a in answers] == [Outcome.OK] * 50
    assert set(protocols) == {"h2"}
    assert len(protocols) <= 2
    stranger = Apns(make_settings(APNS_URL=url))
    assert await stranger.send(iphone(), message, ID) == Answer(Outcome.TRANSIENT, "connect")
    for client in (apns, stranger):
        await client.close()
    server.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _tls(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "push")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    public = certificate.public_bytes(serialization.Encoding.PEM)
    file.write_bytes(_pem(key) + public)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    server.set_alpn_protocols(["h2", "http/1.1"])
    return server, ssl.create_default_context(cadata=public.decode())
