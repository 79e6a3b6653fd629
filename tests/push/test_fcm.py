"""FCM through firebase-admin, against the sandbox."""

import asyncio
import gc
import socket
import subprocess
import sys
import uuid
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx2
import msgspec
import pytest
import pytest_asyncio

from domain.kit.providers import Answer, Outcome
from domain.kit.settings import Settings
from domain.push.fcm import Fcm
from domain.push.message import PushMessage, Target
from tests.push.conftest import Sandbox, android, iphone_by_fcm

FCM_ERROR = {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "INVALID_ARGUMENT"}


@pytest_asyncio.fixture
async def fcm(settings: Settings, google: httpx2.AsyncClient) -> AsyncIterator[Fcm]:
    client = Fcm(settings, google, timeout_seconds=2)
    yield client
    await client.close()


async def send(fcm: Fcm, message: PushMessage, *targets: Target) -> list[Answer]:
    return await fcm.send([(target, message, uuid.uuid4()) for target in targets])


def bad_request(*fields: str) -> dict[str, Any]:
    kind = "type.googleapis.com/google.rpc.BadRequest"
    return {"@type": kind, "fieldViolations": [{"field": field, "description": "no"} for field in fields]}


def error_body(status: str, *details: dict[str, Any]) -> dict[str, Any]:
    return {"error": {"code": 400, "message": "m", "status": status, "details": list(details)}}


async def test_android(fcm: Fcm, sandbox: Sandbox, message: PushMessage) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answers = await send(fcm, message, android("a-token", "fcm"), android("an-installation", "fid"))
    assert [(a.outcome, a.code) for a in answers] == [(Outcome.OK, "OK")] * 2
    assert len({a.provider_id for a in answers}) == 2
    assert all(str(a.provider_id).startswith("projects/kuitter-dev/messages/") for a in answers)
    sent = {request["body"]["message"].get("token", "fid"): request for request in sandbox.sent("fcm")}
    assert sent["a-token"]["path"] == "/fcm/v1/projects/kuitter-dev/messages:send"
    body = sent["a-token"]["body"]
    assert not body.get("validate_only"), "a dry run delivers nothing"
    assert "fid" not in body["message"]
    assert sent["fid"]["body"]["message"]["fid"] == "an-installation"
    said = body["message"]
    assert said["notification"] == {"title": message.title, "body": message.body}
    assert said["data"] == {"notification_id": str(message.notification_id), "deep_link": message.deep_link}
    assert "apns" not in said
    assert said["android"].pop("ttl") in ("3600s", "3599s", "3598s")
    assert said["android"] == {
        "priority": "high",
        "collapse_key": "anchor-daily",
        "notification": {"tag": "anchor-daily", "sound": "default", "notification_count": 3},
    }


async def test_an_iphone_through_fcm(fcm: Fcm, sandbox: Sandbox, message: PushMessage) -> None:
    push_id = uuid.uuid4()
    [answer] = await fcm.send([(iphone_by_fcm(), message, push_id)])
    assert answer.outcome is Outcome.OK
    [request] = sandbox.sent("fcm")
    said = request["body"]["message"]
    assert "android" not in said
    expiration = int(said["apns"]["headers"].pop("apns-expiration"))
    assert abs(expiration - message.expires_at.timestamp()) < 5
    assert said["apns"] == {
        "headers": {
            "apns-id": str(push_id),
            "apns-collapse-id": "anchor-daily",
            "apns-priority": "10",
            "apns-push-type": "alert",
        },
        "payload": {"aps": {"badge": 3, "sound": "default", "thread-id": "anchor"}},
    }


