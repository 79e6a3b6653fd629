"""What an event tells the app: the row that it is about, as this person may see it at this moment.

So nothing that was blocked, deleted or hidden since is told, and Redis needs to know ids only. Each kind of event is
one statement for any number of them; the counts that go with some are one more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from domain.anchor import messages as anchor_messages
from domain.anchor import today as anchor_today
from domain.anchor.messages import MessageView, Status
from domain.goals import reading as goals
from domain.kit.errors import NotFound
from domain.kit.events import EventType, Told
from domain.partners import reading as partner_messages
from domain.partners import requests as partner_requests
from domain.partners.requests import Request
from domain.push import notifications
from domain.push.notifications import NotificationView
from domain.recovery import standing


class NewNotification(msgspec.Struct, frozen=True):
    """`notification`: something new in the inbox, of which `unread_count` are not read."""

    notification: NotificationView
    unread_count: int


class RequestChanged(msgspec.Struct, frozen=True):
    """`partner.request`: a request has come, or was accepted; then it names the partnership."""

    request: Request


class AnsweredByAnchor(msgspec.Struct, frozen=True):
    """`anchor.reply`: an answer is done or has failed."""

    message_id: UUID
    status: Status
    message: MessageView


async def render(user_id: UUID, told: Sequence[Told]) -> list[tuple[Told, Any]]:
    """The events with what each tells the person, in their order. Of several about the same row only the last stays;
    what is not in sight any more is left out."""
    latest = {one.event: one for one in told}
    ids: dict[EventType, list[UUID]] = {}
    for event in latest:
        ids.setdefault(event.type, []).extend([event.id] if event.id is not None else [])
    shown = {kind: await _read(kind, user_id, of_kind) for kind, of_kind in ids.items()}
    found = [(one, shown[one.event.type].get(one.event.id)) for one in told if latest[one.event] is one]
    return [(one, data) for one, data in found if data is not None]


_Shown = dict[UUID | None, Any]


async def _read(kind: EventType, user_id: UUID, ids: list[UUID]) -> _Shown:
    try:
        return await _READERS[kind](user_id, ids)
    except NotFound:
        # The person is gone, and the stream is about to end.
        return {}


async def _partner_messages(user_id: UUID, ids: list[UUID]) -> _Shown:
    return {arrived.message.id: arrived for arrived in await partner_messages.read_some(user_id, ids)}


async def _partner_requests(user_id: UUID, ids: list[UUID]) -> _Shown:
    shown: _Shown = {}
    for request_id in ids:  # they are rare
        with contextlib.suppress(NotFound):
            shown[request_id] = RequestChanged(await partner_requests.read_request(user_id, request_id))
    return shown


async def _anchor_replies(user_id: UUID, ids: list[UUID]) -> _Shown:
    read = await anchor_messages.read_some(user_id, ids)
    return {message.id: AnsweredByAnchor(message.id, message.status, message) for message in read}


async def _daily_messages(user_id: UUID, ids: list[UUID]) -> _Shown:
    return _by_id(await anchor_today.read_some(user_id, ids))


async def _notifications(user_id: UUID, ids: list[UUID]) -> _Shown:
    read = await notifications.read_some(user_id, ids)
    unread = await notifications.unread_count(user_id) if read else 0
    return {notification.id: NewNotification(notification, unread) for notification in read}


async def _streak(user_id: UUID, ids: list[UUID]) -> _Shown:
    return {None: await standing.read_streak(user_id)}


async def _goals(user_id: UUID, ids: list[UUID]) -> _Shown:
    return _by_id(await goals.read_some(user_id, ids))


async def _subscription(user_id: UUID, ids: list[UUID]) -> _Shown:
    return {None: {}}


def _by_id(views: Iterable[Any]) -> _Shown:
    return {view.id: view for view in views}


_READERS: dict[EventType, Callable[[UUID, list[UUID]], Awaitable[_Shown]]] = {
    "partner.message": _partner_messages,
    "partner.request": _partner_requests,
    "anchor.reply": _anchor_replies,
    "anchor.daily": _daily_messages,
    "notification": _notifications,
    "streak": _streak,
    "goal": _goals,
    "subscription": _subscription,
}
