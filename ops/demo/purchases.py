"""A purchase on each store: bought, unlocked in one call, renewed, cancelled, and one too many."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ops.demo.life import Life
from ops.demo.telling import StepFailed, chapter, holds, tell, until

_MONTH, _YEAR = "app.kuitter.plus.monthly", "app.kuitter.plus.yearly"
_GOOGLE_PRODUCT = "kuitter_plus"
_WAIT = {"Prefer": "wait=20"}
# Between two looks, so that looking does not meet the limit of requests a minute.
_PAUSE = 0.25


def buy_subscriptions(life: Life, tom: Life) -> None:
    """Tom on an Android phone, Mara on an iPhone. Raises StepFailed at the first step that does not hold."""
    chapter("A purchase on each store")
    items = life.call("GET", "/v1/billing/products")["items"]
    prices = {item["plan"]: item["price"]["amount"] for item in items}
    holds(f"a month is {prices['monthly']}, a year {prices['yearly']}",
          prices == {"monthly": "3.99", "yearly": "29.99"}, items)  # fmt: skip
    token = _google_play(tom)
    _both_at_once(tom, token)
    _app_store(life)


def _google_play(tom: Life) -> str:
    """A month, bought and renewed; returns its purchase token."""
    tell("Tom buys a month on his Android phone.")
    limit = _replies_a_day(tom)
    token: str = tom.in_store("google-play/purchases", {
        "product_id": _GOOGLE_PRODUCT, "base_plan": "monthly", "account_id": _account(tom),
    })["purchase_token"]  # fmt: skip
    bought = _hand_in(tom, "google_play", _GOOGLE_PRODUCT, token)
    holds("his app hands it in: one call, and it is unlocked", bought["state"] == "active", bought)
    more = _replies_a_day(tom)
    holds(f"instead of {limit} replies of Anchor he has {more} a day", (limit, more) == (3, 30))
    until("the acknowledgement at Google", partial(_acknowledged, tom, token))
    holds("Google was told that it arrived, so nothing is paid back", True)
    tom.in_store("google-play/events", {"purchase_token": token, "type": "RENEWED"})
    renewed = _becomes(tom, "the renewal", lambda seen: seen["expires_at"] > bought["expires_at"])
    holds(f"Google renews it, and tells us: paid until {renewed['expires_at'][:10]}",
          renewed["state"] == "active" and renewed["will_renew"], renewed)  # fmt: skip
    return token


def _both_at_once(tom: Life, token: str) -> None:
    tell("On his iPhone he forgets about it, and buys a year as well.")
    bought = _buy_in_app_store(tom, _YEAR)
    both = _hand_in(tom, "app_store", _YEAR, bought["signed_transaction"])
    holds("it is one subscription to us, and he is warned that he pays twice",
          (both["plan"], both["warning"]) == ("yearly", "duplicate_subscription"), both)  # fmt: skip
    links = sorted(urlsplit(url).hostname or "" for url in both["management_urls"].values())
    holds("with a link to where each is cancelled", links == ["apps.apple.com", "play.google.com"], both)
    tom.in_store("google-play/events", {"purchase_token": token, "type": "CANCELED"})
    one = _becomes(tom, "the end of the warning", lambda seen: seen["warning"] is None)
    holds("he cancels the month: no warning any more, and the year goes on",
          (one["state"], one["plan"], one["will_renew"]) == ("active", "yearly", True), one)  # fmt: skip


def _app_store(life: Life) -> None:
    tell("Mara buys a month on her iPhone.")
    bought = _buy_in_app_store(life, _MONTH)
    begun = _hand_in(life, "app_store", _MONTH, bought["signed_transaction"])
    holds("unlocked in one call", (begun["state"], _replies_a_day(life)) == ("active", 30), begun)
    # Half an hour of the month is left, so that its end can be seen.
    life.in_store("app-store/events", {
        "original_transaction_id": bought["original_transaction_id"], "type": "DID_CHANGE_RENEWAL_STATUS",
        "subtype": "AUTO_RENEW_DISABLED", "expires_in": 1800,
    })  # fmt: skip
    cancelled = _becomes(life, "the cancellation", lambda seen: seen["state"] == "cancelled")
    holds(f"she cancels, and keeps what she paid for until {cancelled['expires_at'][:16].replace('T', ' ')} UTC",
          cancelled["has_access"] and not cancelled["will_renew"], cancelled)  # fmt: skip
    life.sleep(31 * 60)
    over = _becomes(life, "the end of it", lambda seen: not seen["has_access"])
    holds("then it is over, without a word from the store",
          (over["state"], _replies_a_day(life)) == ("expired", 3), over)  # fmt: skip


def _account(person: Life) -> str:
    """What the app names to the store when it buys, so that the purchase is this person's."""
    account: str = person.call("GET", "/v1/me")["store_account_token"]
    return account


def _replies_a_day(person: Life) -> int:
    limit: int = person.call("GET", "/v1/anchor/quota")["day"]["limit"]
    return limit


def _buy_in_app_store(person: Life, product: str) -> dict[str, Any]:
    return person.in_store(
        "app-store/purchases",
        {"product_id": product, "app_account_token": _account(person), "environment": "Production"},
    )


def _hand_in(person: Life, store: str, product: str, token: str) -> dict[str, Any]:
    """The subscription after one call that waits for the decision."""
    body = {"store": store, "product_id": product, "token": token}
    claim = person.call("POST", "/v1/billing/purchases", body, _WAIT)
    if claim["status"] != "accepted":
        raise StepFailed(f"the purchase was not accepted within the call: {claim}")
    subscription: dict[str, Any] = claim["subscription"]
    return subscription


def _becomes(person: Life, what: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The subscription, once it is so."""

    def look() -> dict[str, Any] | None:
        seen: dict[str, Any] = person.call("GET", "/v1/billing/subscription")
        return seen if is_so(seen) else None

    return until(what, look, pause=_PAUSE)


def _acknowledged(person: Life, token: str) -> bool:
    asked = [item for item in person.sent("google-play") if item["path"].endswith(f"{token}:acknowledge")]
    return any(item["status"] == 204 for item in asked)