async def test_time_to_live_goes_by_the_business_clock(
    settings: Settings, google: httpx2.AsyncClient, sandbox: Sandbox, message: PushMessage
) -> None:
    business = datetime(2030, 1, 1, tzinfo=UTC)
    fcm = Fcm(settings, google, now=lambda: business)
    for left in (timedelta(minutes=10), timedelta(seconds=-5), timedelta(days=400)):
        later = msgspec.structs.replace(message, expires_at=business + left, badge=0)
        assert [a.outcome for a in await send(fcm, later, android(), iphone_by_fcm())] == [Outcome.OK] * 2
    await fcm.close()
    said = [request["body"]["message"] for request in sandbox.sent("fcm")]
    assert sorted(m["android"]["ttl"] for m in said if "android" in m) == ["0s", "2419200s", "600s"]
    now = datetime.now(UTC).timestamp()
    kept = sorted(int(m["apns"]["headers"]["apns-expiration"]) for m in said if "apns" in m)
    assert kept[0] == 0
    assert kept[1] == pytest.approx(now + 600, abs=5)
    assert {m["apns"]["payload"]["aps"]["badge"] for m in said if "apns" in m} == {0}


@pytest.mark.parametrize(
    ("name", "answer", "calls"),
    [
        ("UNREGISTERED", Answer(Outcome.TOKEN_DEAD, "UNREGISTERED"), 1),
        ("INVALID_ARGUMENT", Answer(Outcome.QUARANTINE, "INVALID_ARGUMENT"), 1),
        ("SENDER_ID_MISMATCH", Answer(Outcome.QUARANTINE, "SENDER_ID_MISMATCH"), 1),
        ("PERMISSION_DENIED", Answer(Outcome.CONFIG, "PERMISSION_DENIED"), 1),
        ("THIRD_PARTY_AUTH_ERROR", Answer(Outcome.CONFIG, "THIRD_PARTY_AUTH_ERROR"), 1),
        ("UNAUTHENTICATED", Answer(Outcome.CONFIG, "UNAUTHENTICATED"), 2),
        ("QUOTA_EXCEEDED", Answer(Outcome.TRANSIENT, "QUOTA_EXCEEDED", retry_after=60.0), 1),
        ("UNAVAILABLE", Answer(Outcome.TRANSIENT, "UNAVAILABLE"), 1),
        ("INTERNAL", Answer(Outcome.TRANSIENT, "INTERNAL"), 1),
    ],
)
async def test_the_table_of_errors(
    fcm: Fcm, sandbox: Sandbox, message: PushMessage, name: str, answer: Answer, calls: int
) -> None:
    answers = await send(fcm, message, android("good-one"), android(f"{name}-a-phone"), android("good-two"))
    assert [a.outcome for a in answers] == [Outcome.OK, answer.outcome, Outcome.OK]
    assert answers[1] == answer
    assert len(sandbox.sent("fcm")) == 2 + calls, "nobody but us decides to repeat"


