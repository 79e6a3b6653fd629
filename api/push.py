"""Devices, preferences and the inbox."""

from typing import Annotated

import msgspec
from litestar import delete, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter
from msgspec import Meta

from api.person import Person
from domain.kit.ids import parse_id
from domain.kit.pagination import page_limit
from domain.push import devices, notifications, preferences
from domain.push.devices import DeviceView, Environment, Platform, TokenKind, Transport
from domain.push.notifications import Inbox, NotificationView
from domain.push.preferences import PreferencesChange, PreferencesView

_ACCOUNT = ["Accounts and sign-in"]
_INBOX = ["Notifications"]

InstallationId = Annotated[str, PathParameter(description="The app's own id of its installation")]


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where pushes for an installation go. With `transport` apns: platform ios, kind apns, a hexadecimal token."""

    platform: Platform
    transport: Transport
    token: str
    token_kind: TokenKind
    environment: Environment
    app_version: Annotated[str, Meta(examples=["1.4.0"])]


class Unread(msgspec.Struct, frozen=True):
    unread_count: int


@put("/v1/me/devices/{installation_id:str}", operation_id="putDevice", tags=_ACCOUNT, summary="Register for pushes")
async def put_device(
    person: NamedDependency[Person], installation_id: InstallationId, data: JSONBody[Device]
) -> DeviceView:
    """Call it after signing in and whenever the token changes. A token that another account had moves to this one."""
    return await devices.register_device(
        person.user_id, person.session_id, installation_id, **msgspec.structs.asdict(data)
    )


@delete("/v1/me/devices/{installation_id:str}", operation_id="deleteDevice", tags=_ACCOUNT, summary="End pushes")
async def delete_device(person: NamedDependency[Person], installation_id: InstallationId) -> None:
    """No more pushes to this installation. Signing out does the same."""
    await devices.remove_device(person.user_id, installation_id)


@get("/v1/me/preferences", operation_id="readPreferences", tags=_ACCOUNT, summary="Preferences")
async def read_preferences(person: NamedDependency[Person]) -> PreferencesView:
    """`push` says which kinds come as pushes; with `discreet_push` the lock screen does not show their text."""
    return await preferences.preferences_of(person.user_id)


@patch("/v1/me/preferences", operation_id="changePreferences", tags=_ACCOUNT, summary="Change preferences")
async def change_preferences(person: NamedDependency[Person], data: JSONBody[PreferencesChange]) -> PreferencesView:
    """Fields left out stay."""
    return await preferences.change_preferences(person.user_id, data)


@get("/v1/notifications", operation_id="listNotifications", tags=_INBOX, summary="The inbox")
async def list_notifications(
    person: NamedDependency[Person], limit: FromQuery[int | None] = None, cursor: FromQuery[str | None] = None
) -> Inbox:
    """Newest first; `unread_count` counts all, not only this page."""
    return await notifications.inbox(person.user_id, page_limit(limit), cursor)


@put(
    "/v1/notifications/{notification_id:str}/read", operation_id="readNotification", tags=_INBOX, summary="Mark as read"
)
async def read_notification(person: NamedDependency[Person], notification_id: FromPath[str]) -> NotificationView:
    """The first time counts; again changes nothing."""
    return await notifications.mark_read(person.user_id, parse_id(notification_id))


@post(
    "/v1/notifications/read-all", operation_id="readAllNotifications", tags=_INBOX, summary="Mark all as read",
    status_code=200,
)  # fmt: skip
async def read_all_notifications(person: NamedDependency[Person]) -> Unread:
    """Marks everything that is in the inbox now."""
    return Unread(await notifications.mark_all_read(person.user_id))


HANDLERS = [
    put_device, delete_device, read_preferences, change_preferences, list_notifications, read_notification,
    read_all_notifications,
]  # fmt: skip
