"""The App Store Server API: statuses, transactions, histories, notifications (providers.md 7.1)."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias
from urllib.parse import parse_qs
from uuid import UUID

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.types import Options

from ops.sandbox.app_store_book import Book, is_in
from ops.sandbox.app_store_errors import error
from ops.sandbox.app_store_notifications import BadSearchError, Notifications, Search
from ops.sandbox.app_store_subscription import GROUP, Environment, Period, Subscription, milliseconds
from ops.sandbox.credentials import APNS_TOPIC, APP_STORE_APP_ID, APP_STORE_ISSUER_ID, APP_STORE_KEY_ID
from ops.sandbox.wire import Answer, Request, json_answer

PREFIXES: dict[str, Environment] = {"/app-store/": "Production", "/app-store-sandbox/": "Sandbox"}
PAGE = 20
AUDIENCE = "appstoreconnect-v1"
TOKEN_LIFETIME = 3600

_CLAIMS: Options = {"verify_aud": False, "verify_exp": False, "verify_iat": False}
_LEEWAY = 60
_ID = re.compile(r"[0-9]{1,30}")

Query: TypeAlias = dict[str, list[str]]


class _RefusedError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Api:
    """Both hosts of the API; each knows only what was bought in its environment."""

    def __init__(
        self, key: ec.EllipticCurvePublicKey, book: Book, notifications: Notifications, send_test: Callable[..., str]
    ) -> None:
        """`send_test` sends a test notification from an environment and gives its id."""
        self._key = key
        self._book = book
        self._notifications = notifications
        self._send_test = send_test
        self._routes = [
            (method, re.compile(pattern), handler)
            for method, pattern, handler in (
                ("GET", r"v1/subscriptions/([^/]+)", self._statuses),
                ("GET", r"v1/transactions/([^/]+)", self._transaction),
                ("PUT", r"v1/transactions/([^/]+)/appAccountToken", self._name_account),
                ("GET", r"v2/history/([^/]+)", self._history),
                ("GET", r"v2/refund/lookup/([^/]+)", self._refunds),
                ("POST", r"v1/notifications/(history)", self._notification_history),
                ("POST", r"v1/notifications/(test)", self._request_test),
                ("GET", r"v1/notifications/test/([^/]+)", self._test_status),
            )
        ]

    def answer(self, request: Request) -> Answer:
        """Answer as Apple would."""
        prefix = next(prefix for prefix in PREFIXES if request.path.startswith(prefix))
        path = request.path.removeprefix(prefix + "inApps/")
        for method, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if found is None or method != request.method:
                continue
            if not self._is_authorised(request):
                return Answer(status=401)
            try:
                return handler(found[1], PREFIXES[prefix], request)
            except (_RefusedError, BadSearchError) as refused:
                return error(refused.code)
        return Answer(status=404)

    def _is_authorised(self, request: Request) -> bool:
        scheme, _, token = request.header(b"authorization").partition(" ")
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            claims = jwt.decode(token, self._key, algorithms=["ES256"], options=_CLAIMS)
        except jwt.PyJWTError:
            return False
        now, expires, issued = time.time(), claims.get("exp"), claims.get("iat", 0)
        if not isinstance(expires, int | float) or not isinstance(issued, int | float):
            return False
        named = (scheme, kid, claims.get("iss"), claims.get("aud"), claims.get("bid"))
        right = named == ("Bearer", APP_STORE_KEY_ID, APP_STORE_ISSUER_ID, AUDIENCE, APNS_TOPIC)
        return right and now < expires <= now + TOKEN_LIFETIME + _LEEWAY and issued <= now + _LEEWAY

    def _found(self, known: str, environment: Environment) -> Subscription:
        if _ID.fullmatch(known) is None:
            raise _RefusedError(4000006)
        subscription = self._book.find(known)
        if subscription is None or not is_in(subscription, environment, APNS_TOPIC):
            raise _RefusedError(4040010)
        return subscription

    def _statuses(self, known: str, environment: Environment, request: Request) -> Answer:
        wanted = parse_qs(request.query, keep_blank_values=True).get("status", [])
        if any(status not in ("1", "2", "3", "4", "5") for status in wanted):
            raise _RefusedError(4000031)
        subscription = self._found(known, environment)
        data = []
        if not wanted or str(subscription.status) in wanted:
            last = [self._book.last_transaction(subscription)]
            data.append({"subscriptionGroupIdentifier": GROUP, "lastTransactions": last})
        return json_answer(200, _origin(environment) | {"data": data})

    def _transaction(self, known: str, environment: Environment, _: Request) -> Answer:
        subscription = self._found(known, environment)
        for period in subscription.periods:
            if period.transaction_id == known:
                return json_answer(200, {"signedTransactionInfo": self._book.transaction(subscription, period)})
        raise _RefusedError(4040010)

    def _name_account(self, known: str, environment: Environment, request: Request) -> Answer:
        subscription = self._found(known, environment)
        if subscription.original_transaction_id != known:
            raise _RefusedError(4000187)
        try:
            given = str(UUID(msgspec.json.decode(request.body, type=dict[str, str])["appAccountToken"]))
        except (msgspec.DecodeError, RecursionError):
            raise _RefusedError(4000000) from None
        except (ValueError, KeyError):
            raise _RefusedError(4000183) from None
        subscription.app_account_token = given
        return Answer(status=200)

    def _history(self, known: str, environment: Environment, request: Request) -> Answer:
        query = parse_qs(request.query, keep_blank_values=True)
        subscription = self._found(known, environment)
        periods = _chosen(subscription, query)
        if _one_of(query, "sort", ("ASCENDING", "DESCENDING"), 4000021) == "DESCENDING":
            periods.reverse()
        return json_answer(200, _origin(environment) | self._page(subscription, periods, query))

    def _refunds(self, known: str, environment: Environment, request: Request) -> Answer:
        subscription = self._found(known, environment)
        revoked = [(period.revoked_at, period) for period in subscription.periods if period.revoked_at is not None]
        periods = [period for _, period in sorted(revoked, key=lambda pair: pair[0])]
        return json_answer(200, self._page(subscription, periods, parse_qs(request.query, keep_blank_values=True)))

    def _page(self, subscription: Subscription, periods: Sequence[Period], query: Query) -> dict[str, Any]:
        """Twenty of the transactions, after those that the query's revision has seen."""
        seen = 0
        if "revision" in query:
            try:
                seen = int(base64.urlsafe_b64decode(query["revision"][0]).decode().removeprefix("after "))
            except ValueError:
                raise _RefusedError(4000005) from None
        page = periods[seen : seen + PAGE]
        return {
            "signedTransactions": [self._book.transaction(subscription, period) for period in page],
            "revision": base64.urlsafe_b64encode(b"after %d" % (seen + len(page))).decode(),
            "hasMore": len(periods) > seen + PAGE,
        }

    def _notification_history(self, _: str, environment: Environment, request: Request) -> Answer:
        try:
            search = msgspec.json.decode(request.body, type=Search)
        except (msgspec.DecodeError, RecursionError):
            raise _RefusedError(4000000) from None
        token = parse_qs(request.query).get("paginationToken", [None])[0]
        return json_answer(200, self._notifications.history(search, token, environment))

    def _request_test(self, _: str, environment: Environment, __: Request) -> Answer:
        return json_answer(200, {"testNotificationToken": f"{self._send_test(environment)}_{time.time_ns() // 10**6}"})

    def _test_status(self, token: str, environment: Environment, _: Request) -> Answer:
        uuid, separator, moment = token.partition("_")
        if not separator or not moment.isdecimal():
            raise _RefusedError(4000020)
        sent = self._notifications.find(
            lambda one: (one.uuid, one.type, one.environment) == (uuid, "TEST", environment)
        )
        if sent is None:
            raise _RefusedError(4040008)
        return json_answer(200, sent.shown())


