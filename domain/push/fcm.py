"""Firebase Cloud Messaging through firebase-admin, made fit for an event loop (spec: providers.md 2.2, 2.3).

firebase-admin is imported when the first `Fcm` is built: it costs most of a second that web need not spend.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import msgspec

from domain.kit.clock import clock, real_now
from domain.kit.google_token import FIREBASE_MESSAGING, GoogleToken, TokenUnavailable
from domain.kit.providers import Answer, Breaker, Outcome
from domain.kit.settings import Settings
from domain.push.fcm_answers import UNAUTHENTICATED, answer_to_error, answer_to_response
from domain.push.message import PushMessage, Target, collapse_key, fitted, seconds_left

_AT_ONCE = 50
_BREAKER_SECONDS = 120.0
_BREAKER_THRESHOLD = 5
# 4096 bytes are allowed; the rest is for token, headers and Google's own keys.
_TEXT_BYTES = 3000
_LONGEST_TTL = 28 * 86_400
# These concern one token, whatever they say of the configuration: they must not stop the pushes of others.
_ABOUT_ONE_TOKEN = frozenset({"SENDER_ID_MISMATCH"})

_FID = "fid"

Parcel = tuple[Target, PushMessage, UUID]


class Fcm:
    """Sends to Android and iOS devices through FCM. Build it on the running loop, use it there only, and close it.

    `http` (the "google" client) fetches access tokens and stays the caller's; firebase-admin brings its own client
    for the messages. `timeout_seconds` is how long FCM may be silent; a message is given up after twice that. `now` is
    the business clock, by which a message's time to live is counted.
    Raises SettingError when the service account's key cannot be read.
    """

    def __init__(
        self,
        settings: Settings,
        http: httpx2.AsyncClient,
        *,
        timeout_seconds: float = 10.0,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._total_seconds = 2 * timeout_seconds
        self._now = now
        self._tokens = GoogleToken(
            http,
            url=settings.google_token_url,
            account=settings.google_service_account,
            scope=FIREBASE_MESSAGING,
        )
        self._breaker = Breaker("fcm", open_seconds=_BREAKER_SECONDS, threshold=_BREAKER_THRESHOLD)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._connect(settings, timeout_seconds)

    def _connect(self, settings: Settings, timeout_seconds: float) -> None:
        """Start firebase-admin. A test pins the private names used here, so that an upgrade cannot move them unseen."""
        import firebase_admin
        from firebase_admin import exceptions, messaging
        from firebase_admin._retry import HttpxRetry

        project = settings.google_service_account["project_id"]
        self._messaging: Any = messaging
        self._firebase_error: type[Exception] = exceptions.FirebaseError
        self._credentials = _pushed_credentials()
        self._app = firebase_admin.initialize_app(
            self._credentials,
            {"projectId": project, "httpTimeout": timeout_seconds},
            name=f"kuitter-{uuid4()}",
        )
        self._service = messaging._get_messaging_service(self._app)
        self._service._fcm_url = f"{settings.fcm_url}/v1/projects/{project}/messages:send"
        client = self._service._async_client
        for transport in client._mounts.values():
            # Retries are the job queue's; the library's ignore Retry-After.
            transport._retry = HttpxRetry(max_retries=0)
        # On 401 it would repeat the request twice with the same token: we replace the token instead.
        client.async_client.auth._refresh_status_codes = ()

    async def close(self) -> None:
        """Close the connections. Afterwards the object is of no use."""
        import firebase_admin

        await self._tokens.close()
        await self._service._async_client.aclose()
        # delete_app() would call asyncio.run() for each service that it knows of.
        self._app._services.clear()
        firebase_admin.delete_app(self._app)

    async def send(self, messages: Sequence[Parcel]) -> list[Answer]:
        """Send each (target, message, id of the push) and answer for each in the same order; never raises for one.

        At most 50 requests run at once, each a batch of its own: firebase-admin answers one exception for a whole
        batch, and then nobody knows which were delivered. An access token that Google refuses is replaced once.
        """
        refusals = [self._breaker.refusal() for _ in messages]
        waiting = [place for place, refusal in enumerate(refusals) if refusal is None]
        answers = await self._send(messages, waiting)
        return [refusal or answers[place] for place, refusal in enumerate(refusals)]

    async def _send(self, messages: Sequence[Parcel], places: list[int]) -> dict[int, Answer]:
        answers: dict[int, Answer] = {}
        refused_token: str | None = None
        while places:
            try:
                token = await self._push_token()
            except TokenUnavailable as error:
                self._breaker.saw(error.answer)
                return answers | dict.fromkeys(places, error.answer)
            sent = await self._send_all([messages[place] for place in places])
            answers.update(zip(places, sent, strict=True))
            if refused_token is not None:
                break
            refused_token = token
            places = [place for place in places if answers[place].code == UNAUTHENTICATED]
            if places:
                self._tokens.invalidate(token)
        for answer in answers.values():
            if answer.code not in _ABOUT_ONE_TOKEN:
                self._breaker.saw(answer)
        return answers

    async def _push_token(self) -> str:
        token = await self._tokens.get()
        self._credentials.token = token
        return token

    async def _send_all(self, parcels: Sequence[Parcel]) -> list[Answer]:
        return await asyncio.gather(*(self._send_one(*parcel) for parcel in parcels))

    async def _send_one(self, target: Target, message: PushMessage, push_id: UUID) -> Answer:
        async with self._places:
            try:
                async with asyncio.timeout(self._total_seconds):
                    batch = await self._messaging.send_each_async(
                        [self._message(target, message, push_id)], dry_run=False, app=self._app
                    )
            except ValueError:
                return Answer(Outcome.REJECTED, "invalid_message")
            except TimeoutError:
                return Answer(Outcome.UNKNOWN_DELIVERY, "timeout")
            except self._firebase_error as error:
                return answer_to_error(error)
        return answer_to_response(batch.responses[0])

    def _message(self, target: Target, message: PushMessage, push_id: UUID) -> Any:
        """firebase-admin's form of it. Raises ValueError when the library refuses a value."""
        m = self._messaging
        message = fitted(message, _text_size, _TEXT_BYTES)
        result = m.Message(
            notification=m.Notification(title=message.title, body=message.body),
            data=_data(message),
        )
        ttl = min(seconds_left(message, self._now()), _LONGEST_TTL)
        if target.platform == "ios":
            result.apns = self._apns(message, push_id, ttl)
        else:
            result.android = self._android(message, ttl)
        # Set here and not in the constructor, which warns that `token` is on its way out.
        setattr(result, "fid" if target.token_kind == _FID else "token", target.token)
        return result

    def _android(self, message: PushMessage, ttl: int) -> Any:
        m = self._messaging
        key = collapse_key(message)
        return m.AndroidConfig(
            priority="high",
            ttl=timedelta(seconds=ttl),
            collapse_key=key,
            notification=m.AndroidNotification(tag=key, sound=message.sound, notification_count=message.badge or None),
        )

    def _apns(self, message: PushMessage, push_id: UUID, ttl: int) -> Any:
        m = self._messaging
        return m.APNSConfig(
            headers={
                "apns-id": str(push_id),
                "apns-collapse-id": collapse_key(message),
                "apns-expiration": str(round(real_now().timestamp()) + ttl if ttl else 0),
                "apns-priority": "10",
                "apns-push-type": "alert",
            },
            payload=m.APNSPayload(m.Aps(badge=message.badge, sound=message.sound, thread_id=message.thread_id)),
        )


def _data(message: PushMessage) -> dict[str, str]:
    return {"notification_id": str(message.notification_id), "deep_link": message.deep_link}


def _text_size(message: PushMessage) -> int:
    return len(msgspec.json.encode((message.title, message.body, _data(message))))


def _pushed_credentials() -> Any:
    """Credentials whose token we set ourselves before each batch, so that firebase-admin never mints one."""
    from google.auth.credentials import Credentials

    class Pushed(Credentials):
        def __init__(self) -> None:
            super().__init__()  # type: ignore[no-untyped-call]

        def refresh(self, request: object) -> None:
            """Nothing: an exception here would fail a whole batch, a request would block the loop."""

    return Pushed()
