"""Apple's App Store Server API for one environment: Apple's own client, on our connections (spec: providers.md 7.5).

The library's client has no time-outs of ours, no address but Apple's, and loses what a refusal says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

import httpx2
from appstoreserverlibrary.api_client import AsyncAppStoreServerAPIClient, BaseAppStoreServerAPIClient
from appstoreserverlibrary.models.Environment import Environment as AppleEnvironment
from appstoreserverlibrary.models.NotificationHistoryRequest import NotificationHistoryRequest
from appstoreserverlibrary.models.NotificationHistoryResponse import NotificationHistoryResponse
from appstoreserverlibrary.models.StatusResponse import StatusResponse

from domain.billing.app_store_answers import answer_to_refusal
from domain.billing.report import Environment
from domain.kit.environment import SettingError
from domain.kit.log import log
from domain.kit.providers import Answer, Breaker, Outcome
from domain.kit.settings import Settings

T = TypeVar("T")

_AT_ONCE = 10
_BREAKER_SECONDS = 120.0
_BREAKER_THRESHOLD = 5
_TOTAL_SECONDS = 20.0


class _Refused(Exception):
    """Carries our reading of a refusal through the library, which would throw half of it away."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.code)
        self.answer = answer


class _Client(AsyncAppStoreServerAPIClient):
    def __init__(self, chosen: Settings, environment: Environment, http: httpx2.AsyncClient) -> None:
        # Not the parent's, which opens a connection pool of its own.
        BaseAppStoreServerAPIClient.__init__(
            self,
            chosen.app_store_key.encode(),
            chosen.app_store_key_id,
            chosen.app_store_issuer_id,
            chosen.app_store_bundle_id,
            AppleEnvironment.PRODUCTION if environment == "production" else AppleEnvironment.SANDBOX,
        )
        self._base_url = chosen.app_store_url if environment == "production" else chosen.app_store_sandbox_url
        self._http = http

    async def _execute_request(
        self, method: str, url: str, params: Any, headers: dict[str, str], json: Any, data: bytes | None
    ) -> httpx2.Response:
        response = await self._http.request(method, url, params=params, headers=headers, json=json, content=data)
        if not response.is_success:
            raise _Refused(answer_to_refusal(response))
        return response


class AppStoreApi:
    """Bound to the event loop that it is opened on. Raises SettingError when APP_STORE_KEY cannot be read."""

    def __init__(self, chosen: Settings, environment: Environment, http: httpx2.AsyncClient) -> None:
        try:
            self._client = _Client(chosen, environment, http)
        except (ValueError, TypeError):
            raise SettingError("APP_STORE_KEY holds no private key that can be read: download the key again") from None
        self._breaker = Breaker(f"app_store-{environment}", open_seconds=_BREAKER_SECONDS, threshold=_BREAKER_THRESHOLD)
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def statuses(self, original_transaction_id: str) -> StatusResponse | Answer:
        """All subscriptions of the customer who made the transaction, or what kept them from us."""
        return await self._call(lambda: self._client.get_all_subscription_statuses(original_transaction_id))

    async def history(self, since: datetime, until: datetime, page: str | None) -> NotificationHistoryResponse | Answer:
        """A page of the notifications signed between the real instants that never reached us; `page` is the answer's
        paginationToken before."""
        wanted = NotificationHistoryRequest(startDate=_millis(since), endDate=_millis(until), onlyFailures=True)
        return await self._call(lambda: self._client.get_notification_history(page, wanted))

    async def _call(self, ask: Callable[[], Awaitable[T]]) -> T | Answer:
        refusal = self._breaker.refusal()
        if refusal is not None:
            return refusal
        async with self._places:
            try:
                async with asyncio.timeout(_TOTAL_SECONDS):
                    answer: T | Answer = await ask()
            except _Refused as refused:
                answer = refused.answer
            except (TimeoutError, httpx2.TimeoutException):
                answer = Answer(Outcome.TRANSIENT, "timeout")
            except httpx2.RequestError:
                answer = Answer(Outcome.TRANSIENT, "transport")
            except Exception as error:
                # Whatever the library cannot read raises something else.
                log().error("app_store.unreadable_answer", error=error)
                answer = Answer(Outcome.TRANSIENT, "unreadable_answer")
        self._breaker.saw(answer if isinstance(answer, Answer) else Answer(Outcome.OK, "OK"))
        return answer


def _millis(at: datetime) -> int:
    return round(at.timestamp() * 1000)
