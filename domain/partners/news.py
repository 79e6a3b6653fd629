"""Telling people of requests: that one waits for them, and that theirs was accepted.

Without names, because those are resolved when read. Nobody is told of a refusal or an end; what is over before it was
read is taken back. Rules: semantics, "Partners" (declining and ending are silent).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from domain.kit.clock import clock
from domain.kit.database import execute
from domain.partners.telling import DISCREET_BODY, link_to
from domain.push.notifications import notify

_REQUESTED = "Somebody would like to be your partner"
_ACCEPTED = "You have a new partner"
_WORTH_TELLING = timedelta(days=3)


async def tell_of_request(user_id: UUID, request_id: UUID, expires_at: datetime) -> None:
    """Tell the one who is asked, in the transaction of the request."""
    await notify(
        user_id, kind="partner_request", cause=str(request_id), title=_REQUESTED, body=_REQUESTED,
        discreet_body=DISCREET_BODY, deep_link="kuitter://partners/requests",
        expires_at=min(expires_at, clock.now() + _WORTH_TELLING),
    )  # fmt: skip


async def tell_of_partner(user_id: UUID, partnership_id: UUID) -> None:
    """Tell one of two new partners, in the transaction that makes them so."""
    await notify(
        user_id, kind="partner_accepted", cause=str(partnership_id), title=_ACCEPTED, body=_ACCEPTED,
        discreet_body=DISCREET_BODY, deep_link=link_to(partnership_id), expires_at=clock.now() + _WORTH_TELLING,
    )  # fmt: skip


async def withdraw_request(*request_ids: UUID) -> None:
    """Take back what tells of these requests, as far as it is unread; a push of it that still waits goes with it."""
    await _withdraw(request_ids, ["partner_request"])


async def withdraw_news(request_ids: Sequence[UUID]) -> None:
    """The same, and what tells that they were accepted."""
    await _withdraw(request_ids, ["partner_request", "partner_accepted"])


async def _withdraw(request_ids: Sequence[UUID], kinds: list[str]) -> None:
    # By the people of each request, because notifications are found by their person.
    await execute(
        """DELETE FROM notifications USING partnerships
           WHERE partnerships.id = ANY ($1) AND notifications.kind = ANY ($2) AND notifications.read_at IS NULL
             AND notifications.user_id = ANY (ARRAY[partnerships.from_id, partnerships.to_id])
             AND notifications.cause = partnerships.id::text""",
        list(request_ids), kinds,
    )  # fmt: skip