@pytest.mark.parametrize(
    ("fault", "answer"),
    [
        (
            {"status": 400, "body": error_body("INVALID_ARGUMENT", bad_request("message.data[0].value"))},
            Answer(Outcome.REJECTED, "INVALID_ARGUMENT"),
        ),
        (
            {"status": 400, "body": error_body("INVALID_ARGUMENT", FCM_ERROR, bad_request("message.android.ttl"))},
            Answer(Outcome.REJECTED, "INVALID_ARGUMENT"),
        ),
        (
            {"status": 400, "body": error_body("INVALID_ARGUMENT", FCM_ERROR, bad_request("message.token"))},
            Answer(Outcome.QUARANTINE, "INVALID_ARGUMENT"),
        ),
        ({"status": 400, "body": error_body("INVALID_ARGUMENT")}, Answer(Outcome.REJECTED, "INVALID_ARGUMENT")),
        ({"status": 404, "body": error_body("NOT_FOUND")}, Answer(Outcome.CONFIG, "NOT_FOUND")),
        ({"status": 404, "body": "<html>"}, Answer(Outcome.CONFIG, "http_404")),
        ({"status": 413, "body": ""}, Answer(Outcome.REJECTED, "http_413")),
        ({"status": 429, "body": ""}, Answer(Outcome.TRANSIENT, "http_429", retry_after=60.0)),
        (
            {"status": 429, "headers": {"Retry-After": "5"}, "body": ""},
            Answer(Outcome.TRANSIENT, "http_429", retry_after=5.0),
        ),
        (
            {"status": 503, "headers": {"Retry-After": "30"}},
            Answer(Outcome.TRANSIENT, "UNAVAILABLE", retry_after=30.0),
        ),
        ({"status": 502, "body": "<html>bad gateway"}, Answer(Outcome.TRANSIENT, "http_502")),
        (
            {"status": 302, "headers": {"Location": "http://127.0.0.1:1/"}, "body": ""},
            Answer(Outcome.TRANSIENT, "http_302"),
        ),
        # Bodies on which firebase-admin itself fails.
        ({"status": 500, "body": {"error": "a text"}}, Answer(Outcome.TRANSIENT, "http_500")),
        ({"status": 500, "body": {"error": {"details": ["a text"]}}}, Answer(Outcome.TRANSIENT, "http_500")),
        ({"status": 403, "body": {"error": {"status": {"odd": 1}}}}, Answer(Outcome.CONFIG, "http_403")),
        ({"status": 200, "body": "no json"}, Answer(Outcome.UNKNOWN_DELIVERY, "unreadable_answer")),
        ({"status": 200, "body": {}}, Answer(Outcome.UNKNOWN_DELIVERY, "no_message_id")),
        (
            {"status": 400, "headers": {"Content-Encoding": "gzip"}, "body": "no gzip"},
            Answer(Outcome.UNKNOWN_DELIVERY, "unreadable_answer"),
        ),
        ({"status": 200, "body": ["x"]}, Answer(Outcome.UNKNOWN_DELIVERY, "unexpected")),
        ({"status": 200, "body": []}, Answer(Outcome.UNKNOWN_DELIVERY, "no_message_id")),
        ({"drop": True}, Answer(Outcome.UNKNOWN_DELIVERY, "transport")),
        ({"delay_ms": 2500}, Answer(Outcome.UNKNOWN_DELIVERY, "timeout")),
    ],
)
async def test_one_odd_answer_spoils_no_other(
    fcm: Fcm, sandbox: Sandbox, message: PushMessage, fault: dict[str, Any], answer: Answer
) -> None:
    sandbox.fault("fcm", match="the-odd-phone", **fault)
    targets = [android(f"phone-{number}") for number in range(20)]
    answers = await send(fcm, message, *targets[:10], android("the-odd-phone"), *targets[10:])
    assert answers.pop(10) == answer
    assert [a.outcome for a in answers] == [Outcome.OK] * 20
    assert len(sandbox.sent("fcm")) == 21


async def test_retry_after_as_a_date(fcm: Fcm, sandbox: Sandbox, message: PushMessage) -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    sandbox.fault("fcm", status=503, headers={"Retry-After": when})
    [answer] = await send(fcm, message, android())
    assert answer.retry_after == pytest.approx(90, abs=3)


async def test_a_message_that_the_library_refuses(fcm: Fcm, sandbox: Sandbox, message: PushMessage) -> None:
    answers = await send(fcm, message, android("before"), android(""), android("after"))
    assert [a.outcome for a in answers] == [Outcome.OK, Outcome.REJECTED, Outcome.OK]
    assert answers[1].code == "invalid_message"
    assert len(sandbox.sent("fcm")) == 2


async def test_a_long_text_is_shortened(fcm: Fcm, sandbox: Sandbox, message: PushMessage) -> None:
    long = msgspec.structs.replace(message, title="👨‍👩‍👧 " * 2000, body="é" * 9000)
    answers = await send(fcm, long, android("x" * 200), iphone_by_fcm("y" * 200))
    assert [a.outcome for a in answers] == [Outcome.OK] * 2
    assert all(len(msgspec.json.encode(request["body"])) <= 4096 for request in sandbox.sent("fcm"))