def _origin(environment: Environment) -> dict[str, Any]:
    """Which app and environment an answer is of; the sandbox has no number for the app."""
    numbered = {"appAppleId": APP_STORE_APP_ID} if environment == "Production" else {}
    return {"environment": environment, "bundleId": APNS_TOPIC} | numbered


def _chosen(subscription: Subscription, query: Query) -> list[Period]:
    """The periods that the query of a history asks for, oldest first."""
    start, end = _moment(query, "startDate", 4000015), _moment(query, "endDate", 4000016)
    if start is not None and end is not None and start >= end:
        raise _RefusedError(4000013)
    kinds = query.get("productType", [])
    if any(kind not in ("AUTO_RENEWABLE", "NON_RENEWABLE", "CONSUMABLE", "NON_CONSUMABLE") for kind in kinds):
        raise _RefusedError(4000022)
    ownership = _one_of(query, "inAppOwnershipType", ("PURCHASED", "FAMILY_SHARED"), 4000026)
    revoked = _one_of(query, "revoked", ("true", "false", "True", "False"), 4000030)
    owned = "FAMILY_SHARED" if subscription.family_shared else "PURCHASED"
    groups = query.get("subscriptionGroupIdentifier", [GROUP])
    if (kinds and "AUTO_RENEWABLE" not in kinds) or ownership not in (None, owned) or GROUP not in groups:
        return []
    return [
        period
        for period in subscription.periods
        if (start is None or milliseconds(period.purchased_at) >= start)
        and (end is None or milliseconds(period.purchased_at) < end)
        and period.product_id in query.get("productId", [period.product_id])
        and (revoked is None or (revoked.lower() == "true") == (period.revoked_at is not None))
    ]


def _moment(query: Query, name: str, code: int) -> int | None:
    given = query.get(name, [None])[0]
    if given is not None and not given.isdecimal():
        raise _RefusedError(code)
    return None if given is None else int(given)


def _one_of(query: Query, name: str, allowed: tuple[str, ...], code: int) -> str | None:
    given = query.get(name, [None])[0]
    if given is not None and given not in allowed:
        raise _RefusedError(code)
    return given
