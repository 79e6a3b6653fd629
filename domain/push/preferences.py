"""What a person wants to be told, how openly, and when."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.kit.database import fetch_row
from domain.kit.errors import InvalidRequest
from domain.push.tables import Preferences

Kind = Literal["anchor_daily"]

_CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")

ClockTime = Annotated[str, Meta(description="HH:MM by the person's own clock", examples=["09:00"])]


class PushKinds(msgspec.Struct, frozen=True):
    """Which kinds of notifications also come as pushes; each field bears the name of its kind."""

    anchor_daily: bool = True


class PreferencesView(msgspec.Struct, frozen=True):
    """A person's preferences; as made without arguments they are what holds for somebody who never chose.

    `discreet_push` keeps the text itself off the lock screen.
    """

    discreet_push: bool = True
    push: PushKinds = PushKinds()
    daily_message_time: ClockTime = "09:00"

    def wants_push(self, kind: Kind) -> bool:
        """Whether notifications of this kind come as pushes."""
        wanted: bool = getattr(self.push, kind)
        return wanted


class PushKindsChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind left out stays as it is."""

    anchor_daily: bool | UnsetType = UNSET


class PreferencesChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed; a field left out stays as it is."""

    discreet_push: bool | UnsetType = UNSET
    push: PushKindsChange | UnsetType = UNSET
    daily_message_time: ClockTime | UnsetType = UNSET


async def preferences_of(user_id: UUID) -> PreferencesView:
    """What the person chose, or the defaults."""
    row = await Preferences.select().where(Preferences.user_id == user_id).first()
    return PreferencesView() if row is None else preferences_in(row)


def preferences_in(row: Any) -> PreferencesView:
    """The preferences in the columns of `row`; NULL, as an outer join gives for somebody who never chose, is the
    default."""
    if row["discreet_push"] is None:
        return PreferencesView()
    return PreferencesView(
        row["discreet_push"], PushKinds(row["push_daily"]), row["daily_message_time"].isoformat("minutes")
    )


async def change_preferences(user_id: UUID, change: PreferencesChange) -> PreferencesView:
    """Write the fields that are set, and return all. Raises InvalidRequest for a time that is none."""
    defaults = PreferencesView()
    daily = change.push.anchor_daily if change.push is not UNSET else UNSET
    at = None if change.daily_message_time is UNSET else _time(change.daily_message_time)
    # One statement, so that two changes of different fields at the same time both hold.
    row = await fetch_row(
        """INSERT INTO preferences (user_id, discreet_push, push_daily, daily_message_time)
           VALUES ($1, COALESCE($2, $5::boolean), COALESCE($3, $6::boolean), COALESCE($4, $7::time))
           ON CONFLICT (user_id) DO UPDATE SET
               discreet_push = COALESCE($2, preferences.discreet_push),
               push_daily = COALESCE($3, preferences.push_daily),
               daily_message_time = COALESCE($4, preferences.daily_message_time)
           RETURNING discreet_push, push_daily, daily_message_time""",
        user_id, None if change.discreet_push is UNSET else change.discreet_push, None if daily is UNSET else daily, at,
        defaults.discreet_push, defaults.push.anchor_daily, _time(defaults.daily_message_time),
    )  # fmt: skip
    return preferences_in(row)


def _time(text: str) -> time:
    if not _CLOCK_TIME.fullmatch(text):
        raise InvalidRequest("must be a time from 00:00 to 23:59", field="daily_message_time")
    return time.fromisoformat(text)
