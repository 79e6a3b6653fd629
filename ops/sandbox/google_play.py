"""Google Play, the Developer API: what was bought, acknowledging it, taking it back, and what was paid back.

Purchases are made and moved by control routes (`google_play_control`). A token that was never made here is answered
400, one that was made before a restart 404: Google tells a token that it never made by its look.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import msgspec

from domain.kit.clock import clock
from ops.sandbox.credentials import PLAY_PACKAGE, Credentials
from ops.sandbox.google_oauth import SCOPE_ROOT, Tokens
from ops.sandbox.google_play_control import EVENTS, PURCHASES, Control
from ops.sandbox.google_play_events import happen, refund
from ops.sandbox.google_play_purchase import Purchase, Voided, is_ours
from ops.sandbox.google_play_refusals import RefusedError, refused
from ops.sandbox.google_play_shelf import Shelf
from ops.sandbox.signing import Keyring
from ops.sandbox.webhooks import Deliver, Redelivery
from ops.sandbox.wire import Answer, Button, ControlHandler, Provider, Request, Sale, Shop, json_answer

SCOPE = SCOPE_ROOT + "androidpublisher"
VOIDED_KEPT = timedelta(days=30)

_ROOT = re.compile(r"/google-play/androidpublisher/v3/applications/([^/]+)/purchases/(.+)")
_V2 = re.compile(r"subscriptionsv2/tokens/([^/:]+)(?::(\w+))?")
_V1 = re.compile(r"subscriptions/([^/]+)/tokens/([^/:]+):acknowledge")
_PAGE = 1000
_SHOWN = 12
_BUTTONS = {
    "PENDING": (("paid", 4), ("never paid", 20)),
    "ACTIVE": (
        ("renew", 2), ("cancel", 3), ("refund", "voided"), ("billing fails", 5), ("grace", 6), ("hold", 5),
        ("pause", 10), ("price rises", 19), ("expire", 13),
    ),
    "IN_GRACE_PERIOD": (("recover", 1), ("hold", 5), ("cancel", 3), ("refund", "voided"), ("expire", 13)),
    "CANCELED": (("un-cancel", 7), ("refund", "voided"), ("expire", 13)),
    "PAUSED": (("recover", 1), ("cancel", 3), ("expire", 13)),
    "ON_HOLD": (("recover", 1), ("cancel", 3), ("expire", 13)),
    "EXPIRED": (("refund reversed", 7),),
}  # fmt: skip


class GooglePlay(Provider):
    """Everything under `/google-play/androidpublisher/v3/applications/{package}/purchases/`."""

    name = "google-play"
    prefixes = ("/google-play/",)

    def __init__(
        self, credentials: Credentials, tokens: Tokens, keys: Keyring, deliver: Deliver, retry_seconds: float = 1.0
    ) -> None:
        """`keys` are those of Google's identity tokens; `retry_seconds` pass before a push is brought again."""
        self._secret = hashlib.sha256(credentials.service_account["private_key"].encode()).digest()
        self._tokens = tokens
        self._shelf = Shelf(self._secret)
        self._redelivery = Redelivery(deliver, retry_seconds)
        self._control = Control(self._shelf, keys, self._redelivery)

    def answer(self, request: Request) -> Answer:
        try:
            self._authorise(request)
            found = _ROOT.fullmatch(request.path)
            if found is None:
                return Answer(status=404)
            if found[1] != PLAY_PACKAGE:
                words = "No application was found for the given package name."
                return refused(404, "applicationNotFound", words, "packageName")
            return self._purchases(request, found[2])
        except RefusedError as no:
            return no.answer

    def refusal(self, status: int, request: Request) -> Answer:
        return refused(status)

    def control_routes(self) -> dict[tuple[str, str], ControlHandler]:
        return self._control.routes()

    def shop(self) -> Shop:
        now = clock.now()
        self._shelf.settle(now)
        plans = (("monthly", "active"), ("yearly", "active"), ("monthly", "trial"), ("monthly", "pending"))
        labels = ("Buy a month", "Buy a year", "Start a free week", "Promise to pay in cash")
        buttons = [
            Button(label, PURCHASES, {"product_id": "kuitter_plus", "base_plan": plan, "state": state})
            for label, (plan, state) in zip(labels, plans, strict=True)
        ]
        return Shop("Google Play", buttons, [_sale(purchase) for purchase in self._shelf.lately(_SHOWN)])

    def forget(self) -> None:
        """Empty the page and stop bringing notifications again; what was bought stays bought."""
        self._redelivery.stop()
        self._shelf.put_away()

    async def stop(self) -> None:
        self._redelivery.stop()

    def _authorise(self, request: Request) -> None:
        scheme, _, token = request.header(b"authorization").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise RefusedError(refused(401, "required", "Login Required."))
        scopes = self._tokens.scopes(token)
        if scopes is None:
            raise RefusedError(refused(401))
        if SCOPE not in scopes:
            words = "Request had insufficient authentication scopes."
            raise RefusedError(refused(403, "insufficientPermissions", words))

    def _purchases(self, request: Request, rest: str) -> Answer:
        if rest == "voidedpurchases":
            return self._voided(request) if request.method == "GET" else Answer(status=404)
        if (found := _V1.fullmatch(rest)) and request.method == "POST":
            return self._acknowledge(found[1], self._find(found[2]), request)
        found = _V2.fullmatch(rest)
        if found is None:
            return Answer(status=404)
        if found[2] is None and request.method == "GET":
            return json_answer(200, self._find(found[1]).shown())
        handler = self._actions().get(found[2])
        if handler is None or request.method != "POST":
            return Answer(status=404)
        return handler(self._find(found[1]), request)

    def _actions(self) -> dict[str, Callable[[Purchase, Request], Answer]]:
        return {"cancel": self._cancel, "revoke": self._revoke}

    def _find(self, token: str) -> Purchase:
        now = clock.now()
        purchase = self._shelf.find(token, now)
        if purchase is None:
            raise RefusedError(refused(404 if is_ours(token, self._secret) else 400))
        if purchase.is_forgotten(now):
            raise RefusedError(refused(410))
        return purchase

    def _acknowledge(self, product_id: str, purchase: Purchase, request: Request) -> Answer:
        body = _body(request, {"developerPayload", "externalAccountIds"})
        if product_id != purchase.product_id:
            return refused(400, location="subscriptionId")
        if purchase.started_at is None or purchase.state == "EXPIRED":
            words = "The subscription purchase is not owned by the user."
            return refused(400, "subscriptionNotOwnedByUser", words)
        account = body.get("externalAccountIds", {})
        named = account.get("obfuscatedAccountId") if isinstance(account, dict) else account
        if named is not None and not isinstance(named, str):
            return refused(400, location="externalAccountIds")
        purchase.acknowledged = True
        purchase.account_id = purchase.account_id or named
        return Answer(status=204)

    def _cancel(self, purchase: Purchase, request: Request) -> Answer:
        context = _body(request, {"cancellationContext"}).get("cancellationContext")
        if not isinstance(context, dict) or context.get("cancellationType") not in (
            "USER_REQUESTED_STOP_RENEWALS",
            "DEVELOPER_REQUESTED_STOP_PAYMENTS",
        ):
            return refused(400, location="cancellationContext")
        self._require_running(purchase)
        happen(purchase, "CANCELED", clock.now())
        if context["cancellationType"].startswith("DEVELOPER"):
            purchase.canceled_by = "developer"
        self._shelf.touch(purchase)
        return json_answer(200, {})

    def _revoke(self, purchase: Purchase, request: Request) -> Answer:
        context = _body(request, {"revocationContext"}).get("revocationContext")
        if not isinstance(context, dict) or not {"fullRefund", "proratedRefund", "itemBasedRefund"} & context.keys():
            return refused(400, location="revocationContext")
        self._require_running(purchase)
        self._shelf.refunded(refund(purchase, clock.now()))
        self._shelf.touch(purchase)
        return json_answer(200, {})

    def _require_running(self, purchase: Purchase) -> None:
        if purchase.started_at is None or purchase.state == "EXPIRED":
            words = "The subscription purchase is not in a state in which this can be done."
            raise RefusedError(refused(400, "invalidPurchaseState", words))

    def _voided(self, request: Request) -> Answer:
        now = clock.now()
        self._shelf.settle(now)
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        limit = min(_number(query, "maxResults", _PAGE), _PAGE)
        oldest = now - VOIDED_KEPT
        since = _moment(query, "startTime", oldest)
        until = _moment(query, "endTime", now)
        # A minute of grace: who asks for the last thirty days has computed them a moment ago.
        if since < oldest - timedelta(minutes=1) or until > now + timedelta(minutes=1) or limit < 1:
            return refused(400, location="startTime")
        # 0, the default, leaves subscriptions out (spec: providers.md 6.2).
        kinds = _number(query, "type", 0)
        start = _number(query, "token", 0)
        found = [one for one in self._shelf.voided if since <= one.at <= until] if kinds == 1 else []
        page = found[start : start + limit]
        answer: dict[str, Any] = {"voidedPurchases": [_shown(one) for one in page]} if page else {}
        if start + limit < len(found):
            answer["tokenPagination"] = {"nextPageToken": str(start + limit)}
        return json_answer(200, answer)


