"""What a person is told of their subscription: live, that it changed; in the inbox, what they have to know.

A payment that fails is told once, however often the store tries and whatever it calls that; the end of a subscription
when nothing else gives access.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.accounts import letters
from domain.accounts.admission import active
from domain.billing.entitlement import FREE, plan_of
from domain.kit.clock import clock
from domain.kit.database import fetch_row
from domain.kit.events import Event, tell
from domain.push.notifications import notify

DISCREET_BODY = "There is something new for you"
_DEEP_LINK = "kuitter://subscription"
_WORTH_TELLING = timedelta(days=7)

_COUNTING = ("state", "product_id", "expires_at", "will_renew", "next_product_id", "resumes_at")
_TROUBLE = ("grace", "billing_retry", "on_hold")
_OVER = ("expired", "revoked")

_PAYMENT_FAILED = (
    "Your payment did not go through",
    "The store could not renew your subscription. Check how you pay there, so that nothing is interrupted.",
)
_ENDED = (
    "Your subscription has ended",
    "Everything that you wrote is still here, and so is all that is free. You can subscribe again at any time.",
)
_MOVED = (
    "Your subscription moved to another account",
    "Somebody who holds the purchase in the store restored it in another Kuitter account. If that was not you, restore "
    "it here, or write to us: the address stands under Contact.",
)


def changed(before: Any | None, after: Any) -> bool:
    """Whether the rows of a purchase differ in what anybody would see; `before` is None for a new one."""
    return before is None or any(before[name] != after[name] for name in _COUNTING)


async def tell_of_change(user_id: UUID, before: Any | None, after: Any) -> None:
    """Tell the person that their purchase went from `before` to `after`, in the caller's transaction."""
    tell(user_id, Event("subscription"))
    if before is None:
        return
    if after["state"] in _TROUBLE and before["state"] not in _TROUBLE:
        await _notify(user_id, f"payment:{after['id']}:{after['asked_at'].isoformat()}", _PAYMENT_FAILED)
    elif after["state"] in _OVER and before["state"] not in _OVER and await plan_of(user_id, clock.now()) == FREE:
        await _notify(user_id, f"ended:{after['id']}:{after['asked_at'].isoformat()}", _ENDED)


async def tell_of_move(user_id: UUID, transfer_id: UUID) -> None:
    """Tell the person that their purchase is somebody else's now, in the caller's transaction; by mail as well."""
    tell(user_id, Event("subscription"))
    person = await _notify(user_id, f"moved:{transfer_id}", _MOVED)
    if person is not None:
        await letters.post("subscription_moved", person["email"], user_id)


async def _notify(user_id: UUID, cause: str, words: tuple[str, str]) -> Any | None:
    """None for somebody who is not there: an account in its grace is told nothing."""
    person = await fetch_row(f"SELECT email FROM users WHERE id = $1 AND {active()}", user_id)
    if person is not None:
        title, body = words
        await notify(
            user_id, kind="subscription", cause=cause, title=title, body=body, discreet_body=DISCREET_BODY,
            deep_link=_DEEP_LINK, expires_at=clock.now() + _WORTH_TELLING,
        )  # fmt: skip
    return person
