"""Apple's push service, directly over HTTP/2 (spec: providers.md 3)."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx2
import msgspec

from domain.kit.clock import clock as business_clock
from domain.kit.providers import Answer, Breaker, Outcome
from domain.kit.settings import Settings
from domain.push.apns_answers import EXPIRED, answer_to_status
from domain.push.apns_token import ApnsToken
from domain.push.message import PushMessage, Target, collapse_key, fitted, seconds_left

_AT_ONCE = 200
_TRIES = 3
_PAYLOAD_BYTES = 4096
_BREAKER_SECONDS = 120.0
_BREAKER_THRESHOLD = 5
# Says as much about one odd token as about our topic: it must not stop the pushes of others.
_ABOUT_ONE_TOKEN = frozenset({"DeviceTokenNotForTopic"})


class Apns:
    """Sends alerts to iOS devices. Build it on the running loop, use it there only, and close it.

    `verify` is the trust for https addresses. `timeout_seconds` is how long Apple may be silent; a call ends after
    twice that, come what may. `clock` gives real seconds since 1970 and ages the provider token; `now` is the business
    clock, by which a message's time to live is counted.
    Raises SettingError when APNS_KEY cannot be read.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        verify: ssl.SSLContext | bool = True,
        timeout_seconds: float = 10.0,
        clock: Callable[[], float] = time.time,
        now: Callable[[], datetime] = business_clock.now,
    ) -> None:
        self._topic = settings.apns_topic
        self._total_seconds = 2 * timeout_seconds
        self._clock = clock
        self._now = now
        self._token = ApnsToken(settings, clock)
        self._clients = {
            "production": _client(settings.apns_url, verify, timeout_seconds),
            "development": _client(settings.apns_development_url, verify, timeout_seconds),
        }
        # A key may be good for one environment only.
        self._breakers = {
            name: Breaker(f"apns-{name}", open_seconds=_BREAKER_SECONDS, threshold=_BREAKER_THRESHOLD)
            for name in self._clients
        }
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def close(self) -> None:
        """Close the connections. Afterwards the object is of no use."""
        for client in self._clients.values():
            await client.aclose()

    async def send(self, target: Target, message: PushMessage, apns_id: UUID) -> Answer:
        """Send one alert. `apns_id` must be the same when the same push is sent again.

        A broken connection is tried again at once, twice at most; all else is left to the caller.
        """
        breaker = self._breakers[target.environment]
        async with self._places:
            refusal = breaker.refusal()
            if refusal is not None:
                return refusal
            try:
                async with asyncio.timeout(self._total_seconds):
                    answer = await self._send(target, message, apns_id)
            except TimeoutError:
                answer = Answer(Outcome.UNKNOWN_DELIVERY, "timeout")
        if answer.code not in _ABOUT_ONE_TOKEN:
            breaker.saw(answer)
        return answer

    async def _send(self, target: Target, message: PushMessage, apns_id: UUID) -> Answer:
        headers = self._headers(message, apns_id)
        body = payload(message)
        token = self._token.current()
        answer = await self._post(target, headers, body, token)
        if answer.outcome is Outcome.CONFIG and answer.code == EXPIRED:
            newer = self._token.renewed(token)
            if newer is not None:
                answer = await self._post(target, headers, body, newer)
        return answer

    async def _post(self, target: Target, headers: dict[str, str], body: bytes, token: str) -> Answer:
        client = self._clients[target.environment]
        path = f"/3/device/{quote(target.token, safe='')}"
        headers = {**headers, "authorization": f"bearer {token}"}
        lost = Answer(Outcome.TRANSIENT, "connect")
        for _ in range(_TRIES):
            try:
                response = await client.post(path, content=body, headers=headers)
            except httpx2.ConnectError:
                continue
            except (httpx2.ConnectTimeout, httpx2.PoolTimeout):
                return lost
            except httpx2.TimeoutException:
                return Answer(Outcome.UNKNOWN_DELIVERY, "timeout")
            except httpx2.TransportError:
                # After a GOAWAY requests fail that were answered: the same apns-id makes the repeat harmless.
                lost = Answer(Outcome.UNKNOWN_DELIVERY, "transport")
            except httpx2.RequestError:
                return Answer(Outcome.UNKNOWN_DELIVERY, "unreadable_answer")
            else:
                return answer_to_status(response.status_code, response.headers, response.content, target.registered_at)
        return lost

    def _headers(self, message: PushMessage, apns_id: UUID) -> dict[str, str]:
        left = seconds_left(message, self._now())
        return {
            "apns-topic": self._topic,
            "apns-push-type": "alert",
            "apns-priority": "10",
            # 0 is "once, do not keep": what has run out meanwhile is not to wait for the phone.
            "apns-expiration": str(round(self._clock()) + left if left else 0),
            "apns-collapse-id": collapse_key(message),
            "apns-id": str(apns_id),
            "content-type": "application/json",
        }


def payload(message: PushMessage) -> bytes:
    """The JSON of `message`, at most 4096 bytes: the body, then the title is shortened if it must be."""
    return _encode(fitted(message, lambda m: len(_encode(m)), _PAYLOAD_BYTES))


def _encode(message: PushMessage) -> bytes:
    aps: dict[str, Any] = {"alert": {"title": message.title, "body": message.body}, "sound": message.sound}
    if message.badge is not None:
        aps["badge"] = message.badge
    if message.thread_id is not None:
        aps["thread-id"] = message.thread_id
    return msgspec.json.encode(
        {"aps": aps, "notification_id": str(message.notification_id), "deep_link": message.deep_link}
    )


def _client(url: str, verify: ssl.SSLContext | bool, timeout_seconds: float) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=url,
        http2=True,
        # Without TLS nothing negotiates HTTP/2: it has to be the only choice (the sandbox).
        http1=not url.startswith("http://"),
        verify=verify,
        trust_env=False,
        timeout=httpx2.Timeout(timeout_seconds, connect=3, pool=5),
        # Apple wants connections kept; httpx2 would drop them after 5 idle seconds. One carries all, another is opened
        # when it breaks. httpx2 counts a broken one until its keep-alive runs out or more than two are idle: a limit
        # of two would block everything for an hour after two breaks.
        limits=httpx2.Limits(max_connections=10, max_keepalive_connections=2, keepalive_expiry=3600),
    )