async def test_a_refused_access_token_is_replaced_once(fcm: Fcm, sandbox: Sandbox, message: PushMessage) -> None:
    await send(fcm, message, android("first"))
    sandbox.fault("fcm", status=401, times=3)
    answers = await send(fcm, message, *(android(f"phone-{number}") for number in range(10)))
    assert [a.outcome for a in answers] == [Outcome.OK] * 10
    assert len(sandbox.sent("google")) == 2
    requests = sandbox.sent("fcm")
    assert len(requests) == 1 + 10 + 3
    by_token = Counter(request["headers"]["authorization"] for request in requests)
    assert sorted(by_token.values()) == [3, 11]


async def test_no_new_access_token_spoils_nothing_that_was_delivered(
    fcm: Fcm, sandbox: Sandbox, message: PushMessage
) -> None:
    await send(fcm, message, android("first"))
    sandbox.fault("fcm", status=401, match="the-odd-phone")
    sandbox.fault("google", status=503)
    answers = await send(fcm, message, android("before"), android("the-odd-phone"), android("after"))
    assert [a.outcome for a in answers] == [Outcome.OK, Outcome.TRANSIENT, Outcome.OK]
    assert answers[1].code == "token_http_503"
    assert len(sandbox.sent("fcm")) == 4


async def test_no_access_token_means_that_nothing_is_sent(fcm: Fcm, sandbox: Sandbox, message: PushMessage) -> None:
    sandbox.fault("google", status=503, headers={"Retry-After": "9"})
    answers = await send(fcm, message, *(android(f"phone-{number}") for number in range(60)))
    assert set(answers) == {Answer(Outcome.TRANSIENT, "token_http_503", retry_after=9.0)}
    assert len(sandbox.sent("google")) == 1
    assert sandbox.sent("fcm") == []
    sandbox.no_fault("google")
    assert [a.outcome for a in await send(fcm, message, android())] == [Outcome.OK]


async def test_a_broken_configuration_stops_the_calls(fcm: Fcm, sandbox: Sandbox, message: PushMessage) -> None:
    sandbox.fault("fcm", status=403, body=error_body("PERMISSION_DENIED"))
    answers = [await send(fcm, message, android()) for _ in range(5)]
    assert {a.outcome for [a] in answers} == {Outcome.CONFIG}
    [answer] = await send(fcm, message, android())
    assert (answer.outcome, answer.code) == (Outcome.TRANSIENT, "breaker_open")
    assert answer.retry_after == pytest.approx(120, abs=5)
    assert len(sandbox.sent("fcm")) == 5


async def test_tokens_of_another_project_stop_nobody_else(fcm: Fcm, sandbox: Sandbox, message: PushMessage) -> None:
    foreign = [android(f"SENDER_ID_MISMATCH-{number}") for number in range(20)]
    assert {a.outcome for a in await send(fcm, message, *foreign)} == {Outcome.QUARANTINE}
    assert [a.outcome for a in await send(fcm, message, android())] == [Outcome.OK]


async def test_at_most_fifty_at_once(fcm: Fcm, sandbox: Sandbox, message: PushMessage) -> None:
    sandbox.fault("fcm", delay_ms=200)
    loop = asyncio.get_running_loop()
    start = loop.time()
    halves = [[android(f"phone-{half}-{number}") for number in range(60)] for half in range(2)]
    answers = await asyncio.gather(*(send(fcm, message, *half) for half in halves))
    assert [a.outcome for half in answers for a in half] == [Outcome.OK] * 120
    assert loop.time() - start > 0.55, "120 need three rounds"


async def test_nobody_at_the_address(
    make_settings: Callable[..., Settings], google: httpx2.AsyncClient, message: PushMessage, closed_port: int
) -> None:
    fcm = Fcm(make_settings(FCM_URL=f"http://127.0.0.1:{closed_port}"), google)
    assert await send(fcm, message, android()) == [Answer(Outcome.TRANSIENT, "connect")]
    await fcm.close()


