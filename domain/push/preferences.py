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

Kind = Literal[
    "anchor_daily", "achievement", "goal", "check_in_reminder", "comment", "reply", "like", "report_outcome",
    "partner_request", "partner_accepted", "partner_message", "partner_slip", "partner_sos",
    "subscription",
]  # fmt: skip

COLUMNS = (
    "discreet_push, push_daily, push_achievements, push_goals, push_reminders, push_comments, push_replies, "
    "push_likes, push_report_outcomes, push_partner_requests, push_partner_accepted, push_partner_messages, "
    "push_partner_slips, push_partner_sos, push_subscriptions, daily_message_time, searchable, show_streak, "
    "share_journal_with_anchor, "
    "share_streak_with_partners, share_slips_with_partners, share_sos_with_partners, "
    "quiet_from, quiet_to"
)

_PUSH_COLUMNS: dict[Kind, str] = {
    "anchor_daily": "push_daily",
    "achievement": "push_achievements",
    "goal": "push_goals",
    "check_in_reminder": "push_reminders",
    "comment": "push_comments",
    "reply": "push_replies",
    "like": "push_likes",
    "report_outcome": "push_report_outcomes",
    "partner_request": "push_partner_requests",
    "partner_accepted": "push_partner_accepted",
    "partner_message": "push_partner_messages",
    "partner_slip": "push_partner_slips",
    "partner_sos": "push_partner_sos",
    "subscription": "push_subscriptions",
}

_CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")

ClockTime = Annotated[str, Meta(description="HH:MM by the person's own clock", examples=["09:00"])]


class PushKinds(msgspec.Struct, frozen=True):
    """Which kinds of notifications also come as pushes; each field bears the name of its kind."""

    anchor_daily: bool = True
    achievement: bool = True
    goal: bool = True
    check_in_reminder: bool = True
    comment: bool = True
    reply: bool = True
    like: bool = True
    report_outcome: bool = True
    partner_request: bool = True
    partner_accepted: bool = True
    partner_message: bool = True
    partner_slip: bool = True
    partner_sos: bool = True
    subscription: bool = True


class QuietHours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No pushes from the first time on until the second; over midnight if that is the earlier one.

    From 22:00 until 08:00 all wait but the daily message, the reminder, and what partners write or call for, whether
    quiet hours are set or not.
    """

    from_: ClockTime = msgspec.field(name="from")
    to: ClockTime


class PreferencesView(msgspec.Struct, frozen=True):
    """A person's preferences; as made without arguments they are what holds for somebody who never chose.

    What is shared with partners is so only under the consent `partner_sharing`; here each part can be left out.

    `discreet_push` keeps the text itself off the lock screen. `searchable`: whether others find the person by the name
    that they show now. `show_streak`: whether others see the streak, in steps while the person is anonymous.
    """

    discreet_push: bool = True
    push: PushKinds = PushKinds()
    daily_message_time: ClockTime = "09:00"
    quiet_hours: QuietHours | None = None
    searchable: bool = True
    show_streak: bool = True
    share_journal_with_anchor: bool = True
    share_streak_with_partners: bool = True
    share_slips_with_partners: bool = True
    share_sos_with_partners: bool = True

    def wants_push(self, kind: Kind) -> bool:
        """Whether notifications of this kind come as pushes."""
        wanted: bool = getattr(self.push, kind)
        return wanted


class PushKindsChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind left out stays as it is."""

    anchor_daily: bool | UnsetType = UNSET
    achievement: bool | UnsetType = UNSET
    goal: bool | UnsetType = UNSET
    check_in_reminder: bool | UnsetType = UNSET
    comment: bool | UnsetType = UNSET
    reply: bool | UnsetType = UNSET
    like: bool | UnsetType = UNSET
    report_outcome: bool | UnsetType = UNSET
    partner_request: bool | UnsetType = UNSET
    partner_accepted: bool | UnsetType = UNSET
    partner_message: bool | UnsetType = UNSET
    partner_slip: bool | UnsetType = UNSET
    partner_sos: bool | UnsetType = UNSET
    subscription: bool | UnsetType = UNSET


class PreferencesChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed; a field left out stays as it is."""

    discreet_push: bool | UnsetType = UNSET
    push: PushKindsChange | UnsetType = UNSET
    daily_message_time: ClockTime | UnsetType = UNSET
    quiet_hours: QuietHours | UnsetType | None = UNSET
    searchable: bool | UnsetType = UNSET
    show_streak: bool | UnsetType = UNSET
    share_journal_with_anchor: bool | UnsetType = UNSET
    share_streak_with_partners: bool | UnsetType = UNSET
    share_slips_with_partners: bool | UnsetType = UNSET
    share_sos_with_partners: bool | UnsetType = UNSET


async def preferences_of(user_id: UUID) -> PreferencesView:
    """What the person chose, or the defaults."""
    row = await fetch_row(f"SELECT {COLUMNS} FROM preferences WHERE user_id = $1", user_id)
    return PreferencesView() if row is None else preferences_in(row)


def preferences_in(row: Any) -> PreferencesView:
    """The preferences in the COLUMNS of `row`; NULL, as an outer join gives for somebody who never chose, is the
    default."""
    if row["discreet_push"] is None:
        return PreferencesView()
    begin, end = row["quiet_from"], row["quiet_to"]
    return PreferencesView(
        discreet_push=row["discreet_push"],
        push=PushKinds(**{kind: row[column] for kind, column in _PUSH_COLUMNS.items()}),
        daily_message_time=row["daily_message_time"].isoformat("minutes"),
        quiet_hours=None if begin is None else QuietHours(begin.isoformat("minutes"), end.isoformat("minutes")),
        searchable=row["searchable"],
        show_streak=row["show_streak"],
        share_journal_with_anchor=row["share_journal_with_anchor"],
        share_streak_with_partners=row["share_streak_with_partners"],
        share_slips_with_partners=row["share_slips_with_partners"],
        share_sos_with_partners=row["share_sos_with_partners"],
    )


async def change_preferences(user_id: UUID, change: PreferencesChange) -> PreferencesView:
    """Write the fields that are set, and return all. Raises InvalidRequest for a time that is none."""
    chosen = _columns(change)
    if not chosen:
        return await preferences_of(user_id)
    # The names are ours, from _columns. One statement, so that two changes of different fields at the same time both
    # hold; what is left out of a first row is the table's default, which a test holds against PreferencesView.
    names = ", ".join(chosen)
    places = ", ".join(f"${number}" for number in range(2, len(chosen) + 2))
    row = await fetch_row(
        f"""INSERT INTO preferences (user_id, {names}) VALUES ($1, {places})
            ON CONFLICT (user_id) DO UPDATE SET {", ".join(f"{name} = EXCLUDED.{name}" for name in chosen)}
            RETURNING {COLUMNS}""",
        user_id, *chosen.values(),
    )  # fmt: skip
    return preferences_in(row)


_SWITCHES = (
    "discreet_push", "searchable", "show_streak", "share_journal_with_anchor", "share_streak_with_partners",
    "share_slips_with_partners", "share_sos_with_partners",
)  # fmt: skip


def _columns(change: PreferencesChange) -> dict[str, Any]:
    """What is to be written, by column."""
    chosen = {name: value for name in _SWITCHES if (value := getattr(change, name)) is not UNSET}
    if change.push is not UNSET:
        for kind, column in _PUSH_COLUMNS.items():
            if (wanted := getattr(change.push, kind)) is not UNSET:
                chosen[column] = wanted
    if change.daily_message_time is not UNSET:
        chosen["daily_message_time"] = _time(change.daily_message_time, "daily_message_time")
    if change.quiet_hours is None:
        chosen.update(quiet_from=None, quiet_to=None)
    elif change.quiet_hours is not UNSET:
        begin = _time(change.quiet_hours.from_, "quiet_hours.from")
        end = _time(change.quiet_hours.to, "quiet_hours.to")
        if begin == end:
            raise InvalidRequest("must differ from the beginning", field="quiet_hours.to")
        chosen.update(quiet_from=begin, quiet_to=end)
    return chosen


def _time(text: str, field: str) -> time:
    if not _CLOCK_TIME.fullmatch(text):
        raise InvalidRequest("must be a time from 00:00 to 23:59", field=field)
    return time.fromisoformat(text)
