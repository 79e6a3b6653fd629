"""Google Play's Developer API: what it says of a subscription, telling it that one has arrived, what was refunded.

Asked by jobs alone; no request of a person waits for it.
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from typing import Literal
from urllib.parse import quote

import httpx2
import msgspec

from domain.billing.google_answers import UNAUTHENTICATED, answer_to_refusal
from domain.billing.google_chain import with_predecessors
from domain.billing.google_reading import UnknownState, read_purchase
from domain.billing.report import StoreReport
from domain.kit.clock import real_now
from domain.kit.google_token import ANDROID_PUBLISHER, GoogleToken, TokenUnavailable
from domain.kit.log import log
from domain.kit.own_client import OwnClient
from domain.kit.providers import Answer, Breaker, Outcome
from domain.kit.settings import Settings, settings

_AT_ONCE = 10
_BREAKER_SECONDS = 120.0
_BREAKER_THRESHOLD = 5
_TOTAL_SECONDS = 20.0
# Google's own have a hundred letters and more, of those that a path takes as they are. Whatever a path may take
# otherwise would come back as an address that is not there, which is what a wrong setting looks like.
_TOKEN = re.compile(r"(?!\.+\Z)[\w.~+=,-]{1,4096}\Z", re.ASCII)
_PAGE = 1000


class Voided(msgspec.Struct, frozen=True, rename="camel"):
    """A purchase whose money went back. `at` is business time, as everything that a store says of times."""

    purchase_token: str
    order_id: str = ""
    voided_time_millis: int = 0
    voided_reason: int | None = None

    def __repr__(self) -> str:
        # Reprs end up in logs and tracebacks; a purchase token must not.
        return f"Voided({self.voided_reason})"


class VoidedPage(msgspec.Struct, frozen=True):
    """A part of the list; `next_page` asks for the part after it."""

    items: list[Voided]
    next_page: str | None


class _Paging(msgspec.Struct, rename="camel"):
    next_page_token: str | None = None


class _VoidedList(msgspec.Struct, rename="camel"):
    voided_purchases: list[Voided] = []
    token_pagination: _Paging | None = None


class GooglePlay:
    """Bound to the event loop that it is opened on. Raises SettingError when the account's key cannot be read."""

    def __init__(self, chosen: Settings) -> None:
        self._http = httpx2.AsyncClient(
            http2=True, trust_env=False, follow_redirects=False, timeout=httpx2.Timeout(10, connect=3, pool=5)
        )
        self._tokens = GoogleToken(
            self._http,
            url=chosen.google_token_url,
            account=chosen.google_service_account,
            scope=ANDROID_PUBLISHER,
        )
        self._base = (
            f"{chosen.google_play_url}/androidpublisher/v3/applications/{quote(chosen.google_play_package, safe='')}"
            "/purchases"
        )
        self._breaker = Breaker("google_play", open_seconds=_BREAKER_SECONDS, threshold=_BREAKER_THRESHOLD)
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def close(self) -> None:
        """Close all connections. Afterwards the object is of no use."""
        await self._tokens.close()
        await self._http.aclose()

    async def ask(self, token: str) -> StoreReport | Answer:
        """As the module's `ask`."""
        if not _TOKEN.match(token):
            return Answer(Outcome.REJECTED, "malformed_token")
        answer = await self._call("GET", f"/subscriptionsv2/tokens/{quote(token, safe='')}")
        if isinstance(answer, Answer):
            return answer
        asked_at, body = answer
        try:
            return read_purchase(token, body, asked_at)
        except UnknownState as unknown:
            log().error("google_play.unknown_state", state=str(unknown)[:60])
            return Answer(Outcome.TRANSIENT, "unknown_state")
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            log().error("google_play.unreadable_answer")
            return Answer(Outcome.TRANSIENT, "unreadable_answer")

    async def acknowledge(self, token: str, product_id: str) -> Answer:
        """As the module's `acknowledge`."""
        if not _TOKEN.match(token):
            return Answer(Outcome.REJECTED, "malformed_token")
        path = f"/subscriptions/{quote(product_id, safe='')}/tokens/{quote(token, safe='')}:acknowledge"
        answer = await self._call("POST", path, body={})
        return answer if isinstance(answer, Answer) else Answer(Outcome.OK, "OK")

    async def voided(self, page: str | None = None) -> VoidedPage | Answer:
        """As the module's `voided`."""
        query = {"type": "1", "maxResults": str(_PAGE), **({"token": page} if page else {})}
        answer = await self._call("GET", "/voidedpurchases", query=query)
        if isinstance(answer, Answer):
            return answer
        try:
            # Not strict: Google writes its 64-bit numbers as text.
            said = msgspec.json.decode(answer[1], type=_VoidedList, strict=False)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            log().error("google_play.unreadable_answer")
            return Answer(Outcome.TRANSIENT, "unreadable_answer")
        return VoidedPage(
            said.voided_purchases, said.token_pagination.next_page_token if said.token_pagination else None
        )

    async def _call(
        self,
        method: Literal["GET", "POST"],
        path: str,
        *,
        query: dict[str, str] | None = None,
        body: dict[str, str] | None = None,
    ) -> tuple[datetime, bytes] | Answer:
        """When the question went out and what came back, else what kept it from us."""
        refusal = self._breaker.refusal()
        if refusal is not None:
            return refusal
        async with self._places:
            answer = await self._twice(method, path, query, body)
        self._breaker.saw(answer if isinstance(answer, Answer) else Answer(Outcome.OK, "OK"))
        return answer

    async def _twice(
        self, method: str, path: str, query: dict[str, str] | None, body: dict[str, str] | None
    ) -> tuple[datetime, bytes] | Answer:
        """Once more with a fresh access token, if Google refuses the one that we have."""
        for last in (False, True):
            try:
                token = await self._tokens.get()
            except TokenUnavailable as error:
                return error.answer
            answer = await self._once(method, path, query, body, token)
            if last or not isinstance(answer, Answer) or answer.code != UNAUTHENTICATED:
                break
            self._tokens.invalidate(token)
        return answer

    async def _once(
        self, method: str, path: str, query: dict[str, str] | None, body: dict[str, str] | None, token: str
    ) -> tuple[datetime, bytes] | Answer:
        asked_at = real_now()
        try:
            async with asyncio.timeout(_TOTAL_SECONDS):
                response = await self._http.request(
                    method, self._base + path, params=query, json=body, headers={"Authorization": f"Bearer {token}"}
                )
        except (TimeoutError, httpx2.TimeoutException):
            # Asking changes nothing, and acknowledging twice is acknowledging once.
            return Answer(Outcome.TRANSIENT, "timeout")
        except httpx2.RequestError:
            return Answer(Outcome.TRANSIENT, "transport")
        return (asked_at, response.content) if response.is_success else answer_to_refusal(response)


client = OwnClient(lambda: GooglePlay(settings()))
close = client.close


async def ask(token: str) -> StoreReport | Answer:
    """What Google says of the subscription behind a purchase token, or what kept it from us.

    REJECTED: no such purchase (see google_answers.NOT_FOUND for one that may be too fresh). TOKEN_DEAD: expired so long
    ago that Google has forgotten it. TRANSIENT, CONFIG: ask again later (spec: providers.md 6.2). With a purchase come
    those whose place it took, as far as we have not heard of them.
    """
    answer = await client().ask(token)
    return answer if isinstance(answer, Answer) else await with_predecessors(answer, client().ask)


async def acknowledge(token: str, product_id: str) -> Answer:
    """Tell Google that the purchase has arrived. Saying so again changes nothing."""
    return await client().acknowledge(token, product_id)


async def voided(page: str | None = None) -> VoidedPage | Answer:
    """A part of the list of purchases whose money went back in the last 30 days, subscriptions included."""
    return await client().voided(page)