async def test_a_slow_token_endpoint_does_not_hold_the_loop(fcm: Fcm, sandbox: Sandbox, message: PushMessage) -> None:
    sandbox.fault("google", delay_ms=600)
    loop = asyncio.get_running_loop()
    sending = asyncio.create_task(send(fcm, message, android()))
    longest, before = 0.0, loop.time()
    while not sending.done():
        await asyncio.sleep(0.01)
        longest, before = max(longest, loop.time() - before), loop.time()
    assert sending.result()[0].outcome is Outcome.OK
    assert longest < 0.4


async def test_no_other_host_is_looked_up(
    fcm: Fcm, sandbox: Sandbox, message: PushMessage, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts: set[Any] = set()
    look_up = socket.getaddrinfo

    def noted(host: Any, *rest: Any, **more: Any) -> Any:
        hosts.add(host)
        return look_up(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", noted)
    await send(fcm, message, *(android(f"phone-{number}") for number in range(10)))
    await asyncio.sleep(0.2)
    assert {host.decode() if isinstance(host, bytes) else host for host in hosts} <= {"127.0.0.1"}


async def test_several_live_side_by_side_and_close(
    settings: Settings, google: httpx2.AsyncClient, sandbox: Sandbox, message: PushMessage
) -> None:
    import firebase_admin

    before = dict(firebase_admin._apps)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one, two = Fcm(settings, google), Fcm(settings, google)
        for fcm in (one, two):
            assert [a.outcome for a in await send(fcm, message, android())] == [Outcome.OK]
            await fcm.close()
        del one, two, fcm
        gc.collect()
    assert firebase_admin._apps == before


async def test_a_cancelled_send_leaves_the_client_usable(fcm: Fcm, sandbox: Sandbox, message: PushMessage) -> None:
    sandbox.fault("fcm", delay_ms=1500)
    sending = asyncio.create_task(send(fcm, message, *(android(f"phone-{number}") for number in range(70))))
    await asyncio.sleep(0.3)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    sandbox.no_fault("fcm")
    answers = await send(fcm, message, *(android(f"phone-{number}") for number in range(70)))
    assert [a.outcome for a in answers] == [Outcome.OK] * 70


async def test_private_names_of_firebase_admin(fcm: Fcm) -> None:
    """All that Fcm reaches into; if an upgrade moves one, this fails before production does."""
    from firebase_admin import messaging
    from firebase_admin._http_client import GoogleAuthCredentialFlow, HttpxAsyncClient
    from firebase_admin._retry import HttpxRetry, HttpxRetryTransport

    app, service = fcm._app, fcm._service
    assert messaging._get_messaging_service(app) is service
    assert list(app._services.values()) == [service]
    assert service._fcm_url.endswith("/fcm/v1/projects/kuitter-dev/messages:send")
    assert "_fcm_url" in vars(service)
    client = service._async_client
    assert type(client) is HttpxAsyncClient
    assert set(client._mounts) == {"http://", "https://"}
    for transport in client._mounts.values():
        assert type(transport) is HttpxRetryTransport
        assert type(transport._retry) is HttpxRetry
        assert transport._retry.retries_left == 0
        assert transport._retry.status_forcelist is None
    assert "_retry" in vars(HttpxRetryTransport())
    flow = client.async_client.auth
    assert type(flow) is GoogleAuthCredentialFlow
    assert GoogleAuthCredentialFlow(None)._refresh_status_codes == (401,)
    assert flow._refresh_status_codes == ()
    assert flow._credential is fcm._credentials
    assert client.timeout == 2


def test_importing_it_does_not_import_firebase() -> None:
    code = "import sys, domain.push.fcm; print({'firebase_admin', 'google.auth', 'httpx'} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
