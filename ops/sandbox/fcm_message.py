"""The shape of an FCM message, as far as the service itself checks it."""

from __future__ import annotations

import re
from typing import Any

TARGETS = ("fid", "token", "topic", "condition")

_DURATION = re.compile(r"\d+(\.\d{1,9})?s")
_TOPIC = re.compile(r"[A-Za-z0-9\-_.~%]{1,900}")
_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")
_TEXT = "a string"
_FLAG = "a boolean"
_NUMBER = "a whole number"
_MAP = "a map of strings"
_ANY = "anything"
_TEXTS = "a list of strings"

_OPTIONS = {"analytics_label": _TEXT}
_LIGHT = {"color": _ANY, "light_on_duration": _TEXT, "light_off_duration": _TEXT}
_ANDROID_NOTIFICATION = {
    **dict.fromkeys(
        ("title", "body", "icon", "color", "sound", "tag", "click_action", "body_loc_key", "title_loc_key",
         "channel_id", "ticker", "event_time", "notification_priority", "visibility", "image", "proxy"),
        _TEXT,
    ),
    **dict.fromkeys(
        ("sticky", "local_only", "default_sound", "default_vibrate_timings", "default_light_settings",
         "bypass_proxy_notification"),
        _FLAG,
    ),
    "body_loc_args": _TEXTS, "title_loc_args": _TEXTS, "vibrate_timings": _TEXTS,
    "notification_count": _NUMBER, "light_settings": _LIGHT,
}  # fmt: skip
_MESSAGE: dict[str, Any] = {
    "name": _TEXT,
    **dict.fromkeys(TARGETS, _TEXT),
    "data": _MAP,
    "notification": {"title": _TEXT, "body": _TEXT, "image": _TEXT},
    "android": {
        "collapse_key": _TEXT,
        "priority": _TEXT,
        "ttl": _TEXT,
        "restricted_package_name": _TEXT,
        "data": _MAP,
        "notification": _ANDROID_NOTIFICATION,
        "fcm_options": _OPTIONS,
        "direct_boot_ok": _FLAG,
        "bandwidth_constrained_ok": _FLAG,
        "restricted_satellite_ok": _FLAG,
    },
    "apns": {"headers": _MAP, "payload": _ANY, "fcm_options": _ANY, "live_activity_token": _TEXT},
    "webpush": _ANY,
    "fcm_options": _OPTIONS,
}


class InvalidMessageError(Exception):
    """The message is not what the service takes; `field` says where."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


def target_of(message: dict[str, Any]) -> tuple[str, str]:
    """Check the message and say whom it goes to: the kind of target and its value.

    Raises InvalidMessageError for an unknown field, a wrong type, and anything but exactly one target.
    """
    _check(message, _MESSAGE, "message")
    named = [kind for kind in TARGETS if message.get(kind)]
    if not named:
        raise InvalidMessageError(
            "message", "Recipient of the message is not set. Exactly one of fid, token, topic or condition is required."
        )
    if len(named) > 1:
        raise InvalidMessageError(
            f"message.{named[1]}", "Invalid value at 'message' (oneof), oneof field 'target' is already set."
        )
    android = message.get("android", {})
    if str(android.get("priority", "high")).lower() not in ("high", "normal"):
        raise InvalidMessageError("message.android.priority", "Invalid value at 'message.android.priority'")
    if not _DURATION.fullmatch(android.get("ttl", "0s")):
        raise InvalidMessageError("message.android.ttl", "Invalid value at 'message.android.ttl' (Duration)")
    for place in (message, android):
        for key in place.get("data", {}):
            if key in ("from", "message_type", "gcm") or key.startswith(("google.", "gcm.", "gcm.notification.")):
                raise InvalidMessageError("message.data", f"Invalid data payload key: {key}")
    kind, target = named[0], str(message[named[0]])
    if kind == "topic" and not _TOPIC.fullmatch(target.removeprefix("/topics/")):
        raise InvalidMessageError("message.topic", "Invalid topic name")
    return kind, target


def payload_size(message: dict[str, Any]) -> int:
    """Bytes that count towards the limit: keys and values of data and of what is shown."""
    android = message.get("android", {})
    parts = (message.get("notification"), message.get("data"), android.get("notification"), android.get("data"))
    return sum(
        len(str(key).encode()) + len(str(value).encode()) for part in parts if part for key, value in part.items()
    )


def _check(value: dict[str, Any], shape: dict[str, Any], path: str) -> None:
    for name, inner in value.items():
        # Google's JSON takes both spellings; so do we.
        expected = shape.get(name) or shape.get(_CAMEL.sub(lambda found: "_" + found[1].lower(), name))
        if expected is None:
            raise InvalidMessageError(
                path, f"Invalid JSON payload received. Unknown name \"{name}\" at '{path}': Cannot find field."
            )
        here = f"{path}.{name}"
        if isinstance(expected, dict):
            if not isinstance(inner, dict):
                raise InvalidMessageError(here, f"Invalid value at '{here}', expected an object")
            _check(inner, expected, here)
        elif not _fits(inner, expected):
            raise InvalidMessageError(here, f"Invalid value at '{here}', expected {expected}")


def _fits(value: Any, expected: str) -> bool:
    if expected is _TEXT:
        return isinstance(value, str)
    if expected is _FLAG:
        return isinstance(value, bool)
    if expected is _NUMBER:
        return isinstance(value, int) and not isinstance(value, bool)
    if expected is _TEXTS:
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if expected is _MAP:
        return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
    return True
