"""A person's own profile: what `user` shows, and what they may change of it."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from domain.accounts.personas import change_username, check_username
from domain.kit.clock import clock
from domain.kit.database import execute, fetch_row, fetch_value, transaction
from domain.kit.days import check_zone, local_date
from domain.kit.errors import InvalidRequest, NotFound, TooMany
from domain.kit.ids import new_id
from domain.kit.text import clean_optional

_ZONE_CHANGES_A_DAY = 2
_LOCALE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_COUNTRY = re.compile(r"[A-Za-z]{2}")


class User(msgspec.Struct, frozen=True):
    """The signed-in person as they see themselves; nobody else ever gets this."""

    id: UUID
    email: str
    email_verified: bool
    username: str | None
    public_name: str | None
    visibility: str
    timezone: str
    locale: str
    country: str | None
    why: str | None
    plan: str
    store_account_token: UUID


class ProfileChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What may be changed; a field left out stays as it is."""

    username: Annotated[str, Meta(description="3 to 20 of a-z, 0-9 and _")] | UnsetType = UNSET
    timezone: Annotated[str, Meta(description="An IANA name")] | UnsetType = UNSET
    locale: str | UnsetType = UNSET
    country: str | UnsetType | None = UNSET
    why: Annotated[str, Meta(description="Up to 500 characters")] | UnsetType | None = UNSET


async def read_user(user_id: UUID) -> User:
    """Raises NotFound if the person is gone. The plan follows from the view entitlements."""
    row = await fetch_row(
        """SELECT users.*, personas.name AS public_name,
                  EXISTS (SELECT FROM entitlements AS given
                          WHERE given.user_id = users.id AND given.starts_at <= $2 AND given.ends_at > $2) AS subscribed
           FROM users LEFT JOIN personas ON personas.id = users.persona_id WHERE users.id = $1""",
        user_id, clock.now(),
    )  # fmt: skip
    if row is None:
        raise NotFound
    return User(
        id=row["id"],
        email=row["email"],
        email_verified=row["email_verified_at"] is not None,
        username=row["username"],
        public_name=row["public_name"],
        visibility=row["visibility"],
        timezone=row["timezone"],
        locale=row["locale"],
        country=row["country"],
        why=row["why"],
        plan="subscriber" if row["subscribed"] else "free",
        store_account_token=row["store_account_token"],
    )


async def change_profile(user_id: UUID, change: ProfileChange) -> User:
    """Write the fields that are set.

    Raises InvalidRequest for a bad one, Conflict `username_taken`, TooMany for a third zone in 24 hours or a sixth
    username in 30 days.
    """
    fields = _checked(change)
    async with transaction():
        username = fields.pop("username", None)
        if username is not None:
            await change_username(user_id, username)
        zone = fields.pop("timezone", None)
        if zone is not None:
            await _change_zone(user_id, zone)
        for column, value in fields.items():
            # The names are ours, from _checked; only the values come from the person.
            await execute(f"UPDATE users SET {column} = $2 WHERE id = $1", user_id, value)
    return await read_user(user_id)


def _checked(change: ProfileChange) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if change.username is not UNSET:
        fields["username"] = check_username(change.username)
    if change.timezone is not UNSET:
        fields["timezone"] = check_zone(change.timezone)
    if change.locale is not UNSET:
        if len(change.locale) > 20 or not _LOCALE.fullmatch(change.locale):
            raise InvalidRequest("must be a language tag such as en or de-AT", field="locale")
        fields["locale"] = change.locale
    if change.country is not UNSET:
        if change.country and not _COUNTRY.fullmatch(change.country):
            raise InvalidRequest("must be a two-letter country code", field="country")
        fields["country"] = change.country.upper() if change.country else None
    if change.why is not UNSET:
        fields["why"] = clean_optional(change.why, field="why", longest=500)
    return fields


async def _change_zone(user_id: UUID, zone: str) -> None:
    now = clock.now()
    present = await fetch_value("SELECT timezone FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id)
    if present is None:
        raise NotFound
    if present == zone:
        return
    earlier = await fetch_row(
        """SELECT count(*) AS changes, min(changed_at) AS first FROM time_zone_changes
           WHERE user_id = $1 AND changed_at > $2""",
        user_id, now - timedelta(hours=24),
    )  # fmt: skip
    assert earlier is not None
    if earlier["changes"] >= _ZONE_CHANGES_A_DAY:
        raise TooMany(
            "The time zone may change twice in 24 hours.",
            code="too_many_changes",
            retry_after=(earlier["first"] + timedelta(hours=24) - now).total_seconds(),
        )
    await execute(
        "INSERT INTO time_zone_changes (id, user_id, changed_at, from_zone, to_zone) VALUES ($1, $2, $3, $4, $5)",
        new_id(), user_id, now, present, zone,
    )  # fmt: skip
    await execute("UPDATE users SET timezone = $2 WHERE id = $1", user_id, zone)


async def today(user_id: UUID) -> date:
    """The person's calendar day now. Raises NotFound if they are gone."""
    zone = await fetch_value("SELECT timezone FROM users WHERE id = $1", user_id)
    if zone is None:
        raise NotFound
    return local_date(clock.now(), zone)
