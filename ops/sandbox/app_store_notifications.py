"""Notifications of the App Store: signed once, sent, sent again where Apple would, and kept for who asks later."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from domain.kit.clock import clock
from ops.sandbox.app_store_subscription import Environment, milliseconds
from ops.sandbox.webhooks import Deliver

WEBHOOK = "/webhooks/app-store"
# After the attempt before, in production only; testers get one attempt.
RETRY_HOURS = (1, 12, 24, 48, 72)
HISTORY = timedelta(days=180)
PAGE = 20

_LOOK_SECONDS = 0.2
_KEPT = 20_000


class Notification(msgspec.Struct, kw_only=True):
    """One notification and how the app took it."""

    number: int
    uuid: str
    type: str
    subtype: str | None
    environment: Environment
    transactions: frozenset[str]
    """Every id by which the purchase can be asked for; none if it is about no purchase."""
    payload: str
    signed_at: int
    """Milliseconds of the real clock."""
    at: datetime
    """By the business clock."""
    attempts: list[tuple[int, str]] = []
    """When (real milliseconds) and with what result."""
    due: datetime = datetime.max.replace(tzinfo=UTC)
    """The next attempt if it waits for one, by the business clock, so that travelling through time brings it about."""

    @property
    def arrived(self) -> bool:
        """Whether the app ever took it."""
        return any(result == "SUCCESS" for _, result in self.attempts)

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        attempts = [{"attemptDate": at, "sendAttemptResult": result} for at, result in self.attempts[-6:]]
        return {"signedPayload": self.payload, "sendAttempts": attempts}


class Search(msgspec.Struct, rename="camel"):
    """The body of a request for the history; what is not known is ignored, as Apple does."""

    start_date: int | None = None
    end_date: int | None = None
    notification_type: str | None = None
    notification_subtype: str | None = None
    transaction_id: str | None = None
    only_failures: bool = False


class BadSearchError(Exception):
    """The request cannot be answered; the number is Apple's code for it."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Notifications:
    """All notifications of both environments."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._all: deque[Notification] = deque(maxlen=_KEPT)
        self._waiting: dict[int, Notification] = {}
        self._count = 0
        self._retrying: asyncio.Task[None] | None = None
        self._sending: set[asyncio.Task[Any]] = set()

    def add(
        self,
        uuid: str,
        kind: str,
        subtype: str | None,
        environment: Environment,
        transactions: frozenset[str],
        payload: str,
        signed_at: int,
    ) -> Notification:
        """Keep a notification that has just been signed."""
        self._count += 1
        made = Notification(
            number=self._count, uuid=uuid, type=kind, subtype=subtype, environment=environment,
            transactions=transactions, payload=payload, signed_at=signed_at, at=clock.now(),
        )  # fmt: skip
        self._all.append(made)
        return made

    async def send(self, notification: Notification, copies: int) -> list[int | None]:
        """Bring it to the app; returns each copy's status, null where nobody answered."""
        statuses = await self._deliver(WEBHOOK, {"signedPayload": notification.payload}, copies)
        taken = any(status is not None and 200 <= status <= 206 for status in statuses)
        spoken = any(status is not None for status in statuses)
        result = "SUCCESS" if taken else "UNSUCCESSFUL_HTTP_RESPONSE_CODE" if spoken else "NO_RESPONSE"
        notification.attempts.append((_now(), result))
        attempts = len(notification.attempts)
        self._waiting.pop(notification.number, None)
        if not notification.arrived and notification.environment == "Production" and attempts <= len(RETRY_HOURS):
            notification.due = clock.now() + timedelta(hours=RETRY_HOURS[attempts - 1])
            self._waiting[notification.number] = notification
        return statuses

    def send_soon(self, notification: Notification) -> None:
        """Bring it to the app while somebody else is being answered."""
        task = asyncio.ensure_future(self.send(notification, 1))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)

    def lose(self, notification: Notification) -> None:
        """Note that it got lost on its way; nobody tries again."""
        notification.attempts.append((_now(), "TIMED_OUT"))

    def find(self, fits: Callable[[Notification], bool]) -> Notification | None:
        """The newest one that fits."""
        return next((one for one in reversed(self._all) if fits(one)), None)

    def history(self, search: Search, token: str | None, environment: Environment) -> dict[str, Any]:
        """One page of the history, oldest first. Raises BadSearchError."""
        now = clock.now()
        # Signatures go by the real clock and everything else by the business clock, so either may be asked by.
        latest = max(_now(), milliseconds(now))
        earliest = min(_now(), milliseconds(now)) - HISTORY // timedelta(milliseconds=1)
        start, end = search.start_date, search.end_date
        if start is None or start > latest:
            raise BadSearchError(4000015)
        if end is None:
            raise BadSearchError(4000016)
        if start < earliest:
            raise BadSearchError(4000012)
        if start >= end:
            raise BadSearchError(4000013)
        if search.transaction_id is not None and search.notification_type is not None:
            raise BadSearchError(4000019)
        if search.notification_subtype is not None and search.notification_type is None:
            raise BadSearchError(4000018)
        after = _after(token, search)
        found = [
            one
            for one in self._all
            if one.number > after
            and one.environment == environment
            and (start <= one.signed_at < end or start <= milliseconds(one.at) < end)
            and search.notification_type in (None, one.type)
            and search.notification_subtype in (None, one.subtype)
            and (search.transaction_id is None or search.transaction_id in one.transactions)
            and not (search.only_failures and one.arrived)
        ]
        page = found[:PAGE]
        answer = {"hasMore": len(found) > PAGE, "notificationHistory": [one.shown() for one in page]}
        if len(found) > PAGE:
            answer["paginationToken"] = _token(page[-1].number, search)
        return answer

    def forget(self) -> None:
        """Drop all of them, and try none again."""
        self._all.clear()
        self._waiting.clear()

    def start(self) -> None:
        """Begin to look for those that are due again."""
        self._retrying = asyncio.create_task(self._retry())

    async def stop(self) -> None:
        """Bring nothing more."""
        running = [*self._sending, *([self._retrying] if self._retrying else [])]
        for task in running:
            task.cancel()
        for task in running:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _retry(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            now = clock.now()
            for one in [one for one in self._waiting.values() if one.due <= now]:
                await self.send(one, 1)


def _now() -> int:
    return milliseconds(datetime.now(UTC))


def _token(number: int, search: Search) -> str:
    return base64.urlsafe_b64encode(f"{number}.{_fingerprint(search)}".encode()).decode()


def _after(token: str | None, search: Search) -> int:
    """The number after which the page begins. A token counts for the search that it came with, and no other."""
    if token is None:
        return 0
    try:
        number, _, mark = base64.urlsafe_b64decode(token).decode().partition(".")
        if mark == _fingerprint(search):
            return int(number)
    except ValueError:
        pass
    raise BadSearchError(4000014)


def _fingerprint(search: Search) -> str:
    return hashlib.sha256(msgspec.json.encode(search)).hexdigest()[:16]