def _body(request: Request, names: set[str]) -> dict[str, Any]:
    """A JSON body with these fields and no other; nothing at all is an empty one."""
    try:
        body = msgspec.json.decode(request.body or b"{}")
    except (msgspec.DecodeError, RecursionError):
        raise RefusedError(refused(400, "parseError", "Parse Error", "body")) from None
    if not isinstance(body, dict) or body.keys() - names:
        raise RefusedError(refused(400, "badRequest", "Invalid JSON payload received.", "body"))
    return body


def _number(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdecimal() or len(text) > 15:
        raise RefusedError(refused(400, location=name))
    return int(text)


def _moment(query: dict[str, str], name: str, default: datetime) -> datetime:
    """Milliseconds since 1970 as an instant."""
    if name not in query:
        return default
    return datetime.fromtimestamp(min(_number(query, name, 0) / 1000, 10**10), UTC)


def _shown(record: Voided) -> dict[str, Any]:
    return {
        "kind": "androidpublisher#voidedPurchase",
        "purchaseToken": record.token,
        "purchaseTimeMillis": str(int(record.purchased_at.timestamp() * 1000)),
        "voidedTimeMillis": str(int(record.at.timestamp() * 1000)),
        "orderId": record.order_id,
        "voidedSource": record.source,
        "voidedReason": record.reason,
    }


def _sale(purchase: Purchase) -> Sale:
    offered = () if purchase.replaced else _BUTTONS.get(purchase.state, ())
    return Sale(
        token=purchase.token,
        product=f"{purchase.product_id}, {purchase.base_plan}",
        state=purchase.state.lower().replace("_", " "),
        at=purchase.created_at,
        expires_at=purchase.expires_at,
        will_renew=purchase.auto_renew,
        account=purchase.account_id,
        buttons=[
            Button(label, EVENTS, {"purchase_token": purchase.token, "type": kind})  # delivered as well
            for label, kind in offered
        ],
    )
