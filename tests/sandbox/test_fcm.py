"""Firebase Cloud Messaging, driven by firebase-admin and by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import firebase_admin
import google.auth.credentials
import pytest
from firebase_admin import exceptions, messaging

from tests.sandbox.conftest import Sandbox

SEND = "/fcm/v1/projects/kuitter-dev/messages:send"


class FixedToken(google.auth.credentials.Credentials):
    """Credentials whose token somebody else keeps fresh."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self.token = token

    def refresh(self, request: Any) -> None:
        """Nothing to do here."""


class Firebase:
    def __init__(self, sandbox: Sandbox) -> None:
        options = {"projectId": "kuitter-dev", "httpTimeout": 5}
        self.app = firebase_admin.initialize_app(FixedToken(sandbox.access_token()), options, name=str(time.time_ns()))
        self.service = messaging._get_messaging_service(self.app)
        self.service._fcm_url = sandbox.env["FCM_URL"] + "/v1/projects/kuitter-dev/messages:send"

    async def send(self, *messages: messaging.Message, dry_run: bool = False) -> list[messaging.SendResponse]:
        batch = await messaging.send_each_async(list(messages), dry_run=dry_run, app=self.app)
        return batch.responses


@pytest.fixture
async def firebase(sandbox: Sandbox) -> AsyncIterator[Firebase]:
    client = Firebase(sandbox)
    yield client
    await client.service._async_client.aclose()
    client.app._services.clear()
    await asyncio.to_thread(firebase_admin.delete_app, client.app)


@pytest.fixture
def bearer(sandbox: Sandbox) -> dict[str, str]:
    return {"authorization": f"Bearer {sandbox.access_token()}"}


def message(**fields: Any) -> dict[str, Any]:
    return {"message": {"fid": "a-phone", "data": {"link": "kuitter://anchor"}} | fields}


async def test_the_library_delivers(sandbox: Sandbox, firebase: Firebase):
    note = messaging.Notification(title="Anchor", body="A note for you")
    android = messaging.AndroidConfig(
        priority="high",
        ttl=3600,
        collapse_key="daily",
        notification=messaging.AndroidNotification(channel_id="anchor", tag="daily"),
    )
    sent = [
        messaging.Message(fid=f"phone-{n}", notification=note, data={"link": "kuitter://anchor"}, android=android)
        for n in range(30)
    ]
    responses = await firebase.send(*sent)
    assert all(response.success for response in responses)
    assert len({response.message_id for response in responses}) == 30
    assert responses[0].message_id.startswith("projects/kuitter-dev/messages/")
    items = sandbox.sent("fcm")
    assert len(items) == 30
    assert items[0]["body"]["message"]["android"]["ttl"] == "3600s"
    shown = sandbox.http.get("/_page/state").json()["pushes"][0]
    assert (shown["title"], shown["collapse"], shown["kind"]) == ("Anchor", "daily", "alert")
    [dry] = await firebase.send(sent[0], dry_run=True)
    assert dry.message_id == "projects/kuitter-dev/messages/fake_message_id"


async def test_tokens_by_name_give_each_error(sandbox: Sandbox, firebase: Firebase):
    expected = {
        "UNREGISTERED": messaging.UnregisteredError,
        "INVALID_ARGUMENT": exceptions.InvalidArgumentError,
        "SENDER_ID_MISMATCH": messaging.SenderIdMismatchError,
        "PERMISSION_DENIED": exceptions.PermissionDeniedError,
        "QUOTA_EXCEEDED": messaging.QuotaExceededError,
    }
    responses = await firebase.send(*(messaging.Message(fid=f"{name}-1", data={"k": "v"}) for name in expected))
    assert [type(response.exception) for response in responses] == list(expected.values())


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("UNREGISTERED", 404, "UNREGISTERED"),
        ("THIRD_PARTY_AUTH_ERROR", 401, "THIRD_PARTY_AUTH_ERROR"),
        ("UNAUTHENTICATED", 401, None),
        ("QUOTA_EXCEEDED", 429, "QUOTA_EXCEEDED"),
        ("UNAVAILABLE", 503, "UNAVAILABLE"),
        ("INTERNAL", 500, "INTERNAL"),
    ],
)
def test_error_bodies(sandbox: Sandbox, bearer: dict[str, str], name: str, status: int, code: str | None):
    for kind in ("fid", "token"):
        body = {"message": {kind: f"{name}:x", "data": {"k": "v"}}}
        answer = sandbox.http.post(SEND, json=body, headers=bearer)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (status, status)
        assert [detail["errorCode"] for detail in error.get("details", [])] == ([code] if code else [])
        assert ("retry-after" in answer.headers) == (status == 429)


