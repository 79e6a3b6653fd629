"""Where a person's pushes go: one row an installation of the app, and each token with one person only.

Rules: semantics, "Push" (a token belongs to one person).
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.kit.clock import real_now
from domain.kit.database import execute, fetch_value, transaction
from domain.kit.errors import InvalidRequest, Unauthenticated
from domain.kit.ids import new_id
from domain.push.tables import Device

Platform = Literal["ios", "android"]
Transport = Literal["apns", "fcm"]
TokenKind = Literal["apns", "fid", "fcm"]
Environment = Literal["development", "production"]

# Nobody has more phones; whoever registers more keeps the newest.
_MOST_DEVICES = 20
_LONGEST_INSTALLATION_ID = 100
_LONGEST_APP_VERSION = 50
_LONGEST_TOKEN = 4096
_KINDS = {"apns": ("apns",), "fcm": ("fid", "fcm")}
_VISIBLE = re.compile(r"[\x21-\x7E]+")
_APNS_TOKEN = re.compile(r"[0-9a-fA-F]{64,200}")


class DeviceView(msgspec.Struct, frozen=True):
    """A device as its person sees it. The token is never shown: it opens the phone to whoever has our keys."""

    installation_id: str
    platform: Platform
    transport: Transport
    token_kind: TokenKind
    environment: Environment
    app_version: str
    registered_at: datetime


async def register_device(
    user_id: UUID,
    session_id: UUID,
    installation_id: str,
    *,
    platform: Platform,
    transport: Transport,
    token: str,
    token_kind: TokenKind,
    environment: Environment,
    app_version: str,
) -> DeviceView:
    """Note where pushes for this installation go. The token leaves whoever had it before; a quarantine ends. Beyond 20
    devices the person's least recently registered ones go.

    Raises InvalidRequest for values that do not fit together, Unauthenticated if the session has just ended.
    """
    _check_printable(installation_id, "installation_id", _LONGEST_INSTALLATION_ID)
    _check_printable(app_version, "app_version", _LONGEST_APP_VERSION)
    token = _checked_token(token, platform, transport, token_kind)
    token_hash = hashlib.sha256(token.encode()).digest()
    # The real clock: Apple's word on when a token died is compared with it.
    registered_at = real_now()
    async with transaction():
        await _hold_session(user_id, session_id)
        await _take_token(user_id, installation_id, token_hash)
        await _make_room(user_id, installation_id)
        await execute(
            """INSERT INTO devices (id, user_id, session_id, installation_id, platform, transport, token, token_hash,
                                    token_kind, environment, app_version, registered_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
               ON CONFLICT (user_id, installation_id) DO UPDATE SET
                   session_id = EXCLUDED.session_id, platform = EXCLUDED.platform, transport = EXCLUDED.transport,
                   token = EXCLUDED.token, token_hash = EXCLUDED.token_hash, token_kind = EXCLUDED.token_kind,
                   environment = EXCLUDED.environment, app_version = EXCLUDED.app_version,
                   registered_at = EXCLUDED.registered_at, quarantined_at = NULL""",
            new_id(), user_id, session_id, installation_id, platform, transport, token, token_hash, token_kind,
            environment, app_version, registered_at,
        )  # fmt: skip
    return DeviceView(installation_id, platform, transport, token_kind, environment, app_version, registered_at)


async def remove_device(user_id: UUID, installation_id: str) -> None:
    """Send no more pushes to this installation of the person; nothing happens if there is none."""
    _check_printable(installation_id, "installation_id", _LONGEST_INSTALLATION_ID)
    await Device.delete().where((Device.user_id == user_id) & (Device.installation_id == installation_id))


async def _hold_session(user_id: UUID, session_id: UUID) -> None:
    # Signing out ends the session, then removes its devices; without this lock a registration could slip in between
    # the two and outlive the sign-out.
    lives = await fetch_value(
        """SELECT true FROM sessions
           WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3 FOR SHARE""",
        session_id, user_id, real_now(),
    )  # fmt: skip
    if not lives:
        raise Unauthenticated("This session has ended. Sign in again.", code="session_ended")


async def _take_token(user_id: UUID, installation_id: str, token_hash: bytes) -> None:
    """Make the token free for this installation: whatever other device bears it goes."""
    # One registration of a token at a time: two that insert it at once would violate its uniqueness.
    await execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('devices.token:' || encode($1::bytea, 'hex'), 0))", token_hash
    )
    # All rows that this registration may touch, in the same order for everybody: two phones that swap their tokens
    # would otherwise wait for each other.
    await execute(
        "SELECT FROM devices WHERE token_hash = $1 OR user_id = $2 ORDER BY id FOR UPDATE", token_hash, user_id
    )
    await execute(
        "DELETE FROM devices WHERE token_hash = $1 AND (user_id, installation_id) <> ($2, $3)",
        token_hash, user_id, installation_id,
    )  # fmt: skip


async def _make_room(user_id: UUID, installation_id: str) -> None:
    await execute(
        """DELETE FROM devices WHERE id IN (
               SELECT id FROM devices WHERE user_id = $1 AND installation_id <> $2
               ORDER BY registered_at DESC, id DESC OFFSET $3)""",
        user_id, installation_id, _MOST_DEVICES - 1,
    )  # fmt: skip


def _checked_token(token: str, platform: Platform, transport: Transport, token_kind: TokenKind) -> str:
    """The token as it is stored. Raises InvalidRequest for one that its transport cannot use."""
    if token_kind not in _KINDS[transport]:
        kinds = " or ".join(_KINDS[transport])
        raise InvalidRequest(f"must be {kinds} when the transport is {transport}", field="token_kind")
    if transport == "fcm":
        if len(token) > _LONGEST_TOKEN or not _VISIBLE.fullmatch(token):
            raise InvalidRequest(f"must have 1 to {_LONGEST_TOKEN} visible ASCII characters", field="token")
        return token
    if platform != "ios":
        raise InvalidRequest("must be ios when the transport is apns", field="platform")
    if not _APNS_TOKEN.fullmatch(token):
        raise InvalidRequest("must have 64 to 200 hexadecimal digits", field="token")
    # One token, one spelling: in capitals it would pass for another and could have two owners.
    return token.lower()


def _check_printable(text: str, field: str, longest: int) -> None:
    if not text or len(text) > longest or not text.isprintable():
        raise InvalidRequest(f"must have 1 to {longest} printable characters", field=field)