def test_who_may_send(sandbox: Sandbox, bearer: dict[str, str]):
    narrow = sandbox.access_token(scope="https://www.googleapis.com/auth/androidpublisher")
    for headers, status in (
        ({}, 401),
        ({"authorization": "Bearer ya29.c.made-up"}, 401),
        ({"authorization": bearer["authorization"].replace("Bearer", "Basic")}, 401),
        ({"authorization": f"Bearer {narrow}"}, 403),
    ):
        answer = sandbox.http.post(SEND, json=message(), headers=headers)
        assert (answer.status_code, "details" in answer.json()["error"]) == (status, False)
    foreign = sandbox.http.post(SEND.replace("kuitter-dev", "another"), json=message(), headers=bearer)
    assert (foreign.status_code, foreign.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert sandbox.http.get(SEND, headers=bearer).status_code == 404


def test_messages_that_google_takes(sandbox: Sandbox, bearer: dict[str, str]):
    for fields in (
        {},
        {"fid": "", "token": "dGVzdA:APA91b-_x"},
        {"fid": "", "topic": "news"},
        {"fid": "", "condition": "'a' in topics"},
        {"data": {"k": "x" * 4000}},
        {"android": {"priority": "HIGH", "ttl": "3.5s", "collapseKey": "c", "notification": {"channel_id": "x"}}},
        {"apns": {"headers": {"apns-priority": "5"}, "payload": {"aps": {}}}},
    ):
        answer = sandbox.http.post(SEND, json=message(**fields), headers=bearer)
        assert (fields, answer.status_code) == (fields, 200)


def test_messages_that_google_refuses(sandbox: Sandbox, bearer: dict[str, str]):
    bad_request, fcm_error = "google.rpc.BadRequest", "google.firebase.fcm.v1.FcmError"
    for body, kind in (
        (b"{", bad_request),
        (b"[]", bad_request),
        ({}, bad_request),
        (message() | {"surprise": 1}, bad_request),
        (message() | {"validate_only": "yes"}, bad_request),
        (message(fid=""), bad_request),
        (message(token="t"), bad_request),
        (message(topic="not a topic", fid=""), bad_request),
        (message(surprise=1), bad_request),
        (message(data={"n": 1}), bad_request),
        (message(data={"from": "me"}), bad_request),
        (message(data={"google.x": "y"}), bad_request),
        (message(notification={"title": 1}), bad_request),
        (message(notification={"badge": "1"}), bad_request),
        (message(android={"ttl": "1h"}), bad_request),
        (message(android={"priority": "urgent"}), bad_request),
        (message(fid="a token with spaces"), fcm_error),
        (message(data={"k": "x" * 4100}), fcm_error),
        (message(fid="", topic="news", data={"k": "x" * 2100}), fcm_error),
    ):
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = sandbox.http.post(SEND, headers=bearer, **content)
        error = answer.json()["error"]
        assert (body, answer.status_code, error["status"]) == (body, 400, "INVALID_ARGUMENT")
        assert (body, error["details"][0]["@type"]) == (body, f"type.googleapis.com/{kind}")


async def test_faults(sandbox: Sandbox, firebase: Firebase, bearer: dict[str, str]):
    for status, code in ((429, "QUOTA_EXCEEDED"), (503, "UNAVAILABLE"), (500, "INTERNAL"), (404, "UNREGISTERED")):
        sandbox.fault("fcm", status=status, times=1)
        answer = sandbox.http.post(SEND, json=message(), headers=bearer)
        assert (answer.status_code, answer.json()["error"]["details"][0]["errorCode"]) == (status, code)
    sandbox.fault("fcm", status=502, times=1)
    assert sandbox.http.post(SEND, json=message(), headers=bearer).json()["error"]["code"] == 502
    sandbox.fault("fcm", status=403, match="phone-2")
    sent = (messaging.Message(fid=f"phone-{n}", data={"k": "v"}) for n in range(4))
    assert [response.success for response in await firebase.send(*sent)] == [True, True, False, True]
